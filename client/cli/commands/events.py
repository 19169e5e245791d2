"""`fizz events`: what happened, oldest first."""

from collections.abc import Iterable
from contextlib import aclosing
from datetime import UTC, datetime

import click

from fizz.client.api import Client, EventType, NotFound
from fizz.client.cli.apply import built_in
from fizz.client.cli.changes import changes
from fizz.client.cli.formats import Output, as_list, parse_output, write
from fizz.client.cli.options import (
    Options,
    connection_options,
    namespace_options,
    output_option,
    pass_options,
    project_options_long,
)
from fizz.client.cli.place import scope_of
from fizz.client.cli.session import run
from fizz.client.cli.tables import age, table
from fizz.schemas import times
from fizz.schemas.types import JSON

__all__ = ["command", "event_rows", "events_text", "in_order", "last_seen"]

_HEADER = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")


@click.command("events")
@namespace_options
@click.option("--for", "target", metavar="KIND/NAME", help="Only what happened to this object.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@output_option
@project_options_long
@connection_options
@pass_options
def command(
    options: Options, namespace: str | None, all_namespaces: bool, target: str | None, follow: bool, output: str
) -> None:
    """Show what happened, oldest first. Events are kept for an hour."""
    form = parse_output(output)
    place = scope_of(options, namespace, all_namespaces)
    if follow:
        run(options, lambda client: _follow(client, place, target, form))
    else:
        run(options, lambda client: _show(client, place, target, form))


async def _show(client: Client, namespace: str | None, target: str | None, output: Output) -> None:
    await _check(client, target)
    listed = await client.list(built_in("Event"), namespace)
    found = in_order(item for item in listed.items if _concerns(item, target))
    if not output.is_table:
        click.echo(write(output, as_list(found)))
    elif found:
        click.echo(events_text(found, datetime.now(UTC)))
    else:
        click.echo("No events.", err=True)


async def _follow(client: Client, namespace: str | None, target: str | None, output: Output) -> None:
    await _check(client, target)
    waiting: list[JSON] | None = []
    async with aclosing(changes(client, [built_in("Event")], namespace)) as happened:
        async for change in happened:
            if change is None:
                for item in in_order(waiting or ()):
                    click.echo(_line(item, output))
                waiting = None
            elif change.type is EventType.DELETED or not _concerns(change.object, target):
                continue
            elif waiting is None:
                click.echo(_line(change.object, output))
            else:
                waiting.append(change.object)


async def _check(client: Client, target: str | None) -> None:
    """Raise `UsageError` if the target cannot be anything. An object that is not there (any more) may have Events."""
    if target is None:
        return
    kind, slash, name = target.partition("/")
    if not slash or not name:
        raise click.UsageError(f"--for takes KIND/NAME, as deployment/web, not {target!r}.")
    try:
        await client.discover(kind)
    except NotFound:
        known = "see `fizz api-resources`"
        raise click.UsageError(f"--for {target}: the server knows no kind {kind!r}; {known}.") from None


def _concerns(item: JSON, target: str | None) -> bool:
    if target is None:
        return True
    kind, _, name = target.lower().partition("/")
    about = item.get("involvedObject") or {}
    return str(about.get("name", "")).lower() == name and str(about.get("kind", "")).lower().startswith(
        kind.rstrip("s")
    )


def last_seen(item: JSON) -> str:
    """When it last happened, as written."""
    series = (item.get("series") or {}).get("lastObservedTime")
    fields = (item.get(each) for each in ("lastTimestamp", "eventTime", "firstTimestamp"))
    return str(series or next((each for each in fields if each), "") or item["metadata"].get("creationTimestamp") or "")


def in_order(items: Iterable[JSON]) -> list[JSON]:
    """Oldest first; of the same second, in the order in which the server learned of them."""
    return sorted(items, key=lambda item: (last_seen(item), int(item["metadata"].get("resourceVersion") or 0)))


def event_rows(items: Iterable[JSON], now: datetime) -> list[tuple[str, str, str, str, str]]:
    """The cells of a table of Events."""
    return [
        (
            age(times.parse(seen), now) if (seen := last_seen(item)) else "<unknown>",
            str(item.get("type") or ""),
            str(item.get("reason") or ""),
            _about(item),
            _message(item),
        )
        for item in items
    ]


def events_text(items: Iterable[JSON], now: datetime) -> str:
    """A table of Events."""
    return table(_HEADER, event_rows(items, now))


def _about(item: JSON) -> str:
    about = item.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _message(item: JSON) -> str:
    count = item.get("count") or 1
    times_seen = f" (x{count})" if count > 1 else ""
    return f"{item.get('message', '')}{times_seen}"


def _line(item: JSON, output: Output) -> str:
    """An Event as a line of its own, for following."""
    if not output.is_table:
        return write(output, item)
    seen = last_seen(item)
    clock = times.parse(seen).astimezone().strftime("%H:%M:%S") if seen else "--:--:--"
    return f"{clock}  {item.get('type', ''):<7}  {item.get('reason', '')}  {_about(item)}  {_message(item)}"
