"""What the tests on a real engine share. All of them are marked `e2e` and get minutes, not a minute; see `harness`."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import docker
import pytest

from fizz.schemas import labels
from tests.e2e.harness import Fizz, Server

_HERE = Path(__file__).parent
_TIMEOUT = 300
_FORGOTTEN = "15m"
"""Unused networks of Fizz that are older were left by runs that were killed. An engine has room for thirty of them."""
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder: it needs an engine, and time."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.e2e)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(_TIMEOUT))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the server had to say."""
    report = yield
    if report.failed:
        found = {id(value): value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Server)}
        report.sections.extend(("log of fizz server", server.tail()) for server in found.values())
    return report


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The Docker Engine that the tests run on."""
    client = docker.from_env(timeout=120)
    client.networks.prune(filters={"label": labels.NODE, "until": _FORGOTTEN})
    yield client
    client.close()


@pytest.fixture(scope="module")
def make_server(engine: docker.DockerClient) -> Iterator[Callable[[], Server]]:
    """Makes servers that are not started yet; all are ended, and their traces removed, after the module's tests."""
    made: list[Server] = []

    def make() -> Server:
        folder = Path(tempfile.mkdtemp(prefix="fizz-e2e-"))  # short: a unix socket's path has 107 characters at most
        made.append(Server(folder, engine))
        return made[-1]

    yield make
    try:
        for server in made:
            server.stop()
    finally:
        for server in made:
            server.clean()
            shutil.rmtree(server.folder)


@pytest.fixture(scope="module")
def server(make_server: Callable[[], Server]) -> Server:
    """A running server, one for all tests of a module."""
    made = make_server()
    made.start()
    return made


@pytest.fixture
def fizz(server: Server) -> Fizz:
    """The command line, talking to the module's server."""
    return server.fizz


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """A name for a compose project that no other test has."""
    words = request.node.name.removeprefix("test_").replace("_", "-").lower()
    return f"{''.join(c for c in words if c.isalnum() or c == '-')[:24].strip('-')}-{next(_numbers)}"


@pytest.fixture(scope="session")
def kubectl() -> str:
    """The path of a real kubectl."""
    return program("kubectl")


@pytest.fixture(scope="session")
def helm() -> str:
    """The path of a real helm."""
    return program("helm")


@pytest.fixture(scope="session")
def docker_compose() -> str:
    """The path of docker compose v5, which Fizz is measured against."""
    return program("docker-compose")


def program(name: str) -> str:
    """The path of a program that hack/tools fetches."""
    found = shutil.which(name)
    assert found, f"there is no {name} on PATH: hack/test fetches it"
    return found
