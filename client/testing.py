"""What tests of operators and controllers need: a server, time that does not pass by itself, waiting for a condition.

    async def test_it_keeps_what_it_is_given(tmp_path: Path) -> None:
        async with server(tmp_path) as client:
            await client.create(...)

@virtual_time
async def test_it_is_tried_again_after_a_minute() -> None:
    ...
    await elapse(60)  # takes no time

await eventually(lambda: recorder.names == ["web", "db"])
"""

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from inspect import isawaitable
from pathlib import Path
from typing import Any, Final, ParamSpec

from fizz.client.api import Client

__all__ = ["VirtualLoop", "elapse", "eventually", "server", "virtual_time"]

P = ParamSpec("P")

_POLL_SECONDS: Final = 0.005


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Client]:
    """A real API server in this loop, on a unix socket in the folder, with its store beside it; a client for it.

    Entering it again with the same folder is a restart: what was stored is there. Needs real time: its store has a
    thread.
    """
    from fizz.apiserver import app

    ready, stop = asyncio.Event(), asyncio.Event()
    config = app.Config(store=folder / "store", socket=folder / "fizz.sock", shutdown_seconds=1.0)
    serving = asyncio.create_task(app.serve(config, ready.set, stop), name="API server")
    starting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait([serving, starting], return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            async with Client(f"unix://{config.socket}") as client:
                yield client
    finally:
        starting.cancel()
        stop.set()
        await serving


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


async def elapse(seconds: float) -> None:
    """Let virtual time run on, and whatever is due meanwhile run. Raises `RuntimeError` in real time."""
    if not isinstance(asyncio.get_running_loop(), VirtualLoop):
        raise RuntimeError("only virtual time elapses at will: use @virtual_time, or wait for a condition")
    await asyncio.sleep(seconds)


async def eventually(condition: Callable[[], bool | Awaitable[bool]], timeout: float = 5.0) -> None:
    """Wait until the condition holds, looking every 5 ms. Raises `TimeoutError` if it does not within `timeout` s."""
    async with asyncio.timeout(timeout):
        while True:
            answer = condition()
            if await answer if isawaitable(answer) else answer:
                return
            await asyncio.sleep(_POLL_SECONDS)
