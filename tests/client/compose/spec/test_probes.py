"""`x-fizz.probe`: what may be written, what is refused, and what becomes of it."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Loaded, translate
from fizz.schemas.apps import Deployment

Errors = Callable[..., list[str]]

WEB = "services:\n  web:\n    image: x\n"


def translated(loaded: Callable[..., Loaded], probe: str) -> dict[str, Any]:
    result = loaded(f"{WEB}    x-fizz: {{probe: {probe}}}\n")
    assert result.project is not None, result.problems
    (deployment,) = [item for item in translate(result.project) if isinstance(item, Deployment)]
    return {name: made for name, made in deployment.spec.template.spec.dump().items() if name.endswith("Probe")}


def test_all_of_a_request(loaded: Callable[..., Loaded]) -> None:
    http = "{port: 80, path: /up?x=1, scheme: https, headers: {Host: shop}, status: [200-299, 404]}"
    times = "interval: 1m, timeout: 500ms, initial_delay: 2s, success_threshold: 2, failure_threshold: 5"
    assert translated(loaded, f"{{readiness: {{http: {http}, {times}}}}}") == {
        "readinessProbe": {
            "httpGet": {
                "port": 80,
                "path": "/up?x=1",
                "scheme": "HTTPS",
                "httpHeaders": [{"name": "Host", "value": "shop"}],
                "expectedStatuses": ["200-299", "404"],
            },
            "periodSeconds": 60,
            "timeoutSeconds": 0.5,
            "initialDelaySeconds": 2,
            "successThreshold": 2,
            "failureThreshold": 5,
        }
    }


def test_a_port_and_commands_in_short(loaded: Callable[..., Loaded]) -> None:
    written = (
        '{liveness: {tcp: {port: 5432}}, startup: {exec: test -e /run/up}, readiness: {exec: {command: ["true"]}}}'
    )
    assert translated(loaded, written) == {
        "livenessProbe": {"tcpSocket": {"port": 5432}},
        "startupProbe": {"exec": {"command": ["test", "-e", "/run/up"]}},
        "readinessProbe": {"exec": {"command": ["true"]}},
    }


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        pytest.param("{readiness: {}}", "readiness must have one of http, tcp, exec", id="none"),
        pytest.param(
            "{readiness: {tcp: {port: 1}, http: {port: 1}}}",
            "readiness must have only one of http, tcp, exec",
            id="two",
        ),
        pytest.param("{readiness: {tcp: {}}}", 'readiness.tcp must have the key "port"', id="no port"),
        pytest.param("{readiness: {http: {port: 80, status: abc}}}", "a status as 204, or a range", id="no status"),
        pytest.param("{readiness: {tcp: {port: 1}, interval: 1ms}}", "interval must be 100ms at least", id="too fast"),
        pytest.param("{readiness: {tcp: {port: 1}, initial_delay: -1s}}", "must be 0s at least", id="before the start"),
        pytest.param(
            "{liveness: {tcp: {port: 1}, success_threshold: 2}}", "is not a key that x-fizz knows", id="twice"
        ),
        pytest.param("{alive: {tcp: {port: 1}}}", "probe.alive is not a key that x-fizz knows", id="unknown"),
    ],
)
def test_mistakes_are_told_with_their_place(errors: Errors, probe: str, told: str) -> None:
    (line, *_) = errors(f"{WEB}    x-fizz: {{probe: {probe}}}\n")
    assert told in line
    assert line.startswith("compose.yaml:4:")


def test_what_has_no_network_can_only_run_commands(errors: Errors) -> None:
    text = f"{WEB}    network_mode: none\n    x-fizz: {{probe: {{liveness: {{tcp: {{port: 1}}}}}}}}\n"
    (line,) = errors(text)
    assert "liveness.tcp cannot reach a container without a network; use exec" in line
