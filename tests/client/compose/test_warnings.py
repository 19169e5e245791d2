"""What works differently than the author may think is told, and nothing else is."""

from collections.abc import Callable

import pytest

Warnings = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("services", "warning"),
    [
        (
            "web: {image: x, ^pre_start: [{image: y}]}",
            "services.web.pre_start is read and printed, but nothing is run with it",
        ),
        ("web: {build: {context: ., ^ssh: [default]}}", "services.web.build.ssh is not supported yet"),
        (
            "web: {image: x, deploy: {restart_policy: {condition: any, ^window: 3s}}}",
            "services.web.deploy.restart_policy.window is not supported yet",
        ),
        (
            "web: {image: x, command: ^a | b}",
            'services.web.command ends before "|"; the rest is dropped, because no shell runs it; '
            'write ["sh", "-c", "..."] to use one',
        ),
        ("web: {image: ^'x:$NOPE'}", "the variable NOPE is not set; it counts as empty"),
        (
            "web: {image: x, pids_limit: ^1.5}",
            "services.web.pids_limit must be a whole number; 1.5 counts as 1",
        ),
        (
            "web: {image: x, scale: 2, ports: [^{target: 80, published: 80, mode: host}]}",
            "services.web.ports[0] publishes the port 80 of the host, which only one of 2 replicas can have",
        ),
        (
            "a: {image: x, ports: ['80:80']}\n  web: {image: x, ports: [^'80:81']}",
            "services.web.ports[0] publishes the port 80, as services.a does",
        ),
    ],
    ids=[
        "refused", "build", "not-yet-inside",
        "shell-operator", "variable", "fraction", "replicas", "same-port",
    ],
)  # fmt: skip
def test_one_warning(warnings: Warnings, services: str, warning: str) -> None:
    before, _, after = f"services:\n  {services}\n".partition("^")
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert warnings(before + after) == [f"compose.yaml:{place}: warning: {warning}"]


def test_the_version_is_obsolete(warnings: Warnings) -> None:
    assert warnings("version: '3'\nservices: {web: {image: x}}\n") == [
        "compose.yaml:1:1: warning: version is obsolete and ignored; remove it"
    ]


def test_external_name_is_deprecated(warnings: Warnings) -> None:
    text = "services: {web: {image: x}}\nnetworks:\n  default:\n    external:\n      name: old\n"
    assert warnings(text) == [
        'compose.yaml:5:7: warning: networks.default.external.name is deprecated; write "name" beside "external: true"'
    ]


@pytest.mark.parametrize(
    "services",
    [
        "web: {image: x, deploy: {mode: replicated, placement: {constraints: [a]}}}",
        "web: {image: x, x-anything: {a: 1}}",
        "web: {image: x, ports: ['80:80', '80:80/udp', '127.0.0.1:80:80']}",
        "web: {image: x, scale: 2, ports: ['80', '8000-8010:81']}",
        "web: {image: x, tmpfs: ['/run:size=1m,mode=755,noexec']}",
        "web: {image: x, environment: [NOPE]}",
    ],
    ids=["swarm", "extension", "different-ports", "free-ports", "tmpfs", "pass-through"],
)
def test_no_warning(warnings: Warnings, services: str) -> None:
    assert warnings(f"services:\n  {services}\n") == []
