"""What can be said of the real engine without one: threads, streams, and an engine that is not there."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fizz.controllers.node import threads
from fizz.controllers.node.docker_engine import DockerEngine
from fizz.controllers.node.engine import EngineLost


async def test_a_call_runs_elsewhere_and_brings_back_what_it_gives() -> None:
    assert await threads.call(threading.current_thread) is not threading.current_thread()


async def test_a_call_brings_back_what_it_raises() -> None:
    def fail() -> None:
        raise EngineLost("no answer")

    with pytest.raises(EngineLost, match="no answer"):
        await threads.call(fail)


async def test_waiting_for_a_call_can_be_given_up() -> None:
    go = threading.Event()
    waiting = asyncio.create_task(threads.call(go.wait))
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()


async def test_a_stream_reads_one_item_when_one_is_asked_for() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(3):
            read.append(number)
            yield number

    closed: list[bool] = []
    stream = threads.Stream(items(), lambda: closed.append(True))

    first = await anext(stream)
    seen = list(read)
    rest = [item async for item in stream]
    stream.close()
    stream.close()

    assert (first, seen, rest, closed) == (0, [0], [1, 2], [True])
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


@pytest.fixture
def silent(tmp_path: Path) -> str:
    """A socket at which nobody listens any more."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    return f"unix://{path}"


async def test_an_engine_that_is_not_there_is_lost(silent: str, tmp_path: Path) -> None:
    for host in (silent, f"unix://{tmp_path}/absent.sock"):
        engine = DockerEngine(host)
        for call in (engine.info, engine.ping, lambda engine=engine: engine.start("abc")):
            with pytest.raises(EngineLost, match=host):
                await call()
        with pytest.raises(EngineLost):
            async with engine.events():
                pass
        await engine.close()
