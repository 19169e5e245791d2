"""Taking a project down: its Deployments in the order of their dependencies, then all that they used, then its place.

What goes in which order: Deployments (their controller stops the containers of dependents first) and Containers that
belong to none; Services, Networks, Secrets, ConfigMaps and Volumes; the Namespace, if nothing else is in it. A Volume
that goes leaves its data in the engine, unless it was told to take them along.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from fizz.client.api import Client, NotFound, Operation
from fizz.client.cli.apply import built_in, reference, stop_order
from fizz.client.cli.project import project_selector
from fizz.client.cli.waiting import Show, wait_until_gone
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

__all__ = ["stop_deployments", "take_down"]

_RUNNING: Final = tuple(map(built_in, ("Deployment", "Container")))
_USED: Final = tuple(map(built_in, ("Service", "Network", "Secret", "ConfigMap", "Volume")))


async def take_down(
    client: Client, project: str, namespace: str, *, volumes: bool, show: Show, timeout: float | None = None
) -> bool:
    """Remove the project. Whether there was anything to remove. Raises `Failure` after `timeout` seconds."""
    clock = asyncio.get_running_loop().time
    end = None if timeout is None else clock() + timeout

    def left() -> float | None:
        return None if end is None else max(0.0, end - clock())

    stopped = await stop_deployments(client, project, namespace, show, left())
    used = await _list(client, _USED, namespace, project)
    if volumes:
        await _give_up_data(client, [item for item in used if item["kind"] == "Volume"])
    await _delete(client, used)
    await wait_until_gone(client, _USED, namespace, used, show, left())
    removed = await _remove_namespace(client, project, namespace, show, left())
    return stopped or bool(used) or removed


async def stop_deployments(
    client: Client, project: str, namespace: str, show: Show, timeout: float | None = None
) -> bool:
    """Delete the project's Deployments and wait until their containers are gone. Whether there were any."""
    running = await _list(client, _RUNNING, namespace, project)
    deployments = {item["metadata"]["name"]: item for item in running if item["kind"] == "Deployment"}
    strays = [item for item in running if item["kind"] == "Container" and not item["metadata"].get("ownerReferences")]
    await _delete(client, [*(deployments[name] for name in stop_order(running)), *strays])
    await wait_until_gone(client, _RUNNING, namespace, running, show, timeout)
    return bool(running)


async def _list(client: Client, kinds: Sequence[Kind], namespace: str, project: str) -> list[JSON]:
    lists = await asyncio.gather(*(client.list(kind, namespace, project_selector(project)) for kind in kinds))
    return [item for listed in lists for item in listed.items]


async def _delete(client: Client, items: Sequence[JSON]) -> None:
    """Ask for the end of all of them at once, so that nobody sees half of it."""
    alive = [item for item in items if "deletionTimestamp" not in item["metadata"]]
    if alive:
        await client.transaction([Operation("delete", reference(item)) for item in alive])


async def _give_up_data(client: Client, volumes: Sequence[JSON]) -> None:
    """Let the volumes take their data along."""
    patch = {"spec": {"reclaimPolicy": "Delete"}}
    for item in volumes:
        metadata = item["metadata"]
        try:
            await client.patch(built_in("Volume"), metadata["name"], patch, metadata["namespace"])
        except NotFound:
            continue


async def _remove_namespace(client: Client, project: str, namespace: str, show: Show, timeout: float | None) -> bool:
    """Remove the project's namespace if it was made for it and nothing else is in it."""
    kind = built_in("Namespace")
    try:
        item = await client.get(kind, namespace)
    except NotFound:
        return False
    made_for_it = project_selector(project).partition("=")[2] in (item["metadata"].get("labels") or {}).values()
    if not made_for_it or await _is_used(client, namespace):
        return False
    await _delete(client, [item])
    await wait_until_gone(client, [kind], None, [item], show, timeout)
    return True


async def _is_used(client: Client, namespace: str) -> bool:
    kinds = [kind for kind in await client.kinds() if kind.namespaced and kind.kind != "Event"]
    lists = await asyncio.gather(*(client.list(kind, namespace, limit=1) for kind in kinds))
    return any(listed.items for listed in lists)
