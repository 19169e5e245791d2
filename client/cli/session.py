"""Talking to the server from a command: which one, is it there, and running async code until Ctrl-C.

@click.command()
@connection_options
@pass_options
def nodes(options: Options) -> None:
    run(options, _nodes)

async def _nodes(client: Client) -> None: ...
"""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from fizz.client.api import Client, Unavailable
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options
from fizz.schemas import logs
from fizz.schemas.settings import Settings

__all__ = ["FIELD_MANAGER", "NoServer", "check_server", "connect", "load_settings", "run"]

T = TypeVar("T")

FIELD_MANAGER = "fizz"
"""Owns the fields that the command line writes."""

_CONNECT_SECONDS = 5.0


class NoServer(Failure):
    """Nothing answers where the server should be."""


def load_settings(options: Options) -> Settings:
    """The settings under these flags. Raises `SettingsError`."""
    return Settings.load(
        os.environ,
        server=options.server,
        socket=options.socket,
        token=options.token,
        ca=options.ca,
        data_dir=options.data_dir,
    )


def check_server(settings: Settings) -> None:
    """Raise `NoServer` at once if nothing listens, so that nobody waits for a server that is not there."""
    url = urlsplit(settings.server)
    if url.scheme not in {"unix", "http", "https"}:
        raise Failure(f"server is {settings.server!r}; write https://HOST:PORT or unix:///PATH")
    try:
        if url.scheme == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(_CONNECT_SECONDS)
                probe.connect(url.path)
        else:
            socket.create_connection(
                (url.hostname or "", url.port or (443 if url.scheme == "https" else 80)), _CONNECT_SECONDS
            ).close()
    except PermissionError:
        owner = _owner(Path(url.path))
        raise Failure(f"you may not use {settings.server}, which belongs to {owner}; run this as {owner}") from None
    except OSError as problem:
        raise NoServer(
            f"no Fizz server answers at {settings.server} ({problem.strerror or problem}); "
            "start one with `fizz server`, or name another with --server"
        ) from problem


def _owner(path: Path) -> str:
    for place in (path, *path.parents):
        with suppress(OSError, KeyError):
            return place.owner()
    return "another user"


def connect(settings: Settings) -> Client:
    """A client for a command. What it has to say about lost connections is for logs, not for people."""
    logs.configure("console", settings.log_level if "FIZZ_LOG_LEVEL" in os.environ else "error")
    return Client(
        settings.server,
        token=settings.token,
        ca=settings.ca,
        user_agent="fizz-cli",
        field_manager=FIELD_MANAGER,
        on_connection=_tell_of_connection,
    )


def _tell_of_connection(lost: Unavailable | None) -> None:
    if lost is not None and lost.hopeless:  # nobody waits for that; the command says it as it ends
        return
    sys.stdout.flush()
    what = "the server answers again" if lost is None else f"{lost.message}; waiting for the server to come back"
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


def run(options: Options, main: Callable[[Client], Awaitable[T]]) -> T:
    """Run a command's async part against the server. Raises `NoServer`."""
    settings = load_settings(options)
    check_server(settings)

    async def whole() -> T:
        async with connect(settings) as client:
            return await main(client)

    return asyncio.run(whole())
