"""A project that the real docker compose started becomes Fizz's: what agrees goes on, what does not is said."""

import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, eventually, free_port, output_of

APP = """
name: {project}
services:
  db:
    image: busybox:latest
    command: sleep 100000
    init: true
    restart: always
    stop_grace_period: 1s
    volumes: ["data:/data"]
    environment: {{MODE: one}}
    healthcheck: {{test: ["CMD", "true"], interval: 1s}}
  web:
    image: busybox:latest
    init: true
    restart: always
    stop_grace_period: 1s
    command: ["sh", "-c", "mkdir -p /www; hostname > /www/index.html; echo serving; exec httpd -f -p 80 -h /www"]
    ports: ["{port}:80"]
    depends_on: {{db: {{condition: service_healthy}}}}
volumes: {{data: {{}}}}
"""

Started = tuple[Path, int]


@pytest.fixture
def started(tmp_path: Path, project: str, docker_compose: str) -> Started:
    """The app, run by docker compose: its file and its port."""
    file, port = tmp_path / "compose.yml", free_port()
    file.write_text(APP.format(project=project, port=port))
    subprocess.run([docker_compose, "-f", file, "up", "-d"], check=True, capture_output=True)
    return file, port


def ids(engine: docker.DockerClient, project: str) -> dict[str, str]:
    mine: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={project}"}
    return {
        str(each.name): str(each.id) for each in engine.containers.list(all=True, filters=mine, ignore_removed=True)
    }


def page(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return str(answer.read().decode().strip())


def test_what_agrees_goes_on_and_is_like_any_other_project_from_then_on(
    fizz: Fizz, engine: docker.DockerClient, project: str, started: Started
) -> None:
    file, port = started
    before = ids(engine, project)
    output_of(engine.containers.get(f"{project}-db-1"), "touch", "/data/kept")

    said = fizz("adopt", "-p", project, "--dry-run").stdout
    assert ids(engine, project) == before
    assert fizz("get", "deployments", "-n", project).stdout.strip().count("\n") == 0
    told = fizz("adopt", "-p", project).stdout

    assert f"{project}-web-1: goes on as it is" in said
    assert f"{project} is Fizz's now: 2 containers went on" in told
    assert ids(engine, project) == before
    assert "Up" in fizz("ps", "-p", project).stdout
    assert "serving" in fizz("logs", "-p", project, "web").stdout
    fizz("plan", "-f", file)  # exit code 0: nothing would be done
    fizz("up", "-d", "--wait", "-f", file)
    assert ids(engine, project) == before

    engine.containers.get(f"{project}-db-1").stop(timeout=1)
    eventually(lambda: engine.containers.get(f"{project}-db-1").status == "running", what="it is started again")
    assert ids(engine, project) == before
    file.write_text(file.read_text().replace("httpd -f", "httpd -f -v"))
    fizz("up", "-d", "--wait", "-f", file)
    after = ids(engine, project)
    assert after[f"{project}-db-1"] == before[f"{project}-db-1"]
    assert after[f"{project}-web-1"] != before[f"{project}-web-1"]
    assert page(port) == after[f"{project}-web-1"][:12]
    assert output_of(engine.containers.get(f"{project}-db-1"), "ls", "/data").strip() == "kept"

    fizz("down", "-v", "-p", project)
    assert ids(engine, project) == {}
    assert engine.networks.list(names=[f"{project}_default"]) == []
    assert f"{project}_data" not in [volume.name for volume in engine.volumes.list()]


def test_what_differs_is_named_and_made_anew_only_if_asked(
    fizz: Fizz, engine: docker.DockerClient, project: str, started: Started, edit: Callable[[str, str], None]
) -> None:
    before = ids(engine, project)
    edit("MODE: one", "MODE: two")

    dry = fizz("adopt", "-p", project, "--dry-run", code=2).stdout
    refused = fizz("adopt", "-p", project, code=1)
    assert ids(engine, project) == before
    told = fizz("adopt", "-p", project, "--recreate").stdout
    after = ids(engine, project)

    assert f"{project}-db-1: would be made anew: environment MODE: one -> two" in dry
    assert f"{project}-web-1: goes on as it is" in dry
    assert "1 of 2 containers differ from the compose file, and nothing was done" in refused.stderr
    assert "1 containers went on, 1 made anew" in told
    assert after[f"{project}-web-1"] == before[f"{project}-web-1"]
    assert after[f"{project}-db-1"] != before[f"{project}-db-1"]
    fizz("down", "-v", "-p", project)
    assert ids(engine, project) == {}


@pytest.fixture
def edit(started: Started) -> Callable[[str, str], None]:
    """Changes the file behind compose's back."""

    def change(old: str, new: str) -> None:
        file, _ = started
        file.write_text(file.read_text().replace(old, new))

    return change


def test_a_project_that_is_not_there_is_said(fizz: Fizz) -> None:
    assert "docker compose has no containers of a project nobody" in fizz("adopt", "-p", "nobody", code=1).stderr
