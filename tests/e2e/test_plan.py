"""What a plan prints is what happens then: to the objects, as `up` says of them, and to the engine's containers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from tests.e2e.harness import Fizz, eventually

JSON = dict[str, Any]
_VERBS = {"created": "create", "configured": "change", "deleted": "remove"}
_DONE = {"replace": "replaced", "restart": "restarted", "start": "started", "remove": "removed"}


def service(**more: Any) -> JSON:
    return {"image": "busybox", "init": True, "command": "sleep 1000", **more}


def app() -> JSON:
    return {
        "services": {
            "db": service(),
            "web": service(
                depends_on={"db": {"condition": "service_started", "restart": True}},
                secrets=["password"],
                deploy={"replicas": 2},
            ),
            "sidecar": service(network_mode="service:db"),
            "old": service(networks=["back"]),
        },
        "networks": {"back": {}},
        "secrets": {"password": {"file": "./password.txt"}},
    }


def nothing(_: JSON, __: Path) -> None:
    """The first time."""


def scale_up_and_environment(it: JSON, _: Path) -> None:
    it["services"]["web"]["deploy"]["replicas"] = 3
    it["services"]["web"]["environment"] = {"A": "1"}


def what_others_follow(it: JSON, _: Path) -> None:
    it["services"]["db"]["environment"] = {"A": "1"}


def a_secret(_: JSON, folder: Path) -> None:
    (folder / "password.txt").write_text("another")


def removals_and_additions(it: JSON, _: Path) -> None:
    del it["services"]["old"], it["networks"]["back"]
    it["services"]["web"]["deploy"]["replicas"] = 1
    it["services"]["new"] = service(configs=["site"])
    it["configs"] = {"site": {"content": "hello"}}


CHANGES: list[Callable[[JSON, Path], None]] = [
    nothing, scale_up_and_environment, what_others_follow, a_secret, removals_and_additions,
]  # fmt: skip


def seen(engine: docker.DockerClient, project: str) -> dict[str, tuple[str, str]]:
    """The id of each container and when it started, by name without the project's."""
    found = engine.containers.list(filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True)
    return {
        str(each.name).removeprefix(f"{project}-"): (str(each.id), str(each.attrs["State"]["StartedAt"]))
        for each in found
    }


def happened(before: dict[str, tuple[str, str]], after: dict[str, tuple[str, str]]) -> dict[str, str]:
    """What became of which container."""
    found: dict[str, str] = {}
    for name in {*before, *after}:
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            found[name] = "started" if old is None else "removed"
        elif old != new:
            found[name] = "replaced" if old[0] != new[0] else "restarted"
    return found


def said(plan: JSON) -> dict[str, str]:
    """The same, as the plan has it."""
    acts = [act for step in plan["steps"] for act in step["containers"]]
    return {name: _DONE[act["action"]] for act in acts for name in act["names"]}


def written(plan: JSON) -> dict[str, str]:
    """What is done to which object; what only follows is done to none."""
    found = {step["object"]: step["action"] for step in plan["steps"]}
    return {name: verb for name, verb in found.items() if verb not in {"replace", "restart"}}


def done(output: str) -> dict[str, str]:
    lines = [line.split() for line in output.splitlines()]
    return {words[0]: _VERBS[words[1]] for words in lines if len(words) == 2 and words[1] in _VERBS}


@pytest.mark.timeout(400)
def test_what_a_plan_prints_is_what_happens_then(
    fizz: Fizz, engine: docker.DockerClient, tmp_path: Path, project: str
) -> None:
    it = {"name": project, **app()}
    (tmp_path / "password.txt").write_text("first")
    told: list[dict[str, str]] = []

    def check(planning: list[str], doing: list[str], code: int = 2) -> None:
        plan = json.loads(fizz(*planning, "-o", "json", cwd=tmp_path, code=code).stdout)
        before = seen(engine, project)
        output = fizz(*doing, cwd=tmp_path).stdout
        told.append(said(plan))
        try:  # who only follows, does so after `up` is done
            eventually(lambda: happened(before, seen(engine, project)) == told[-1])
        except AssertionError:
            assert happened(before, seen(engine, project)) == told[-1], output
        made = {name: verb for name, verb in done(output).items() if not name.startswith("release/")}
        assert made == written(plan)

    for change in CHANGES:
        change(it, tmp_path)
        (tmp_path / "compose.yml").write_text(yaml.safe_dump(it))
        check(["plan"], ["up", "-d", "--wait"])
    check(["plan"], ["up", "-d", "--wait"], code=0)
    check(["rollback", "2", "--dry-run"], ["rollback", "2", "--wait"])

    first, more, following, secret, fewer, none, back = told
    assert set(first.values()) == {"started"}
    assert (more["web-1"], more["web-3"]) == ("replaced", "started")
    assert (following["db-1"], following["web-1"], following["sidecar-1"]) == ("replaced", "restarted", "replaced")
    assert secret == {"web-1": "replaced", "web-2": "replaced", "web-3": "replaced"}
    assert fewer == {"web-2": "removed", "web-3": "removed", "new-1": "started", "old-1": "removed"}
    assert none == {}
    assert (back["new-1"], back["old-1"], back["db-1"]) == ("removed", "started", "replaced")
    fizz("down", "-p", project)
