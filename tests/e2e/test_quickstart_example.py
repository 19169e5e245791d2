"""The example that people know: WordPress with its database, from the unchanged file to a page and back to nothing."""

import http.client
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, Server, eventually

_OF_THE_PROJECT: dict[str, str | list[str] | bool] = {"label": "com.docker.compose.project=wordpress"}
EXAMPLE = Path(__file__).parents[2] / "examples" / "wordpress-compose.yml"


@pytest.fixture
def wordpress(server: Server) -> Iterator[Fizz]:
    """The command line, on an engine where the example's fixed name and port are not taken."""
    for container in server.engine.containers.list(all=True, filters=_OF_THE_PROJECT, ignore_removed=True):
        container.remove(force=True, v=True)
    yield server.fizz
    server.fizz("-f", EXAMPLE, "down", "-v")


def _page(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except (OSError, http.client.HTTPException):
        return None


def test_wordpress_comes_up_answers_and_leaves_nothing_behind(wordpress: Fizz, engine: docker.DockerClient) -> None:
    wordpress("up", "-d", "--wait", "-f", EXAMPLE, timeout=240)

    page = eventually(lambda: _page("http://localhost:8080"), within=60, what="WordPress on port 8080")
    assert "<title>WordPress &rsaquo; Installation</title>" in page or "wp-content" in page
    assert {c.name for c in engine.containers.list(filters=_OF_THE_PROJECT, ignore_removed=True)} == {
        "wordpress-wordpress-1",
        "wordpress-db-1",
    }

    wordpress("-f", EXAMPLE, "down", "-v", timeout=120)

    assert engine.containers.list(all=True, filters=_OF_THE_PROJECT, ignore_removed=True) == []
    assert engine.networks.list(filters=_OF_THE_PROJECT) == []
    assert engine.volumes.list(filters=_OF_THE_PROJECT) == []
