"""Asking for some services, for everything, or for less than usual."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project

Make = Callable[..., Project]

SHOP = """\
services:
  web: {image: x, depends_on: [db], networks: [front], links: [cache]}
  db: {image: y, volumes: ["data:/d"]}
  cache: {image: z}
  other: {image: o, networks: [back]}
  tool: {image: t, profiles: [debug], depends_on: [probe]}
  probe: {image: p, profiles: [debug]}
networks: {front: , back: }
volumes: {data: , unused: }
"""


@pytest.mark.parametrize(
    ("services", "there"),
    [
        ((), ["cache", "db", "other", "web"]),
        (("web",), ["cache", "db", "web"]),
        (("db",), ["db"]),
        (("db", "other"), ["db", "other"]),
        (("tool",), ["probe", "tool"]),
    ],
    ids=["all", "with-dependencies", "without", "two", "of-a-profile"],
)
def test_services_that_are_asked_for(project: Make, services: tuple[str, ...], there: list[str]) -> None:
    made = project(SHOP, services=services)
    assert sorted(made.services) == there
    assert sorted([*there, *made.disabled]) == ["cache", "db", "other", "probe", "tool", "web"]


def test_resources_of_services_that_are_left_out_are_left_out(project: Make) -> None:
    made = project(SHOP, services=("db",))
    assert sorted(made.model["networks"]) == ["default"]
    assert sorted(made.model["volumes"]) == ["data"]


def test_an_unknown_service_is_an_error(errors: Callable[..., list[str]]) -> None:
    assert errors(SHOP, services=("webb",)) == ['there is no service "webb"; did you mean "web"?']


def test_all_resources_are_kept_if_asked_for(project: Make) -> None:
    made = project(SHOP, all_resources=True)
    assert sorted(made.model["volumes"]) == ["data", "unused"]


def test_nothing_is_filled_in_if_asked_for(project: Make) -> None:
    made = project(SHOP, normalise=False)
    assert made.services["cache"] == {"image": "z"}
    assert list(made.services["web"]["depends_on"]) == ["db"]
    assert made.model["volumes"] == {"data": {}}


def test_the_whole_is_not_checked_if_asked_for(project: Make) -> None:
    made = project("services: {web: {depends_on: [nobody], networks: [nowhere]}}", consistency=False)
    assert made.services["web"]["networks"] == {"nowhere": None}
    assert "networks" not in made.model


def test_jobs_of_enabled_profiles_are_printed(project: Make) -> None:
    text = """\
services: {db: {image: x}}
jobs:
  backup: {image: b, depends_on: [db], environment: [FOO], triggers: {schedule: ["0 3 * * *"]}}
  report: {image: r, profiles: [monthly], triggers: {manual: true}}
"""
    started = {"condition": "service_started", "required": True}
    expected: dict[str, Any] = {
        "name": "backup",
        "image": "b",
        "depends_on": {"db": started},
        "environment": {"FOO": "foo"},
        "networks": {"default": None},
        "triggers": {"schedule": [{"cron": "0 3 * * *"}]},
    }
    assert project(text).model["jobs"] == {"backup": expected}


def test_hooks_before_the_start_take_after_their_service(project: Make) -> None:
    text = "services: {web: {image: x, user: u, command: a, pre_start: [{command: b}, {image: y, user: v}]}}"
    first, second = project(text).services["web"]["pre_start"]
    assert first == {"image": "x", "user": "u", "command": ["b"], "networks": {"default": None}}
    assert second == {"image": "y", "user": "v", "networks": {"default": None}}


def test_images_have_names_even_if_they_are_built(project: Make) -> None:
    made = project("services: {a: {image: x}, b: {build: .}, c: {build: ., image: y}, d: {provider: {type: p}}}")
    assert [made.image(name) for name in "abcd"] == ["x", "project-b", "y", ""]


def test_variables_are_listed_even_if_they_are_left_as_they_are(project: Make) -> None:
    made = project("services: {a: {image: 'x:${TAG:-1}', labels: {l: '${NEEDED:?}'}}}", interpolate=False)
    assert {name: (each.default, each.required) for name, each in made.variables.items()} == {
        "TAG": ("1", False),
        "NEEDED": ("", True),
    }
