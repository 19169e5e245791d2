"""`fizz run`: a container of a service for once, beside docker compose's."""

import subprocess
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, eventually
from tests.e2e.talking import at_terminal

APP = """
name: {project}
services:
  db: {{image: busybox, command: sleep 1000, init: true, healthcheck: {{test: [CMD, "true"], interval: 1s}}}}
  web:
    image: busybox
    command: sleep 1000
    init: true
    restart: always
    environment: {{COLOUR: red}}
    depends_on: {{db: {{condition: service_healthy}}}}
"""


@pytest.fixture
def app(tmp_path: Path, project: str) -> Path:
    path = tmp_path / "compose.yml"
    path.write_text(APP.format(project=project))
    return path


def names(engine: docker.DockerClient, project: str) -> list[str]:
    found = engine.containers.list(
        all=True, filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True
    )
    return sorted(str(each.name) for each in found)


def test_it_runs_after_its_dependencies_and_ends_with_its_exit_code(
    fizz: Fizz, engine: docker.DockerClient, app: Path, project: str
) -> None:
    around = ("-e", "SHAPE=a $x", "-w", "/tmp", "-u", "1000")
    show = "echo $COLOUR $SHAPE; pwd; id -u; exit 7"
    done = fizz("-f", app, "run", "-T", *around, "web", "sh", "-c", show, code=7)
    (kept,) = [name for name in names(engine, project) if "-run-" in name]
    container = engine.containers.get(kept)
    db = engine.containers.get(f"{project}-db-1")

    assert done.stdout == "red a $x\n/tmp\n1000\n"
    assert "deployment/db" in done.stderr
    assert db.attrs["State"]["Health"]["Status"] == "healthy"
    assert kept.startswith(f"{project}-web-run-")
    assert container.labels["com.docker.compose.oneoff"] == "True"
    assert (container.attrs["State"]["ExitCode"], container.attrs["HostConfig"]["RestartPolicy"]["Name"]) == (7, "")
    assert "-run-" not in fizz("-f", app, "ps").stdout
    assert kept in fizz("-f", app, "ps", "-a").stdout
    fizz("-f", app, "down", "-t", "0")
    assert names(engine, project) == []


def test_pipes_go_through_and_nothing_is_left_behind(
    fizz: Fizz, engine: docker.DockerClient, app: Path, project: str
) -> None:
    data = bytes(range(256)) * 4000
    command = fizz.command("-f", app, "run", "--rm", "-T", "-q", "--no-deps", "web", "cat")
    done = subprocess.run(command, env=fizz.environment, input=data, capture_output=True, timeout=120, check=True)

    assert (done.stdout == data, done.stderr) == (True, b"")
    eventually(lambda: not names(engine, project), what="the container is gone")
    fizz("-f", app, "down")


def test_a_terminal_works_and_detaching_leaves_it_running(
    fizz: Fizz, engine: docker.DockerClient, app: Path, project: str
) -> None:
    with at_terminal(fizz.command("-f", app, "run", "--no-deps", "web", "sh"), fizz.environment) as person:
        person.waits_for("#")
        person.types("until stty size 2>/dev/null; do sleep 0.1; done\n")
        person.waits_for("40 120")
        person.types("\x10\x11")
        person.waits_for("read escape sequence")
        assert person.ends() == 0
    (running,) = names(engine, project)

    assert engine.containers.get(running).status == "running"
    fizz("-f", app, "down", "-t", "0")


def test_left_to_itself_it_tells_its_id_and_goes_when_it_is_done(
    fizz: Fizz, engine: docker.DockerClient, app: Path, project: str
) -> None:
    own = f"{project}-mine"
    identity = fizz("-f", app, "run", "-d", "--rm", "--no-deps", "--name", own, "web", "sleep", "1000").stdout
    container = engine.containers.get(identity.strip())
    name = container.name
    container.kill()
    eventually(lambda: not names(engine, project), what="it is removed when it has ended")
    missing = fizz("-f", app, "run", "--no-deps", "web", "--nosuch", code=127)
    unknown = fizz("-f", app, "run", "nosuch", code=1)

    assert name == own
    assert "nosuch" in missing.stderr + missing.stdout
    assert 'no service "nosuch"' in unknown.stderr
    fizz("-f", app, "down", "-t", "0")


def test_exit_codes_and_output_are_composes(
    fizz: Fizz, app: Path, tmp_path: Path, project: str, docker_compose: str
) -> None:
    theirs = tmp_path / "theirs.yml"
    theirs.write_text(app.read_text().replace(project, f"{project}-theirs"))
    for words in (("sh", "-c", "echo hi; exit 42"), ("sh", "-c", "kill -9 1; sleep 1")):
        done = subprocess.run(
            [docker_compose, "-f", theirs, "run", "--rm", "-T", "--no-deps", "web", *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        ours = fizz("-f", app, "run", "--rm", "-T", "-q", "--no-deps", "web", *words, code=done.returncode)
        assert ours.stdout == done.stdout
    subprocess.run([docker_compose, "-f", theirs, "down"], capture_output=True, timeout=60, check=True)
    fizz("-f", app, "down", "-t", "0")
