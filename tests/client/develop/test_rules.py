"""From changed files to what is to be done."""

from pathlib import Path
from typing import Any

import pytest

from fizz.client.develop import Work, plan, rules_of
from fizz.client.images import Ignore
from fizz.schemas.execs import ExecRequest

ROOT = Path("/shop")


def work_for(watch: list[dict[str, Any]], *changed: str, gone: bool = False, ignore: str = "") -> Work:
    service = {"build": {"context": "/shop"}, "develop": {"watch": watch}}
    rules = rules_of("web", service, Ignore.of_file(ignore.encode()))
    return plan(rules, [(ROOT / path, not gone) for path in changed]).get("web", Work())


SYNC = {"action": "sync", "path": "/shop/web", "target": "/app"}


def test_a_changed_file_is_copied_to_its_place_below_the_target() -> None:
    assert work_for([SYNC], "web/src/a.js", "other/b.js") == Work(copies={"/app/src/a.js": ROOT / "web/src/a.js"})


def test_a_file_that_is_gone_is_removed() -> None:
    assert work_for([SYNC], "web/a.js", gone=True) == Work(removals={"/app/a.js"})


def test_a_path_that_is_a_file_goes_to_the_target_itself() -> None:
    rule = {"action": "sync", "path": "/shop/conf.ini", "target": "/etc/conf.ini"}

    assert work_for([rule], "conf.ini", "conf.ini.bak") == Work(copies={"/etc/conf.ini": ROOT / "conf.ini"})


@pytest.mark.parametrize(
    ("more", "ignore", "path", "covered"),
    [
        ({"ignore": ["node_modules/"]}, "", "web/node_modules/x.js", False),
        ({"ignore": ["*.log"]}, "", "web/deep/a.log", True),
        ({"ignore": ["**/*.log"]}, "", "web/deep/a.log", False),
        ({"include": ["*.js"]}, "", "web/a.js", True),
        ({"include": ["*.js"]}, "", "web/a.css", False),
        ({"include": ["src"], "ignore": ["src/gen"]}, "", "web/src/gen/a", False),
        ({}, "web/secret", "web/secret/key", False),
        ({}, "", "web/.git/HEAD", False),
        ({}, "", "web/deep/.a.js.swp", False),
        ({}, "", "web/a.js~", False),
        ({}, "", "web/.github/x", True),
    ],
)
def test_what_rules_leave_out(more: dict[str, Any], ignore: str, path: str, covered: bool) -> None:
    assert bool(work_for([{**SYNC, **more}], path, ignore=ignore).copies) is covered


def test_work_that_comes_together_is_done_once() -> None:
    command = {"command": ["reload"], "user": "u", "working_dir": "/w", "environment": {"A": "1", "B": None}}
    rules: list[dict[str, Any]] = [
        {**SYNC, "action": "sync+restart"},
        {"action": "restart", "path": "/shop/web"},
        {"action": "sync+exec", "path": "/shop/conf", "target": "/conf", "exec": command},
    ]

    work = work_for(rules, "web/a", "web/b", "conf/c", "conf/d")

    assert sorted(work.copies) == ["/app/a", "/app/b", "/conf/c", "/conf/d"]
    assert (work.restart, work.rebuild) == (True, False)
    assert work.execs == [ExecRequest(("reload",), "u", "/w", ("A=1",))]


def test_a_service_that_is_rebuilt_needs_nothing_else() -> None:
    rules = [{**SYNC, "action": "sync+restart"}, {"action": "rebuild", "path": "/shop/web/package.json"}]

    assert work_for(rules, "web/a", "web/package.json") == Work(rebuild=True)
