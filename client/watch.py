"""Watching: every change once and in order, across lost connections, restarts of the server and compaction.

The way of the bytes: `Frames` cuts the stream into JSON frames, `Cursor` decides which are new, `follow` connects again
where the cursor says. `changes` puts a list before it and after every gap, and `diff` turns such a list into the events
that were missed.

Why a cursor is more than a number. All objects of one transaction have the same resourceVersion. If the connection is
cut in the middle of them, resuming *behind* that version would lose the rest, and resuming before it brings the first
ones again. So the cursor resumes before it, at the last version that it has completely seen, and drops what it had:

    frames      a@4  b@5  c@5 ✂        resume after 4:  b@5  c@5  d@5  e@6
    delivered   a@4  b@5  c@5                                     d@5  e@6

A version is complete when a frame of a later one arrives, or a bookmark.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic

import orjson

from fizz.client.backoff import exponential, jittered
from fizz.client.errors import ApiError, Gone, ServerError, TooManyRequests, Unavailable, from_status
from fizz.client.objects import Key, O, key_of, type_of, uid_of, version_of
from fizz.client.requests import Query, Request, Transport
from fizz.schemas import logs
from fizz.schemas.types import JSON

__all__ = ["Cursor", "EventType", "Frames", "Listing", "WatchEvent", "changes", "diff", "follow"]

_WATCH_SECONDS: Final = (240.0, 300.0)
"""After a time between these the server ends a watch, cleanly, and it is begun again: a connection that died without a
word is noticed after that time at the latest. Drawn at random, so that many watchers do not come back at once."""
_GRACE_SECONDS: Final = 15.0
"""How much later than agreed the server may end a watch before the connection counts as lost."""

_PASSING: Final = (Unavailable, ServerError, TooManyRequests)
"""Errors that pass by themselves."""

log: Final = logs.logger()


class EventType(StrEnum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class WatchEvent(Generic[O]):
    """What happened, and the object as it is now (for DELETED: as it was last)."""

    type: EventType
    object: O


@dataclass(frozen=True, slots=True)
class Listing(Generic[O]):
    """All objects that there were at a revision: how `changes` begins, and goes on after a gap."""

    items: list[O]
    resource_version: str


class Frames:
    """Cuts bytes into JSON frames, one a line. What has no end yet waits for the next bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[JSON]:
        """The frames that are complete now. Raises `ValueError` for a line that is no JSON."""
        *lines, self._rest = (self._rest + data).split(b"\n") if b"\n" in data else [self._rest + data]
        return [orjson.loads(line) for line in lines if line.strip()]


class Cursor:
    """How far a watch has come; see the module's text."""

    def __init__(self, resource_version: str) -> None:
        self._complete = resource_version
        self._partial: str | None = None
        self._seen: set[tuple[str, str, Key]] = set()

    @property
    def resume(self) -> str:
        """The resourceVersion to resume after."""
        return self._complete

    def take(self, item: JSON) -> bool:
        """Take note of an event's object. Whether it is new."""
        version = version_of(item)
        if int(version) <= int(self._complete):
            return False
        if version != self._partial:
            if self._partial is not None:
                self._complete = self._partial
            self._partial, self._seen = version, set()
        identity = (*type_of(item), key_of(item))
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def bookmark(self, version: str) -> None:
        """Everything up to and including this version has been sent."""
        if int(version) > int(self._complete):
            self._complete, self._partial, self._seen = version, None, set()


async def follow(
    transport: Transport, path: str, query: Query, resource_version: str
) -> AsyncGenerator[WatchEvent[JSON], None]:
    """The events behind a revision, for ever. Lost connections and a server that is away are waited out.

    Raises `Gone` when the server no longer remembers where we are, and other `ApiError`s that trying again cannot cure.
    """
    cursor = Cursor(resource_version)
    failures = 0
    while True:
        try:
            async with aclosing(_connection(transport, path, query, cursor)) as events:
                async for event in events:
                    failures = 0
                    if event is not None:
                        yield event
        except _PASSING as error:
            if _is_hopeless(error):
                raise
            log.debug("watch interrupted", path=path, resource_version=cursor.resume, error=error.message)
        await asyncio.sleep(_wait(failures))
        failures += 1


async def _connection(
    transport: Transport, path: str, query: Query, cursor: Cursor
) -> AsyncGenerator[WatchEvent[JSON] | None, None]:
    """What is new of what comes over one connection; None for a bookmark."""
    seconds = random.uniform(*_WATCH_SECONDS)
    parameters = [
        *query,
        ("watch", "1"),
        ("allowWatchBookmarks", "true"),
        ("resourceVersion", cursor.resume),
        ("timeoutSeconds", str(int(seconds))),
    ]
    frames = Frames()
    async with transport.stream(Request("GET", path, parameters), idle=seconds + _GRACE_SECONDS) as chunks:
        async for chunk in chunks:
            try:
                for frame in frames.feed(chunk):
                    for event in _news(frame, cursor):
                        yield event
            except (ValueError, KeyError) as problem:
                raise ServerError(f"{path}: the server sent something that is no watch frame", code=502) from problem


def _news(frame: JSON, cursor: Cursor) -> list[WatchEvent[JSON] | None]:
    """What a frame brings: an event, None for a bookmark, or nothing if it is known already."""
    item: JSON = frame["object"]
    match frame["type"]:
        case "ADDED" | "MODIFIED" | "DELETED" as kind:
            return [WatchEvent(EventType(kind), item)] if cursor.take(item) else []
        case "BOOKMARK":
            cursor.bookmark(version_of(item))
            return [None]
        case "ERROR":
            raise from_status(item)
    return []


async def changes(
    read: Callable[[], Awaitable[Listing[JSON]]], transport: Transport, path: str, query: Query
) -> AsyncGenerator[Listing[JSON] | WatchEvent[JSON], None]:
    """A listing, the events behind it, and after a gap that the server no longer remembers, a listing again; for ever.

    `read` lists. A server that is away is waited out, from the beginning on.
    """
    failures = 0
    while True:
        try:
            listing = await read()
            yield listing
            async with aclosing(follow(transport, path, query, listing.resource_version)) as events:
                async for event in events:
                    failures = 0
                    yield event
        except Gone as error:
            log.info("watch fell behind, listing again", path=path, error=error.message)
        except _PASSING as error:
            if _is_hopeless(error):
                raise
            log.debug("list failed", path=path, error=error.message)
        await asyncio.sleep(_wait(failures))
        failures += 1


def diff(known: Mapping[Key, O], listed: Iterable[O]) -> list[WatchEvent[O]]:
    """The events that lead from what was known to what is listed. First what is gone, then the rest as listed.

    An object of the same name with another uid is another object: the old one is gone.
    """
    present = {key_of(item): item for item in listed}
    events = [
        WatchEvent(EventType.DELETED, old)
        for key, old in known.items()
        if key not in present or uid_of(present[key]) != uid_of(old)
    ]
    for key, item in present.items():
        old = known.get(key)
        if old is None or uid_of(old) != uid_of(item):
            events.append(WatchEvent(EventType.ADDED, item))
        elif version_of(old) != version_of(item):
            events.append(WatchEvent(EventType.MODIFIED, item))
    return events


def _is_hopeless(error: ApiError) -> bool:
    """Whether trying again cannot help."""
    return isinstance(error, Unavailable) and error.hopeless


def _wait(failures: int) -> float:
    """No wait before the first attempt to reconnect, then 0.05 s, 0.1 s ... 5 s."""
    return jittered(exponential(failures - 1, 0.05, 5.0)) if failures else 0.0
