"""A store as one would explain it to a child: a list of what happened, and a picture of the world after each of it."""

from collections.abc import Sequence

from fizz.apiserver.store.types import LAST, Change, Event, EventType, Position, Record
from tests.conformance.store_kit import LEASES

__all__ = ["Model"]

World = dict[str, Record]


class Model:
    """What a store should be like after the same commits. It never forgets; it knows what a store may forget."""

    def __init__(self) -> None:
        self.revision = 0
        self.compacted = 0
        self.volatile_floor = 0
        self.events: list[Event] = []
        self.worlds: dict[int, World] = {0: {}}
        self.expires: dict[str, float] = {}

    @property
    def world(self) -> World:
        return self.worlds[self.revision]

    def refused(self, changes: Sequence[Change]) -> int | None:
        """Which change, if any, does not find what it expects."""
        for index, change in enumerate(changes):
            actual = self.world.get(change.key)
            absent_deletion = change.value is None and actual is None
            if change.expected is None:
                continue
            if absent_deletion or change.expected != (actual.revision if actual else 0):
                return index
        return None

    def effective(self, changes: Sequence[Change]) -> list[Change]:
        return [change for change in changes if change.value is not None or change.key in self.world]

    def apply(self, changes: Sequence[Change], now: float) -> None:
        """A commit that was accepted."""
        effective = self.effective(changes)
        if not effective:
            return
        world = dict(self.world)
        self.revision += 1
        for sub, change in enumerate(effective):
            actual = world.pop(change.key, None)
            self.expires.pop(change.key, None)
            kind = EventType.DELETED
            value = actual.value if actual else b""
            if change.value is not None:
                kind, value = (EventType.MODIFIED if actual else EventType.ADDED), change.value
                world[change.key] = Record(change.key, value, self.revision)
                if change.ttl is not None:
                    self.expires[change.key] = now + change.ttl
            previous, previous_revision = (actual.value, actual.revision) if actual else (None, 0)
            self.events.append(Event(kind, change.key, value, self.revision, sub, previous, previous_revision))
        self.worlds[self.revision] = world

    def restart(self, revision: int) -> None:
        """The store was closed, or crashed, and opened again at a revision: volatile keys are gone."""
        world = {key: record for key, record in self.world.items() if not key.startswith(LEASES)}
        self.revision = self.volatile_floor = revision
        self.worlds[revision] = world
        self.expires = {key: time for key, time in self.expires.items() if key in world}

    def compact(self, revision: int) -> None:
        self.compacted = max(self.compacted, revision)

    def remembered(self, position: Position, prefixes: tuple[str, ...]) -> bool:
        """Must everything behind a position still be known?"""
        floor = self.compacted
        if any(prefix.startswith(LEASES) or LEASES.startswith(prefix) for prefix in prefixes):
            floor = max(floor, self.volatile_floor)
        return floor == 0 or position >= (floor, LAST)

    def behind(self, position: Position, prefixes: tuple[str, ...]) -> list[Event]:
        return [event for event in self.events if event.position > position and selected(event.key, prefixes)]

    def listed(self, prefix: str, revision: int) -> list[Record]:
        """What stood below a prefix at a revision that a restart may have skipped."""
        world = self.worlds[max(known for known in self.worlds if known <= revision)]
        return [world[key] for key in sorted(world) if selected(key, (prefix,))]


def selected(key: str, prefixes: tuple[str, ...]) -> bool:
    return any(key == prefix or (prefix.endswith("/") and key.startswith(prefix)) for prefix in prefixes)
