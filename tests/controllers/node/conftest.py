"""What the tests with a real engine share."""

import os
from collections.abc import AsyncIterator

import docker
import pytest

from fizz.controllers.node.docker_engine import DockerEngine
from fizz.controllers.node.fake import FakeEngine
from tests.controllers.node.bench import Bench


@pytest.fixture(scope="session")
def busybox_image() -> str:
    """A small image with a shell, which `hack/images test` puts on the engine."""
    client = docker.from_env()
    try:
        assert client.images.list("busybox:latest"), "the engine has no busybox:latest: run hack/images test"
    finally:
        client.close()
    return "busybox:latest"


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.e2e)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """An engine in memory, and the real one."""
    if request.param == "fake":
        yield Bench(FakeEngine(images=["busybox"]), "busybox")
        return
    image = request.getfixturevalue("busybox_image")
    engine = DockerEngine(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    bench = Bench(engine, image)
    try:
        yield bench
    finally:
        await bench.clean()
        await engine.close()
