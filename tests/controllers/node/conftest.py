"""What the tests with a real engine share."""

import docker
import pytest


@pytest.fixture(scope="session")
def busybox_image() -> str:
    """A small image with a shell, which `hack/images test` puts on the engine."""
    client = docker.from_env()
    try:
        assert client.images.list("busybox:latest"), "the engine has no busybox:latest: run hack/images test"
    finally:
        client.close()
    return "busybox:latest"
