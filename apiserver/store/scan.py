"""How much of the log is read in one go, and where one may stop.

A pass over the log must end soon, because it holds up everything else on the event loop; but it must not stop between
two events of one revision that belong together. So it stops at the first border between revisions behind a bound, and
inside a revision only if that alone has more events than a pass may deliver.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from fizz.apiserver.store.revision import preceding
from fizz.apiserver.store.types import LAST, Event, Position

__all__ = ["MAX_EVENTS", "Entry", "Scan", "take"]

MAX_EVENTS: Final = 1000
"""As `types.Watcher.next` promises."""
_MAX_BYTES: Final = 4 << 20
"""Of values delivered in a pass: what one slow reader can pin."""
_MAX_ENTRIES: Final = 2000
"""Looked at in a pass, whether they matter or not: about 2 ms."""

Entry = tuple[int, int, Event | None]
"""Revision and sub of an entry of the log, and its event unless that does not matter to who asks."""


class Scan(NamedTuple):
    """What a pass found. Everything up to `position` has been looked at."""

    events: Sequence[Event]
    position: Position


def take(entries: Iterable[Entry], end: Position) -> Scan:
    """One pass over entries in order. `end` is the position behind the last of them."""
    events: list[Event] = []
    border = 0  # where in `events` the revision begins that is being read
    reading = size = seen = 0
    for revision, _, event in entries:
        if revision != reading:
            if len(events) >= MAX_EVENTS or size >= _MAX_BYTES or seen >= _MAX_ENTRIES:
                return Scan(events, (preceding(revision), LAST))
            reading, border = revision, len(events)
        seen += 1
        if event is None:
            continue
        if len(events) >= MAX_EVENTS:
            if border:
                return Scan(events[:border], (preceding(revision), LAST))
            return Scan(events, events[-1].position)
        events.append(event)
        size += len(event.value)
    return Scan(events, end)
