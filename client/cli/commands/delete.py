"""`fizz delete`: ask for the end of resources, and wait until they are gone."""

from collections.abc import Mapping, Sequence
from typing import Literal

import click

from fizz.client.api import Client, NotFound
from fizz.client.cli.completing import complete_kinds
from fizz.client.cli.formats import name_of
from fizz.client.cli.manifests import read_manifests
from fizz.client.cli.options import (
    SECONDS,
    Options,
    connection_options,
    pass_options,
    project_options_long,
)
from fizz.client.cli.place import kinds_of, namespace_of
from fizz.client.cli.session import run
from fizz.client.cli.targets import Target, parse_targets
from fizz.client.cli.waiting import wait_until_gone
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

__all__ = ["command"]

_POLICIES: dict[str, Literal["Background", "Foreground", "Orphan"]] = {
    "background": "Background",
    "foreground": "Foreground",
    "orphan": "Orphan",
}


@click.command("delete")
@click.argument("words", nargs=-1, metavar="KIND[,KIND...] [NAME...] | KIND/NAME...", shell_complete=complete_kinds)
@click.option("-n", "--namespace", metavar="NAME", help="Namespace; that of the project here if not given.")
@click.option("-l", "--selector", metavar="LABELS", help="All objects with these labels.")
@click.option("--all", "everything", is_flag=True, help="All objects of the kind in the namespace.")
@click.option("-f", "--filename", "sources", multiple=True, metavar="FILE", help="What these manifests name.")
@click.option(
    "--cascade",
    type=click.Choice(list(_POLICIES)),
    default="background",
    help="What becomes of what belongs to it: it goes after it, before it, or stays.",
)
@click.option("--wait/--no-wait", default=True, help="Wait until it is gone. That is the default.")
@click.option("--timeout", type=SECONDS, metavar="DURATION", help="Give up waiting after that time, as 30s.")
@click.option("--ignore-not-found", is_flag=True, help="What is not there is as good as deleted.")
@project_options_long
@connection_options
@pass_options
def command(
    options: Options,
    words: tuple[str, ...],
    namespace: str | None,
    selector: str | None,
    everything: bool,
    sources: tuple[str, ...],
    cascade: str,
    wait: bool,
    timeout: float | None,
    ignore_not_found: bool,
) -> None:
    """Delete resources.

    \b
    fizz delete deployment web       one
    fizz delete deploy/web secret/s  several
    fizz delete container -l app=x   those with a label
    fizz delete -f manifests/        those that files name
    """
    if bool(words) == bool(sources):
        raise click.UsageError("Say what to delete: KIND NAME, or -f FILE.")
    targets = parse_targets(words) if words else []
    if any(target.name is None for target in targets) and not (selector or everything):
        raise click.UsageError("Say which: a name, -l LABELS, or --all.")
    place = namespace_of(options, namespace)
    manifests = read_manifests(sources) if sources else []

    async def whole(client: Client) -> None:
        doomed = await _from_targets(client, targets, place, selector, ignore_not_found)
        doomed += await _from_manifests(client, manifests, place)
        gone = await _delete(client, doomed, cascade, ignore_not_found)
        if wait and gone:
            kinds = list(dict.fromkeys(kind for kind, _ in gone))
            await wait_until_gone(client, kinds, None, [item for _, item in gone], _silent, timeout)

    run(options, whole)


def _silent(_: Mapping[str, str]) -> None:
    """Deletion is quick enough not to need progress."""


async def _from_targets(
    client: Client, targets: Sequence[Target], namespace: str, selector: str | None, ignore: bool
) -> list[tuple[Kind, JSON]]:
    found: list[tuple[Kind, JSON]] = []
    for kind, name in await kinds_of(client, targets):
        place = namespace if kind.namespaced else None
        if name is None:
            found += [(kind, item) for item in (await client.list(kind, place, selector)).items]
            continue
        try:
            found.append((kind, await client.get(kind, name, place)))
        except NotFound:
            if not ignore:
                raise
    return found


async def _from_manifests(client: Client, manifests: Sequence[JSON], namespace: str) -> list[tuple[Kind, JSON]]:
    """The objects that manifests name, the last first: what was made last may need what was made before it."""
    found: list[tuple[Kind, JSON]] = []
    for item in reversed(manifests):
        kind = await client.kind_of(item)
        place = (item["metadata"].get("namespace") or namespace) if kind.namespaced else None
        try:
            found.append((kind, await client.get(kind, item["metadata"]["name"], place)))
        except NotFound:
            click.echo(f"{name_of(item)} is not there")
    return found


async def _delete(
    client: Client, doomed: Sequence[tuple[Kind, JSON]], cascade: str, ignore: bool
) -> list[tuple[Kind, JSON]]:
    gone: list[tuple[Kind, JSON]] = []
    for kind, item in doomed:
        metadata = item["metadata"]
        try:
            await client.delete(
                kind, metadata["name"], metadata.get("namespace"), _POLICIES[cascade], uid=metadata["uid"]
            )
        except NotFound:
            if not ignore:
                raise
        click.echo(f"{name_of(item)} deleted")
        gone.append((kind, item))
    return gone
