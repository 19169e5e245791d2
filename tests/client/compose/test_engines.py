"""What is too new for an engine is told with its place and the version that it needs."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project
from fizz.client.compose.engines import too_new_for

Make = Callable[..., Project]

FILE = """services:
  web:
    image: x
    annotations: {a: b}
    healthcheck: {test: x, start_interval: 1s}
    networks: {lan: {gw_priority: 1}}
    volumes:
      - {type: bind, source: /a, target: /a, bind: {recursive: disabled}}
      - {type: bind, source: /b, target: /b, bind: {recursive: readonly}}
      - {type: image, source: i, target: /i, image: {subpath: s}}
      - data:/data
  other: {image: x, profiles: [off], annotations: {a: b}}
networks: {lan: {enable_ipv4: false}, unused: {enable_ipv4: false}, six: {enable_ipv4: true}}
volumes: {data: }
"""
NEEDS = [
    ("4:5", "services.web.annotations needs engine 24.0"),
    ("5:28", "services.web.healthcheck.start_interval needs engine 25.0"),
    ("6:22", "services.web.networks.lan.gw_priority needs engine 28.0"),
    ("9:53", "services.web.volumes[1].bind.recursive readonly needs engine 25.0"),
    ("10:10", "services.web.volumes[2].type image needs engine 28.0"),
    ("10:54", "services.web.volumes[2].image.subpath needs engine 28.0"),
    ("13:18", "networks.lan.enable_ipv4 false needs engine 27.0"),
]


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        ("20.10.24+dfsg1", NEEDS),
        ("26.1.5", [NEEDS[2], *NEEDS[4:]]),
        ("28.1.0", []),
        ("29", []),
        ("", []),
        ("dev", []),
    ],
    ids=["old", "in-between", "new", "one-number", "unknown", "of-no-version"],
)
def test_what_is_too_new_is_told(project: Make, engine: str, told: list[Any]) -> None:
    found = too_new_for(project(FILE), {"node-1": engine})

    wanted = [f"compose.yaml:{place}: warning: {text}; that of node-1 is {engine}" for place, text in told]
    assert [each.format() for each in found] == wanted


def test_of_several_engines_the_oldest_counts(project: Make) -> None:
    found = too_new_for(project(FILE), {"a": "28.1.0", "b": "27.5.1", "c": ""})

    assert {each.message.rpartition("of ")[2] for each in found} == {"b is 27.5.1"}


def test_without_engines_nothing_is_known(project: Make) -> None:
    assert too_new_for(project(FILE), {}) == ()
