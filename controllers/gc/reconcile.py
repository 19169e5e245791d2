"""The collector's shell: keeps the graph up to date over one connection, asks the server where it must, acts.

One watch carries all kinds in the order of revisions. So when the collector hears that an owner is being deleted, it
has heard of everything that belonged to it before. Kinds come from discovery, again whenever a definition changes and
every half minute, so that new ones are collected, too. Events are left out: they belong to nobody and expire by
themselves.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, Final

import structlog

from fizz.client.api import Client, EventType, Gone, NotFound, Unavailable
from fizz.client.controller import Controller, Key, Requeue, Result
from fizz.controllers.gc.graph import Graph, Item, Owner, item_of
from fizz.controllers.gc.plan import Action, Delete, DropFinalizer, Presence, Strip, plan, presence_of, questions
from fizz.schemas.base import JSON
from fizz.schemas.kinds import Kind

__all__ = ["Collector"]

_WORKERS: Final = 8
_DISCOVERY_SECONDS: Final = 30.0
"""Time between looks at which kinds there are."""
_DOUBT_SECONDS: Final = 30.0
"""When to ask again about an owner that the server could not give a clear answer about."""

log: Final = structlog.get_logger()


class Collector:
    """Deletes what belongs to nobody any more, and does its part in foreground and orphaning deletions."""

    name = "gc"

    def __init__(self, client: Client) -> None:
        self._client = client
        self._graph = Graph()
        self._kinds: Sequence[Kind] = ()
        self._new_kinds = asyncio.Event()
        self._controller = Controller(self.name, self.reconcile, workers=_WORKERS)

    async def run(self, stop: asyncio.Event) -> None:
        """Collect until `stop` is set."""
        feed = asyncio.create_task(self._feed(), name="gc feed")
        work = asyncio.create_task(self._controller.run(stop), name="gc work")
        try:
            done, _ = await asyncio.wait([feed, work], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (feed, work):
                task.cancel()
            await asyncio.gather(feed, work, return_exceptions=True)

    async def _feed(self) -> None:
        """Keep the graph up to date, for ever."""
        while True:
            try:
                kinds = [kind for kind in await self._client.kinds() if kind.kind != "Event"]
                revision = await self._fill(kinds)
                await self._follow_until_kinds_change(kinds, revision)
            except Gone as error:
                log.info("collector fell behind, listing again", error=error.message)
            except Unavailable as error:
                log.debug("server is away", error=error.message)
                await asyncio.sleep(1.0)

    async def _fill(self, kinds: Sequence[Kind]) -> str:
        """List everything into a new graph. The revision to watch from: that of the first list."""
        graph = Graph()
        first = ""
        for kind in kinds:
            listed = await self._client.list(kind)
            first = first or listed.resource_version
            for data in listed.items:
                graph.put(item_of(kind, data))
        self._graph, self._kinds = graph, kinds
        for item in graph:
            if item.owners or item.deleting:
                self._touch({item.uid})
        return first

    async def _follow_until_kinds_change(self, kinds: Sequence[Kind], revision: str) -> None:
        task = asyncio.create_task(self._follow(kinds, revision))
        names = {kind.resource for kind in kinds}
        try:
            while not task.done():
                await self._until_kinds_may_change(task)
                if not task.done():
                    now = {kind.resource for kind in await self._client.kinds() if kind.kind != "Event"}
                    if now != names:
                        return
            task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _until_kinds_may_change(self, follow: asyncio.Task[None]) -> None:
        """Wait for a change of definitions, for the end of the feed, or for half a minute."""
        self._new_kinds.clear()
        change = asyncio.create_task(self._new_kinds.wait())
        await asyncio.wait([follow, change], timeout=_DISCOVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        change.cancel()

    async def _follow(self, kinds: Sequence[Kind], revision: str) -> None:
        by_type = {(kind.api_version, kind.kind): kind for kind in kinds}
        async with aclosing(self._client.watch_many(kinds, revision)) as events:
            async for event in events:
                data = event.object
                if data["kind"] == "CustomResourceDefinition":
                    self._new_kinds.set()
                item = item_of(by_type[data["apiVersion"], data["kind"]], data)
                deleted = event.type is EventType.DELETED
                self._touch(self._graph.remove(item.uid) if deleted else self._graph.put(item))

    def _touch(self, uids: set[str]) -> None:
        for uid in uids:
            self._controller.trigger(Key("", uid))

    async def reconcile(self, key: Key) -> Result | None:
        """Look at the object with that uid."""
        item = self._graph.get(key.name)
        if item is None:
            return None
        answers = {owner: await self._ask(item, owner) for owner in questions(self._graph, item)}
        if self._graph.get(item.uid) != item:
            return Requeue(0)
        if Presence.UNKNOWN in answers.values():
            return Requeue(_DOUBT_SECONDS)
        for action in plan(self._graph, item, answers):
            await self._do(action)
        return None

    async def _ask(self, item: Item, owner: Owner) -> Presence:
        """What the server itself says of an owner. An error that passes is raised, so that it is asked again soon."""
        group, _, _ = owner.api_version.rpartition("/")
        kind = next((each for each in self._kinds if (each.group, each.kind) == (group, owner.kind)), None)
        if kind is None or (kind.namespaced and not item.namespace):
            log.warning("owner cannot be looked up", item=str(item), owner=owner.kind, name=owner.name)
            return Presence.UNKNOWN
        try:
            live = await self._client.get(kind, owner.name, item.namespace if kind.namespaced else None)
        except NotFound as error:
            return Presence.ABSENT if error.details.get("name") == owner.name else Presence.UNKNOWN
        metadata: JSON = live["metadata"]
        if metadata["uid"] != owner.uid:
            return Presence.ABSENT
        return presence_of("deletionTimestamp" in metadata, metadata.get("finalizers") or ())

    async def _do(self, action: Action) -> None:
        item = action.item
        try:
            match action:
                case Delete(policy=policy):
                    await self._client.delete(
                        item.kind,
                        item.name,
                        item.namespace or None,
                        policy,
                        uid=item.uid,
                        resource_version=str(item.version),
                    )
                case Strip(uids=uids):
                    await self._change(item, "ownerReferences", lambda each: each["uid"] not in uids)
                case DropFinalizer(finalizer=finalizer):
                    await self._change(item, "finalizers", lambda each: each != finalizer)
        except NotFound:
            return
        log.info(str(action), kind=item.kind.kind, namespace=item.namespace, name=item.name)

    async def _change(self, item: Item, field: str, keep: Callable[[Any], bool]) -> None:
        """Filter a list in the object's metadata, as it is now on the server."""
        place = item.namespace or None
        metadata: JSON = (await self._client.get(item.kind, item.name, place))["metadata"]
        if metadata["uid"] != item.uid:
            return
        kept = [each for each in metadata.get(field) or () if keep(each)]
        patch = {"metadata": {field: kept or None, "uid": item.uid, "resourceVersion": metadata["resourceVersion"]}}
        await self._client.patch(item.kind, item.name, patch, place)
