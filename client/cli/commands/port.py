"""`fizz port`: where a service's port is on the host."""

from collections.abc import Iterable

import click

from fizz.client.api import Client
from fizz.client.cli.choosing import running_container
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import engine_name
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.project import the_project_name
from fizz.client.cli.session import run
from fizz.schemas.types import JSON

__all__ = ["command"]


@click.command("port")
@click.argument("service", shell_complete=complete_services)
@click.argument("port", required=False, metavar="[PORT[/PROTOCOL]]")
@click.option("--protocol", default="tcp", metavar="NAME", help="tcp, udp or sctp; tcp if not given.")
@click.option("--index", type=click.IntRange(1), metavar="N", help="Which of the service's containers; else the first.")
@project_options
@connection_options
@pass_options
def command(options: Options, service: str, port: str | None, protocol: str, index: int | None) -> None:
    """Print the address on the host that leads to a service's port, or all of them."""
    number, slash, named = (port or "").partition("/")
    if port is not None and not number.isdecimal():
        raise click.UsageError(f"{port!r} is no port; write a number, as 80 or 53/udp")
    wanted = (int(number), named if slash else protocol) if port else None
    project = the_project_name(options)

    async def read(client: Client) -> JSON:
        return await running_container(client, project, service, index)

    item = run(options, read)
    published = (item.get("status") or {}).get("ports") or ()
    if wanted is None:
        for each in published:
            click.echo(f"{each['containerPort']}/{each.get('protocol', 'tcp')} -> {_address(each)}")
        return
    found = [each for each in published if (each["containerPort"], each.get("protocol", "tcp")) == wanted]
    if not found:
        raise Failure(f"no port {wanted[0]}/{wanted[1]} of {engine_name(item)} is published: {_what(published)}")
    click.echo(_address(found[0]))


def _address(port: JSON) -> str:
    host = str(port.get("hostIP") or "0.0.0.0")
    return f"[{host}]:{port['hostPort']}" if ":" in host else f"{host}:{port['hostPort']}"


def _what(published: Iterable[JSON]) -> str:
    there = dict.fromkeys(f"{each['containerPort']}/{each.get('protocol', 'tcp')}" for each in published)
    return f"{', '.join(there)} is" if there else "it has none"
