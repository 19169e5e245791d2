"""`fizz ps`: the project's containers."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.completing import complete_services
from fizz.client.cli.composefields import STATES, compose_fields, state_of, template
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
_WIDE = (*_HEADER, "RESTARTS", "AGE", "NODE", "CONTAINER")


@click.command("ps")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-a", "--all", "everything", is_flag=True, help="Also containers that have ended.")
@click.option("-q", "--quiet", is_flag=True, help="Print the engine's ids and nothing else.")
@click.option("--services", "names_only", is_flag=True, help="Print the services' names and nothing else.")
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATES), help="Only containers in this state; repeatable."
)
@click.option("--filter", "filters", multiple=True, metavar="status=STATE", help="The same as --status.")
@click.option("--format", "form", metavar="FORMAT", help="table, json (a line each), or a text with {{.Name}} in it.")
@click.option("--no-trunc", is_flag=True, help="Whole ids.")
@click.option("--orphans/--no-orphans", default=True, hidden=True, help="What is not in the file goes with `fizz up`.")
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
    statuses: tuple[str, ...],
    filters: tuple[str, ...],
    form: str | None,
    no_trunc: bool,
    orphans: bool,
    output: str,
) -> None:
    """List the project's containers. With -o json, or --format json, the fields are docker compose's."""
    shown = parse_output(output)
    line = template(form) if form not in {None, "table", "json"} else None
    wanted = {*statuses, *map(_state, filters)}
    project = the_project_name(options)

    async def read(client: Client) -> list[JSON]:
        listed = await client.list(built_in("Container"), project_namespace(project), project_selector(project))
        return in_order(listed.items)

    items = [
        item
        for item in run(options, read)
        if (not services or is_of(item, services))
        and (everything or wanted or _phase(item) not in _ENDED)
        and (everything or not is_oneoff(item))
        and (not wanted or state_of(item) in wanted)
    ]
    now = datetime.now(UTC)
    fields = [_whole(item, compose_fields(item, now), no_trunc=no_trunc) for item in items]
    if quiet:
        for item in items:
            if identity := (item.get("status") or {}).get("containerID"):
                click.echo(identity)
    elif names_only:
        for name in dict.fromkeys(map(service_of, items)):
            click.echo(name)
    elif line is not None:
        for each in fields:
            click.echo(line(each))
    elif form == "json":
        for each in fields:
            click.echo(json.dumps(each))
    elif shown.form is Form.JSON:
        click.echo(json.dumps(fields, indent=2))
    elif shown.is_table:
        wide = shown.form is Form.WIDE
        click.echo(table(_WIDE if wide else _HEADER, rows(items, now, wide=wide)))
    elif text := write(shown, as_list(items)):
        click.echo(text)


def _state(text: str) -> str:
    key, _, state = text.partition("=")
    if key != "status" or state not in STATES:
        raise click.UsageError(f"--filter {text!r} is not status=STATE; states are {', '.join(STATES)}")
    return state


def _whole(item: JSON, fields: JSON, *, no_trunc: bool) -> JSON:
    return {**fields, "ID": (item.get("status") or {}).get("containerID") or ""} if no_trunc else fields


def _phase(item: JSON) -> str:
    return str((item.get("status") or {}).get("phase") or "Pending")


def rows(items: Sequence[JSON], now: datetime, *, wide: bool = False) -> list[tuple[str, ...]]:
    """The table's cells."""
    lines: list[tuple[str, ...]] = []
    for item in items:
        row = (engine_name(item), item["spec"]["image"], service_of(item), status_of(item, now), ports_of(item) or " ")
        fields = compose_fields(item, now)
        told = (str(fields["Restarts"]), fields["RunningFor"].removesuffix(" ago"))
        more = (
            *told,
            item["spec"].get("nodeName") or "",
            str((item.get("status") or {}).get("containerID") or "")[:12],
        )
        lines.append((*row, *more) if wide else row)
    return lines
