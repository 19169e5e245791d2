"""Data in volumes that nobody named outlives the containers that they were made for, as with docker compose."""

import contextlib
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from tests.e2e.harness import Fizz, eventually, output_of

APP = """
name: {project}
services:
  db:
    image: {image}
    command: sleep 1000
    init: true
    stop_grace_period: 1s
    environment: {{RUN: "{run}"}}
    volumes: [/extra]
"""


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient) -> Iterator[str]:
    """An image that declares /data as a volume."""
    tag = f"fizz-test-volume:{uuid.uuid4().hex[:8]}"
    container = engine.containers.create("busybox")
    container.commit(*tag.split(":"), changes="VOLUME /data")
    container.remove()
    yield tag
    engine.images.remove(tag, force=True)


class App:
    """The compose file, and what runs of it."""

    def __init__(self, engine: docker.DockerClient, folder: Path, project: str, image: str) -> None:
        self.engine, self.project, self.image = engine, project, image
        self.file = folder / f"{project}.yml"
        self.seen: set[str] = set()

    def write(self, run: str) -> Path:
        self.file.write_text(APP.format(project=self.project, image=self.image, run=run))
        return self.file

    @property
    def container(self) -> Container:
        return self.engine.containers.get(f"{self.project}-db-1")

    @property
    def volumes(self) -> dict[str, str]:
        found = {mount["Destination"]: mount["Name"] for mount in self.container.attrs["Mounts"]}
        self.seen |= set(found.values())
        return found

    @property
    def mounts(self) -> list[dict[str, object]]:
        """How its volumes were asked for, without their names."""
        asked = self.container.attrs["HostConfig"]["Mounts"]
        plain = [{**each, "Source": bool(each.get("Source"))} for each in asked]
        return sorted(({k: v for k, v in each.items() if v} for each in plain), key=lambda each: str(each["Target"]))

    def put(self) -> None:
        output_of(self.container, "sh", "-c", "echo kept >/data/file; echo kept >/extra/file")

    @property
    def kept(self) -> str:
        return output_of(self.container, "sh", "-c", "cat /data/file /extra/file 2>/dev/null || true").strip()


@pytest.fixture
def app(engine: docker.DockerClient, tmp_path: Path, project: str, image: str) -> Iterator[App]:
    """The volumes that the test saw and left dangling, as it should, are removed after it."""
    made = App(engine, tmp_path, project, image)
    yield made
    for name in made.seen:
        with contextlib.suppress(docker.errors.NotFound):
            engine.volumes.get(name).remove()


def test_data_in_the_images_volume_survives_a_changed_environment_as_with_docker_compose(
    fizz: Fizz, app: App, docker_compose: str
) -> None:
    def compose(*arguments: str) -> None:
        subprocess.run([docker_compose, "-f", app.file, *arguments], check=True, capture_output=True, env=os.environ)

    seen = []
    for up, down in (
        (lambda: fizz("up", "-d", "--wait", "-f", app.file), lambda: fizz("down", "-v", "-f", app.file)),
        (lambda: compose("up", "-d", "--wait"), lambda: compose("down", "-v")),
    ):
        app.write("1")
        up()
        app.put()
        before = app.volumes
        app.write("2")
        up()
        environment = app.container.attrs["Config"]["Env"]
        seen.append((app.kept, app.volumes == before, "RUN=2" in environment, app.mounts))
        down()
    ours, composes = seen

    assert ours[:3] == ("kept\nkept", True, True)
    assert ours == composes


def test_volumes_are_renewed_only_on_demand_and_go_only_on_demand(
    fizz: Fizz, engine: docker.DockerClient, app: App
) -> None:
    fizz("up", "-d", "--wait", "-f", app.write("1"))
    app.put()
    first, container = app.volumes, app.container.id
    app.write("2")
    planned = fizz("plan", "-f", app.file, code=2).stdout
    app.container.remove(force=True)
    eventually(lambda: _running(engine, app, other_than=container), what="it comes back")
    came_back = app.kept

    app.write("1")
    fizz("up", "-d", "--wait", "-V", "-f", app.file)
    renewed, after = app.volumes, app.kept
    again = fizz("up", "-d", "--wait", "-f", app.file).stdout
    fizz("down", "-f", app.file)
    kept = {volume.name for volume in engine.volumes.list()}
    fizz("up", "-d", "--wait", "-f", app.file)
    last = app.volumes
    fizz("down", "-v", "-f", app.file)
    left = {volume.name for volume in engine.volumes.list()}

    assert "stop first: both would write to the anonymous volume at /data" in planned
    assert came_back == "kept\nkept"
    assert after == ""
    assert "4 unchanged" in again
    assert not set(renewed.values()) & set(first.values())
    assert kept >= {*first.values(), *renewed.values()}
    assert left & set(last.values()) == set()
    assert left >= {*first.values(), *renewed.values()}


def _running(engine: docker.DockerClient, app: App, other_than: str | None) -> bool:
    found = engine.containers.list(filters={"name": f"^{app.project}-db-1$"}, ignore_removed=True)
    return any(each.id != other_than for each in found)
