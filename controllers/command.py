"""`fizz controllers` and `fizz node`: controllers as a process of their own."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

__all__ = ["controllers", "node"]


def _flags(command: Callable[..., None]) -> Callable[..., None]:
    """The flags that both commands have."""
    options = (
        click.option("--server", metavar="URL", help="The API server. [env: FIZZ_SERVER]"),
        click.option("--socket", metavar="PATH", help="The API server's unix socket. [env: FIZZ_SOCKET]"),
        click.option("--data-dir", metavar="DIR", help="Folder of the data. [env: FIZZ_DATA_DIR]"),
        click.option("--node-name", metavar="NAME", help="Name of this node. [env: FIZZ_NODE_NAME]"),
        click.option("--docker-host", metavar="URL", help="The node's Docker Engine. [env: DOCKER_HOST]"),
        click.option(
            "--ingress",
            type=click.Choice(["auto", "nftables", "engine"]),
            help="Who publishes ports: Fizz by nftables, or the engine. [env: FIZZ_INGRESS]",
        ),
        click.option("--log-format", type=click.Choice(["json", "console"]), help="[env: FIZZ_LOG_FORMAT]"),
        click.option(
            "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="[env: FIZZ_LOG_LEVEL]"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_flags
def controllers(names: tuple[str, ...], **flags: str | None) -> None:
    """Run controllers alone: all, or those named."""
    _run(names, flags)


@click.command()
@_flags
def node(**flags: str | None) -> None:
    """Run the node agent alone."""
    _run(["node", "ingress"], flags)


def _run(names: Sequence[str], flags: dict[str, str | None]) -> None:
    from fizz.controllers.run import AgentRuns, UnknownController, run
    from fizz.schemas import logs
    from fizz.schemas.settings import Settings, SettingsError

    try:
        settings = Settings.load(os.environ, **flags)
        logs.configure(settings.log_format, settings.log_level)
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(run(settings, names))
    except (SettingsError, UnknownController, AgentRuns) as problem:
        click.echo(f"error: {problem}", err=True)
        sys.exit(2 if isinstance(problem, UnknownController) else 1)


def _loop() -> Any:
    import uvloop

    return uvloop.new_event_loop()
