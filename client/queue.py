"""The work queue of a controller: which objects are to be looked at, each at most once at a time.

- What is added while it waits, waits once. What is added while it is being worked on, is worked on once more after.
- `add_after` adds later; of several such wishes for one item, the earliest counts.
- `add_rate_limited` adds after a back-off that doubles with each failure of the item: 5 ms, 10 ms ... 60 s. `forget`
  ends the row of failures.

Everything that decides is in the `_nowait` half, which is given the time. `get` only waits.

     add ──▶ waiting ──get──▶ working ──done──▶ (gone, or waiting again if added meanwhile)
              ▲
    add_after └── due at ...
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from fizz.client.backoff import exponential

__all__ = ["QueueClosed", "WorkQueue"]

K = TypeVar("K", bound=Hashable)

_BASE_SECONDS: Final = 0.005
_LIMIT_SECONDS: Final = 60.0


class QueueClosed(Exception):
    """The queue is closed: there will be no more work."""


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class WorkQueue(Generic[K]):
    """Items to work on. All methods are for the event loop's thread.

    `clock` gives the time in seconds from any fixed point; by default it is the event loop's. `base` and `limit` bound
    the back-off of failing items.
    """

    def __init__(
        self, *, base: float = _BASE_SECONDS, limit: float = _LIMIT_SECONDS, clock: Callable[[], float] = _loop_time
    ) -> None:
        self._base, self._limit, self._clock = base, limit, clock
        self._waiting: deque[K] = deque()
        self._dirty: set[K] = set()  # wanted: waiting, or added again while working
        self._working: set[K] = set()
        self._due: dict[K, float] = {}
        self._agenda: list[tuple[float, int, K]] = []  # heap; entries that `_due` does not confirm are void
        self._count = 0
        self._failures: dict[K, int] = {}
        self._getters: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        """How many items wait; those that are due later do not count."""
        return len(self._waiting)

    def add(self, item: K) -> None:
        """The item is to be worked on."""
        if self._closed or item in self._dirty:
            return
        self._dirty.add(item)
        if item not in self._working:
            self._enqueue(item)

    def add_after(self, item: K, delay: float) -> None:
        """The item is to be worked on in `delay` seconds, unless an earlier time was set already."""
        if self._closed:
            return
        if delay <= 0:
            self.add(item)
            return
        due = self._clock() + delay
        if self._due.get(item, due + 1) <= due:
            return
        self._due[item] = due
        self._count += 1
        heapq.heappush(self._agenda, (due, self._count, item))
        self._wake()  # whoever waits must now perhaps wait less

    def add_rate_limited(self, item: K) -> None:
        """The item failed: it is to be worked on again after its back-off."""
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        self.add_after(item, exponential(failures, self._base, self._limit))

    def forget(self, item: K) -> None:
        """The item succeeded, or is given up: its next back-off begins anew."""
        self._failures.pop(item, None)

    def failures(self, item: K) -> int:
        """How often the item failed in a row."""
        return self._failures.get(item, 0)

    def get_nowait(self) -> K | None:
        """The next item, which is then being worked on until `done`; None if none waits or is due."""
        self._collect_due()
        if not self._waiting:
            return None
        item = self._waiting.popleft()
        self._dirty.discard(item)
        self._working.add(item)
        return item

    def done(self, item: K) -> None:
        """The work on the item is over."""
        self._working.discard(item)
        if item in self._dirty:
            self._enqueue(item)

    async def get(self) -> K:
        """The next item; waits for one. Raises `QueueClosed` once the queue is closed, whatever waits in it."""
        while not self._closed:
            item = self.get_nowait()
            if item is not None:
                return item
            await self._wait()
        raise QueueClosed

    def close(self) -> None:
        """No more work: `add` does nothing from now on, and all that wait in `get` are told."""
        self._closed = True
        while self._getters:
            self._wake()

    def _enqueue(self, item: K) -> None:
        self._waiting.append(item)
        self._wake()

    def _collect_due(self) -> None:
        now = self._clock()
        while self._agenda and self._agenda[0][0] <= now:
            due, _, item = heapq.heappop(self._agenda)
            if self._due.get(item) == due:
                del self._due[item]
                self.add(item)

    def _wake(self) -> None:
        while self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                return

    async def _wait(self) -> None:
        """Wait until something is added, or the next item is due."""
        loop = asyncio.get_running_loop()
        getter = loop.create_future()
        self._getters.append(getter)
        delay = max(0.0, self._agenda[0][0] - self._clock()) if self._agenda else None
        timer = loop.call_later(delay, self._wake) if delay is not None else None
        try:
            await getter
        except asyncio.CancelledError:
            if getter.done() and not getter.cancelled():
                self._wake()  # the wake-up was ours, but we are leaving: pass it on
            raise
        finally:
            if timer:
                timer.cancel()
            if getter in self._getters:
                self._getters.remove(getter)
