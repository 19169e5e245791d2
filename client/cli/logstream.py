"""The lines of many containers: merged by time where they are at rest, as they come where they go on.

A line always comes with its time, which is cut off again if nobody wants it: it puts lines of different containers in
order, and says where to go on after a connection was lost.
"""

import asyncio
import heapq
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fizz.client.api import ApiError, Client, EventType, Forbidden, NotFound, Unauthorized
from fizz.client.backoff import exponential
from fizz.client.cli.apply import built_in
from fizz.client.cli.changes import changes
from fizz.client.cli.containers import is_of, is_oneoff, number_of, short_name
from fizz.client.objects import Key, key_of, uid_of
from fizz.schemas import times
from fizz.schemas.types import JSON

__all__ = ["LogFollower", "LogLine", "LogOptions", "Selection", "read_logs", "split"]

_AGAIN_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 5.0
"""When to ask again for a log that was cut off: later each time, as long as nothing comes."""
_DRAIN_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How much of each container's log; None for all of it."""

    tail: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, line: "LogLine") -> bool:
        """Whether the line was written before the end."""
        return self.until is None or not line.time or times.parse(line.time) <= self.until


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a container wrote: its short name, when (as written), and the text."""

    source: str
    time: str
    text: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which containers of a namespace: those with the labels, and of these the ones of some services or names, but
    none of the services `without`.
    """

    namespace: str
    labels: str | None = None
    services: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    number: int | None = None
    """Which of each service's containers; None for all."""

    def has(self, item: JSON) -> bool:
        """Whether the container is one of them."""
        if item["metadata"]["name"] in self.names:
            return True
        if is_of(item, self.without) or is_oneoff(item) or self.number not in {None, number_of(item)}:
            return False
        if not self.services and not self.names:
            return True
        return is_of(item, self.services)


def split(source: str, line: bytes) -> LogLine:
    """Cut the time off a line. What the node itself has to say, as why a log cannot be read, has none."""
    whole = line.decode("utf-8", "replace")
    stamp, _, text = whole.partition(" ")
    is_time = stamp[:1].isdigit() and stamp.endswith("Z")
    return LogLine(source, stamp, text) if is_time else LogLine(source, "", whole)


async def read_logs(client: Client, items: Sequence[JSON], options: LogOptions) -> AsyncGenerator[LogLine, None]:
    """What the containers have written so far, in the order of time. Holds one line of each in memory."""
    streams = [_lines(client, item, options) for item in items]
    heap: list[tuple[str, int, LogLine]] = []
    try:
        for index, stream in enumerate(streams):
            if line := await anext(stream, None):
                heap.append((line.time, index, line))
        heapq.heapify(heap)
        while heap:
            _, index, line = heap[0]
            yield line
            if following := await anext(streams[index], None):
                heapq.heapreplace(heap, (following.time, index, following))
            else:
                heapq.heappop(heap)
    finally:
        for stream in streams:
            await stream.aclose()


async def _lines(client: Client, item: JSON, options: LogOptions) -> AsyncGenerator[LogLine, None]:
    """One container's log; nothing if it has none yet."""
    key = key_of(item)
    lines = client.logs(key.name, key.namespace, tail=options.tail, since=options.since, timestamps=True)
    try:
        async with aclosing(lines):
            async for line in lines:
                found = split(short_name(item), line)
                if not options.covers(found):
                    return
                yield found
    except NotFound:
        return


class LogFollower:
    """Tells `emit` what the containers write. Those that come later join, and are told from their beginning."""

    def __init__(
        self, client: Client, selection: Selection, options: LogOptions, emit: Callable[[LogLine], None]
    ) -> None:
        self._client, self._selection, self._options, self._emit = client, selection, options, emit
        self._tails: dict[str, _Tail] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def drain(self) -> None:
        """Wait a moment for the last lines of containers that have ended."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_DRAIN_SECONDS)

    async def run(self) -> None:
        """Follow until cancelled. Raises what `emit` raises, as `BrokenPipeError` when nobody reads any more."""
        try:
            await self._run()
        except ExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def _run(self) -> None:
        selection = self._selection
        options = self._options
        async with asyncio.TaskGroup() as group:
            events = changes(self._client, [built_in("Container")], selection.namespace, selection.labels)
            async with aclosing(events):
                async for event in events:
                    if event is None:
                        options = LogOptions(until=options.until)
                    elif self._selection.has(event.object):
                        self._take(event.type, event.object, options, group)

    def _take(self, kind: EventType, item: JSON, options: LogOptions, group: asyncio.TaskGroup) -> None:
        uid = uid_of(item)
        tail = self._tails.get(uid)
        if tail is not None:
            tail.see(kind, item)
        elif kind is not EventType.DELETED and (item.get("status") or {}).get("containerID"):
            self._tails[uid] = tail = _Tail(self._client, key_of(item), short_name(item), options, self._emit)
            tail.see(kind, item)
            self._tasks.append(group.create_task(tail.run(), name=f"logs of {tail.source}"))


@dataclass
class _Tail:
    """Follows one container's log: over its restarts, which the agent itself goes on over, and over those of the agent
    and the API server.

    Whoever is asked may be about to stop, or have just begun and know nothing yet. So neither an end nor "not found" is
    believed as long as the container may write more.
    """

    client: Client
    key: Key
    source: str
    options: LogOptions
    emit: Callable[[LogLine], None]
    last: str = ""
    said: str = ""
    """What the node said last without a time: it is told once."""
    gone: bool = False
    ended: bool = False

    def see(self, kind: EventType, item: JSON) -> None:
        """This is how the container is now."""
        self.gone = kind is EventType.DELETED
        phase = (item.get("status") or {}).get("phase")
        self.ended = phase in {"Succeeded", "Failed"} or bool(item["metadata"].get("deletionTimestamp"))

    async def run(self) -> None:
        failures = 0
        while True:
            before = self.last
            try:
                await self._read()
                complete = True
            except NotFound:
                complete = True
            except (Forbidden, Unauthorized):
                raise  # it will not change by asking again
            except ApiError:
                complete = False
            if self.gone or (complete and self.ended):
                return
            failures = 0 if self.last != before else failures + 1
            await asyncio.sleep(exponential(failures, _AGAIN_SECONDS, _LONGEST_SECONDS))

    async def _read(self) -> None:
        seen = self.last  # the server begins at a whole microsecond, so some lines come again
        since = times.parse(seen) if seen else self.options.since
        tail = None if seen else self.options.tail
        lines = self.client.logs(
            self.key.name, self.key.namespace, follow=True, tail=tail, since=since, timestamps=True
        )
        async with aclosing(lines):
            async for line in lines:
                found = split(self.source, line)
                if not found.time:
                    if found.text != self.said:
                        self.said = found.text
                        self.emit(found)
                elif found.time > seen:
                    self.last = found.time
                    if self.options.covers(found):
                        self.emit(found)
