"""Stopping, starting, restarting, pausing and killing the containers of a project, on a real engine."""

import signal
import time
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, Server, eventually

APP = """
name: {project}
services:
  db: {{image: busybox, command: sleep 1000, init: true, restart: always}}
  web: {{image: busybox, command: sleep 1000, init: true, scale: 2, depends_on: [db]}}
  stubborn: {{image: busybox, command: "{stubborn}", stop_grace_period: 100s}}
  job: {{image: busybox, command: "true"}}
"""


STUBBORN = "sh -c 'trap \"\" TERM; while true; do sleep 0.1; done'"


@pytest.fixture
def app(tmp_path: Path, project: str, fizz: Fizz) -> Path:
    path = tmp_path / "compose.yml"
    path.write_text(APP.format(project=project, stubborn=STUBBORN.replace('"', '\\"')))
    fizz("up", "-d", "-f", path)
    return path


def states(engine: docker.DockerClient, project: str) -> dict[str, str]:
    found = engine.containers.list(
        all=True, filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True
    )
    return {str(each.name).removeprefix(f"{project}-"): str(each.status) for each in found}


def test_what_is_stopped_stays_so_until_it_is_started(
    fizz: Fizz, server: Server, engine: docker.DockerClient, app: Path, project: str
) -> None:
    before = {
        each.id
        for each in engine.containers.list(
            filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True
        )
    }
    since = f"{time.time():.9f}"
    fizz("-f", app, "stop", "db", "web")
    stopped = states(engine, project)
    order = _ends(engine, project, since)
    server.stop()
    server.start()
    engine.containers.get(f"{project}-db-1").start()  # somebody does not know that it is not wanted
    eventually(lambda: states(engine, project)["db-1"] == "exited", what="it is stopped again")
    shown = fizz("-f", app, "ps", "-a").stdout
    fizz("-f", app, "start", "web")

    assert (stopped["db-1"], stopped["web-1"], stopped["web-2"]) == ("exited",) * 3
    assert (stopped["stubborn-1"], order[-1]) == ("running", f"{project}-db-1")
    assert f"{project}-web-2" in shown
    assert "Exited (143)" in shown
    after = engine.containers.list(filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True)
    assert {each.id for each in after} == before, "the same containers run, and those that web depends on"
    fizz("down", "-t", "0", "-p", project)


def _ends(engine: docker.DockerClient, project: str, since: str) -> list[str]:
    filters = {"label": f"com.docker.compose.project={project}", "event": "die"}
    now = f"{time.time():.9f}"
    events = engine.events(since=since, until=now, filters=filters, decode=True)  # type: ignore[call-overload]  # fractions
    return [event["Actor"]["Attributes"]["name"] for event in events]


def test_a_kill_does_not_wait_and_other_signals_only_tell(
    fizz: Fizz, engine: docker.DockerClient, app: Path, project: str
) -> None:
    fizz("-f", app, "kill", "-s", "HUP", "db")
    eventually(lambda: states(engine, project)["db-1"] == "running", what="its restart policy holds")
    begun = time.monotonic()
    fizz("-f", app, "kill", "stubborn", "db")
    took = time.monotonic() - begun
    found = [engine.containers.get(f"{project}-{name}") for name in ("stubborn-1", "db-1")]
    exits = [each.attrs["State"]["ExitCode"] for each in found]

    assert took < 30, "its grace period is 100 seconds"
    assert exits == [137, 137]
    assert states(engine, project)["db-1"] == "exited", "it is not started again, though its policy is always"
    assert "no container to kill" in fizz("-f", app, "kill", "stubborn").stderr
    fizz("-f", app, "up", "-d")
    assert {name: state for name, state in states(engine, project).items() if name != "job-1"} == dict.fromkeys(
        ("db-1", "web-1", "web-2", "stubborn-1"), "running"
    )
    fizz("down", "-t", "0", "-p", project)


def test_a_restart_keeps_the_containers_and_runs_jobs_again(
    fizz: Fizz, engine: docker.DockerClient, app: Path, project: str
) -> None:
    def begun() -> dict[str, tuple[str, str]]:
        found = engine.containers.list(
            all=True, filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True
        )
        return {str(each.name): (str(each.id), str(each.attrs["State"]["StartedAt"])) for each in found}

    eventually(lambda: states(engine, project)["job-1"] == "exited", what="the job is done")
    before = begun()
    fizz("-f", app, "restart", "-t", "1")
    after = begun()

    assert {name: identity for name, (identity, _) in before.items()} == {
        name: identity for name, (identity, _) in after.items()
    }
    assert all(after[name][1] > before[name][1] for name in before)
    assert after[f"{project}-db-1"][1] < after[f"{project}-web-1"][1]
    fizz("down", "-t", "0", "-p", project)


def test_what_is_paused_goes_on_when_it_is_told(
    fizz: Fizz, engine: docker.DockerClient, app: Path, project: str
) -> None:
    fizz("-f", app, "pause", "web")
    paused = states(engine, project)
    shown = fizz("-f", app, "ps", "web").stdout
    fizz("-f", app, "unpause")

    assert (paused["web-1"], paused["web-2"], paused["db-1"]) == ("paused", "paused", "running")
    assert "(Paused)" in shown
    assert states(engine, project)["web-1"] == "running"
    fizz("down", "-t", "0", "-p", project)


def test_what_cannot_be_is_said_in_a_sentence(fizz: Fizz, app: Path, project: str) -> None:
    assert "has no service nosuch: it has db, job, stubborn, web" in fizz("-f", app, "stop", "nosuch", code=1).stderr
    assert "has no service nosuch" in fizz("-f", app, "start", "nosuch", code=1).stderr
    assert "'FOO' is no signal" in fizz("-f", app, "kill", "-s", "FOO", code=2).stderr
    fizz("down", "-t", "0", "-p", project)
    assert "nothing of the project" in fizz("-f", app, "start", code=1).stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a service manager"])
def test_what_ends_up_stops_what_it_shows_and_keeps_it(
    fizz: Fizz, engine: docker.DockerClient, tmp_path: Path, project: str, end: signal.Signals
) -> None:
    path = tmp_path / "compose.yml"
    path.write_text(f"name: {project}\nservices: {{web: {{image: busybox, command: sleep 1000, init: true}}}}\n")
    up = fizz.start("up", "-f", path)
    try:
        eventually(lambda: states(engine, project).get("web-1") == "running", what="it is up")
        up.send_signal(end)
        up.wait(60)
    finally:
        up.kill()
        up.wait()

    assert states(engine, project) == {"web-1": "exited"}
    fizz("down", "-p", project)
