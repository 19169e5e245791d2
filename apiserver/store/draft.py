"""What a batch of commits will do, worked out before anything is written: expectations, revisions, events.

Commits are added one after the other, each seeing what the ones before it did. One whose expectation fails leaves the
draft as it was. Nothing here knows of threads, transactions or the disk.

    draft = Draft(look, revision=41, now=0)   # /a stands at revision 7
    draft.add([Change("/a", b"x", expected=7)])    # 42
    draft.add([Change("/a", b"y", expected=7)])    # Conflict: /a is at revision 42
    draft.add([Change("/a", None), Change("/b", b"z")])  # 43: events (43, 0) and (43, 1)
    draft.final                               # {"/a": None, "/b": Stored(43, ...)}
"""

from collections.abc import Callable, Sequence
from typing import Final

from fizz.apiserver.store.keys import check_key
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.revision import following
from fizz.apiserver.store.types import LAST, Change, Conflict, Event, EventType, Record, Revision

__all__ = ["Draft", "check_changes"]

_MAX_CHANGES: Final = LAST  # `sub` is below LAST


def check_changes(changes: Sequence[Change]) -> None:
    """Raises ValueError for changes that no store can make."""
    if len(changes) > _MAX_CHANGES:
        raise ValueError(f"a commit has {_MAX_CHANGES} changes at most, not {len(changes)}")
    if len({change.key for change in changes}) != len(changes):
        raise ValueError("two changes of a commit are of one key")
    for change in changes:
        check_key(change.key)
        if change.ttl is not None and not 0 < change.ttl < float("inf"):
            raise ValueError(f"{change.key}: a time to live is a positive number of seconds, not {change.ttl}")


class Draft:
    """A batch being worked out.

    `look` gives what stood at a key before the batch; `now` is in milliseconds since 1970. `revision` is that of the
    last commit, `events` what all of them did, `before` what stood at each key that was looked at, and `final` what
    will stand at each key that changed.
    """

    def __init__(self, look: Callable[[str], Stored | None], *, revision: Revision, now: int) -> None:
        self._look = look
        self._now = now
        self.revision = revision
        self.events: list[Event] = []
        self.before: dict[str, Stored | None] = {}
        self.final: dict[str, Stored | None] = {}

    def add(self, changes: Sequence[Change]) -> Revision:
        """Work out one commit and return its revision. Raises `Conflict`."""
        found = [self._find(change.key) for change in changes]
        for index, (change, actual) in enumerate(zip(changes, found, strict=True)):
            if not _expected(change, actual):
                record = actual and Record(change.key, actual.value, actual.revision)
                raise Conflict(index, change.key, record)
        effective = [
            (change, actual)
            for change, actual in zip(changes, found, strict=True)
            if change.value is not None or actual is not None
        ]
        if effective:
            self.revision = following(self.revision)
            for sub, (change, actual) in enumerate(effective):
                self._put(sub, change, actual)
        return self.revision

    def _find(self, key: str) -> Stored | None:
        if key in self.final:
            return self.final[key]
        if key not in self.before:
            self.before[key] = self._look(key)
        return self.before[key]

    def _put(self, sub: int, change: Change, actual: Stored | None) -> None:
        previous, previous_revision = (actual.value, actual.revision) if actual else (None, 0)
        if change.value is None:
            kind, value = EventType.DELETED, previous or b""
            self.final[change.key] = None
        else:
            kind, value = (EventType.MODIFIED if actual else EventType.ADDED), change.value
            expires = self._now + max(1, round(change.ttl * 1000)) if change.ttl else 0
            self.final[change.key] = Stored(self.revision, expires, value)
        self.events.append(Event(kind, change.key, value, self.revision, sub, previous, previous_revision))


def _expected(change: Change, actual: Stored | None) -> bool:
    if change.expected is None:
        return True
    if actual is None:
        return change.expected == 0 and change.value is not None
    return change.expected == actual.revision
