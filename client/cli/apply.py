"""Bringing a project's resources to the server: what must be done is pure, doing it is one transaction."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from fizz.client.api import Client, EventType, Forbidden, Operation, OperationResult, TransactionResult
from fizz.client.cli.formats import name_of
from fizz.client.cli.project import Resources, project_selector
from fizz.client.cli.session import FIELD_MANAGER
from fizz.schemas import kinds
from fizz.schemas.kinds import Kind
from fizz.schemas.ordering import dependents_first
from fizz.schemas.types import JSON

__all__ = ["PROJECT_KINDS", "apply_project", "built_in", "operations", "reference", "result_lines", "stop_order"]


def built_in(name: str) -> Kind:
    """A kind that is known to be there."""
    kind = kinds.find(name)
    assert kind is not None, f"{name} is built in"
    return kind


PROJECT_KINDS: Final[tuple[Kind, ...]] = tuple(
    map(built_in, ("Deployment", "Service", "Network", "Secret", "ConfigMap"))
)
"""What is removed when it is no longer in the compose file. Volumes are not: nobody loses data by editing a file."""


def operations(resources: Resources, existing: Sequence[JSON]) -> list[Operation]:
    """What a transaction must do. `existing` are the project's objects of `PROJECT_KINDS` as the server has them."""
    wanted = {(item["kind"], item["metadata"]["name"]) for item in resources.objects}
    surplus = [item for item in existing if (item["kind"], item["metadata"]["name"]) not in wanted]
    alive = [item for item in surplus if "deletionTimestamp" not in item["metadata"]]
    order = {name: index for index, name in enumerate(stop_order(alive))}
    alive.sort(key=lambda item: order.get(item["metadata"]["name"], 0) if item["kind"] == "Deployment" else 0)
    return [
        *(Operation("apply", item, force=True) for item in resources.objects),
        *(Operation("delete", reference(item)) for item in alive),
    ]


def stop_order(items: Sequence[JSON]) -> list[str]:
    """The names of the Deployments among the items, those first that others do not depend on."""
    edges: Mapping[str, list[str]] = {
        item["metadata"]["name"]: [each["name"] for each in item["spec"].get("dependsOn") or ()]
        for item in items
        if item["kind"] == "Deployment"
    }
    return dependents_first(edges)


def reference(item: JSON) -> JSON:
    """What names an object, and nothing else of it."""
    metadata = {"name": item["metadata"]["name"], "namespace": item["metadata"].get("namespace")}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def result_lines(results: Sequence[OperationResult]) -> list[str]:
    """One line for each object that changed, and one for all that did not."""
    lines = [f"{name_of(done.object)} {done.verb}" for done in results if done.verb != "unchanged"]
    unchanged = sum(done.verb == "unchanged" for done in results)
    return [*lines, f"{unchanged} unchanged"] if unchanged else lines


async def apply_project(client: Client, resources: Resources, say: Callable[[str], None]) -> TransactionResult:
    """Apply the project and remove what is no longer in it, at one revision. Waits for the end of an earlier `down`."""
    selector = project_selector(resources.project)
    while True:
        lists = await asyncio.gather(*(client.list(kind, resources.namespace, selector) for kind in PROJECT_KINDS))
        existing = [item for listed in lists for item in listed.items]
        try:
            return await client.transaction(operations(resources, existing), field_manager=FIELD_MANAGER)
        except Forbidden as refusal:
            if not any(cause.get("reason") == "NamespaceTerminating" for cause in refusal.causes):
                raise
            say(f"namespace/{resources.namespace} is still being removed; waiting for that")
            await _wait_until_gone(client, resources.namespace)


async def _wait_until_gone(client: Client, namespace: str) -> None:
    kind = built_in("Namespace")
    selector = f"metadata.name={namespace}"
    listed = await client.list(kind, field_selector=selector)
    if not listed.items:
        return
    watch = client.watch(kind, field_selector=selector, resource_version=listed.resource_version)
    async with aclosing(watch) as events:
        async for event in events:
            if event.type is EventType.DELETED:
                return
