"""`extends` and `include`: projects made of parts."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project
from fizz.client.compose.extends import MAX_STEPS

Make = Callable[..., Project]
Errors = Callable[..., list[str]]


def test_a_service_extends_one_of_the_same_file(project: Make) -> None:
    made = project(
        "services:\n"
        "  base: {image: x, command: a, environment: {A: 1}, cap_add: [A]}\n"
        "  web: {extends: base, command: b, environment: {B: 2}, cap_add: [B]}\n"
        "  more: {extends: {service: web}, image: z}\n"
    )
    assert made.services["more"] == {
        "image": "z",
        "command": ["b"],
        "environment": {"A": "1", "B": "2"},
        "cap_add": ["A", "B"],
        "networks": {"default": None},
    }


def test_a_service_extends_one_of_another_file_with_paths_from_there(project: Make) -> None:
    other = "services:\n  base: {image: '$FOO', volumes: [./r:/r], env_file: e, extends: root}\n  root: {hostname: h}\n"
    made = project(
        "services: {web: {extends: {file: sub/base.yml, service: base}}}", {"sub/base.yml": other, "sub/e": "Q=1"}
    )
    web = made.services["web"]
    assert (web["image"], web["hostname"], web["environment"]) == ("foo", "h", {"Q": "1"})
    assert web["volumes"][0]["source"] == "/project/sub/r"


def test_only_the_extended_service_has_to_be_right(project: Make) -> None:
    other = "services: {base: {image: x}, wrong: {image: 1, foo: 2}}\nfoo: bar\n"
    assert project("services: {web: {extends: {file: b.yml, service: base}}}", {"b.yml": other})


def test_reset_and_override_hold_against_the_extended_service(project: Make) -> None:
    made = project(
        "services:\n"
        "  base: {image: x, ports: ['80:80'], environment: {A: 1, B: 2}, command: q}\n"
        "  web: {extends: base, ports: !override ['81:81'], environment: {A: !reset null}, command: !reset null}\n"
    )
    web = made.services["web"]
    assert [port["target"] for port in web["ports"]] == [81]
    assert web["environment"] == {"B": "2"}
    assert "command" not in web


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("services:\n  a: {extends: b}\n  b: {extends: a}\n", "3:16: extends makes a circle: a -> b -> a"),
        ("services:\n  a: {extends: a}\n", "2:16: extends makes a circle: a -> a"),
        (
            "services:\n  a: {extends: webb}\n  web: {image: x}\n",
            '2:16: services.a extends the service "webb", which is not in this file; did you mean "web"?',
        ),
        ("services:\n  a: {extends: {file: nope.yml, service: b}}\n", "2:23: there is no file nope.yml"),
        (
            "services:\n  a: {extends: {file: b.yml, service: zz}}\n",
            '2:39: the service "zz" is not in b.yml',
        ),
        (
            "services:\n  a: {extends: {file: b.yml}}\n",
            '2:16: services.a.extends must have the key "service"',
        ),
        (
            "services:\n  a: {extends: {file: c.yml, service: c}}\n",
            "d.yml:1:48: extends makes a circle: c -> d -> c",
        ),
    ],
    ids=["circle", "itself", "undefined", "no-file", "not-in-the-file", "no-service", "circle-through-files"],
)
def test_what_cannot_be_extended(errors: Errors, text: str, problem: str) -> None:
    files = {
        "b.yml": "services: {q: {image: x}}",
        "c.yml": "services: {c: {extends: {file: d.yml, service: d}}}",
        "d.yml": "services: {d: {extends: {file: c.yml, service: c}}}",
    }
    assert errors(text, files) == [problem if problem.startswith("d.yml") else f"compose.yaml:{problem}"]


def test_mistakes_in_an_extended_service_are_told_where_they_are(errors: Errors) -> None:
    other = "services:\n  base:\n    image: x\n    foo: 1\n"
    found = errors("services: {web: {extends: {file: b.yml, service: base}}}", {"b.yml": other})
    assert found == ["b.yml:4:5: services.base.foo is not a key that compose knows"]


def test_an_included_file_goes_under_the_one_that_includes_it(project: Make) -> None:
    included = (
        "services:\n  db: {image: y, command: [a], environment: {A: a}, volumes: ['./r:/r', 'data:/d']}\n"
        "volumes: {data: }\n"
    )
    made = project(
        "include: [sub/inc.yml]\nservices:\n  web: {image: x, depends_on: [db]}\n  db: {environment: {B: b}}\n",
        {"sub/inc.yml": included},
    )
    assert made.services["db"]["environment"] == {"A": "a", "B": "b"}
    assert made.services["db"]["volumes"][0]["source"] == "/project/sub/r"
    assert made.model["volumes"] == {"data": {"name": "project_data"}}


def test_an_included_file_has_variables_of_its_own(project: Make) -> None:
    files = {
        ".env": "A=outer",
        "sub/.env": "A=inner\nB=inner",
        "sub/inc.yml": "services: {db: {image: '$A-$B', environment: [B]}}",
    }
    made = project("include: [sub/inc.yml]\nservices: {web: {image: '$A-$B'}}", files)
    assert made.services["db"]["image"] == "outer-inner"
    assert made.services["db"]["environment"] == {"B": "inner"}
    assert made.services["web"]["image"] == "outer-"


def test_the_long_form_of_include(project: Make) -> None:
    text = "include:\n  - {path: [inc/a.yml, inc/b.yml], project_directory: ., env_file: [inc/x.env, inc/y.env]}\n"
    files = {
        "inc/a.yml": "services: {db: {image: 'y:$BAR', volumes: ['./r:/r'], command: a}}",
        "inc/b.yml": "services: {db: {command: [b]}}",
        "inc/x.env": "BAR=x",
        "inc/y.env": "BAR=y$BAZ\nBAZ=z",
    }
    db = project(text, files).services["db"]
    assert (db["image"], db["command"]) == ("y:y", ["b"])
    assert db["volumes"][0]["source"] == "/project/r"


def test_includes_may_include_and_be_extended(project: Make) -> None:
    files = {
        "sub/b.yml": "include: [../c.yml]\nservices: {b: {image: b}}",
        "c.yml": "services: {c: {image: c, volumes: [./q:/q]}}",
    }
    made = project("include: [sub/b.yml]\nservices: {a: {extends: c}}", files)
    assert made.services["a"]["volumes"][0]["source"] == "/project/q"
    assert sorted(made.services) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "files", "problem"),
    [
        (
            "include: [a.yml]",
            {"a.yml": "include: [compose.yaml]"},
            "a.yml:1:11: include makes a circle: compose.yaml -> a.yml -> compose.yaml",
        ),
        (
            "include:\n  - path: a.yml\n    env_file: nope\n",
            {"a.yml": "services: {}"},
            "compose.yaml:3:15: there is no env file nope",
        ),
        (
            "include: [a.yml]",
            {"a.yml": "services: {w: {image: x, foo: 1}}"},
            "a.yml:1:26: services.w.foo is not a key that compose knows",
        ),
    ],
    ids=["circle", "env-file", "mistake-inside"],
)
def test_what_cannot_be_included(errors: Errors, text: str, files: dict[str, Any], problem: str) -> None:
    assert errors(text, files) == [problem]


def test_a_service_extends_a_hundred_others_but_not_more(project: Make, errors: Errors) -> None:
    def chain(steps: int) -> str:
        links = "".join(f"  s{step}: {{extends: s{step + 1}}}\n" for step in range(steps))
        return f"services:\n{links}  s{steps}: {{image: x}}\n"

    assert project(chain(MAX_STEPS)).services["s0"]["image"] == "x"
    told = errors(chain(MAX_STEPS + 500))
    assert told == [f"compose.yaml:{MAX_STEPS + 2}:19: extends goes over more than {MAX_STEPS} services"]
