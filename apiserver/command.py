"""`fizz apiserver`: the API server as a process of its own."""

import asyncio
import sys

import click

from fizz.schemas.settings import Settings, SettingsError

__all__ = ["apiserver"]


@click.command()
@click.option("--data-dir", help="Folder of the data. [env: FIZZ_DATA_DIR]")
@click.option("--socket", help="Unix socket to serve on. [env: FIZZ_SOCKET]")
@click.option("--listen", metavar="HOST:PORT", help="Serve on a TLS port, too. [env: FIZZ_LISTEN]")
@click.option(
    "--listen-plain",
    metavar="HOST:PORT",
    help="Serve on a loopback port without TLS or tokens, too. [env: FIZZ_LISTEN_PLAIN]",
)
@click.option(
    "--tls-names", metavar="NAME,...", help="More host names and addresses of this server. [env: FIZZ_TLS_NAMES]"
)
@click.option("--log-format", type=click.Choice(["json", "console"]), help="Form of the logs. [env: FIZZ_LOG_FORMAT]")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="[env: FIZZ_LOG_LEVEL]")
def apiserver(**flags: str | None) -> None:
    """Run the API server alone."""
    from fizz.apiserver.app import ListenError, serve
    from fizz.apiserver.config import Config
    from fizz.apiserver.store.types import StoreError
    from fizz.schemas import logs

    try:
        settings = Settings.load(None, **flags)
        logs.configure(settings.log_format, settings.log_level)
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(serve(Config.from_settings(settings)))
    except (SettingsError, ListenError, StoreError) as problem:
        click.echo(f"error: {problem}", err=True)
        sys.exit(1)


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()
