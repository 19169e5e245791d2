"""Reading: get, list, watch, logs. `Reader` is the half of the client that changes nothing; use it where that does.

Whatever takes a model class also takes a `Kind`, and then gives plain JSON.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic, overload

import orjson

from fizz.client import discovery
from fizz.client.errors import Gone, NotFound
from fizz.client.objects import Key, O, Resource, T, key_of, resource_of, type_of
from fizz.client.requests import Query, Request, Transport
from fizz.client.watch import EventType, Listing, WatchEvent, changes, diff, follow
from fizz.schemas import kinds, times
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

if TYPE_CHECKING:
    from aiohttp import MultipartWriter

    from fizz.schemas.meta import Object

__all__ = ["CONTAINERS", "ObjectList", "Reader", "selectors"]

_TAR: Final = "application/x-tar"
_PAGE: Final = 500
"""Objects a request of a list: what kubectl takes, too."""


CONTAINERS: Final = resource_of(next(kind for kind in kinds.BUILTIN if kind.kind == "Container"))


@dataclass(frozen=True, slots=True)
class ObjectList(Generic[O]):
    """Objects as they were at `resource_version`. `remaining` counts those left out because of a limit."""

    items: list[O]
    resource_version: str
    remaining: int = 0


class Reader:
    """Reads from one API server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._discovered: Sequence[Kind] = ()

    @property
    def endpoint(self) -> str:
        """Where the server is."""
        return self._transport.endpoint

    @overload
    async def get(self, target: type[T], name: str, namespace: str | None = None) -> T: ...
    @overload
    async def get(self, target: Kind, name: str, namespace: str | None = None) -> JSON: ...
    async def get(self, target: type[T] | Kind, name: str, namespace: str | None = None) -> T | JSON:
        """One object. Raises `NotFound`."""
        resource = resource_of(target)
        return resource.load(await self.raw("GET", resource.path(namespace, name)))

    @overload
    async def list(
        self,
        target: type[T],
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int | None = None,
    ) -> ObjectList[T]: ...
    @overload
    async def list(
        self,
        target: Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int | None = None,
    ) -> ObjectList[JSON]: ...
    async def list(
        self,
        target: type[T] | Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int | None = None,
    ) -> ObjectList[T] | ObjectList[JSON]:
        """The objects of a namespace, or of all; no more than `limit`, in as many requests as it takes."""
        resource: Resource[Any] = resource_of(target)
        return await self._list(resource, namespace, selectors(label_selector, field_selector), limit)

    async def _list(
        self, resource: Resource[O], namespace: str | None, query: Query, limit: int | None
    ) -> ObjectList[O]:
        try:
            return await self._pages(resource, namespace, query, limit, _PAGE)
        except Gone:  # the server forgot the revision of the first page while we read on: all of it at once, then
            return await self._pages(resource, namespace, query, limit, 0)

    async def _pages(
        self, resource: Resource[O], namespace: str | None, query: Query, limit: int | None, size: int
    ) -> ObjectList[O]:
        items: list[O] = []
        token = ""
        while True:
            wanted = min(size or limit - len(items), limit - len(items)) if limit else size
            page: list[tuple[str, str]] = [("limit", str(wanted))] if wanted else []
            page += [("continue", token)] if token else []
            answer = await self.raw("GET", resource.path(namespace), query=[*query, *page])
            items += [resource.load(_typed(item, resource.kind)) for item in answer["items"]]
            metadata = answer["metadata"]
            token = metadata.get("continue") or ""
            if not token or (limit and len(items) >= limit):
                return ObjectList(items, metadata["resourceVersion"], metadata.get("remainingItemCount") or 0)

    @overload
    def watch(
        self,
        target: type[T],
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
    ) -> AsyncGenerator[WatchEvent[T], None]: ...
    @overload
    def watch(
        self,
        target: Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
    ) -> AsyncGenerator[WatchEvent[JSON], None]: ...
    def watch(
        self,
        target: type[T] | Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
    ) -> AsyncGenerator[WatchEvent[T], None] | AsyncGenerator[WatchEvent[JSON], None]:
        """Every change behind `resource_version`, once and in order, for ever; without one, first ADDED for each object
        that is there. Lost connections and a server that restarts are waited out. Raises `Gone` when the server no
        longer remembers where we are: some changes were missed, and only a new list tells what is true.
        """
        query = selectors(label_selector, field_selector)
        resource: Resource[Any] = resource_of(target)
        return self._watch(resource, namespace, query, resource_version)

    async def _watch(
        self, resource: Resource[O], namespace: str | None, query: Query, resource_version: str | None
    ) -> AsyncGenerator[WatchEvent[O], None]:
        if resource_version in {None, "", "0"}:
            listed = await self._list(resource, namespace, query, None)
            resource_version = listed.resource_version
            for item in listed.items:
                yield WatchEvent(EventType.ADDED, item)
        path = resource.path(namespace)
        async with aclosing(follow(self._transport, path, query, str(resource_version))) as events:
            async for event in events:
                yield WatchEvent(event.type, resource.load(event.object))

    @overload
    def list_and_watch(
        self,
        target: type[T],
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> AsyncGenerator[WatchEvent[T], None]: ...
    @overload
    def list_and_watch(
        self,
        target: Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> AsyncGenerator[WatchEvent[JSON], None]: ...
    def list_and_watch(
        self,
        target: type[T] | Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> AsyncGenerator[WatchEvent[T], None] | AsyncGenerator[WatchEvent[JSON], None]:
        """A picture that never goes wrong: ADDED for each object that is there, then every change. Where changes were
        missed, the server is asked for a list and the difference is told as ADDED, MODIFIED and DELETED. A server that
        is away is waited for, from the beginning on. Raises `Unreadable` for an object that the model cannot read.
        """
        resource: Resource[Any] = resource_of(target)
        return self._list_and_watch(resource, namespace, selectors(label_selector, field_selector))

    async def _list_and_watch(
        self, resource: Resource[O], namespace: str | None, query: Query
    ) -> AsyncGenerator[WatchEvent[O], None]:
        known: dict[Key, JSON] = {}
        async with aclosing(self._changes(resource_of(resource.kind), namespace, query)) as steps:
            async for step in steps:
                for event in diff(known, step.items) if isinstance(step, Listing) else [step]:
                    if event.type is EventType.DELETED:
                        known.pop(key_of(event.object), None)
                    else:
                        known[key_of(event.object)] = event.object
                    yield WatchEvent(event.type, resource.load(event.object))

    def changes(
        self, target: type[Object] | Kind, namespace: str | None, label_selector: str | None, field_selector: str | None
    ) -> AsyncGenerator[Listing[JSON] | WatchEvent[JSON], None]:
        """What informers live on: a listing, the changes behind it, and a listing again where changes were missed."""
        kind = resource_of(target).kind
        return self._changes(resource_of(kind), namespace, selectors(label_selector, field_selector))

    def _changes(
        self, resource: Resource[JSON], namespace: str | None, query: Query
    ) -> AsyncGenerator[Listing[JSON] | WatchEvent[JSON], None]:
        async def read() -> Listing[JSON]:
            listed = await self._list(resource, namespace, query, None)
            return Listing(listed.items, listed.resource_version)

        return changes(read, self._transport, resource.path(namespace), query)

    def watch_many(
        self,
        targets: Sequence[type[Object] | Kind],
        resource_version: str,
        namespace: str | None = None,
        label_selector: str | None = None,
    ) -> AsyncGenerator[WatchEvent[JSON], None]:
        """The changes of several kinds over one connection, in the order in which they happened. Raises `Gone`."""
        query = [("resource", resource_of(target).kind.resource) for target in targets]
        query += [("namespace", namespace)] if namespace else []
        return follow(self._transport, "/watch", [*query, *selectors(label_selector, None)], resource_version)

    async def logs(
        self,
        name: str,
        namespace: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
        timestamps: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """The lines that a Container wrote, without their line ends; with `follow`, those to come, too."""
        wanted = {
            "follow": "true" if follow else None,
            "tailLines": None if tail is None else str(tail),
            "sinceTime": times.format_micro(since) if since else None,
            "timestamps": "true" if timestamps else None,
        }
        path = CONTAINERS.path(namespace, name, "log")
        query = [(key, value) for key, value in wanted.items() if value is not None]
        request = Request("GET", path, query, accept="text/plain")
        rest = b""
        async with self._transport.stream(request) as chunks:
            async for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line
        if rest:
            yield rest

    async def engine(self, name: str, namespace: str) -> JSON:
        """What the engine itself says of a Container."""
        answer: JSON = await self.raw("GET", CONTAINERS.path(namespace, name, "engine"))
        return answer

    async def processes(self, name: str, namespace: str) -> JSON:
        """What runs in a Container: `{"titles": [...], "processes": [[...], ...]}`."""
        answer: JSON = await self.raw("GET", CONTAINERS.path(namespace, name, "top"))
        return answer

    def stats(self, name: str, namespace: str, *, stream: bool) -> AsyncGenerator[JSON, None]:
        """The engine's figures of what a Container uses: once, or every second."""
        query = [("stream", "true")] if stream else []
        return self.lines("GET", CONTAINERS.path(namespace, name, "stats"), query=query)

    @asynccontextmanager
    async def archive(self, name: str, namespace: str, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A file or folder of a Container as a tar file. Raises `NotFound` on entering."""
        request = Request("GET", CONTAINERS.path(namespace, name, "archive"), [("path", path)], accept=_TAR)
        async with self._transport.stream(request) as chunks:
            yield chunks

    async def stat(self, name: str, namespace: str, path: str) -> JSON:
        """What is at a path of a Container: name, size, mode as Go writes it, mtime, linkTarget. Raises `NotFound`."""
        request = Request("HEAD", CONTAINERS.path(namespace, name, "archive"), [("path", path)])
        headers = await self._transport.head(request)
        found: JSON = orjson.loads(base64.b64decode(headers["X-Fizz-Path-Stat"]))
        return found

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """Any request; the answer's JSON, None if it is empty."""
        return await self._transport.json(Request(method, path, query, body, content_type, accept))

    async def lines(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        content_type: str = "application/octet-stream",
        upload: MultipartWriter | AsyncIterable[bytes] | None = None,
    ) -> AsyncGenerator[JSON, None]:
        """Any request that is answered by lines of JSON, as they come. `upload` is sent as it comes, too."""
        request = Request(method, path, query, None, content_type, "application/x-ndjson", upload)
        rest = b""
        async with self._transport.stream(request) as chunks:
            async for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield orjson.loads(line)

    async def kinds(self) -> Sequence[Kind]:
        """All kinds whose objects can be listed, watched and deleted: built-in and custom, as of now."""
        documents = [await self.raw("GET", path, accept=discovery.ACCEPT) for path in ("/api", "/apis")]
        return [kind for document in documents for kind in discovery.stored(document)]

    async def discover(self, name: str) -> Kind:
        """The kind that a person means: plural, singular, short name, or `plural.group`. Raises `NotFound`."""
        if kind := kinds.find(name) or discovery.by_name(self._discovered, name):
            return kind
        if kind := discovery.by_name(await self._discover(), name):
            return kind
        raise NotFound(f"the server has no kind named {name!r}; `fizz api-resources` lists them", code=404)

    async def kind_of(self, item: Object | JSON) -> Kind:
        """The kind of an object. Raises `NotFound`."""
        if not isinstance(item, dict):
            return resource_of(type(item)).kind
        api_version, name = type_of(item)
        if kind := kinds.by_kind(api_version, name) or discovery.by_type(self._discovered, api_version, name):
            return kind
        if kind := discovery.by_type(await self._discover(), api_version, name):
            return kind
        raise NotFound(f"the server has no kind {name!r} in {api_version!r}", code=404)

    async def _discover(self) -> Sequence[Kind]:
        self._discovered = discovery.parse(await self.raw("GET", "/apis", accept=discovery.ACCEPT))
        return self._discovered


def selectors(labels: str | None, fields: str | None) -> Query:
    """The query parameters of a label and a field selector."""
    return [*([("labelSelector", labels)] if labels else []), *([("fieldSelector", fields)] if fields else [])]


def _typed(item: JSON, kind: Kind) -> JSON:
    """Items of lists may leave out their type, because the list says it."""
    return item if "kind" in item else {"apiVersion": kind.api_version, "kind": kind.kind, **item}
