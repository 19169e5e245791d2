"""An informer keeps a copy of the objects of one kind up to date, and tells its handlers about every change.

It is what controllers read from: looking something up costs no request. The copy is a moment behind the server, and
further behind while the server is away; nothing is ever lost, because a watch resumes where it was and, where the
server does not remember, a new list is compared with the copy.

Each object is parsed once. One that the model cannot read is logged and left out: the copy keeps what it last could
read of that object. One bad object must not stop the work on the others.

    containers = Informer(client, Container, label_selector="fizz.dev/deployment=web")
    containers.add_handler(lambda type, old, new: print(type, (new or old).name))
    async with asyncio.TaskGroup() as group:
        group.create_task(containers.run())
        await containers.synced()
"""

import asyncio
import builtins
from collections.abc import Callable
from contextlib import aclosing
from typing import Final, Generic, cast, overload

from fizz.client.backoff import exponential, jittered
from fizz.client.cache import Cache
from fizz.client.errors import ApiError, Unreadable
from fizz.client.objects import Key, O, Resource, T, key_of, resource_of, uid_of, version_of
from fizz.client.reading import Reader
from fizz.client.watch import EventType, Listing, WatchEvent, diff
from fizz.schemas import logs
from fizz.schemas.base import JSON
from fizz.schemas.kinds import Kind
from fizz.schemas.meta import Object

__all__ = ["Handler", "Informer"]

Handler = Callable[[EventType, O | None, O | None], None]
"""Called with what happened, the object before (None for ADDED) and after (None for DELETED). For DELETED, `old` is the
object's last state. Must not wait: put what is to be done into a queue."""

log: Final = logs.logger()


class Informer(Generic[O]):
    """A copy of the objects of one kind that match.

    What it gives out is shared by all who read: copy (`model_copy(deep=True)`) before changing anything.
    """

    @overload
    def __init__(
        self: "Informer[T]",
        client: Reader,
        target: type[T],
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: "Informer[JSON]",
        client: Reader,
        target: Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> None: ...
    def __init__(
        self,
        client: Reader,
        target: type[Object] | Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> None:
        self._client = client
        self._resource = cast("Resource[O]", resource_of(target))
        self._selection = (namespace, label_selector, field_selector)
        self._cache: Cache[O] = Cache()
        self._handlers: list[Handler[O]] = []
        self._synced = asyncio.Event()

    @property
    def kind(self) -> Kind:
        """The kind of the objects."""
        return self._resource.kind

    @property
    def has_synced(self) -> bool:
        """Whether the copy has been complete once."""
        return self._synced.is_set()

    async def synced(self) -> None:
        """Wait until the copy is complete for the first time."""
        await self._synced.wait()

    def get(self, namespace: str, name: str) -> O | None:
        """The object, or None. `namespace` is empty for cluster-scoped kinds."""
        return self._cache.get(Key(namespace, name))

    def list(self, namespace: str | None = None) -> builtins.list[O]:
        """The objects of a namespace, or all."""
        return list(self._cache.values()) if namespace is None else self._cache.in_namespace(namespace)

    def by_owner(self, uid: str) -> builtins.list[O]:
        """The objects that have an ownerReference with that uid."""
        return self._cache.by_owner(uid)

    def by_label(self, key: str, value: str) -> builtins.list[O]:
        """The objects with that label."""
        return self._cache.by_label(key, value)

    def add_handler(self, handler: Handler[O]) -> None:
        """Tell the handler about every change from now on, beginning with ADDED for what is known already."""
        self._handlers.append(handler)
        for item in list(self._cache.values()):
            self._call(handler, EventType.ADDED, None, item)

    async def run(self) -> None:
        """Keep the copy up to date until cancelled. A server that is away or refuses is asked again, with back-off."""
        failures = 0
        while True:
            try:
                async with aclosing(self._client.changes(self.kind, *self._selection)) as steps:
                    async for step in steps:
                        failures = 0
                        self._take(step)
            except ApiError as error:
                log.warning("informer was refused", kind=self.kind.kind, error=error.message)
            await asyncio.sleep(jittered(exponential(failures, 0.1, 30.0)))
            failures += 1

    def _take(self, step: Listing[JSON] | WatchEvent[JSON]) -> None:
        if isinstance(step, Listing):
            for change in diff(self._cache, [item for item in map(self._read, step.items) if item is not None]):
                self._change(change)
            self._synced.set()
            return
        item = self._read(step.object)
        if item is not None:
            self._change(WatchEvent(step.type, item))

    def _read(self, data: JSON) -> O | None:
        """The object as O; for one that cannot be read, what is known of it, if anything."""
        known = self._cache.get(key_of(data))
        if known is not None and uid_of(known) != uid_of(data):
            known = None
        if known is not None and version_of(known) == version_of(data):
            return known
        try:
            return self._resource.load(data)
        except Unreadable as problem:
            log.warning("object cannot be read", kind=self.kind.kind, key=str(key_of(data)), error=problem.message)
            return known

    def _change(self, event: WatchEvent[O]) -> None:
        item = event.object
        if event.type is EventType.DELETED:
            if self._cache.remove(key_of(item)) is not None:
                self._tell(EventType.DELETED, item, None)
            return
        old = self._cache.put(item)
        if old is None:
            self._tell(EventType.ADDED, None, item)
        elif old is not item:
            self._tell(EventType.MODIFIED, old, item)

    def _tell(self, kind: EventType, old: O | None, new: O | None) -> None:
        for handler in self._handlers:
            self._call(handler, kind, old, new)

    def _call(self, handler: Handler[O], kind: EventType, old: O | None, new: O | None) -> None:
        try:
            handler(kind, old, new)
        except Exception:
            log.exception("a handler failed", kind=self.kind.kind, change=str(kind))
