"""An index of some of the store's objects that is never behind: it is brought up to date before each question.

Whoever wrote an object can rely on it from the moment on that the writer has the answer; there is no cache that lags,
and no scan. Idle, asking costs a comparison of two numbers (see `hub`).
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from fizz.apiserver.store.types import LAST, Compacted, EventType, Store, Watcher

__all__ = ["Follower"]


class Observe(Protocol):
    """Takes a stored value as it is now, or, if it is gone, as it was last."""

    def __call__(self, value: bytes, *, gone: bool) -> None: ...


class Follower:
    """Tells `observe` of everything under some prefixes, each change once and in order. `reset` is called when all is
    told anew: at first, and when nobody asked for so long that the log does not reach back.
    """

    def __init__(self, store: Store, prefixes: tuple[str, ...], reset: Callable[[], None], observe: Observe) -> None:
        self._store, self._prefixes, self._reset, self._observe = store, prefixes, reset, observe
        self._watcher: Watcher | None = None
        self._lock = asyncio.Lock()

    @property
    def is_current(self) -> bool:
        """Whether everything that is committed was told."""
        return self._watcher is not None and self._watcher.position >= (self._store.revision, LAST)

    async def catch_up(self) -> None:
        """Tell everything that is committed and was not told yet."""
        async with self._lock:
            try:
                await self._follow()
            except Compacted:
                self._watcher = None
                await self._follow()

    async def _follow(self) -> None:
        if self._watcher is None:
            await self._fill()
        assert self._watcher is not None
        while events := await self._watcher.next(0):
            for event in events:
                self._observe(event.value, gone=event.type is EventType.DELETED)

    async def _fill(self) -> None:
        revision = self._store.revision
        pages = [await self._store.list(prefix, revision=revision or None) for prefix in self._prefixes]
        self._watcher = self._store.watch(self._prefixes, (revision, LAST))
        self._reset()
        for page in pages:
            for record in page.records:
                self._observe(record.value, gone=False)
