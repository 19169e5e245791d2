"""What the store's tests share: the stores under test, a clock to turn, and ways to read a watcher to its end."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.memory import MemoryStore
from fizz.apiserver.store.types import Change, Event, Store, Watcher

LEASES = "/coordination.k8s.io/leases/"
"""Volatile in the stores that know volatile keys."""


class Clock:
    """Seconds since 1970, turned by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class ExpiringStore(Store, Protocol):
    """All stores can also be told to expire now."""

    async def expire(self) -> int: ...


async def open_store(kind: str, path: Path, clock: Callable[[], float]) -> ExpiringStore:
    match kind:
        case "memory":
            return await MemoryStore.open(clock=clock)
        case "lmdb":
            return await LmdbStore.open(path, clock=clock)
        case "lmdb with volatile keys":
            return await LmdbStore.open(path, clock=clock, volatile=(LEASES,), recent_events=3)
    raise ValueError(kind)


KINDS = ("memory", "lmdb", "lmdb with volatile keys")


async def put(store: ExpiringStore, key: str, value: bytes = b"1") -> int:
    return await store.commit([Change(key, value)])


async def drain(watcher: Watcher) -> list[Event]:
    """Everything that the watcher has to deliver now."""
    found: list[Event] = []
    while events := await watcher.next(timeout=0):
        found += events
    return found


async def collect(watcher: Watcher, count: int) -> list[Event]:
    """Wait for that many events."""
    found: list[Event] = []
    while len(found) < count:
        found += await watcher.next(timeout=30)
    return found


def told(events: Sequence[Event]) -> list[tuple[str, str, bytes, int]]:
    return [(event.type.name, event.key, event.value, event.revision) for event in events]
