"""Several files become one project by compose's rules."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project

Make = Callable[..., Project]


@pytest.fixture
def merged(project: Make) -> Callable[..., dict[str, Any]]:
    """The service `web` of two files, each given by the keys of that service."""

    def make(base: str, over: str) -> dict[str, Any]:
        def text(keys: str) -> str:
            return (
                f"services: {{web: {{{keys}}}, db: {{image: y}}}}\nnetworks: {{a: , b: }}\nsecrets: {{s: {{file: f}}}}"
            )

        made = project(text(f"image: x, {base}"), {"over.yaml": text(over)}, files=("compose.yaml", "over.yaml"))
        return made.services["web"]

    return make


@pytest.mark.parametrize(
    ("base", "over", "key", "result"),
    [
        ("tty: true", "tty: false", "tty", None),
        ("restart: always", "restart: 'no'", "restart", "no"),
        ("command: a b", "command: [c]", "command", ["c"]),
        ("command: a b", "command: ", "command", None),
        ("entrypoint: a", "entrypoint: []", "entrypoint", []),
        ("environment: {A: 1, B: 2}", "environment: [B=3, C]", "environment", {"A": "1", "B": "3", "C": None}),
        ("labels: [a=1]", "labels: {a: 2, b: 3}", "labels", {"a": "2", "b": "3"}),
        ("cap_add: [A, B]", "cap_add: [B, C]", "cap_add", ["A", "B", "C"]),
        ("dns: 1.1.1.1", "dns: [2.2.2.2, 1.1.1.1]", "dns", ["1.1.1.1", "2.2.2.2"]),
        ("extra_hosts: ['h:1.1.1.1']", "extra_hosts: {h: 2.2.2.2}", "extra_hosts", ["h=1.1.1.1", "h=2.2.2.2"]),
        ("expose: [80]", "expose: ['80', 81]", "expose", ["80", "81"]),
        (
            "healthcheck: {test: [CMD, a], retries: 3}",
            "healthcheck: {test: b}",
            "healthcheck",
            {"test": ["CMD-SHELL", "b"], "retries": 3},
        ),
        (
            "logging: {driver: x, options: {a: 1}}",
            "logging: {options: {b: 2}}",
            "logging",
            {"driver": "x", "options": {"a": "1", "b": "2"}},
        ),
        ("logging: {driver: x, options: {a: 1}}", "logging: {driver: y}", "logging", {"driver": "y"}),
        ("ulimits: {n: {soft: 1, hard: 2}}", "ulimits: {n: 3}", "ulimits", {"n": 3}),
        (
            "ulimits: {n: {soft: 1, hard: 2}}",
            "ulimits: {n: {soft: 2, hard: 2}}",
            "ulimits",
            {"n": {"soft": 2, "hard": 2}},
        ),
        ("networks: [a]", "networks: {a: {aliases: [w]}, b: }", "networks", {"a": {"aliases": ["w"]}, "b": None}),
        ("networks: {a: {priority: 1}}", "networks: [a]", "networks", {"a": {"priority": 1}}),
        (
            "deploy: {replicas: 1, labels: {a: 1}}",
            "deploy: {replicas: 2, labels: [b=2]}",
            "deploy",
            {"replicas": 2, "labels": {"a": "1", "b": "2"}},
        ),
        ("x-a: {b: 1, c: [1]}", "x-a: {b: 2, c: [2]}", "x-a", {"b": 2, "c": [1, 2]}),
        ("environment: {A: 1, B: 2}", "environment: {A: !reset null}", "environment", {"B": "2"}),
        ("cap_add: [A]", "cap_add: !override [B]", "cap_add", ["B"]),
        ("hostname: a", "hostname: !reset null", "hostname", None),
        ("healthcheck: {test: a}", "healthcheck: !reset {}", "healthcheck", None),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_later_file_over_an_earlier_one(
    merged: Callable[..., dict[str, Any]], base: str, over: str, key: str, result: Any
) -> None:
    assert merged(base, over).get(key) == result


def test_ports_are_told_apart_by_what_they_publish(merged: Callable[..., dict[str, Any]]) -> None:
    web = merged("ports: ['80:80', '81:81']", "ports: ['80:80/udp', {target: 81, published: 81, app_protocol: http}]")
    assert [(port["target"], port["protocol"], port.get("app_protocol")) for port in web["ports"]] == [
        (80, "tcp", None),
        (81, "tcp", "http"),
        (80, "udp", None),
    ]


def test_mounts_and_secrets_are_told_apart_by_where_they_go(merged: Callable[..., dict[str, Any]]) -> None:
    web = merged("volumes: [/a:/t, /b:/u], secrets: [s]", "volumes: [/c:/t], secrets: [{source: s, target: t}, s]")
    assert [(mount["source"], mount["target"]) for mount in web["volumes"]] == [("/c", "/t"), ("/b", "/u")]
    assert [secret["target"] for secret in web["secrets"]] == ["/run/secrets/s", "t"]


def test_dependencies_are_merged_by_name(merged: Callable[..., dict[str, Any]]) -> None:
    web = merged("depends_on: [db]", "depends_on: {db: {condition: service_healthy, restart: true}}")
    assert web["depends_on"] == {"db": {"condition": "service_healthy", "restart": True, "required": True}}


def test_an_override_may_leave_required_keys_to_the_first_file(merged: Callable[..., dict[str, Any]]) -> None:
    web = merged("depends_on: [db]", "depends_on: {db: {restart: true}}")
    assert web["depends_on"]["db"] == {"condition": "service_started", "restart": True, "required": True}


def test_services_may_be_replaced_removed_and_left_alone(project: Make) -> None:
    text = "services: {a: {image: a, tty: true}, b: {image: b}, c: {image: c}}"
    over = "services: {a: !override {image: z}, b: !reset null, c: }"
    made = project(text, {"over.yaml": over}, files=("compose.yaml", "over.yaml"))
    assert {name: service["image"] for name, service in made.services.items()} == {"a": "z", "c": "c"}
    assert "tty" not in made.services["a"]


def test_reset_in_the_only_file_removes(project: Make) -> None:
    made = project("services: {a: {image: x, tty: !reset true, labels: {a: !reset 1, b: 2}}, b: !reset {image: y}}")
    assert made.services == {"a": {"image": "x", "labels": {"b": "2"}, "networks": {"default": None}}}


def test_address_pools_are_told_apart_by_subnet(project: Make) -> None:
    text = "services: {a: {image: x}}\nnetworks: {default: {ipam: {driver: d, config: [{subnet: 10.1.0.0/16}]}}}"
    over = "networks: {default: {ipam: {config: [{subnet: 10.1.0.0/16, gateway: 10.1.0.1}, {subnet: 10.2.0.0/16}]}}}"
    made = project(text, {"over.yaml": over}, files=("compose.yaml", "over.yaml"))
    assert made.model["networks"]["default"]["ipam"] == {
        "driver": "d",
        "config": [{"subnet": "10.1.0.0/16", "gateway": "10.1.0.1"}, {"subnet": "10.2.0.0/16"}],
    }


def test_documents_of_one_file_are_merged_like_files(project: Make) -> None:
    made = project("services: {a: {image: x}}\n---\nservices: {a: {tty: true}}\nname: two\n")
    assert made.name == "two"
    assert made.services["a"]["tty"] is True


def test_a_place_is_where_the_last_word_was_said(project: Make) -> None:
    over = "services:\n  web:\n    tty: true\n"
    made = project("services: {web: {image: x}}\n", {"over.yaml": over}, files=("compose.yaml", "over.yaml"))
    place = made.place("services", "web", "tty")
    assert (place.file, place.line, place.column) == ("over.yaml", 3, 5)
    image = made.place("services", "web", "image")
    assert (image.file, image.line, image.column) == ("compose.yaml", 1, 18)
    assert made.place("services", "web", "nothing", "there").line == 2
    assert made.place().line == 1
