"""When to try again what failed: later with every failure, and from the beginning after a success.

The work queue has a back-off, too, but an event puts an object back into it at once, and a container that fails to
start makes events. So the agent keeps its own times, and before they have come it looks, but does not act.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from fizz.client.backoff import exponential

__all__ = ["Retries"]

K = TypeVar("K", bound=Hashable)

_FIRST_SECONDS: Final = 0.25
_LAST_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Failing:
    """`of` is what was tried: if that changes, the row of failures ends."""

    of: object
    failures: int
    until: float


class Retries(Generic[K]):
    """Times of trying again, by key. `clock` gives seconds from any fixed point."""

    def __init__(
        self, clock: Callable[[], float], *, first: float = _FIRST_SECONDS, last: float = _LAST_SECONDS
    ) -> None:
        self._clock, self._first, self._last = clock, first, last
        self._failing: dict[K, _Failing] = {}

    def failed(self, key: K, of: object = None) -> float:
        """It failed once more. The seconds until it should be tried again."""
        known = self._failing.get(key)
        failures = known.failures + 1 if known and known.of == of else 1
        wait = exponential(failures - 1, self._first, self._last)
        self._failing[key] = _Failing(of, failures, self._clock() + wait)
        return wait

    def failures(self, key: K) -> int:
        """How often it failed in a row."""
        known = self._failing.get(key)
        return known.failures if known else 0

    def hurry(self, key: K) -> None:
        """Something changed that may help: the next attempt may come at once. The row of failures goes on."""
        if known := self._failing.get(key):
            self._failing[key] = replace(known, until=self._clock())

    def succeeded(self, key: K) -> None:
        """It worked, or is not tried any more."""
        self._failing.pop(key, None)

    def remaining(self, key: K, of: object = None) -> float:
        """The seconds until it should be tried again; 0 if now."""
        known = self._failing.get(key)
        return max(0.0, known.until - self._clock()) if known and known.of == of else 0.0
