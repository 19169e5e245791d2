"""`fizz server`: the API server and the controllers, each a process of its own, watched over by a small third one."""

import os
import sys

import click

from fizz.client.cli.autostart import without_engine
from fizz.client.cli.failures import Failure, Silent
from fizz.client.cli.lock import ServerLock
from fizz.client.cli.supervisor import Say, supervise
from fizz.schemas.settings import Settings

__all__ = ["command"]


@click.command("server")
@click.option("--data-dir", metavar="DIR", help="Folder of the data. [env: FIZZ_DATA_DIR]")
@click.option("--socket", metavar="PATH", help="Unix socket to serve on. [env: FIZZ_SOCKET]")
@click.option("--listen", metavar="HOST:PORT", help="Serve on a TLS port, too. [env: FIZZ_LISTEN]")
@click.option(
    "--listen-plain",
    metavar="HOST:PORT",
    help="Serve on a loopback port without TLS or tokens, too. [env: FIZZ_LISTEN_PLAIN]",
)
@click.option(
    "--tls-names", metavar="NAME,...", help="More host names and addresses of this server. [env: FIZZ_TLS_NAMES]"
)
@click.option("--node-name", metavar="NAME", help="Name of this node. [env: FIZZ_NODE_NAME]")
@click.option("--docker-host", metavar="URL", help="The Docker Engine. [env: DOCKER_HOST]")
@click.option(
    "--ingress",
    type=click.Choice(["auto", "nftables", "engine"]),
    help="Who publishes ports: Fizz by nftables, or the engine. [env: FIZZ_INGRESS]",
)
@click.option("--log-format", type=click.Choice(["json", "console"]), help="Form of the logs. [env: FIZZ_LOG_FORMAT]")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="[env: FIZZ_LOG_LEVEL]")
def command(**flags: str | None) -> None:
    """Run the API server, the controllers and the node agent, until Ctrl-C.

    Containers go on running when the server ends, and are found again when it comes back.
    """
    settings = Settings.load(os.environ, **flags)
    environment = {
        **os.environ,
        "FIZZ_DATA_DIR": str(settings.data_dir),
        "FIZZ_SOCKET": str(settings.socket),
        "FIZZ_SERVER": f"unix://{settings.socket}",
        "FIZZ_NODE_NAME": settings.node_name,
        "FIZZ_INGRESS": settings.ingress,
        "FIZZ_LOG_FORMAT": settings.log_format,
        "FIZZ_LOG_LEVEL": settings.log_level,
        "DOCKER_HOST": settings.docker_host,
    }
    environment.pop("FIZZ_TOKEN", None)  # the parts speak through the socket, where the administrator needs no token
    for name, address in (("FIZZ_LISTEN", settings.listen), ("FIZZ_LISTEN_PLAIN", settings.listen_plain)):
        if address:
            environment[name] = f"{address[0]}:{address[1]}"
    if settings.tls_names:
        environment["FIZZ_TLS_NAMES"] = ",".join(settings.tls_names)
    program = [sys.executable, "-m", "fizz"]
    commands = {"apiserver": [*program, "apiserver"], "controllers": [*program, "controllers"]}
    say = Say(settings.log_format == "json", quiet=settings.log_level in {"warning", "error"})
    if warning := without_engine(settings):
        say("warning", warning.removeprefix("warning: "))
    with ServerLock(settings.data_dir) as lock:
        if not lock.take():
            raise Failure(
                f"a server already runs on {settings.data_dir} (pid {lock.holder()}); "
                "stop it first, or choose another folder with --data-dir"
            )
        if supervise(commands, environment, say):
            raise Silent("a part of the server could not start")
