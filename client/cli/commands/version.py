"""`fizz version`: which versions talk to each other here."""

import json

import click

from fizz import __version__
from fizz.client.api import Client
from fizz.client.cli.options import Options, connection_options, pass_options
from fizz.client.cli.session import NoServer, run
from fizz.schemas.types import JSON

__all__ = ["command"]


@click.command("version")
@click.option("--client", "client_only", is_flag=True, help="Do not ask the server.")
@click.option("--short", is_flag=True, help="The number of this program and nothing else.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
@connection_options
@pass_options
def command(options: Options, client_only: bool, short: bool, output: str) -> None:
    """Print the versions of client and server."""
    if short:
        click.echo(__version__)
        return
    versions: dict[str, JSON | None] = {"client": {"version": __version__}}
    problem = ""
    if not client_only:
        try:
            versions["server"] = run(options, _ask)
        except NoServer as absent:
            versions["server"], problem = None, str(absent)
    if output == "json":
        click.echo(json.dumps(versions, indent=2))
        return
    click.echo(f"client  {__version__}")
    server = versions.get("server")
    if server:
        click.echo(
            f"server  {server['version'].get('fizz', server['version'].get('gitVersion', '?'))}  {server['url']}"
        )
    elif problem:
        click.echo(f"server  {problem}")


async def _ask(client: Client) -> JSON:
    return {"url": client.endpoint, "version": await client.raw("GET", "/version")}
