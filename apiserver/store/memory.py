"""A store in memory, made to be obviously right rather than fast.

It has the log of everything since the last compaction and what stood then; every reading is made of the two by going
through all of it. Tests use it where durability does not matter, and `tests/conformance` holds it and the real store to
the same promises.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Self

from fizz.apiserver.store.draft import check_changes
from fizz.apiserver.store.expiry import Expirer
from fizz.apiserver.store.keys import Selector
from fizz.apiserver.store.revision import check_reachable
from fizz.apiserver.store.types import (
    LAST,
    Change,
    Closed,
    Compacted,
    Conflict,
    Event,
    EventType,
    Page,
    Position,
    Record,
    Revision,
)

__all__ = ["MemoryStore"]


class MemoryStore:
    """A `types.Store` that forgets everything when it goes. Made by `open`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.revision: Revision = 0
        self.compacted: Revision = 0
        self.closed = False
        self.log: list[Event] = []
        self.watchers: set[MemoryWatcher] = set()
        self._loop = asyncio.get_running_loop()
        self.news: asyncio.Future[None] = self._loop.create_future()
        self._clock = clock
        self._base: dict[str, Record] = {}
        self._now: dict[str, Record] = {}
        self._expires: dict[str, int] = {}
        self._expirer = Expirer(self, clock)
        self._expiring = asyncio.create_task(self._expirer.run(), name="store-expirer")

    @classmethod
    async def open(cls, *, clock: Callable[[], float] = time.time) -> Self:
        """A new, empty store. `clock`: seconds since 1970, for expiry."""
        return cls(clock)

    async def get(self, key: str) -> Record | None:
        self._ensure_open()
        return self._now.get(key)

    async def list(
        self, prefix: str, *, limit: int | None = None, after: str | None = None, revision: Revision | None = None
    ) -> Page:
        self._ensure_open()
        if limit is not None and limit < 1:
            raise ValueError(f"a page has one record at least; the limit is {limit}")
        selector = Selector(prefix)
        asked = self.revision if revision is None else revision
        state = self._as_of(asked)
        keys = sorted(key for key in state if selector.matches(key) and (after is None or key > after))
        page = [state[key] for key in keys[:limit]]
        remaining = len(keys) - len(page)
        return Page(page, asked, page[-1].key if remaining else None, remaining)

    async def commit(self, changes: Sequence[Change]) -> Revision:
        self._ensure_open()
        check_changes(changes)
        for index, change in enumerate(changes):
            actual = self._now.get(change.key)
            deletes_nothing = change.value is None and actual is None
            if change.expected is not None and (
                change.expected != (actual.revision if actual else 0) or deletes_nothing
            ):
                raise Conflict(index, change.key, actual)
        effective = [change for change in changes if change.value is not None or change.key in self._now]
        if effective:
            self.revision += 1
            for sub, change in enumerate(effective):
                self._do(change, sub)
            for watcher in self.watchers:
                watcher.skip()
            self.wake()
        revision = self.revision
        await asyncio.sleep(0)  # as any store on a disk, so that watchers get their turn between two commits
        return revision

    def watch(self, prefix: str | tuple[str, ...], after: Position) -> "MemoryWatcher":
        self._ensure_open()
        self.check(after)
        return MemoryWatcher(self, Selector(prefix) if isinstance(prefix, str) else Selector(*prefix), after)

    async def compact(self, revision: Revision) -> None:
        self._ensure_open()
        check_reachable(revision, self.revision, replica=0)
        if revision > self.compacted:
            self._base = self._as_of(revision)
            self.log = [event for event in self.log if event.revision > revision]
            self.compacted = revision

    async def expire(self) -> int:
        """Delete now what has expired, as the store does by itself when it is time. Returns how many records."""
        return await self._expirer.expire()

    def due(self, now: int, limit: int) -> Sequence[Record]:
        """Records that have expired by `now`, in milliseconds since 1970."""
        self._ensure_open()
        return [self._now[key] for key, expires in self._expires.items() if expires <= now][:limit]

    def deadline(self) -> int | None:
        """When the next record expires, in milliseconds since 1970."""
        self._ensure_open()
        return min(self._expires.values(), default=None)

    async def close(self) -> None:
        self.closed = True
        self._expiring.cancel()
        await asyncio.wait((self._expiring,))
        self.watchers.clear()
        self.wake()

    def check(self, after: Position) -> None:
        """Raises `Compacted`, `FutureRevision` or `ForeignRevision` for a position that cannot be read on from."""
        check_reachable(after[0], self.revision, replica=0)
        if self.compacted and after < (self.compacted, LAST):
            raise Compacted(after[0], self.compacted)

    def wake(self) -> None:
        """Wake all watchers; whoever has nothing to read goes on waiting."""
        self.news.set_result(None)
        self.news = self._loop.create_future()

    def _do(self, change: Change, sub: int) -> None:
        actual = self._now.pop(change.key, None)
        self._expires.pop(change.key, None)
        if change.value is not None:
            kind = EventType.MODIFIED if actual else EventType.ADDED
            self._now[change.key] = Record(change.key, change.value, self.revision)
        else:
            kind = EventType.DELETED
        if change.value is not None and change.ttl is not None:
            self._expires[change.key] = int(self._clock() * 1000) + max(1, round(change.ttl * 1000))
            self._expirer.stir()
        previous, previous_revision = (actual.value, actual.revision) if actual else (None, 0)
        value = change.value if change.value is not None else previous or b""
        self.log.append(Event(kind, change.key, value, self.revision, sub, previous, previous_revision))

    def _as_of(self, revision: Revision) -> dict[str, Record]:
        self.check((revision, LAST))
        state = dict(self._base)
        for event in self.log:
            if event.revision > revision:
                break
            if event.type is EventType.DELETED:
                del state[event.key]
            else:
                state[event.key] = Record(event.key, event.value, event.revision)
        return state

    def _ensure_open(self) -> None:
        if self.closed:
            raise Closed("the store is closed")


class MemoryWatcher:
    """A watcher (see `types.Watcher`): it goes through the whole log whenever anything happens."""

    def __init__(self, store: MemoryStore, selector: Selector, after: Position) -> None:
        self.position = after
        self._store = store
        self._selector = selector
        store.watchers.add(self)

    async def next(self, timeout: float | None = None) -> Sequence[Event]:
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            if self not in self._store.watchers:
                raise Closed("the watch has ended")
            self._store.check(self.position)
            events = self._unseen()
            self.position = (self._store.revision, LAST)
            if events or (deadline is not None and loop.time() >= deadline):
                return events
            await asyncio.wait((self._store.news,), timeout=None if deadline is None else deadline - loop.time())

    def skip(self) -> None:
        """Something was committed: if nothing behind the cursor matters, it is as good as seen."""
        if self.position >= (self._store.compacted, LAST) and not self._unseen():
            self.position = (self._store.revision, LAST)

    def close(self) -> None:
        self._store.watchers.discard(self)
        self._store.wake()

    def _unseen(self) -> Sequence[Event]:
        matches = self._selector.matches
        return [event for event in self._store.log if event.position > self.position and matches(event.key)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
