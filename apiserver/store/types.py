"""What a store is, and the values that go in and come out.

A store maps keys to bytes and remembers how it came to be so: every commit gets one revision, and the log of commits
can be watched and read back until it is compacted. A store never looks into a value.

Keys are `/<group>/<resource>/<namespace>/<name>` (group `core` for the core group; an empty namespace segment for
cluster-scoped objects: `/core/namespaces//blog`). A prefix ends with `/` and selects whole segments, or is a whole key.

A commit may hold many changes. They share one revision; `Event.sub` numbers them within it, from 0, in the order
given. The pair (revision, sub) orders all events; a *position* in the log is such a pair, and (r, LAST) stands for
"everything of revision r seen".

Errors:

    StoreError
    ├── Conflict        an expectation did not hold; nothing of the commit was done
    ├── Compacted       the revision asked for is no longer remembered
    ├── FutureRevision  the revision asked for has not happened yet
    ├── ForeignRevision the revision was handed out by another replica
    ├── Full            no space to write; reads go on
    ├── Closed          the store is closed
    ├── Locked          another process has the data open
    └── BadFormat       the data on disk is of another format or damaged
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Protocol, Self

__all__ = [
    "LAST",
    "BadFormat",
    "Change",
    "Closed",
    "Compacted",
    "Conflict",
    "Event",
    "EventType",
    "ForeignRevision",
    "Full",
    "FutureRevision",
    "Locked",
    "Page",
    "Position",
    "Record",
    "Revision",
    "Store",
    "StoreError",
    "Watcher",
]

Revision = int
"""A point in the history of the store; see `revision` for its encoding. 0 is before everything."""

Position = tuple[Revision, int]
"""(revision, sub): an event in the log. `(r, LAST)` is behind all events of revision r."""

LAST: Final = 0xFFFF


class EventType(IntEnum):
    """What happened to a key."""

    ADDED = 1
    MODIFIED = 2
    DELETED = 3


@dataclass(frozen=True, slots=True)
class Record:
    """A value as it stands. `revision` is that of its last change."""

    key: str
    value: bytes
    revision: Revision


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does to one key.

    `value` None deletes. `expected` is the revision that the key must be at (0: the key must not exist; None: whatever
    it is). Deleting a key that does not exist is a Conflict unless `expected` is None, and then does nothing.
    `ttl` is the number of seconds after which the store deletes the key by itself (a normal, watched deletion).
    """

    key: str
    value: bytes | None
    expected: Revision | None = None
    ttl: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One change as it happened.

    `value` is the new value (for DELETED the last one), `previous` the one before (None for ADDED) and
    `previous_revision` its revision (0 for ADDED). `memo` is for readers: what one of them made of the event (an
    encoded line, say), kept so that the next need not make it again. The store neither reads nor compares it.
    """

    type: EventType
    key: str
    value: bytes
    revision: Revision
    sub: int
    previous: bytes | None
    previous_revision: Revision
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def position(self) -> Position:
        return (self.revision, self.sub)


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing in key order: what was there at `revision`.

    `next_key` is the key to continue after (None on the last page); `remaining` counts the records behind the page.
    """

    records: Sequence[Record]
    revision: Revision
    next_key: str | None
    remaining: int


class StoreError(Exception):
    """Anything that a store refuses."""


class Conflict(StoreError):
    """An expectation did not hold; nothing of the commit was done. `actual` is None where the key does not exist."""

    def __init__(self, index: int, key: str, actual: Record | None) -> None:
        found = f"at revision {actual.revision}" if actual else "absent"
        super().__init__(f"change {index}: {key} is {found}")
        self.index, self.key, self.actual = index, key, actual


class Compacted(StoreError):
    """The revision asked for is no longer remembered; `compacted` is the oldest that can be read."""

    def __init__(self, asked: Revision, compacted: Revision) -> None:
        super().__init__(f"revision {asked} is too old; the log begins after {compacted}")
        self.asked, self.compacted = asked, compacted


class FutureRevision(StoreError):
    """The revision asked for has not happened yet."""

    def __init__(self, asked: Revision, current: Revision) -> None:
        super().__init__(f"revision {asked} has not happened yet; the store is at {current}")
        self.asked, self.current = asked, current


class ForeignRevision(StoreError):
    """The revision was handed out by another replica, whose history this store does not have."""


class Full(StoreError):
    """No space to write. Nothing was written; reads go on."""


class Closed(StoreError):
    """The store is closed, or was closed before the commit was written."""


class Locked(StoreError):
    """Another process has the data open for writing."""


class BadFormat(StoreError):
    """The data on disk is of a newer format, or damaged."""


class Watcher(Protocol):
    """A cursor over the log and a wake-up. Use it as a context manager, from one task at a time.

    It holds no events: a slow one only stays behind, until compaction overtakes it and `next` raises `Compacted`.
    """

    @property
    def position(self) -> Position:
        """Everything up to here that the watcher watches has been delivered."""

    async def next(self, timeout: float | None = None) -> Sequence[Event]:
        """The next events in order, without gap or duplicate; waits for one, `timeout` seconds at most.

        Empty after a timeout; `position` has then moved to `(Store.revision, LAST)` of that moment. Never splits the
        events of a revision that it delivers in one go unless there are more than 1,000 of them. Cancelling it loses
        nothing. Raises `Compacted`, or `Closed` when the store is closed.
        """

    def close(self) -> None:
        """Forget the wake-up. Safe to call twice."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class Store(Protocol):
    """What the API server needs of a store. All implementations pass tests/conformance/test_store.py."""

    @property
    def revision(self) -> Revision:
        """The revision of the last commit, durable and visible to readers; 0 when nothing was ever committed."""

    @property
    def compacted(self) -> Revision:
        """Exact lists at revisions below this, and watches after them, are refused."""

    async def get(self, key: str) -> Record | None:
        """The record at the key as it stands now, or None."""

    async def list(
        self, prefix: str, *, limit: int | None = None, after: str | None = None, revision: Revision | None = None
    ) -> Page:
        """Records below a prefix in key order, as of now or as of exactly `revision`, beginning behind the key `after`.

        Raises `Compacted`, `FutureRevision` or `ForeignRevision` for a revision that cannot be read.
        """

    async def commit(self, changes: Sequence[Change]) -> Revision:
        """Do all changes, or none, at one new revision, durably. Returns that revision; if no change had any effect
        (deletions of absent keys), the current one. Two changes of one key in a commit are a ValueError.

        Raises `Conflict` (the first expectation that failed), `Full` or `Closed`.
        """

    def watch(self, prefix: str | tuple[str, ...], after: Position) -> Watcher:
        """A watcher of the events below a prefix, or below any of several in one order, behind a position.

        Raises `FutureRevision` or `ForeignRevision` at once, and `Compacted` at once or at a later `next`.
        """

    async def compact(self, revision: Revision) -> None:
        """Forget the history up to and including `revision`. What stands now stays. Never goes backwards."""

    async def close(self) -> None:
        """Finish commits that were accepted, end watches and release the files. Safe to call twice."""
