"""Keys that are kept in memory only.

Leases are renewed every few seconds by everybody and matter to nobody after a restart; written to disk they would be
most of it. Keys below a *volatile* prefix take their revisions from the same sequence as all others, and are read,
listed, compared, watched and expired like all others, but no byte of them reaches the disk. They vanish when the store
is closed. What follows from that:

- Their history is a bounded tail in memory. A watch or an exact list that could see volatile keys, at a position
  before that tail, is refused with `Compacted`. This includes prefixes that are wider than the volatile one, such as
  `/`. After a restart the tail is empty: whoever saw volatile keys before must list again, and finds them gone.
- A watch or list that cannot see volatile keys notices nothing of all this.
- A revision that a volatile commit was given must never be given again, though nothing on disk tells of it. So
  revisions are reserved ahead, in blocks: the number `reserved` on disk is above every revision handed out as long as
  volatile keys are in use. After a crash the store continues behind it. When it is closed, the vanishing of the
  volatile keys takes one revision of its own, and the store continues behind that:

      commits 1, 2 (durable), 3 (volatile)   on disk: revision 2, reserved 1003
      crash, open                            at 1003, tail begins at (1003, LAST); the next commit is 1004
      close instead, open                    at 4, tail begins at (4, LAST); the next commit is 5
      no volatile commit, close or crash     at 2; the next commit is 3
"""

from collections.abc import Iterable, Mapping
from typing import Final

from fizz.apiserver.store.keys import Selector, check_prefix
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.tail import Tail
from fizz.apiserver.store.types import LAST, Event, Record, Revision

__all__ = ["BLOCK", "VolatileKeys", "check_branches"]

BLOCK: Final = 1000
"""How many revisions are reserved ahead. More waste revisions at a crash, fewer cost a write more often."""

_MAX_EVENTS: Final = 4096
_MAX_BYTES: Final = 4 << 20


def check_branches(branches: Iterable[str]) -> tuple[str, ...]:
    """Volatile prefixes, seen to be usable."""
    found = tuple(branches)
    for branch in found:
        check_prefix(branch)
        if not branch.endswith("/"):
            raise ValueError(f"the volatile prefix {branch!r} does not end with '/'")
    return found


class VolatileKeys:
    """The volatile keys as readers see them, and the tail of what happened to them."""

    def __init__(self, branches: tuple[str, ...], revision: Revision) -> None:
        self.branches = branches
        self.history = Tail((revision, LAST), max_events=_MAX_EVENTS, max_bytes=_MAX_BYTES)
        self._stored: dict[str, Stored] = {}

    def holds(self, key: str) -> bool:
        return key.startswith(self.branches)

    def visible(self, selector: Selector) -> bool:
        """Can a volatile key be selected?"""
        return selector.overlaps(self.branches)

    def get(self, key: str) -> Stored | None:
        return self._stored.get(key)

    def records(self, selector: Selector) -> dict[str, Record | None]:
        if not self.visible(selector):
            return {}
        return {
            key: Record(key, stored.value, stored.revision)
            for key, stored in self._stored.items()
            if selector.matches(key)
        }

    def apply(self, changed: Mapping[str, Stored | None], events: Iterable[Event]) -> None:
        """Take over what a batch did; `events` may tell of durable keys too."""
        for key, stored in changed.items():
            if stored is None:
                self._stored.pop(key, None)
            else:
                self._stored[key] = stored
        if changed:
            self.history.extend(event for event in events if self.holds(event.key))

    def due(self, now: int, limit: int) -> list[Record]:
        found = [
            Record(key, stored.value, stored.revision)
            for key, stored in self._stored.items()
            if 0 < stored.expires <= now
        ]
        return found[:limit]

    def deadline(self) -> int | None:
        return min((stored.expires for stored in self._stored.values() if stored.expires), default=None)
