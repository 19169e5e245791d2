"""Whatever is killed, the app converges: running containers keep their ids, none is doubled, none is missing."""

import json
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, Server, eventually
from tests.e2e.private_engine import PrivateEngine

APP = """
name: {project}
services:
  db:
    image: busybox
    command: sleep 1000
    stop_grace_period: 1s
    restart: always
    healthcheck: {{test: ["CMD", "true"], interval: 1s}}
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 1s
    restart: always
    deploy: {{replicas: {replicas}}}
    depends_on:
      db: {{condition: service_healthy}}
"""


@pytest.fixture
def app(tmp_path: Path, project: str) -> Callable[[int], Path]:
    """Writes the app's compose file with that many replicas of web."""

    def write(replicas: int = 3) -> Path:
        path = tmp_path / "compose.yml"
        path.write_text(APP.format(project=project, replicas=replicas))
        return path

    return write


def running(engine: docker.DockerClient, project: str) -> dict[str, str]:
    """The ids of the project's running containers by name."""
    found = engine.containers.list(
        filters={"label": f"com.docker.compose.project={project}", "status": "running"}, ignore_removed=True
    )
    return {str(container.name): str(container.id) for container in found}


def all_of(engine: docker.DockerClient, project: str) -> list[str]:
    filters: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={project}"}
    return sorted(str(each.name) for each in engine.containers.list(all=True, filters=filters, ignore_removed=True))


def wanted(project: str, replicas: int) -> list[str]:
    return sorted([f"{project}-db-1", *(f"{project}-web-{index + 1}" for index in range(replicas))])


def converged(engine: docker.DockerClient, project: str, replicas: int) -> bool:
    names = wanted(project, replicas)
    return sorted(running(engine, project)) == names == all_of(engine, project)


def test_a_container_removed_by_hand_is_back_within_two_seconds(
    fizz: Fizz, engine: docker.DockerClient, app: Callable[..., Path], project: str
) -> None:
    fizz("up", "-d", "--wait", "-f", app(2))
    before = running(engine, project)
    name = f"{project}-web-1"
    engine.containers.get(name).remove(force=True)
    gone = time.monotonic()
    eventually(lambda: running(engine, project).get(name), within=10, what=f"{name} runs again")
    assert time.monotonic() - gone < 2
    after = running(engine, project)
    assert {other: id_ for other, id_ in after.items() if other != name} == {
        other: id_ for other, id_ in before.items() if other != name
    }
    fizz("down", "-p", project)
    assert all_of(engine, project) == []


def test_up_again_touches_only_what_changed(
    fizz: Fizz, engine: docker.DockerClient, app: Callable[..., Path], project: str
) -> None:
    file = app(2)
    fizz("up", "-d", "--wait", "-f", file)
    before = running(engine, project)
    fizz("up", "-d", "--wait", "-f", file)
    assert running(engine, project) == before
    file.write_text(file.read_text().replace("interval: 1s}", "interval: 1s}\n    environment: {NEW: value}", 1))
    fizz("up", "-d", "--wait", "-f", file)
    after = running(engine, project)
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed == {f"{project}-db-1"}
    file.write_text(file.read_text().partition("  web:")[0])
    fizz("up", "-d", "--wait", "-f", file)
    eventually(lambda: all_of(engine, project) == [f"{project}-db-1"], what="web is gone")
    fizz("down", "-p", project)


def test_kill_9_during_up(server: Server, engine: docker.DockerClient, app: Callable[..., Path], project: str) -> None:
    fizz, file = server.fizz, app(6)
    for seed in range(3):
        up = fizz.start("up", "-d", "-f", file)
        eventually(lambda: running(engine, project), what="the first container runs")
        time.sleep(random.Random(seed).random())  # a random moment is what is tested
        server.kill9()
        up.kill()
        up.wait()
        survivors = running(engine, project)
        server.start()
        eventually(lambda: converged(engine, project, 6), within=60, what="the app has converged")
        after = running(engine, project)
        assert survivors.items() <= after.items()
        fizz("down", "-p", project)
        assert all_of(engine, project) == []


def test_kill_9_during_scale(
    server: Server, engine: docker.DockerClient, app: Callable[..., Path], project: str
) -> None:
    fizz = server.fizz
    fizz("up", "-d", "--wait", "-f", app(1))
    for seed, replicas in enumerate((6, 2, 5)):
        scale = fizz.start("scale", "-p", project, f"web={replicas}")
        time.sleep(0.8 + random.Random(seed).random())  # a random moment is what is tested
        server.kill9()
        scale.kill()
        scale.wait()
        before = running(engine, project)
        server.start()
        fizz("scale", "-p", project, f"web={replicas}")
        eventually(partial(converged, engine, project, replicas), within=60, what="converged")
        after = running(engine, project)
        kept = {name: id_ for name, id_ in before.items() if name in wanted(project, replicas)}
        assert kept.items() <= after.items()
    fizz("down", "-p", project)


def test_containers_run_on_while_fizz_is_down(
    server: Server, engine: docker.DockerClient, app: Callable[..., Path], project: str
) -> None:
    fizz = server.fizz
    fizz("up", "-d", "--wait", "-f", app(2))
    before = running(engine, project)
    server.stop()
    assert running(engine, project) == before
    server.start()
    fizz("up", "-d", "--wait", "-f", app(2))
    assert running(engine, project) == before
    fizz("down", "-p", project)


@pytest.fixture
def private_engine() -> Iterator[PrivateEngine]:
    """An engine of the test's own, which may be stopped."""
    own = PrivateEngine()
    own.start()
    own.load("busybox")
    yield own
    own.destroy()


def test_an_engine_stopped_and_started_again(
    make_server: Callable[..., Server], private_engine: PrivateEngine, app: Callable[..., Path], project: str
) -> None:
    server = make_server()
    server.fizz.environment["DOCKER_HOST"] = private_engine.url
    server.start()
    server.fizz("up", "-d", "--wait", "-f", app(2))
    before = running(private_engine.client, project)
    private_engine.stop()
    private_engine.start()
    eventually(lambda: converged(private_engine.client, project, 2), within=60, what="the app has converged")
    assert running(private_engine.client, project) == before
    state = json.loads(server.fizz("get", "deployments", "-n", project, "-o", "json").stdout)
    assert len(state["items"]) == 2
    server.fizz("down", "-p", project)
    assert all_of(private_engine.client, project) == []
