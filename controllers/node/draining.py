"""Before a container is stopped, the ingress takes it out: how long the agent waits for that.

The agent says `Stopping`; the ingress sends no more connections there, waits for those that are open and says `Drained`
(`status.ingress.state`). An ingress that says nothing, because it does not run or because connections never end, is not
waited for longer than half of the container's grace period, and five seconds at most: the rest of the time is the
program's own, which may finish what it has begun when it gets its signal.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from fizz.controllers.node.create import stop_seconds
from fizz.schemas.container import Container

__all__ = ["Drains", "is_in_use", "patience"]

_LONGEST_SECONDS: Final = 5.0
_ENGINE_SECONDS: Final = 10


def is_in_use(item: Container) -> bool:
    """Whether the ingress may still send connections to it, or wait for some."""
    ingress = item.status.ingress if item.status else None
    return ingress is not None and ingress.state in {"Waiting", "Serving", "Draining"}


def patience(item: Container) -> float:
    """The seconds to wait at most."""
    grace = item.metadata.deletion_grace_period_seconds
    if grace is None:
        grace = stop_seconds(item.spec)
    return min((_ENGINE_SECONDS if grace is None else grace) / 2, _LONGEST_SECONDS)


def _clock() -> float:
    return asyncio.get_running_loop().time()


class Drains:
    """When the agent began to wait, by uid of the Container."""

    def __init__(self, clock: Callable[[], float] = _clock) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}

    def remaining(self, item: Container) -> float:
        """The seconds that are left to wait; the first call begins. 0 if there is nothing to wait for, or no more."""
        if not is_in_use(item):
            return 0.0
        began = self._began.setdefault(item.metadata.uid or "", self._clock())
        return max(0.0, began + patience(item) - self._clock())

    def forget(self, uid: str) -> None:
        """It is gone."""
        self._began.pop(uid, None)
