"""What readers see: the state of the store as of the last published batch.

The writer thread is ahead of the readers by the batch that it works on. When a batch is on disk it is *published*: in
one step on the event loop the view takes over the batch's snapshot of the disk, its volatile keys, its events and its
revision. Between two such steps nothing that a reader sees can change, so a read that does not await is consistent
without any lock, and `revision` is always exactly that of the snapshot.

The log is read from two places. The latest events, durable and volatile, are in a tail in memory that all watchers
share. What is older comes from the log on disk, into which the volatile tail is merged for those who can see it.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fizz.apiserver.store.keys import Selector
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.revision import check_reachable
from fizz.apiserver.store.scan import Entry, Scan, take
from fizz.apiserver.store.snapshot import Snapshot
from fizz.apiserver.store.tail import Tail
from fizz.apiserver.store.types import LAST, Compacted, Event, Position, Record, Revision
from fizz.apiserver.store.volatile import VolatileKeys

__all__ = ["Batch", "View"]

_MAX_BYTES: Final = 8 << 20
"""Of values in the shared tail."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the writer did. `snapshot` is None when the disk did not change; `expiring` when something will expire."""

    snapshot: Snapshot | None
    revision: Revision
    compacted: Revision
    events: Sequence[Event]
    volatile: Mapping[str, Stored | None]
    expiring: bool


class View:
    """The readers' state. It lives on the event loop."""

    def __init__(
        self,
        snapshot: Snapshot,
        volatile: VolatileKeys,
        *,
        revision: Revision,
        compacted: Revision,
        replica: int,
        recent_events: int,
    ) -> None:
        self.snapshot = snapshot
        self.volatile = volatile
        self.revision = revision
        self.compacted = compacted
        self._replica = replica
        self._tail = Tail((revision, LAST), max_events=recent_events, max_bytes=_MAX_BYTES)

    def publish(self, batch: Batch) -> None:
        if batch.snapshot is not None:
            self.snapshot.close()
            self.snapshot = batch.snapshot
        self.revision, self.compacted = batch.revision, batch.compacted
        self.volatile.apply(batch.volatile, batch.events)
        self._tail.extend(batch.events)

    def get(self, key: str) -> Record | None:
        stored = self.volatile.get(key) if self.volatile.holds(key) else self.snapshot.get(key)
        return stored and Record(key, stored.value, stored.revision)

    def check(self, after: Position, selector: Selector) -> None:
        """See that everything that is selected and happened behind a position is still known.

        Raises `Compacted`, `FutureRevision` or `ForeignRevision`.
        """
        check_reachable(after[0], self.revision, self._replica)
        floor = (self.compacted, LAST)
        if self.volatile.visible(selector):
            floor = max(floor, self.volatile.history.floor)
        if after < floor and floor[0]:
            raise Compacted(after[0], floor[0])

    def scan(self, after: Position, selector: Selector) -> Scan:
        """One pass over the selected events behind a position. Raises as `check`."""
        self.check(after, selector)
        if after >= self._tail.floor:
            entries = _entries(self._tail.after(after), selector)
        else:
            entries = self.snapshot.entries(after, selector)
            if self.volatile.visible(selector):
                entries = heapq.merge(entries, _entries(self.volatile.history.after(after), selector))
        return take(entries, (self.revision, LAST))

    def due(self, now: int, limit: int) -> list[Record]:
        return [*self.snapshot.due(now, limit), *self.volatile.due(now, limit)][:limit]

    def deadline(self) -> int | None:
        known = (self.snapshot.deadline(), self.volatile.deadline())
        return min((deadline for deadline in known if deadline is not None), default=None)


def _entries(events: Sequence[Event], selector: Selector) -> Iterator[Entry]:
    for event in events:
        yield event.revision, event.sub, event if selector.matches(event.key) else None
