"""`fizz watch`: changes of resources as they happen, one line each."""

from collections.abc import Sequence
from contextlib import aclosing

import click
import orjson

from fizz.client.api import Client, EventType, WatchEvent
from fizz.client.cli.changes import changes
from fizz.client.cli.completing import complete_kinds
from fizz.client.cli.formats import Form, Output, name_of, parse_output, to_yaml, write
from fizz.client.cli.options import (
    Options,
    connection_options,
    namespace_options,
    output_option,
    pass_options,
    project_options_long,
)
from fizz.client.cli.place import kinds_of, scope_of
from fizz.client.cli.session import run
from fizz.client.cli.summaries import summary
from fizz.client.cli.targets import Target, parse_targets
from fizz.schemas.types import JSON

__all__ = ["command", "watch_targets"]


@click.command("watch")
@click.argument(
    "words", nargs=-1, required=True, metavar="KIND[,KIND...] [NAME...] | KIND/NAME...", shell_complete=complete_kinds
)
@namespace_options
@click.option("-l", "--selector", metavar="LABELS", help="Only objects with these labels, as app=web,tier!=db.")
@click.option("--changes-only", is_flag=True, help="Leave out what is there already.")
@output_option
@project_options_long
@connection_options
@pass_options
def command(
    options: Options,
    words: tuple[str, ...],
    namespace: str | None,
    all_namespaces: bool,
    selector: str | None,
    changes_only: bool,
    output: str,
) -> None:
    """Show changes of resources as they happen, until Ctrl-C.

    Several kinds come over one connection, in the order in which things happened. With -o json every line is an
    event: {"type": ..., "object": ...}.
    """
    targets, form = parse_targets(words), parse_output(output)
    place = scope_of(options, namespace, all_namespaces)
    run(options, lambda client: watch_targets(client, targets, place, selector, form, changes_only=changes_only))


async def watch_targets(
    client: Client,
    targets: Sequence[Target],
    namespace: str | None,
    selector: str | None,
    output: Output,
    *,
    changes_only: bool = False,
) -> None:
    """Print every change of the targets, for ever."""
    wanted = await kinds_of(client, targets)
    kinds = list(dict.fromkeys(kind for kind, _ in wanted))
    names: dict[tuple[str, str], set[str | None]] = {}
    for kind, name in wanted:
        names.setdefault((kind.api_version, kind.kind), set()).add(name)
    silent = changes_only
    async with aclosing(changes(client, kinds, namespace, selector)) as events:
        async for event in events:
            if event is None:
                silent = False
            elif not silent and names[_type(event.object)] & {None, event.object["metadata"]["name"]}:
                click.echo(event_text(event, output, with_namespace=namespace is None))


def _type(item: JSON) -> tuple[str, str]:
    return item["apiVersion"], item["kind"]


def event_text(event: WatchEvent[JSON], output: Output, *, with_namespace: bool = False) -> str:
    """One event as a line, or as a YAML document."""
    item = event.object
    match output.form:
        case Form.JSON:
            return orjson.dumps({"type": str(event.type), "object": item}).decode()
        case Form.YAML:
            return f"---\n{to_yaml({'type': str(event.type), 'object': item})}".rstrip("\n")
        case Form.NAME | Form.JSONPATH:
            return write(output, item)
    place = f"{item['metadata']['namespace']}/" if with_namespace and item["metadata"].get("namespace") else ""
    says = "gone" if event.type is EventType.DELETED else summary(item)
    return f"{event.type:<9} {place}{name_of(item)}  {says}".rstrip()
