"""Watching: a stream of changes, as JSON lines or as server-sent events.

A stream begins with what is there (if asked for), then follows the store's log from that revision on. Every change is
encoded once: the encoded frame stays in the event's memo, and all watchers that want the same form send the same bytes.
A watcher with selectors sees the changes *of its selection*: an object that comes to match is ADDED, one that ceases to
match is DELETED with the revision of the change, in replay as well as live.

Server-sent events carry the resourceVersion as their id. Events of one transaction share a revision; all but the last
of them carry `revision.sub`, so that a stream that breaks inside resumes inside (Last-Event-ID). A gap is told as an
ERROR event with Status 410 and the id to go on from.

Source: "Efficient detection of changes" of the Kubernetes API concepts; KEP-956 (bookmarks), KEP-3157 (streaming
lists); the HTML standard, "Server-sent events".
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sse_starlette import ServerSentEvent

from fizz.apiserver import errors
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.apiserver.rest import reading, versions
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.negotiate import Representation, encode
from fizz.apiserver.rest.query import ListOptions
from fizz.apiserver.store.types import (
    LAST,
    Closed,
    Event,
    EventType,
    FutureRevision,
    Position,
    Revision,
    StoreError,
    Watcher,
)
from fizz.schemas.base import JSON

__all__ = ["BOOKMARK_INTERVAL", "Selection", "open_watch"]

BOOKMARK_INTERVAL: Final = 60.0
"""Seconds without a frame after which a bookmark is sent to those who asked for them: changes that are not selected
move the store on, and a watcher that never hears of it would come back to a revision that is long compacted."""
_TYPES: Final = {EventType.ADDED: "ADDED", EventType.MODIFIED: "MODIFIED", EventType.DELETED: "DELETED"}


_Initial = list[tuple[Revision, Resource, JSON]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is watched: resources by their storage prefix, in one namespace or in all, with selectors. A resource whose
    definition changes meanwhile is taken from the registry as it is now.
    """

    registry: Registry
    resources: Mapping[str, Resource]
    namespace: str | None
    options: ListOptions

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The narrowest prefixes of the store that hold all of it."""
        name = self.options.fields.exact("metadata.name")
        if name and len(self.resources) == 1:
            (resource,) = self.resources.values()
            if self.namespace or not resource.namespaced:
                return (resource.key(self.namespace, name),)
        return tuple(resource.prefix(self.namespace) for resource in self.resources.values())

    @property
    def converts(self) -> bool:
        """Whether a webhook may have to convert what is seen."""
        return any(self._now(each).conversion is not None for each in self.resources.values())

    def resource_of(self, key: str) -> Resource | None:
        """The watched resource that a key belongs to, or None."""
        _, group, plural, namespace, _ = key.split("/", 4)
        found = self.resources.get(f"/{group}/{plural}/")
        if found is None or (self.namespace and found.namespaced and namespace != self.namespace):
            return None
        return self._now(found)

    def _now(self, resource: Resource) -> Resource:
        return self.registry.lookup(resource.group, resource.version, resource.plural) or resource


async def open_watch(
    context: Context, selection: Selection, position: Position | None, form: Representation, include: str
) -> AsyncIterator[bytes]:
    """The frames of a watch. What can be refused is refused here, before the stream begins."""
    for resource in selection.resources.values():
        reading.check_fields(resource, selection.options)
    initial: _Initial = []
    if position is None or selection.options.send_initial_events:
        initial, revision = await _snapshot(context, selection)
        position = (revision, LAST)
    frames = _Frames(context, selection, form, include)
    try:
        watcher = context.store.watch(selection.prefixes, position)
    except StoreError as problem:
        refusal = reading.refusal(problem)
        if form.events or refusal.code == errors.Expired.code:  # told in the stream, as Kubernetes tells of a gap
            return _only(frames.error(refusal, context.store.revision))
        raise refusal from problem
    return _stream(context, watcher, frames, initial, position[0])


async def _only(frame: bytes) -> AsyncIterator[bytes]:
    yield frame


async def _snapshot(context: Context, selection: Selection) -> tuple["_Initial", Revision]:
    """What is there, all as of one revision, the oldest change first: who is cut off among these may go on from the
    last one seen, because whatever was not sent yet changed later and is found in the log.
    """
    asked = selection.options.revision
    if asked and asked > context.store.revision:
        raise reading.refusal(FutureRevision(asked, context.store.revision))
    revision = context.store.revision
    found: _Initial = []
    for resource in selection.resources.values():
        try:
            page = await context.store.list(resource.prefix(selection.namespace), revision=revision)
        except StoreError as problem:
            raise reading.refusal(problem) from problem
        for record in await versions.brought(context, resource, page.records):
            item = resource.load(record.value, record.revision)
            if reading.selected(resource, item, selection.options):
                found.append((record.revision, resource, item))
    found.sort(key=lambda entry: entry[0])
    return found, revision


async def _stream(
    context: Context, watcher: Watcher, frames: "_Frames", initial: "_Initial", revision: Revision
) -> AsyncIterator[bytes]:
    options = frames.selection.options
    loop = asyncio.get_running_loop()
    ends = loop.time() + options.timeout if options.timeout else None
    context.streams.add(watcher, frames.selection.resources)
    try:
        for index, (version, resource, item) in enumerate(initial):
            last = index + 1 == len(initial) or initial[index + 1][0] != version
            yield frames.added(resource, item, str(version) if last else None)
        if options.send_initial_events and options.bookmarks:
            yield frames.bookmark(revision, initial_end=True)
        silent_since = loop.time()
        while True:
            due = silent_since + BOOKMARK_INTERVAL
            events = await watcher.next(max(0.0, min(due, ends or due) - loop.time()))
            if batch := await frames.batch(events):
                silent_since = loop.time()
                yield batch
            ended = ends is not None and loop.time() >= ends
            if ended or loop.time() >= due:
                silent_since = loop.time()
                if options.bookmarks and watcher.position[1] == LAST:  # not amid the changes of one revision
                    yield frames.bookmark(watcher.position[0])
            if ended:
                return
    except Closed:  # the server stops, or the kind is served no longer: what happened before that is still told
        yield await _rest(context, watcher, frames)
    except StoreError as problem:
        yield frames.error(reading.refusal(problem), context.store.revision)
    except errors.ApiError as problem:  # nobody converts what happened
        yield frames.error(problem, context.store.revision)
    finally:
        context.streams.discard(watcher)
        watcher.close()


async def _rest(context: Context, watcher: Watcher, frames: "_Frames") -> bytes:
    """What a watcher that was closed had still to deliver; nothing if the store is closed, too."""
    try:
        with context.store.watch(frames.selection.prefixes, watcher.position) as last:
            return await frames.batch(await last.next(0))
    except (StoreError, errors.ApiError):
        return b""


class _Frames:
    """Makes the bytes of one stream."""

    def __init__(self, context: Context, selection: Selection, form: Representation, include: str) -> None:
        self._context = context
        self.selection, self.form, self.include = selection, form, include
        self._columns = True  # the first event of a Table watch carries the column definitions

    async def batch(self, events: Sequence[Event]) -> bytes:
        """The frames of several events; empty if none is selected. Raises `InternalError` if nobody converts them."""
        if self.selection.converts:
            found = [(event, resource) for event in events if (resource := self.selection.resource_of(event.key))]
            await versions.foresee(self._context, found)
        chosen = [(event, change) for event in events if (change := self._change(event)) is not None]
        frames = []
        for index, (event, (kind, resource, old)) in enumerate(chosen):
            last = index + 1 == len(chosen) or chosen[index + 1][0].revision != event.revision
            frames.append(self._frame(event, kind, resource, old, last))
        return b"".join(frames)

    def _change(self, event: Event) -> tuple[EventType, Resource, bool] | None:
        """What the event is to this selection, and whether the object is shown as it was before; None: nothing."""
        resource = self.selection.resource_of(event.key)
        if resource is None:
            return None
        options = self.selection.options
        if not options.selective:
            return event.type, resource, False
        now = reading.selected(resource, _decoded(event, resource), options)
        if event.type is not EventType.MODIFIED:
            return (event.type, resource, False) if now else None
        before = reading.selected(resource, _previous(event, resource), options)
        match before, now:
            case True, True:
                return EventType.MODIFIED, resource, False
            case False, True:
                return EventType.ADDED, resource, False
            case True, False:
                return EventType.DELETED, resource, True
        return None

    def _frame(self, event: Event, kind: EventType, resource: Resource, old: bool, last: bool) -> bytes:
        """One event's frame, made once for all streams of the same form."""
        if self.form.shape != "object" or self.form.format != "json":
            item = _previous(event, resource) if old else _decoded(event, resource)
            return self._shaped(_TYPES[kind], resource, item, _mark(event, last))
        key = (self.form.events, kind, old, last, resource.from_stored)
        frame = event.memo.get(key)
        if frame is None:
            if resource.conversion is not None:
                value = orjson.dumps(_previous(event, resource) if old else _decoded(event, resource))
            else:
                value = resource.sent((event.previous if old else event.value) or b"", event.revision)
            frame = event.memo[key] = self._encode(_TYPES[kind], value, _mark(event, last))
        return frame

    def added(self, resource: Resource, item: JSON, mark: str | None) -> bytes:
        """An object that is there at the start."""
        return self._shaped("ADDED", resource, item, mark)

    def bookmark(self, revision: Revision, *, initial_end: bool = False) -> bytes:
        """A frame that says: everything up to the revision has been sent."""
        resource = next(iter(self.selection.resources.values()))
        metadata: JSON = {"resourceVersion": str(revision)}
        if initial_end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        item = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        if self.form.shape == "metadata":
            item = {**item, "kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{self.form.version}"}
        return self._encode("BOOKMARK", encode(item, Representation()), str(revision))

    def error(self, problem: errors.ApiError, revision: Revision) -> bytes:
        """The frame that ends a stream which cannot go on; its id is where a new one may begin."""
        return self._encode("ERROR", orjson.dumps(problem.status()), str(revision))

    def _shaped(self, kind: str, resource: Resource, item: JSON, mark: str | None) -> bytes:
        shown = reading.shape_one(resource, item, self.form, self.include, columns=self._columns)
        self._columns = False
        return self._encode(kind, orjson.dumps(shown), mark)

    def _encode(self, kind: str, value: bytes, mark: str | None) -> bytes:
        if self.form.events:
            return ServerSentEvent(data=value.decode(), event=kind, id=mark, sep="\n").encode()
        if self.form.format == "cbor":
            return encode({"type": kind, "object": orjson.loads(value)}, self.form)
        return b'{"type":"%s","object":%s}\n' % (kind.encode(), value)


def _mark(event: Event, last: bool) -> str:
    """The id of an event: its revision, or a place inside it while others of that revision follow."""
    return str(event.revision) if last else f"{event.revision}.{event.sub}"


def _decoded(event: Event, resource: Resource) -> JSON:
    return _memo(event, versions.memo_key("value", resource), event.value, resource)


def _previous(event: Event, resource: Resource) -> JSON:
    return _memo(event, versions.memo_key("previous", resource), event.previous or b"", resource)


def _memo(event: Event, key: object, value: bytes, resource: Resource) -> JSON:
    found = event.memo.get(key)
    if found is None:
        found = event.memo[key] = resource.load(value, event.revision)
    decoded: JSON = found
    return decoded
