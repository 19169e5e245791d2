"""What tests of operators and controllers need: time that does not pass by itself, and waiting for a condition.

@virtual_time
async def test_it_is_tried_again_after_a_minute() -> None:
    ...
    await asyncio.sleep(60)  # takes no time

await eventually(lambda: recorder.names == ["web", "db"])
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from inspect import isawaitable
from typing import Any, Final, ParamSpec

__all__ = ["VirtualLoop", "eventually", "virtual_time"]

P = ParamSpec("P")

_POLL_SECONDS: Final = 0.005


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while anything can run, and then jumps to the next timer.

    Sockets work as long as both ends are in this loop. A thread does not: the loop would not wait for it.
    """

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_JumpingSelector(self._advance))

    def time(self) -> float:
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds


class _JumpingSelector(selectors.DefaultSelector):
    """Where another selector would wait, it lets the clock jump."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("deadlock: every task waits for something that no timer and no socket will bring")
        self._advance(timeout)
        return []


def virtual_time(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in a `VirtualLoop` of its own. For pytest it is then a plain test."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(function(*args, **kwargs))

    return run


async def eventually(condition: Callable[[], bool | Awaitable[bool]], timeout: float = 5.0) -> None:
    """Wait until the condition holds, looking every 5 ms. Raises `TimeoutError` if it does not within `timeout` s."""
    async with asyncio.timeout(timeout):
        while True:
            answer = condition()
            if await answer if isawaitable(answer) else answer:
                return
            await asyncio.sleep(_POLL_SECONDS)
