"""Records with a time to live are deleted when it is over: by an ordinary commit, so that watchers see it.

A record is deleted only at the revision at which it was found to be due, so one that was written anew in the meantime
stays. The clock is that of the store and is asked again for every pass; it may jump.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from fizz.apiserver.store.types import Change, Closed, Conflict, Record, Revision, StoreError

__all__ = ["Expirer", "Expiring"]

_BATCH: Final = 256
_LONGEST_WAIT: Final = 60.0
"""Seconds. The clock may jump forward while one waits; this bounds how long that goes unnoticed."""
_WAIT_AFTER_ERROR: Final = 5.0
"""Seconds. A deletion is written to the log and needs space like anything else; so it may be refused for a while."""

log = structlog.get_logger()


class Expiring(Protocol):
    """What is needed of a store. Times are in milliseconds since 1970."""

    def due(self, now: int, limit: int) -> Sequence[Record]: ...

    def deadline(self) -> int | None: ...

    async def commit(self, changes: Sequence[Change]) -> Revision: ...


class Expirer:
    """Deletes what is due: `run` whenever it is time, `expire` when told."""

    def __init__(self, store: Expiring, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._changed = asyncio.Event()

    def stir(self) -> None:
        """A record with a time to live was written."""
        self._changed.set()

    async def expire(self) -> int:
        """Delete everything that is due now; returns how many records that were. Raises `Full`."""
        deleted = 0
        while due := self._store.due(int(self._clock() * 1000), _BATCH):
            deletions = (self._store.commit([Change(each.key, None, expected=each.revision)]) for each in due)
            for outcome in await asyncio.gather(*deletions, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict):
                    raise outcome
                deleted += not isinstance(outcome, Conflict)
        return deleted

    async def run(self) -> None:
        """Delete what is due whenever it is time, until cancelled or until the store is closed."""
        while True:
            self._changed.clear()
            try:
                await self.expire()
                wait = self._until_next()
            except Closed:
                return
            except StoreError as error:
                log.warning("expired records cannot be deleted now", error=str(error))
                wait = _WAIT_AFTER_ERROR
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _until_next(self) -> float:
        deadline = self._store.deadline()
        return _LONGEST_WAIT if deadline is None else min(max(deadline / 1000 - self._clock(), 0.001), _LONGEST_WAIT)
