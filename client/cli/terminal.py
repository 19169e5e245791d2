"""The person's terminal, or the pipes in its place, and a program in a container: each is told what the other says.

With a terminal on both sides, the local one is set raw, so that every key goes there, Ctrl-C too, and its size follows
that of the window. It is always given back as it was. Without, signals that the person sends are passed on if wanted.

Reading standard input blocks, and cannot be given up. It has a thread of its own, which ends with the process.
"""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import BinaryIO, Final

from fizz.client.cli.detach import DEFAULT_KEYS, DetachKeys, parse_keys
from fizz.client.conversation import Conversation
from fizz.schemas.channels import Ending

__all__ = ["PASSED_ON", "Streams", "both_are_terminals", "interact", "terminal_size"]

_CHUNK: Final = 32 * 1024
PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that go to the program instead of ending this one."""


def both_are_terminals() -> bool:
    """Whether a person types and reads, so that a program there should have a terminal, too."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class Streams:
    """What is talked with: whether what is typed or piped is passed on, whether there is a terminal in the container,
    and how the person leaves. `on_signal` is told the signals that come, by name; None: they end this program.
    """

    def __init__(
        self,
        stdin: bool = True,
        tty: bool = False,
        detach_keys: str = DEFAULT_KEYS,
        on_signal: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self.stdin, self.tty, self.on_signal = stdin, tty, on_signal
        self.keys = parse_keys(detach_keys) if tty else b""


async def interact(talk: Conversation, streams: Streams) -> Ending:
    """Talk until the program ends or the person leaves. Raises what the conversation raises."""
    left = asyncio.Event()
    showing = asyncio.create_task(_show(talk))
    tasks = [asyncio.create_task(_type(talk, streams, left))] if streams.stdin else []
    leaving = asyncio.create_task(left.wait())
    with _raw(streams), _signals(talk, streams):
        try:
            if streams.tty:
                await talk.resize(*terminal_size())
            await asyncio.wait([showing, leaving], return_when=asyncio.FIRST_COMPLETED)
            if not showing.done():
                return Ending(detached=True)
            showing.result()
        finally:
            for task in (showing, leaving, *tasks):
                task.cancel()
            await asyncio.gather(showing, leaving, *tasks, return_exceptions=True)
    assert talk.ending is not None, "a conversation ends with its ending, or in an error"
    return talk.ending


async def _show(talk: Conversation) -> None:
    places = {"stdout": sys.stdout.buffer, "stderr": sys.stderr.buffer}
    async for stream, text in talk:
        # Who reads slowly slows the program down, and nothing else.
        await asyncio.to_thread(_write, places[stream], text)


def _write(place: BinaryIO, text: bytes) -> None:
    place.write(text)
    place.flush()


async def _type(talk: Conversation, streams: Streams, left: asyncio.Event) -> None:
    """Pass on what is typed, no faster than it is taken."""
    keys = DetachKeys(streams.keys)
    async for typed in _read(sys.stdin.fileno()):
        if passed := keys.feed(typed):
            await talk.write(passed)
        if keys.is_complete:
            left.set()
            return
    await talk.end_input()


async def _read(file: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    coming: asyncio.Queue[bytes] = asyncio.Queue(1)

    def read() -> None:
        with contextlib.suppress(RuntimeError, OSError):  # the loop is closed: nobody waits any more
            while data := os.read(file, _CHUNK):
                asyncio.run_coroutine_threadsafe(coming.put(data), loop).result()
        with contextlib.suppress(RuntimeError):
            asyncio.run_coroutine_threadsafe(coming.put(b""), loop)

    threading.Thread(target=read, name="fizz-stdin", daemon=True).start()
    while data := await coming.get():
        yield data


@contextlib.contextmanager
def _raw(streams: Streams) -> Iterator[None]:
    if not (streams.tty and streams.stdin and sys.stdin.isatty()):
        yield
        return
    import termios  # not on every platform that can print a compose file
    import tty

    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    try:
        tty.setraw(file)
        yield
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _signals(talk: Conversation, streams: Streams) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    taken: list[int] = []
    running: set[asyncio.Task[None]] = set()

    def take(number: int, action: Callable[[], Awaitable[None]]) -> None:
        def act() -> None:
            task = asyncio.ensure_future(action())
            running.add(task)
            task.add_done_callback(running.discard)

        loop.add_signal_handler(number, act)
        taken.append(number)

    try:
        if streams.tty:
            take(signal.SIGWINCH, lambda: talk.resize(*terminal_size()))
        if streams.on_signal is not None:
            for each in PASSED_ON:
                take(each, _told(streams.on_signal, each.name))
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


def _told(on_signal: Callable[[str], Awaitable[None]], name: str) -> Callable[[], Awaitable[None]]:
    return lambda: on_signal(name)


def terminal_size() -> tuple[int, int]:
    """Rows and columns of the terminal itself, whatever the environment says."""
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return 24, 80
    return rows or 24, columns or 80
