"""Blocking calls away from the event loop.

`call` runs a function that may block for long in a thread of its own. The threads are daemons: a process that is told
to end does not wait for a container that takes its time to stop. Short calls have the engine's bounded pool instead.

`blocking` is the other way round: what a thread reads, the event loop provides.

`Stream` reads a blocking iterator, one item when one is asked for, so that a slow reader slows the writer down and
nothing piles up in between. Closing it unblocks the thread by closing what it reads from.
"""

import asyncio
import threading
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import suppress
from typing import Final, Generic, TypeVar

__all__ = ["Stream", "blocking", "call"]

T = TypeVar("T")

_END: Final = object()


async def call(function: Callable[[], T]) -> T:
    """Run the function in a new thread and wait for it. Cancelling stops the waiting, not the function."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None stands for no result only beside an error

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function()
        except BaseException as raised:  # whatever it is, the one who waits is told
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="fizz-engine-call", daemon=True).start()
    return await future


def blocking(items: AsyncIterable[T]) -> Iterator[T]:
    """A blocking iterator over an async one, for another thread than the event loop's. Call it in the loop."""
    loop = asyncio.get_running_loop()
    source = aiter(items)

    async def following() -> T | object:
        return await anext(source, _END)

    def run() -> Iterator[T]:
        while (item := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not _END:
            yield item  # type: ignore[misc]  # whatever is not the end is a T

    return run()


class Stream(Generic[T]):
    """An async iterator over a blocking one. `close` must make a blocked `next` return or raise; it may be called from
    any thread, and after the end.
    """

    def __init__(self, items: Iterator[T], close: Callable[[], None]) -> None:
        self._items = items
        self._close = close
        self._closed = False

    def __aiter__(self) -> "Stream[T]":
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        item = await call(lambda: next(self._items, _END))
        if item is _END:
            raise StopAsyncIteration
        return item  # type: ignore[return-value]  # whatever is not the end is a T

    def close(self) -> None:
        """Stop reading. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._close()
