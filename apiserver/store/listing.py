"""Listings: pages of records, as of now or as of any revision that is remembered.

A page is read from what is on disk now, with an *overlay* on it: for some keys, what stands (or None: nothing stands)
instead of what the disk says. Volatile keys are an overlay, because they are not on the disk. A past revision is one
too: undoing what happened since gives, for each key that changed, what stood there before its first change.

    now:      /a = 3 (revision 9)      /c = 1 (revision 4)
    log:      5: /b added   7: /b deleted   8: /a modified, was 2 (revision 6)   9: /a modified, was 3' (revision 8)
    as of 6:  overlay {/b: ... (revision 5), /a: 2 (revision 6)}, since 7 and 8 are the first changes behind 6
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import Final

from fizz.apiserver.store.snapshot import Snapshot
from fizz.apiserver.store.types import Event, Page, Record, Revision

__all__ = ["Lister", "Overlay", "undo"]

Overlay = dict[str, Record | None]

_REMEMBERED: Final = 1024


class Lister:
    """Makes pages, and remembers for a while how many records are behind them.

    To count them takes a look at each (0.2 us); when the next page is asked for, the number is known without.
    """

    def __init__(self) -> None:
        self._behind: OrderedDict[tuple[str, Revision, str], int] = OrderedDict()

    def page(
        self,
        snapshot: Snapshot,
        prefix: str,
        *,
        limit: int | None,
        after: str | None,
        revision: Revision,
        overlay: Mapping[str, Record | None],
    ) -> Page:
        """The records below a prefix and behind a key. All keys in the overlay are below the prefix."""
        found = _records(snapshot, prefix, after, overlay)
        if limit is None:
            return Page(list(found), revision, None, 0)
        records = list(islice(found, limit + 1))
        if len(records) <= limit:
            return Page(records, revision, None, 0)
        records.pop()
        last = records[-1].key
        known = None if after is None else self._behind.get((prefix, revision, after))
        remaining = _count(snapshot, prefix, last, overlay) if known is None else known - len(records)
        self._behind[prefix, revision, last] = remaining
        while len(self._behind) > _REMEMBERED:
            self._behind.popitem(last=False)
        return Page(records, revision, last, remaining)


def undo(events: Iterable[Event], overlay: Overlay) -> None:
    """Note in an overlay what stood before events, which come in order and after those noted before."""
    for event in events:
        if event.key not in overlay:
            known = event.previous is not None
            overlay[event.key] = Record(event.key, event.previous or b"", event.previous_revision) if known else None


def _records(
    snapshot: Snapshot, prefix: str, after: str | None, overlay: Mapping[str, Record | None]
) -> Iterator[Record]:
    plain = snapshot.records(prefix, after)
    if not overlay:
        return plain
    instead = (record for record in overlay.values() if record and (after is None or record.key > after))
    unchanged = (record for record in plain if record.key not in overlay)
    by_key = attrgetter("key")
    return heapq.merge(unchanged, sorted(instead, key=by_key), key=by_key)


def _count(snapshot: Snapshot, prefix: str, after: str, overlay: Mapping[str, Record | None]) -> int:
    count = snapshot.count(prefix, after)
    for key, record in overlay.items():
        if key > after:
            count += (record is not None) - (snapshot.get(key) is not None)
    return count
