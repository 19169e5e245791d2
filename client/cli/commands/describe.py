"""`fizz describe`: resources in full, as people read them, with their events."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.commands.events import events_text, in_order
from fizz.client.cli.completing import complete_kinds
from fizz.client.cli.formats import to_yaml
from fizz.client.cli.options import (
    Options,
    connection_options,
    namespace_options,
    pass_options,
    project_options_long,
)
from fizz.client.cli.place import kinds_of, scope_of
from fizz.client.cli.session import run
from fizz.client.cli.tables import age, table
from fizz.client.cli.targets import Target, parse_targets
from fizz.schemas import times
from fizz.schemas.types import JSON

__all__ = ["command", "description", "events_of"]

_HIDDEN = frozenset({"apiVersion", "kind", "metadata", "status"})


@click.command("describe")
@click.argument(
    "words", nargs=-1, required=True, metavar="KIND[,KIND...] [NAME...] | KIND/NAME...", shell_complete=complete_kinds
)
@namespace_options
@click.option("-l", "--selector", metavar="LABELS", help="Only objects with these labels.")
@project_options_long
@connection_options
@pass_options
def command(
    options: Options, words: tuple[str, ...], namespace: str | None, all_namespaces: bool, selector: str | None
) -> None:
    """Show resources in full, with their events."""
    targets = parse_targets(words)
    place = scope_of(options, namespace, all_namespaces)
    run(options, lambda client: _describe(client, targets, place, selector))


async def _describe(client: Client, targets: Sequence[Target], namespace: str | None, selector: str | None) -> None:
    texts: list[str] = []
    for kind, name in await kinds_of(client, targets):
        place = namespace if kind.namespaced else None
        if name:
            items = [await client.get(kind, name, (place or "default") if kind.namespaced else None)]
        else:
            items = (await client.list(kind, place, selector)).items
        texts += [description(item, await events_of(client, item), datetime.now(UTC)) for item in items]
    click.echo("\n\n\n".join(texts) if texts else "No resources found.")


async def events_of(client: Client, item: JSON) -> list[JSON]:
    """What happened to an object, oldest first. Those about cluster-scoped objects lie in `default`."""
    metadata = item["metadata"]
    listed = await client.list(
        built_in("Event"),
        metadata.get("namespace") or "default",
        field_selector=f"involvedObject.uid={metadata['uid']}",
    )
    return in_order(listed.items)


def description(item: JSON, events: Sequence[JSON], now: datetime) -> str:
    """An object for people."""
    lines = [*_head(item, now)]
    for field, value in item.items():
        if field not in _HIDDEN:
            lines += _block(_title(field), _hide_secrets(item, field, value))
    status = dict(item.get("status") or {})
    conditions = status.pop("conditions", None) or []
    if status:
        lines += _block("Status", status)
    if conditions:
        rows = [
            (each["type"], each["status"], each.get("reason"), _since(each, now), each.get("message"))
            for each in conditions
        ]
        text = table(("TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"), rows)
        lines += ["Conditions:", *_indented(text)]
    lines += ["Events:", *_indented(events_text(events, now))] if events else ["Events:        <none>"]
    return "\n".join(lines)


def _head(item: JSON, now: datetime) -> Iterator[str]:
    metadata: JSON = item["metadata"]
    yield _row("Name", metadata["name"])
    if metadata.get("namespace"):
        yield _row("Namespace", metadata["namespace"])
    yield _row("Kind", f"{item['kind']} ({item['apiVersion']})")
    created = metadata.get("creationTimestamp")
    if created:
        yield _row("Created", f"{created} ({age(times.parse(created), now)} ago)")
    if metadata.get("deletionTimestamp"):
        yield _row("Deletion", f"asked for at {metadata['deletionTimestamp']}")
    for title, field in (("Labels", "labels"), ("Annotations", "annotations")):
        pairs = sorted((metadata.get(field) or {}).items())
        yield from _several(title, [f"{key}={value}" for key, value in pairs])
    owners = [f"{each['kind'].lower()}/{each['name']}" for each in metadata.get("ownerReferences") or ()]
    if owners:
        yield from _several("Owners", owners)
    if metadata.get("finalizers"):
        yield from _several("Finalizers", metadata["finalizers"])


def _row(title: str, text: Any) -> str:
    return f"{title + ':':<14} {text}"


def _several(title: str, values: Sequence[str]) -> Iterator[str]:
    for index, value in enumerate(values or ["<none>"]):
        yield _row(title, value) if index == 0 else f"{'':<14} {value}"


def _title(field: str) -> str:
    return field[:1].upper() + field[1:]


def _block(title: str, value: Any) -> list[str]:
    if isinstance(value, dict | list) and value:
        return [f"{title}:", *_indented(to_yaml(value))]
    return [_row(title, "<none>" if value in ({}, [], None, "") else value)]


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.rstrip("\n").split("\n")]


def _since(condition: JSON, now: datetime) -> str:
    moment = condition.get("lastTransitionTime")
    return age(times.parse(moment), now) if moment else "<unknown>"


def _hide_secrets(item: JSON, field: str, value: Any) -> Any:
    """A Secret's data is never shown, only how much of it there is."""
    if item["kind"] != "Secret" or field not in {"data", "stringData"} or not isinstance(value, dict):
        return value
    return {key: f"{len(text) * 3 // 4 - text[-2:].count('=')} bytes" for key, text in value.items()}
