"""A real API server, and command lines that are run beside it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fizz.client.api import Client
from fizz.client.cli import preparing
from fizz.client.cli.main import cli
from fizz.client.controller import Manager
from fizz.client.testing import server
from fizz.controllers.namespace.reconcile import NamespaceController
from fizz.schemas import logs
from tests.client.cli.commands_kit import Fizz


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with server(tmp_path) as made:
        yield made


@pytest.fixture
def fizz(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fizz:
    """Runs a command line beside the server's loop, in an empty folder."""
    monkeypatch.setattr(preparing, "_NODE_SECONDS", 0.05)  # there is none, and nobody need wait for it
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # the logs of the tests are not the command's to set up
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("FIZZ_SERVER", "FIZZ_SOCKET", "FIZZ_DATA_DIR", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME"):
        monkeypatch.delenv(name, raising=False)

    async def run(*arguments: str, stdin: str | None = None) -> Result:
        words = ["--server", client.endpoint, *arguments]
        return await asyncio.to_thread(CliRunner().invoke, cli, words, input=stdin)

    return run


@pytest.fixture
async def namespaces(client: Client) -> AsyncIterator[None]:
    """The controller that empties namespaces which are to go."""
    manager = Manager(client)
    manager.add(NamespaceController(manager).controller())
    running = asyncio.create_task(manager.run())
    yield
    manager.stop()
    await running
