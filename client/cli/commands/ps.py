"""`fizz ps`: the project's containers."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.containers import engine_name, in_order, is_of, is_oneoff, ports_of, service_of, status_of
from fizz.client.cli.formats import Form, as_list, parse_output, write
from fizz.client.cli.options import Options, connection_options, output_option, pass_options, project_options
from fizz.client.cli.project import project_namespace, project_selector, the_project_name
from fizz.client.cli.session import run
from fizz.client.cli.tables import table
from fizz.schemas.types import JSON

__all__ = ["command", "rows"]

_ENDED = frozenset({"Succeeded", "Failed", "Stopped"})
_HEADER = ("NAME", "IMAGE", "SERVICE", "STATUS", "PORTS")
_WIDE = (*_HEADER, "NODE", "CONTAINER")


@click.command("ps")
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("-a", "--all", "everything", is_flag=True, help="Also containers that have ended.")
@click.option("-q", "--quiet", is_flag=True, help="Print the engine's ids and nothing else.")
@click.option("--services", "names_only", is_flag=True, help="Print the services' names and nothing else.")
@click.option("--status", metavar="PHASE", help="Only containers in this phase, as running.")
@output_option
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    services: tuple[str, ...],
    everything: bool,
    quiet: bool,
    names_only: bool,
    status: str | None,
    output: str,
) -> None:
    """List the project's containers."""
    form = parse_output(output)
    project = the_project_name(options)

    async def read(client: Client) -> list[JSON]:
        listed = await client.list(built_in("Container"), project_namespace(project), project_selector(project))
        return in_order(listed.items)

    items = [
        item
        for item in run(options, read)
        if (not services or is_of(item, services))
        and (everything or status or _phase(item) not in _ENDED)
        and (everything or not is_oneoff(item))
        and (not status or _phase(item).lower() == status.lower())
    ]
    if quiet:
        for item in items:
            if identity := (item.get("status") or {}).get("containerID"):
                click.echo(identity)
    elif names_only:
        for name in dict.fromkeys(map(service_of, items)):
            click.echo(name)
    elif form.is_table:
        wide = form.form is Form.WIDE
        click.echo(table(_WIDE if wide else _HEADER, rows(items, datetime.now(UTC), wide=wide)))
    elif text := write(form, as_list(items)):
        click.echo(text)


def _phase(item: JSON) -> str:
    return str((item.get("status") or {}).get("phase") or "Pending")


def rows(items: Sequence[JSON], now: datetime, *, wide: bool = False) -> list[tuple[str, ...]]:
    """The table's cells."""
    lines: list[tuple[str, ...]] = []
    for item in items:
        row = (engine_name(item), item["spec"]["image"], service_of(item), status_of(item, now), ports_of(item) or " ")
        more = (item["spec"].get("nodeName") or "", str((item.get("status") or {}).get("containerID") or "")[:12])
        lines.append((*row, *more) if wide else row)
    return lines
