"""Probes on a real engine: who gets connections, who is restarted, and who waits for whom."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from tests.e2e.harness import Fizz, eventually, free_port, output_of

SERVE = "mkdir -p /www; hostname > /www/index.html; touch /www/ready; exec httpd -f -p 80 -h /www"
APP = """
name: {project}
services:
  web:
    image: busybox
    command: ["sh", "-c", {serve!r}]
    init: true
    scale: 2
    ports: ["{port}:80"]
    stop_grace_period: 1s
    x-fizz:
      probe:
        readiness: {{http: {{port: 80, path: /ready}}, interval: 200ms, failure_threshold: 2}}
        liveness: {{tcp: {{port: 80}}, interval: 200ms}}
        startup: {{exec: test -e /www/ready, interval: 200ms, failure_threshold: 50}}
  live:
    image: busybox
    command: sleep 1000
    init: true
    stop_grace_period: 1s
    depends_on: {{web: {{condition: service_healthy}}}}
    x-fizz: {{probe: {{liveness: {{exec: test ! -e /dead, interval: 200ms, failure_threshold: 1}}}}}}
"""


@pytest.fixture
def port(fizz: Fizz, tmp_path: Path, project: str) -> int:
    """The port of the running app."""
    chosen = free_port()
    file = tmp_path / "compose.yml"
    file.write_text(APP.format(project=project, serve=SERVE, port=chosen))
    fizz("up", "-d", "--wait", "-f", file)
    return chosen


def shown(fizz: Fizz, project: str) -> dict[str, dict[str, object]]:
    """The statuses of the project's Containers by the engine's name."""
    items = json.loads(fizz("get", "containers", "-n", project, "-o", "json").stdout)["items"]
    return {item["status"]["containerName"]: item["status"] for item in items}


def answers(port: int) -> set[str]:
    """The hosts that answer to ten requests."""
    found = set()
    for _ in range(10):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            found.add(answer.read().decode().strip())
    return found


def test_readiness_decides_about_connections_and_restarts_nothing(
    fizz: Fizz, engine: docker.DockerClient, project: str, port: int
) -> None:
    first, second = (engine.containers.get(f"{project}-web-{number}") for number in (1, 2))
    both = {output_of(first, "hostname").strip(), output_of(second, "hostname").strip()}
    assert all(status["health"] == "healthy" and status["ready"] for status in shown(fizz, project).values())
    assert answers(port) == both

    output_of(first, "rm", "/www/ready")
    eventually(lambda: answers(port) == both - {output_of(first, "hostname").strip()}, within=10, what="one left")
    sick = shown(fizz, project)[f"{project}-web-1"]
    told = fizz("events", "-p", project).stdout
    output_of(first, "touch", "/www/ready")
    eventually(lambda: answers(port) == both, within=10, what="it is back")

    assert sick["message"] == "its readiness probe fails: HTTP 404: " + str(sick["message"]).partition("404: ")[2]
    assert "its readiness probe fails: HTTP 404" in told
    assert "(unhealthy)" not in fizz("ps", "-p", project).stdout
    first.reload()
    assert first.attrs["RestartCount"] == 0
    assert shown(fizz, project)[f"{project}-web-1"].get("unhealthyRestarts") is None
    fizz("down", "-p", project)


def test_liveness_restarts_again_and_again_and_ps_says_so(
    fizz: Fizz, engine: docker.DockerClient, project: str, port: int
) -> None:
    box = engine.containers.get(f"{project}-live-1")
    began = started_at(box)()

    output_of(box, "touch", "/dead")
    eventually(lambda: started_at(box)() != began, within=15, what="it was restarted")
    eventually(lambda: "CrashLoopBackOff" in fizz("ps", "-p", project).stdout, within=15, what="ps tells of the loop")
    message = shown(fizz, project)[f"{project}-live-1"]["message"]
    output_of(box, "rm", "/dead")
    moment = time.monotonic()
    eventually(lambda: shown(fizz, project)[f"{project}-live-1"]["health"] == "healthy", within=15, what="it is well")

    assert time.monotonic() - moment < 8, "what is well again does not wait for the end of its pause"
    assert str(message).startswith("its liveness probe fails: exit code 1; it was restarted once")
    assert box.id == engine.containers.get(f"{project}-live-1").id
    fizz("down", "-p", project)


def started_at(box: Container) -> Callable[[], str]:
    def look() -> str:
        box.reload()
        return str(box.attrs["State"]["StartedAt"])

    return look
