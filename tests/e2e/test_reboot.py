"""The worst nights: the host is restarted, the engine has lost everything, the disk is full. Nobody has to help.

What belongs to memory (secrets as files, sockets) is gone after a reboot; what the engine keeps may be gone, too.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Server, eventually, output_of
from tests.e2e.private_engine import PrivateEngine

APP = """
name: {project}
services:
  db:
    image: busybox:latest
    command: sleep 100000
    init: true
    restart: unless-stopped
    stop_grace_period: 1s
    volumes: ["data:/data"]
    secrets: [password]
    healthcheck: {{test: ["CMD", "test", "-s", "/run/secrets/password"], interval: 1s}}
  web:
    image: busybox:latest
    command: sleep 100000
    init: true
    stop_grace_period: 1s
    deploy: {{replicas: 2}}
    depends_on: {{db: {{condition: service_healthy}}}}
  done:
    image: busybox:latest
    command: "true"
volumes: {{data: {{}}}}
secrets: {{password: {{file: ./password}}}}
"""


@pytest.fixture
def private_engine() -> Iterator[PrivateEngine]:
    own = PrivateEngine()
    own.start()
    own.load("busybox")
    yield own
    own.destroy()


@pytest.fixture
def app(tmp_path: Path, project: str) -> Path:
    (tmp_path / "password").write_text("secret")
    file = tmp_path / "compose.yml"
    file.write_text(APP.format(project=project))
    return file


@pytest.fixture
def host(make_server: Callable[[], Server], private_engine: PrivateEngine, app: Path) -> Server:
    """A server on an engine of its own, and the app."""
    server = make_server()
    server.fizz.environment["DOCKER_HOST"] = private_engine.url
    server.start()
    server.fizz("up", "-d", "--wait", "-f", app)
    return server


def running(engine: docker.DockerClient, project: str) -> dict[str, str]:
    mine: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={project}", "status": "running"}
    return {str(each.name): str(each.id) for each in engine.containers.list(filters=mine, ignore_removed=True)}


def is_up(server: Server, engine: docker.DockerClient, project: str) -> bool:
    names = {f"{project}-db-1", f"{project}-web-1", f"{project}-web-2"}
    if set(running(engine, project)) != names:
        return False
    shown = server.fizz("ps", "-p", project).stdout
    return shown.count("Up ") == 3 and "(healthy)" in shown


def test_a_host_that_was_restarted_is_as_it_was(
    host: Server, private_engine: PrivateEngine, app: Path, project: str
) -> None:
    before = running(private_engine.client, project)
    output_of(private_engine.client.containers.get(f"{project}-db-1"), "touch", "/data/kept")

    host.kill9()
    private_engine.stop()
    shutil.rmtree(host.folder / "files")  # it lies in memory on a real host
    private_engine.start()
    host.start()

    eventually(lambda: is_up(host, private_engine.client, project), within=90, what="the app is up")
    assert running(private_engine.client, project) == before
    database = private_engine.client.containers.get(f"{project}-db-1")
    assert output_of(database, "cat", "/run/secrets/password") == "secret"
    assert output_of(database, "ls", "/data").strip() == "kept"
    host.fizz("plan", "-f", app)  # exit code 0: nothing would be done
    host.fizz("down", "-v", "-p", project)


def test_an_engine_that_has_lost_everything_gets_it_again(
    host: Server, private_engine: PrivateEngine, project: str
) -> None:
    before = running(private_engine.client, project)
    host.kill9()
    for container in private_engine.client.containers.list(all=True, ignore_removed=True):
        container.remove(force=True)
    private_engine.client.networks.prune()
    for volume in private_engine.client.volumes.list():
        volume.remove(force=True)
    host.start()

    eventually(lambda: is_up(host, private_engine.client, project), within=90, what="the app is up")
    after = running(private_engine.client, project)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    told = host.fizz("events", "-p", project).stdout
    assert told.count(f"created {project}-web-1") >= 2
    assert f"{project}-done-1" not in running(private_engine.client, project)
    host.fizz("down", "-v", "-p", project)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_stops_no_container_and_loses_nothing(
    make_server: Callable[[], Server], engine: docker.DockerClient, app: Path, project: str
) -> None:
    server = make_server()
    with small_disk(server.folder, 24):
        server.start()
        server.fizz("up", "-d", "--wait", "-f", app)
        before = running(engine, project)
        ballast = server.folder / "ballast"
        with ballast.open("wb") as file:
            while True:
                try:
                    file.write(b"\0" * 65536)
                    file.flush()
                except OSError:
                    break
        refused = server.fizz("scale", "-p", project, "web=3", "--no-wait", code=1).stderr
        reads = server.fizz("get", "deployments", "-n", project).stdout
        engine.containers.get(f"{project}-web-1").stop(timeout=1)
        eventually(lambda: running(engine, project) == before, within=30, what="what was stopped runs again")

        os.truncate(ballast, 0)
        ballast.unlink()
        eventually(lambda: is_up(server, engine, project), within=60, what="Fizz says so, too")
        server.fizz("scale", "-p", project, "web=3")

        assert "no space" in refused.lower() or "full" in refused.lower(), refused
        assert "web" in reads
        assert len(running(engine, project)) == 4
        server.fizz("down", "-v", "-p", project)
        server.stop()
