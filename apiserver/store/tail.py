"""The latest events, kept in memory so that many watchers share them.

A tail is complete behind its `floor` and knows nothing of what was before. When it grows over its bounds it drops its
oldest events and its floor rises; whoever is further behind reads the log.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from fizz.apiserver.store.types import Event, Position

__all__ = ["Tail"]


class Tail:
    """Events in order, bounded by their number and by the bytes of their values.

    `max_events`: more cost memory (about 500 bytes each besides the values) and spare slow watchers the log.
    `max_bytes`: of keys' values, old and new; what readers hang on `Event.memo` is not counted.
    """

    def __init__(self, floor: Position, *, max_events: int, max_bytes: int) -> None:
        self.floor = floor
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._bytes = 0
        self._events: list[Event] = []
        self._positions: list[Position] = []

    def extend(self, events: Iterable[Event]) -> None:
        """Append events that are newer than all that were there, and drop the oldest if they are too many now."""
        for event in events:
            self._events.append(event)
            self._positions.append(event.position)
            self._bytes += _size(event)
        self._drop(self._excess())

    def after(self, position: Position) -> Sequence[Event]:
        """All events behind a position that is not below the floor."""
        return self._events[bisect_right(self._positions, position) :]

    def _excess(self) -> int:
        """How many of the oldest events must go so that the rest is within bounds."""
        count = max(0, len(self._events) - self._max_events)
        size = self._bytes - sum(_size(event) for event in self._events[:count])
        while size > self._max_bytes:
            size -= _size(self._events[count])
            count += 1
        return count

    def _drop(self, count: int) -> None:
        if not count:
            return
        self.floor = self._positions[count - 1]
        self._bytes -= sum(_size(event) for event in self._events[:count])
        del self._events[:count]
        del self._positions[:count]


def _size(event: Event) -> int:
    return len(event.value) + len(event.previous or b"")
