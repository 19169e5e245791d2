"""Taking a project down: Deployments and Jobs in the order of dependencies, then all that they used, then its place.

All are told to go at once, so that nobody sees half of it. What goes when, is the controllers' to know: containers of
dependents stop first, and networks and volumes wait for the containers that use them. Then goes the Namespace, if
nothing else is in it.

Data outlives a project that is taken down: its Volumes stay, and so does the Namespace that they are in, until they are
to go, too. Volumes that Fizz did not make hold no data of the project, and go. Its history, the Releases and what they
keep, goes unless somebody wants to have it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fizz.client.api import Client, NotFound, Operation
from fizz.client.cli.apply import built_in, reference, stop_order
from fizz.client.cli.formats import name_of
from fizz.client.cli.project import WORKLOADS, project_selector
from fizz.client.cli.waiting import Show, wait_until_gone
from fizz.client.objects import uid_of
from fizz.schemas import labels
from fizz.schemas.kinds import Kind
from fizz.schemas.names import to_label_value
from fizz.schemas.types import JSON

__all__ = ["Teardown", "take_down"]

_RUNNING: Final = tuple(map(built_in, ("CronJob", "Job", "Deployment", "Container")))
_HISTORY: Final = tuple(map(built_in, ("Release", "Secret", "ConfigMap")))
_LEFT: Final = "left as it is: it is external"
_USED: Final = tuple(map(built_in, ("Service", "Network", "Secret", "ConfigMap", "Volume")))


_AT_ONCE: Final = 500
"""Operations of a transaction; the server takes 1000."""


@dataclass(frozen=True, slots=True)
class Teardown:
    """How to take a project down: with the data of its volumes or not; `grace_seconds` that containers have to end, if
    not their own; and `timeout` seconds to wait for it, None for as long as it takes. `history` says that it
    goes, too.
    """

    volumes: bool = False
    history: bool = True
    grace_seconds: int | None = None
    timeout: float | None = None


async def take_down(client: Client, project: str, namespace: str, how: Teardown, show: Show) -> bool:
    """Remove the project. Whether there was anything of it. Raises `Failure` after the timeout."""
    clock = asyncio.get_running_loop().time
    end = None if how.timeout is None else clock() + how.timeout

    def left() -> float | None:
        return None if end is None else max(0.0, end - clock())

    found = False
    external: set[str] = set()

    def tell(states: Mapping[str, str]) -> None:
        show({name: _LEFT if name in external and state == "gone" else state for name, state in states.items()})

    while True:
        items = await _list(client, (*_RUNNING, *_USED), namespace, project)
        kept = [] if how.volumes else list(filter(_holds_data, items))
        doomed = [item for item in items if item not in kept]
        found = found or bool(items)
        if how.volumes:
            await _give_up_data(client, doomed)
        external |= {name_of(item) for item in items if _is_external(item)}
        if await _remove(client, project, namespace, doomed, tell, how.grace_seconds, left()):
            break
    if how.history:
        await _remove_history(client, project, namespace)
    if kept:
        show({name_of(item): "kept: its data stays until `fizz down -v`" for item in kept})
    return await _remove_namespace(client, project, namespace, show, left()) or found


async def _remove(
    client: Client,
    project: str,
    namespace: str,
    items: Sequence[JSON],
    show: Show,
    grace_seconds: int | None = None,
    timeout: float | None = None,
) -> bool:
    """Delete them and wait until they are gone. False if something is made meanwhile that runs containers."""
    order = {name: place for place, name in enumerate(stop_order(items))}
    running = sorted(
        (item for item in items if item["kind"] in WORKLOADS),
        key=lambda item: (item["kind"] != "CronJob", order.get(item["metadata"]["name"], 0)),
    )
    others = [item for item in items if item["kind"] not in WORKLOADS and not item["metadata"].get("ownerReferences")]
    await _delete(client, [*running, *others], grace_seconds)
    doomed = set(map(uid_of, items))

    def is_newcomer(item: JSON) -> bool:
        metadata = item["metadata"]
        mine = (metadata.get("labels") or {}).get(labels.PROJECT) == to_label_value(project)
        return item["kind"] in WORKLOADS and mine and uid_of(item) not in doomed

    return await wait_until_gone(client, (*_RUNNING, *_USED), namespace, items, show, timeout, is_newcomer)


async def _remove_history(client: Client, project: str, namespace: str) -> None:
    """Delete the Releases, then what they keep, so that nobody finds one that has lost something."""
    kept = f"{labels.RELEASES_OF}={to_label_value(project)}"
    selectors = [project_selector(project), kept, kept]
    lists = [client.list(kind, namespace, selector) for kind, selector in zip(_HISTORY, selectors, strict=True)]
    items = [item for listed in await asyncio.gather(*lists) for item in listed.items]
    for start in range(0, len(items), _AT_ONCE):
        await _delete(client, items[start : start + _AT_ONCE])


def _is_external(item: JSON) -> bool:
    return item["kind"] in {"Network", "Volume"} and bool(item["spec"].get("external"))


def _holds_data(item: JSON) -> bool:
    return item["kind"] == "Volume" and not _is_external(item) and "deletionTimestamp" not in item["metadata"]


async def _list(client: Client, kinds: Sequence[Kind], namespace: str, project: str) -> list[JSON]:
    lists = await asyncio.gather(*(client.list(kind, namespace, project_selector(project)) for kind in kinds))
    return [item for listed in lists for item in listed.items]


async def _delete(client: Client, items: Sequence[JSON], grace_seconds: int | None = None) -> None:
    """Ask for the end of all of them at once."""
    doomed = [item for item in items if grace_seconds is not None or "deletionTimestamp" not in item["metadata"]]
    if doomed:
        await client.transaction(
            [Operation("delete", reference(item), grace_period_seconds=grace_seconds) for item in doomed]
        )


async def _give_up_data(client: Client, items: Sequence[JSON]) -> None:
    """Let the volumes take their data along, and the Deployments their anonymous volumes."""
    patches: dict[str, JSON] = {
        "Volume": {"spec": {"reclaimPolicy": "Delete"}},
        "Deployment": {"metadata": {"annotations": {labels.REMOVE_VOLUMES: "true"}}},
    }

    async def patch(item: JSON) -> None:
        metadata = item["metadata"]
        with suppress(NotFound):
            kind = built_in(item["kind"])
            await client.patch(kind, metadata["name"], patches[item["kind"]], metadata["namespace"])

    giving = [item for item in items if item["kind"] == "Volume" or _may_have_volumes(item, items)]
    await asyncio.gather(*map(patch, giving))


def _may_have_volumes(item: JSON, items: Sequence[JSON]) -> bool:
    """Whether it is a Deployment with anonymous volumes, as far as is known; with Containers that are not yet made,
    it is not known.
    """
    if item["kind"] != "Deployment":
        return False
    statuses = [each.get("status") or {} for each in items if _is_owned(each, item)]
    known = any(status.get("anonymousVolumes") or not status.get("containerID") for status in statuses)
    return known or bool((item.get("status") or {}).get("replicaVolumes"))


def _is_owned(item: JSON, owner: JSON) -> bool:
    references = item["metadata"].get("ownerReferences") or ()
    return any(each.get("uid") == uid_of(owner) for each in references)


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
