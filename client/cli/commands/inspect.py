"""`fizz inspect`: what is wanted, what is, what the engine says, and what happened; in one document."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import click

from fizz.client.api import ApiError, Client, NotFound
from fizz.client.cli.apply import built_in
from fizz.client.cli.commands.describe import events_of
from fizz.client.cli.containers import in_order
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import parse_output, write
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.place import kinds_of, namespace_of
from fizz.client.cli.project import WORKLOADS
from fizz.client.cli.session import run
from fizz.client.cli.targets import Target
from fizz.schemas.kinds import Kind
from fizz.schemas.names import to_name
from fizz.schemas.types import JSON

__all__ = ["command"]

_PARTS = ("Deployment", "Job", "CronJob", "Service", "Network", "Volume")


@click.command("inspect")
@click.argument("words", nargs=-1, metavar="[SERVICE | KIND/NAME]...")
@click.option("-n", "--namespace", metavar="NAME", help="Namespace; that of the project here if not given.")
@click.option("-o", "--output", default="yaml", metavar="FORMAT", help="yaml, json or jsonpath=EXPRESSION.")
@project_options
@connection_options
@pass_options
def command(options: Options, words: tuple[str, ...], namespace: str | None, output: str) -> None:
    """Show what is wanted, what is, what the engine says, and what happened.

    \b
    fizz inspect                 the whole project
    fizz inspect web             a service
    fizz inspect container/x     any resource
    """
    form = parse_output(output)
    if form.is_table:
        raise click.UsageError("inspect writes yaml, json or jsonpath=EXPRESSION.")
    place = namespace_of(options, namespace)
    click.echo(write(form, run(options, lambda client: _inspect(client, words, place))))


async def _inspect(client: Client, words: Sequence[str], namespace: str) -> JSON:
    if not words:
        return await _whole(client, namespace)
    found = [await _one(client, word, namespace) for word in words]
    return found[0] if len(found) == 1 else {"targets": found}


async def _whole(client: Client, namespace: str) -> JSON:
    """Everything in a namespace."""
    result: JSON = {"namespace": namespace}
    for name in _PARTS:
        kind = built_in(name)
        items = (await client.list(kind, namespace)).items
        result[kind.plural] = await asyncio.gather(*(_state(client, kind, item) for item in items))
    if not any(result[built_in(name).plural] for name in _PARTS):
        raise Failure(f"nothing is in namespace {namespace}; `fizz get deployments -A` looks everywhere")
    return result


async def _one(client: Client, word: str, namespace: str) -> JSON:
    kind_name, slash, name = word.rpartition("/")
    if not slash:
        return await _service(client, to_name(word), namespace)
    ((kind, wanted),) = await kinds_of(client, [Target(kind_name, name)])
    item = await client.get(kind, wanted or "", namespace if kind.namespaced else None)
    return await _state(client, kind, item)


async def _service(client: Client, name: str, namespace: str) -> JSON:
    """What a service has become: a Deployment, a Job or a CronJob."""
    *others, last = map(built_in, WORKLOADS)
    for kind in others:
        with suppress(NotFound):
            return await _state(client, kind, await client.get(kind, name, namespace))
    return await _state(client, last, await client.get(last, name, namespace))


async def _state(client: Client, kind: Kind, item: JSON) -> JSON:
    """One object from all sides; a Deployment with its Containers."""
    metadata = item["metadata"]
    state: JSON = {"target": f"{kind.singular}/{metadata['name']}", "desired": item.get("spec", {})}
    if metadata.get("deletionTimestamp"):
        state["deletion"] = {"since": metadata["deletionTimestamp"], "waitsFor": metadata.get("finalizers") or []}
    state["observed"] = item.get("status") or {}
    if kind.kind == "Container":
        state["engine"] = await _engine(client, item)
    if kind.kind in {"Deployment", "Job"}:
        owned = await _containers(client, item)
        state["containers"] = await asyncio.gather(*(_state(client, built_in("Container"), each) for each in owned))
    state["events"] = await _events(client, item)
    return state


async def _containers(client: Client, deployment: JSON) -> list[JSON]:
    uid = deployment["metadata"]["uid"]
    listed = await client.list(built_in("Container"), deployment["metadata"]["namespace"])
    return in_order(
        item
        for item in listed.items
        if any(owner["uid"] == uid for owner in item["metadata"].get("ownerReferences") or ())
    )


async def _engine(client: Client, item: JSON) -> JSON:
    """What the engine says of a container; why it says nothing, if it does not."""
    try:
        return await client.engine(item["metadata"]["name"], item["metadata"]["namespace"])
    except ApiError as problem:
        return {"error": problem.message}


async def _events(client: Client, item: JSON) -> list[JSON]:
    return [
        {
            "time": each.get("lastTimestamp") or each.get("eventTime"),
            "type": each.get("type"),
            "reason": each.get("reason"),
            "message": each.get("message"),
            "count": each.get("count") or 1,
        }
        for each in await events_of(client, item)
    ]
