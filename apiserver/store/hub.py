"""Watchers: cursors over the log, and the room where those wait that have nothing to read.

A watcher is *idle* when it has delivered everything there is, and *behind* otherwise. Only idle ones are in the hub,
indexed by their prefixes, so that a commit touches those who care and nobody else: for a change of
`/fizz.dev/deployments/blog/web` the hub looks up `/`, `/fizz.dev/`, `/fizz.dev/deployments/`,
`/fizz.dev/deployments/blog/` and the key itself. Whoever is found there is now behind, by exactly the revision that
woke it:

    idle, all of 41 seen ──commit 42 touches another prefix──▶ idle, all of 42 seen
                         ──commit 43 touches the prefix──────▶ behind, at (42, LAST)
    behind, at (42, LAST) ──next() scans up to 50────────────▶ idle, all of 50 seen

So the cursor of an idle watcher moves with the store for nothing, and compaction can only overtake one that is slow. A
watcher holds no events. Everything here happens on the event loop; nothing is locked.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol, Self

from fizz.apiserver.store.keys import Selector, prefixes
from fizz.apiserver.store.revision import preceding
from fizz.apiserver.store.scan import Scan
from fizz.apiserver.store.types import LAST, Closed, Event, Position, Revision

__all__ = ["Cursor", "Hub", "Readable"]


class Readable(Protocol):
    """What a watcher needs of a store."""

    @property
    def revision(self) -> Revision: ...

    def scan(self, after: Position, selector: Selector) -> Scan:
        """One pass over the events behind a position. Raises `Compacted`."""


class Hub:
    """Where idle watchers wait."""

    def __init__(self, source: Readable) -> None:
        self.source = source
        self.closed = False
        self._idle: dict[str, set[Cursor]] = {}
        self._open: set[Cursor] = set()

    def __len__(self) -> int:
        """How many watchers are open."""
        return len(self._open)

    def watch(self, selector: Selector, after: Position) -> "Cursor":
        """A new watcher. `after` must be a position that `source` can be asked for."""
        cursor = Cursor(self, selector, after)
        self._open.add(cursor)
        if cursor.position >= (self.source.revision, LAST):
            self.wait(cursor)
        return cursor

    def notify(self, events: Iterable[Event]) -> None:
        """Wake those who wait for one of these events, which `source` can deliver already."""
        for event in events:
            if not self._idle:
                return
            before = (preceding(event.revision), LAST)
            for prefix in prefixes(event.key):
                for cursor in self._idle.pop(prefix, ()):
                    cursor.wake(before)

    def close(self) -> None:
        """End all watches."""
        self.closed = True
        self._idle.clear()
        for cursor in list(self._open):
            cursor.close()

    def wait(self, cursor: "Cursor") -> None:
        for prefix in cursor.selector.prefixes:
            self._idle.setdefault(prefix, set()).add(cursor)

    def forget(self, cursor: "Cursor") -> None:
        self._open.discard(cursor)
        for prefix in cursor.selector.prefixes:
            if waiting := self._idle.get(prefix):
                waiting.discard(cursor)
                if not waiting:
                    del self._idle[prefix]


class Cursor:
    """A watcher (see `types.Watcher`)."""

    def __init__(self, hub: Hub, selector: Selector, after: Position) -> None:
        self.selector = selector
        self._hub = hub
        self._position = after
        self._behind = after < (hub.source.revision, LAST)
        self._closed = False
        self._wake_up: asyncio.Future[None] | None = None

    @property
    def position(self) -> Position:
        return self._position if self._behind else (self._hub.source.revision, LAST)

    async def next(self, timeout: float | None = None) -> Sequence[Event]:
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            while self._behind:
                if events := self._advance():
                    return events
                if self._behind:
                    await asyncio.sleep(0)  # a long way to go: let others work
            if deadline is not None and loop.time() >= deadline:
                return ()
            await self._wait(loop, deadline)

    def _advance(self) -> Sequence[Event]:
        """Make one pass over the log; nothing may come between reading and moving the cursor."""
        if self._closed:
            raise Closed("the watch has ended" if not self._hub.closed else "the store is closed")
        found = self._hub.source.scan(self._position, self.selector)
        self._position = found.position
        if found.position >= (self._hub.source.revision, LAST):
            self._behind = False
            self._hub.wait(self)
        return found.events

    async def _wait(self, loop: asyncio.AbstractEventLoop, deadline: float | None) -> None:
        """Wait until woken or until the deadline. There is no await between being idle and getting here."""
        wake_up = self._wake_up = loop.create_future()
        timer = None if deadline is None else loop.call_at(deadline, _resolve, wake_up)
        try:
            await wake_up
        finally:
            self._wake_up = None
            if timer is not None:
                timer.cancel()

    def wake(self, before: Position) -> None:
        """Something that this watcher watches happened right behind `before`."""
        if not self._behind:
            self._behind = True
            self._position = before
            self._stir()

    def close(self) -> None:
        if not self._closed:
            self._position, self._closed = self.position, True
            self._behind = True
            self._hub.forget(self)
            self._stir()

    def _stir(self) -> None:
        if self._wake_up is not None:
            _resolve(self._wake_up)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
