"""An update replaces containers one after the other, and one that does not work does no harm."""

import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, eventually

APP = """
name: {project}
services:
  web:
    image: busybox
    command: {command}
    init: true
    healthcheck: {{test: ["CMD", "test", "-e", "/bin/sh"], interval: 1s}}
    deploy: {{replicas: 2, update_config: {{{update}}}}}
"""


@pytest.fixture
def app(tmp_path: Path, project: str) -> Callable[[str, str], Path]:
    """Writes the app's compose file."""

    def write(command: str, update: str) -> Path:
        path = tmp_path / "compose.yml"
        path.write_text(APP.format(project=project, command=command, update=update))
        return path

    return write


def ids(engine: docker.DockerClient, project: str) -> dict[str, str]:
    found = engine.containers.list(
        filters={"label": f"com.docker.compose.project={project}", "status": "running"}, ignore_removed=True
    )
    return {str(each.name): str(each.id) for each in found}


def test_start_first_has_the_new_container_ready_before_the_old_one_stops(
    fizz: Fizz, engine: docker.DockerClient, app: Callable[[str, str], Path], project: str
) -> None:
    fizz("up", "-d", "--wait", "-f", app("sleep 1000", ""))
    before = ids(engine, project)
    since = f"{time.time():.9f}"
    fizz("up", "-d", "--wait", "-f", app("sleep 2000", ""))
    after = ids(engine, project)

    filters = {"label": f"com.docker.compose.project={project}"}
    now = f"{time.time():.9f}"
    events = engine.events(since=since, until=now, filters=filters, decode=True)  # type: ignore[call-overload]  # fractions
    steps = [(event["Action"], event["id"]) for event in events if event["Type"] == "container"]
    assert sorted(after) == sorted(before) == [f"{project}-web-1", f"{project}-web-2"]
    for name, old in before.items():
        healthy = steps.index(("health_status: healthy", after[name]))
        assert healthy < steps.index(("die", old)), "it was stopped before its successor was healthy"
    fizz("down", "-p", project)


def test_a_command_that_fails_leaves_what_works_and_rollback_brings_all_of_it_back(
    fizz: Fizz, engine: docker.DockerClient, app: Callable[[str, str], Path], project: str
) -> None:
    fizz("up", "-d", "--wait", "-f", app("sleep 1000", ""))
    before = ids(engine, project)
    halted = fizz("up", "-d", "--wait", "-f", app("'false'", ""), code=1)
    kept = ids(engine, project)
    undone = fizz("up", "-d", "--wait", "-f", app("'false'", "failure_action: rollback"), code=1)

    assert "the update is halted" in halted.stderr
    assert set(kept.values()) == set(before.values())
    assert "was rolled back" in undone.stderr
    eventually(lambda: set(ids(engine, project).values()) == set(before.values()), what="the old ones run")
    fizz("down", "-p", project)
