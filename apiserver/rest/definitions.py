"""Custom kinds come and go: what follows from CustomResourceDefinitions, as long as the server runs.

One task watches the definitions. For each change it serves, changes or takes away the resources (`kinds.custom`), and
writes what became of it into the definition's status: whether its names are accepted, whether it is established. When
names become free, those who wait for them get them.

A definition that is being deleted keeps serving reads while its objects are deleted one by one, each with its
finalizers; when none is left its own finalizer is taken away, and it goes.
"""

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from fizz.apiserver import errors
from fizz.apiserver.kinds import metadata
from fizz.apiserver.kinds.custom import names
from fizz.apiserver.kinds.custom.resources import resources
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import equal
from fizz.apiserver.rest import deleting
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft, View, write
from fizz.apiserver.store.types import LAST, Closed, Compacted, EventType
from fizz.schemas.base import JSON

__all__ = ["Definitions"]

log = structlog.get_logger()

_GROUP: Final = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")


class Definitions:
    """Keeps the registry as the definitions say. Start it with `load`, then let `run` go on."""

    def __init__(self, context: Context) -> None:
        self._context = context
        found = context.registry.lookup(*_GROUP)
        assert found is not None
        self._resource: Resource = found
        self._items: dict[str, JSON] = {}
        self._served: dict[str, list[Resource]] = {}
        self._cleaning: dict[str, asyncio.Task[None]] = {}
        self._revision = 0

    async def load(self) -> None:
        """Serve what is there, and settle what was left unsettled."""
        page = await self._context.store.list(self._resource.prefix())
        self._revision = page.revision
        items = [self._resource.load(record.value, record.revision) for record in page.records]
        for item in sorted(items, key=lambda each: str(each["metadata"]["creationTimestamp"])):
            self._observe(item)
        await self._settle()

    async def run(self) -> None:
        """Follow the definitions until the store closes or the task is cancelled."""
        try:
            while True:
                try:
                    await self._follow()
                except Compacted:
                    await self._reload()
        except Closed:
            pass
        finally:
            for task in self._cleaning.values():
                task.cancel()

    async def _follow(self) -> None:
        with self._context.store.watch(self._resource.prefix(), (self._revision, LAST)) as watcher:
            while True:
                for event in await watcher.next():
                    item = self._resource.load(event.value, event.revision)
                    if event.type is EventType.DELETED:
                        self._forget(item["metadata"]["name"])
                    else:
                        self._observe(item)
                self._revision = watcher.position[0]
                await self._settle()

    async def _reload(self) -> None:
        page = await self._context.store.list(self._resource.prefix())
        names_now = {self._resource.load(each.value, each.revision)["metadata"]["name"] for each in page.records}
        for name in set(self._items) - names_now:
            self._forget(name)
        await self.load()

    def _observe(self, item: JSON) -> None:
        """Serve what the definition says now."""
        name = item["metadata"]["name"]
        self._items[name] = item
        wanted = resources(item)
        places = {(each.version, each.plural) for each in wanted}
        for each in self._served.get(name, ()):
            if (each.version, each.plural) not in places:
                self._withdraw(each)
        self._served[name] = []
        for each in wanted:
            try:
                self._context.registry.add(each)
            except ValueError as problem:  # accepted names never clash, unless somebody wrote the status by hand
                log.warning("custom kind is not served", definition=name, problem=str(problem))
                continue
            self._served[name].append(each)
        if names.is_terminating(item) and name not in self._cleaning:
            self._cleaning[name] = asyncio.create_task(self._clean(item), name=f"clean-{name}")

    def _forget(self, name: str) -> None:
        self._items.pop(name, None)
        for each in self._served.pop(name, ()):
            self._withdraw(each)

    def _withdraw(self, resource: Resource) -> None:
        self._context.registry.remove(resource)
        self._context.streams.end_of(resource.prefix())

    async def _settle(self) -> None:
        """Judge the names of all definitions; those that were there first, first."""
        for name in sorted(self._items, key=lambda each: str(self._items[each]["metadata"]["creationTimestamp"])):
            item = self._items.get(name)
            if item is None or names.is_terminating(item):
                continue
            settled = names.settle(item, self._others(item), self._context.clock())
            if not equal(settled["status"], item["status"]):
                self._observe(settled)  # first served, then said to be established: whoever waits for that goes on
                written = await self._write(name, settled["metadata"]["uid"])
                if written is not None:
                    self._observe(written)

    def _others(self, item: JSON) -> list[JSON]:
        """The names that others of the group have: built-in kinds, and definitions that were accepted."""
        group, own = item["spec"]["group"], item["metadata"]["name"]
        built_in = [
            {"plural": each.plural, "singular": each.singular, "shortNames": list(each.short_names),
             "kind": each.kind, "listKind": each.list_kind}
            for each in self._context.registry.resources(group)
            if each.builtin
        ]  # fmt: skip
        definitions = [
            (each.get("status") or {}).get("acceptedNames") or {}
            for name, each in self._items.items()
            if name != own and each["spec"]["group"] == group
        ]
        return [*built_in, *definitions]

    async def _write(self, name: str, uid: str) -> JSON | None:
        """Write the judgement into the definition as it is now; None if it is gone."""

        async def plan(view: View) -> list[Draft]:
            live = await view.live(self._resource, None, name)
            if live is None or live["metadata"]["uid"] != uid:
                return []
            new = names.settle(live, self._others(live), self._context.clock())
            return [] if equal(new, live) else [Draft.update(self._resource, live, new)]

        drafts, _ = await write(self._context, plan, dry_run=False)
        return drafts[0].item if drafts else None

    async def _clean(self, definition: JSON) -> None:
        """Delete all objects of a definition that goes; then let it go."""
        name = definition["metadata"]["name"]
        try:
            await self._mark(name, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
            for resource in self._served.get(name, [])[:1]:  # as it is stored: nobody has to convert what goes
                await self._empty(replace(resource, conversion=None, from_stored=None, to_stored=None))
            await self._finish(name)
        except (Closed, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("a custom kind could not be cleaned up", definition=name)
        finally:
            self._cleaning.pop(name, None)

    async def _empty(self, resource: Resource) -> None:
        store = self._context.store
        while True:
            page = await store.list(resource.prefix())
            if not page.records:
                return
            for record in page.records:
                item = resource.load(record.value, record.revision)
                if "deletionTimestamp" not in item["metadata"]:
                    await deleting.delete_if_there(self._context, resource, item, deleting.DeleteOptions())
            with store.watch(resource.prefix(), (page.revision, LAST)) as watcher:
                await watcher.next()

    async def _mark(self, name: str, state: str, reason: str, message: str) -> None:
        async def plan(view: View) -> list[Draft]:
            live = await view.live(self._resource, None, name)
            if live is None:
                return []
            new = names.with_condition(live, "Terminating", state, reason, message, self._context.clock())
            return [] if equal(new, live) else [Draft.update(self._resource, live, new)]

        await write(self._context, plan, dry_run=False)

    async def _finish(self, name: str) -> None:
        async def plan(view: View) -> list[Draft]:
            live = await view.live(self._resource, None, name)
            if live is None:
                return []
            left = [each for each in live["metadata"].get("finalizers") or () if each != names.CLEANUP]
            new = {**live, "metadata": {**live["metadata"], "finalizers": left}}
            new = names.with_condition(
                new, "Terminating", "False", "InstanceDeletionCompleted", "removed all instances", self._context.clock()
            )
            if not left:
                del new["metadata"]["finalizers"]
            if metadata.may_go(new):
                return [Draft.removal(self._resource, live, new)]
            return [] if equal(new, live) else [Draft.update(self._resource, live, new)]

        try:
            await write(self._context, plan, dry_run=False)
        except errors.Conflict:
            log.warning("a definition changes too fast to go", definition=name)
