"""How much history a store keeps, and the loop that sees to it.

History serves watchers that come back after a pause and pages of long listings; it costs disk. A store keeps what is
younger than `age`, unless that is more than `count` revisions. The clock tells when a revision was the latest one only
by looking from time to time, so history is kept up to one `interval` longer than it must be, and after a restart
everything counts as young:

    looked at  12:00 → 100, 12:30 → 250, 13:00 → 300, 13:10 → 310      age 1 h, now 13:10
    the store was at 100 an hour ago or earlier, so nobody needs 100 and before: compact to 100
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog

from fizz.apiserver.store.revision import decode, encode
from fizz.apiserver.store.types import Closed, Revision, Store, StoreError

__all__ = ["DEFAULT", "Compactor", "Look", "Retention", "compact_to"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept.

    `age`: seconds. A client that was away for less can go on where it was; one that was away longer must list again.
    `count`: revisions. It bounds the disk: the log takes about `count * (2 * size of an object + 100)` bytes, rounded
    up to whole pages of 4 KiB for objects over 1 KB, so 1 GiB for 1 KB objects with the default.
    `interval`: seconds between two looks. What is written in between comes on top of `count`.
    """

    age: float = 3600
    count: int = 250_000
    interval: float = 30


DEFAULT: Final = Retention()


class Look(NamedTuple):
    """At this time (any clock that only goes forward, in seconds) the store was at this revision."""

    time: float
    revision: Revision


def compact_to(looks: Sequence[Look], retention: Retention) -> Revision | None:
    """The revision up to which history may be forgotten, as of the last of some looks; None where all is kept.

    `looks` are in order; there is one at least.
    """
    now, revision = looks[-1]
    replica, sequence = decode(revision)
    old = [look.revision for look in looks if look.time <= now - retention.age]
    too_many = encode(replica, max(0, sequence - retention.count))
    oldest_kept = max([*old, too_many])
    return oldest_kept if decode(oldest_kept).sequence else None


class Compactor:
    """Looks at a store again and again, and compacts it when there is something to forget."""

    def __init__(
        self, store: Store, retention: Retention = DEFAULT, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self._looks: list[Look] = []

    async def step(self) -> None:
        """Look once."""
        self._looks.append(Look(self._clock(), self._store.revision))
        target = compact_to(self._looks, self._retention)
        if target is not None and target > self._store.compacted:
            await self._store.compact(target)
            log.info("compacted", revision=target, current=self._store.revision)
        # Of the looks that are too old only the latest says anything.
        expired = sum(look.time <= self._looks[-1].time - self._retention.age for look in self._looks)
        del self._looks[: max(0, expired - 1)]

    async def run(self) -> None:
        """Look every `interval` seconds until cancelled. Ends by itself where it would compact a closed store."""
        while True:
            try:
                await self.step()
            except Closed:
                return
            except StoreError as error:
                log.warning("history cannot be compacted now", error=str(error))
            await asyncio.sleep(self._retention.interval)
