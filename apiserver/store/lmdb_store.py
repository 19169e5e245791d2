"""The embedded store: an LMDB file, one thread that writes, readers on the event loop.

    commit ──▶ writer (thread: draft, persist, sync) ──▶ publish: view (what readers see) ──▶ hub (who waits)
    get, list, watch ──▶ view

How it is used (see `types.Store` for what each method promises):

    store = await LmdbStore.open(Path("/var/lib/fizz/store"), volatile=("/coordination.k8s.io/leases/",))
    revision = await store.commit([Change("/core/namespaces//blog", b"{...}", expected=0)])
    with store.watch("/core/", after=(revision, LAST)) as watcher:
        events = await watcher.next(timeout=30)
    await store.close()

The store belongs to the event loop that opened it; its methods are called from there. It deletes expired records by
itself. It does not compact itself: run a `compaction.Compactor` beside it.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from fizz.apiserver.store.draft import check_changes
from fizz.apiserver.store.environment import Environment, open_environment
from fizz.apiserver.store.expiry import Expirer
from fizz.apiserver.store.hub import Cursor, Hub
from fizz.apiserver.store.keys import Selector
from fizz.apiserver.store.listing import Lister, Overlay, undo
from fizz.apiserver.store.persist import Present
from fizz.apiserver.store.revision import check_reachable
from fizz.apiserver.store.scan import Scan
from fizz.apiserver.store.snapshot import Snapshot
from fizz.apiserver.store.stats import Stats
from fizz.apiserver.store.types import LAST, Change, Closed, Page, Position, Record, Revision
from fizz.apiserver.store.view import Batch, View
from fizz.apiserver.store.volatile import VolatileKeys, check_branches
from fizz.apiserver.store.writer import Writer

__all__ = ["LmdbStore"]


class LmdbStore:
    """A `types.Store` in a directory. Made by `open`."""

    def __init__(
        self, environment: Environment, volatile: tuple[str, ...], clock: Callable[[], float], recent_events: int
    ) -> None:
        standing = environment.standing
        self.replica: int = standing.replica
        self.cluster: uuid.UUID = standing.cluster
        self._environment = environment
        self._ending: asyncio.Task[None] | None = None
        self._closed = False
        present = Present(
            revision=max(standing.revision, standing.reserved),
            reserved=standing.reserved,
            compacted=standing.compacted,
        )
        self._view = View(
            Snapshot(environment),
            VolatileKeys(volatile, present.revision),
            revision=present.revision,
            compacted=present.compacted,
            replica=standing.replica,
            recent_events=recent_events,
        )
        self._hub = Hub(self._view)
        self._lister = Lister()
        self._expirer = Expirer(self, clock)
        self._writer = Writer(environment, present=present, volatile=volatile, clock=clock, publish=self._publish)
        self._expiring = asyncio.create_task(self._expirer.run(), name="store-expirer")

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        volatile: Sequence[str] = (),
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.time,
        recent_events: int = 10_000,
        replica: int = 0,
    ) -> Self:
        """Open the store at a directory, or make it.

        - `volatile`: prefixes whose keys are kept in memory only (see `volatile`).
        - `max_bytes`: the size that the file may grow to; commits are refused with `Full` a little before.
        - `clock`: seconds since 1970, for expiry.
        - `recent_events`: how many events are kept in memory for all watchers together. Older ones are read from the
          disk, which costs every slow watcher some microseconds an event.
        - `replica`: the id of this replica if the store is new; one that exists keeps its own.

        Raises `Locked`, `BadFormat`, or `StoreError` where the system refuses.
        """
        branches = check_branches(volatile)
        return cls(open_environment(path, max_bytes=max_bytes, replica=replica), branches, clock, recent_events)

    @property
    def revision(self) -> Revision:
        return self._view.revision

    @property
    def compacted(self) -> Revision:
        return self._view.compacted

    async def get(self, key: str) -> Record | None:
        self._ensure_open()
        return self._view.get(key)

    async def list(
        self, prefix: str, *, limit: int | None = None, after: str | None = None, revision: Revision | None = None
    ) -> Page:
        self._ensure_open()
        if limit is not None and limit < 1:
            raise ValueError(f"a page has one record at least; the limit is {limit}")
        selector = Selector(prefix)
        undone = {} if revision is None else await self._undone(selector, revision)
        # From here to the end nothing awaits, so that all of it is of one moment, to which `undone` reaches.
        return self._lister.page(
            self._view.snapshot,
            prefix,
            limit=limit,
            after=after,
            revision=self._view.revision if revision is None else revision,
            overlay=self._view.volatile.records(selector) | undone,
        )

    async def commit(self, changes: Sequence[Change]) -> Revision:
        self._ensure_open()
        check_changes(changes)
        return await self._writer.commit(changes)

    def watch(self, prefix: str | tuple[str, ...], after: Position) -> Cursor:
        self._ensure_open()
        selector = Selector(prefix) if isinstance(prefix, str) else Selector(*prefix)
        self._view.check(after, selector)
        return self._hub.watch(selector, after)

    async def compact(self, revision: Revision) -> None:
        self._ensure_open()
        check_reachable(revision, self.revision, self.replica)
        while await self._writer.forget(revision):
            self._ensure_open()
        self._ensure_open()
        # LMDB uses again what the transaction before the last one freed: one more, so that all is free on return.
        await self._writer.forget(revision)

    async def expire(self) -> int:
        """Delete now what has expired, as the store does by itself when it is time. Returns how many records."""
        return await self._expirer.expire()

    def due(self, now: int, limit: int) -> Sequence[Record]:
        """Records that have expired by `now`, in milliseconds since 1970."""
        self._ensure_open()
        return self._view.due(now, limit)

    def deadline(self) -> int | None:
        """When the next record expires, in milliseconds since 1970."""
        self._ensure_open()
        return self._view.deadline()

    def stats(self) -> Stats:
        """Numbers to look at; all are cheap."""
        self._ensure_open()
        return Stats(
            revision=self.revision,
            compacted=self.compacted,
            disk_bytes=self._environment.disk_bytes(),
            log_length=self._view.snapshot.log_length(),
            last_batch=self._writer.last_batch,
            watchers=len(self._hub),
        )

    async def close(self) -> None:
        if self._ending is None:
            self._closed = True
            self._ending = asyncio.create_task(self._end(), name="store-close")
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        self._expiring.cancel()
        await asyncio.wait((self._expiring,))
        await self._writer.stop()
        self._hub.close()
        self._view.snapshot.close()
        self._environment.close()

    def _ensure_open(self) -> None:
        if self._closed:
            raise Closed("the store is closed")

    def _publish(self, batch: Batch) -> None:
        self._view.publish(batch)
        self._hub.notify(batch.events)
        if batch.expiring:
            self._expirer.stir()

    async def _undone(self, selector: Selector, revision: Revision) -> Overlay:
        """What stood at `revision` wherever something happened since, up to the moment of the return."""
        overlay: Overlay = {}
        found = Scan((), (revision, LAST))
        while True:
            found = self._view.scan(found.position, selector)
            undo(found.events, overlay)
            if found.position >= (self._view.revision, LAST):
                return overlay
            await asyncio.sleep(0)
            self._ensure_open()
