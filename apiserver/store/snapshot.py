"""What is on disk, read at one moment: a read transaction and the questions that one asks of it.

Iterators are lazy and must be used up, or dropped, before control goes back to the event loop, because the next commit
replaces the snapshot.
"""

from collections.abc import Iterator

from fizz.apiserver.store import layout
from fizz.apiserver.store.environment import Environment
from fizz.apiserver.store.format import Transaction
from fizz.apiserver.store.keys import Selector
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.scan import Entry
from fizz.apiserver.store.types import Position, Record

__all__ = ["Snapshot"]


class Snapshot:
    """A reader of the durable keys and of the log. It is used by one thread at a time."""

    def __init__(self, environment: Environment) -> None:
        self._tables = environment.tables
        self._txn: Transaction = environment.env.begin()

    def close(self) -> None:
        self._txn.abort()

    def get(self, key: str) -> Stored | None:
        raw = self._txn.get(key.encode(), db=self._tables.current)
        return None if raw is None else layout.unpack_current(raw)

    def records(self, prefix: str, after: str | None) -> Iterator[Record]:
        """What stands below a prefix and behind a key, in order."""
        if not prefix.endswith("/"):
            if (stored := self.get(prefix)) and (after is None or after < prefix):
                yield Record(prefix, stored.value, stored.revision)
            return
        cursor = self._txn.cursor(self._tables.current)
        if not cursor.set_range(_start(prefix, after)):
            return
        below = prefix.encode()
        for key, raw in cursor.iternext():
            if not key.startswith(below):
                return
            yield layout.unpack_record(key, raw)

    def count(self, prefix: str, after: str | None) -> int:
        """How many records `records` would give."""
        if not prefix.endswith("/"):
            return sum(1 for _ in self.records(prefix, after))
        cursor = self._txn.cursor(self._tables.current)
        if not cursor.set_range(_start(prefix, after)):
            return 0
        below, count = prefix.encode(), 0
        for key in cursor.iternext(values=False):
            if not key.startswith(below):
                break
            count += 1
        return count

    def entries(self, after: Position, selector: Selector) -> Iterator[Entry]:
        """The log behind a position, in order; only what is selected is unpacked."""
        cursor = self._txn.cursor(self._tables.log)
        if not cursor.set_range(layout.pack_position(after)):
            return
        for key, raw in cursor.iternext():
            position = layout.unpack_position(key)
            if position == after:
                continue
            matters = selector.matches(layout.unpack_entry_key(raw))
            yield *position, layout.unpack_entry(position, raw) if matters else None

    def log_length(self) -> int:
        return self._txn.stat(self._tables.log)["entries"]

    def due(self, now: int, limit: int) -> list[Record]:
        """Records that have expired by `now` (milliseconds since 1970), the oldest first."""
        found: list[Record] = []
        for raw in self._txn.cursor(self._tables.expiry).iternext(values=False):
            expires, key = layout.unpack_expiry(raw)
            if expires > now or len(found) == limit:
                break
            if stored := self.get(key):
                found.append(Record(key, stored.value, stored.revision))
        return found

    def deadline(self) -> int | None:
        """When the next record expires."""
        cursor = self._txn.cursor(self._tables.expiry)
        return layout.unpack_expiry(cursor.key())[0] if cursor.first() else None


def _start(prefix: str, after: str | None) -> bytes:
    return max(prefix, after + "\0" if after is not None else "").encode()
