"""Jobs and schedules: what fails is tried again, what is done is not done again, whoever is killed meanwhile."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import pytest

from fizz.client.api import Client
from fizz.schemas.jobs import CronJob
from tests.e2e.harness import Fizz, Server, eventually

MIGRATIONS = """
name: {project}
services:
  migrate:
    image: busybox
    command: [sh, -c, "echo {word} $$JOB_COMPLETION_INDEX; sleep 1"]
    deploy: {{mode: replicated-job, replicas: 3}}
    x-fizz: {{job: {{parallelism: 2, indexed: true}}}}
  web:
    image: busybox
    command: [sleep, "1000"]
    init: true
    depends_on: {{migrate: {{condition: service_completed_successfully}}}}
"""
BAD = """
name: {project}
services:
  bad:
    image: busybox
    command: [sh, -c, "echo no; exit 3"]
    deploy: {{mode: replicated-job, restart_policy: {{condition: on-failure, max_attempts: 2, delay: 100ms}}}}
  web:
    image: busybox
    command: [sleep, "1000"]
    depends_on: {{bad: {{condition: service_completed_successfully}}}}
"""
SCHEDULE = """
name: {project}
services:
  backup:
    image: busybox
    command: [sh, -c, "sleep 3; echo saved"]
    x-fizz: {{schedule: {{cron: "0 0 1 1 *", concurrency_policy: forbid}}}}
"""


@pytest.fixture
def app(tmp_path: Path, project: str) -> Callable[..., Path]:
    """Writes a compose file."""

    def write(text: str, **values: str) -> Path:
        path = tmp_path / "compose.yml"
        path.write_text(text.format(project=project, **values))
        return path

    return write


def events(engine: docker.DockerClient, project: str, since: float) -> list[tuple[str, str]]:
    """What happened to the project's containers: what, and to which."""
    filters = {"label": f"com.docker.compose.project={project}", "type": "container"}
    told = engine.events(since=f"{since:.9f}", until=f"{time.time():.9f}", filters=filters, decode=True)  # type: ignore[call-overload]  # fractions
    return [(event["Action"], event["Actor"]["Attributes"]["name"]) for event in told]


def test_three_completions_two_at_a_time_and_never_again_until_they_change(
    fizz: Fizz, engine: docker.DockerClient, app: Callable[..., Path], project: str
) -> None:
    since = time.time()
    fizz("up", "-d", "--wait", "-f", app(MIGRATIONS, word="one"))
    fizz("up", "-d", "--wait", "-f", app(MIGRATIONS, word="one"))
    steps = [(what, name) for what, name in events(engine, project, since) if what in {"start", "die"}]
    first = sorted(line.split("|")[1].strip() for line in fizz("logs", "migrate", "-p", project).stdout.splitlines())
    fizz("up", "-d", "--wait", "-f", app(MIGRATIONS, word="two"))
    again = sorted(line.split("|")[1].strip() for line in fizz("logs", "migrate", "-p", project).stdout.splitlines())

    jobs = [(what, name) for what, name in steps if "-migrate-" in name]
    running, most = 0, 0
    for what, _ in jobs:
        running += 1 if what == "start" else -1
        most = max(most, running)
    assert sorted(name for what, name in jobs if what == "start") == [f"{project}-migrate-{n}" for n in (1, 2, 3)]
    assert (most, running) == (2, 0)
    assert steps[-1] == ("start", f"{project}-web-1"), "web was started before the job was done"
    assert (first, again) == (["one 0", "one 1", "one 2"], ["two 0", "two 1", "two 2"])
    fizz("down", "-p", project)


def test_a_job_that_fails_again_and_again_fails_what_waits_for_it(
    fizz: Fizz, engine: docker.DockerClient, app: Callable[..., Path], project: str
) -> None:
    failed = fizz("up", "-d", "--wait", "-f", app(BAD), code=1)
    shown = fizz("ps", "-a", "-p", project).stdout
    written = fizz("logs", "bad", "-p", project).stdout

    assert "bad: bad-1-retry-2 ended with exit code 3, after 2 retries" in failed.stderr
    assert "web: depends on bad, which failed: bad-1-retry-2 ended with exit code 3" in failed.stderr
    assert shown.count("Exited (3)") == written.count("| no") == 3
    assert fizz("job", "run", "bad", "--wait", "-p", project, code=1).stderr.startswith("error: job bad failed:")
    fizz("down", "-p", project)
    assert (
        engine.containers.list(
            all=True, filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True
        )
        == []
    )


def test_a_missed_run_is_made_up_for_once_whoever_is_killed_meanwhile(
    server: Server, fizz: Fizz, engine: docker.DockerClient, app: Callable[..., Path], project: str
) -> None:
    since = time.time()
    fizz("up", "-d", "--wait", "-f", app(SCHEDULE))
    year = datetime.now(UTC).year

    asyncio.run(_followed_since(server, project, f"{year - 2}-06-01T00:00:00Z"))
    _kill_controllers(server)  # while the run is made
    eventually(lambda: [name for what, name in events(engine, project, since) if what == "start"], what="a run")
    _kill_controllers(server)  # while it runs
    eventually(lambda: fizz("job", "ls", "-p", project).stdout.count(" succeeded "), what="the run has succeeded")
    _kill_controllers(server)  # after it
    eventually(lambda: _status(server, project).get("lastSuccessfulTime"), what="it is written down")

    started = [name for what, name in events(engine, project, since) if what == "start"]
    status = _status(server, project)
    minutes = int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 60
    assert started == [f"{project}-backup-{minutes}-1"]
    assert (status["lastScheduleTime"], status["nextScheduleTime"]) == (
        f"{year}-01-01T00:00:00Z",
        f"{year + 1}-01-01T00:00:00Z",
    )
    assert f"backup-{minutes}-1" in fizz("logs", "backup", "-p", project).stdout
    fizz("down", "-p", project)


def _kill_controllers(server: Server) -> None:
    os.kill(server.child("controllers"), signal.SIGKILL)


async def _followed_since(server: Server, namespace: str, moment: str) -> None:
    """Let the schedule have been followed since then, so that a run of it is due."""
    async with Client(f"unix://{server.socket}") as client:
        await client.patch(CronJob, "backup", {"status": {"scheduledFrom": moment}}, namespace, "status")


def _status(server: Server, namespace: str) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        async with Client(f"unix://{server.socket}") as client:
            status = (await client.get(CronJob, "backup", namespace)).status
            return status.dump() if status else {}

    return asyncio.run(read())
