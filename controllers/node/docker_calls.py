"""Calls to a Docker Engine from the event loop, and bodies that go on.

Short calls run in a bounded pool of threads; what may take long (stopping, pulling, following) has threads of its own,
so that twenty containers that take their time to stop hold up nobody.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar
from urllib.parse import quote

import orjson
import requests
import urllib3
from docker.types.daemon import CancellableStream

from fizz.controllers.node import threads
from fizz.controllers.node.docker_connection import DockerConnection, Params
from fizz.controllers.node.engine import EngineLost
from fizz.schemas.base import JSON

__all__ = ["DockerCalls", "chunks", "json_batches", "segment"]

T = TypeVar("T")

_CHUNK: Final = 64 * 1024


class DockerCalls:
    """The engine at `host` (as DOCKER_HOST names it), with at most `calls` short calls at a time."""

    def __init__(self, host: str, *, calls: int = 16) -> None:
        self.connection = DockerConnection(host)
        self._pool = ThreadPoolExecutor(calls, thread_name_prefix="fizz-engine")
        self._streams: set[threads.Stream[Any]] = set()

    async def close(self) -> None:
        """End all streams and give up all connections."""
        for stream in list(self._streams):
            stream.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.connection.close()

    async def json(
        self, verb: str, method: str, path: str, params: Params | None = None, body: JSON | None = None
    ) -> Any:
        """The answer to a short call."""
        return await self.quick(lambda: orjson.loads(self.connection.send(verb, method, path, params, body).content))

    async def quick(self, function: Callable[[], T]) -> T:
        """A short call."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def stream(self, response: requests.Response, items: Iterator[T]) -> threads.Stream[T]:
        """Items that are made of a body that goes on; give it to `end` when done."""
        handle = CancellableStream(iter(()), response)

        def close() -> None:
            with suppress(Exception):  # the connection is gone already, in one of the library's many ways
                handle.close()

        stream = threads.Stream(items, close)
        self._streams.add(stream)
        return stream

    def end(self, stream: threads.Stream[Any]) -> None:
        """Read no more of it."""
        self._streams.discard(stream)
        stream.close()


def segment(text: str) -> str:
    """Part of a path."""
    return quote(text, safe="")


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes. A connection that breaks is the engine's end, not the body's."""
    try:
        yield from response.raw.stream(_CHUNK)
    except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
        raise EngineLost(f"the connection to the Docker Engine broke: {error}") from error
    finally:
        response.close()


def json_batches(response: requests.Response) -> Iterator[list[JSON]]:
    """The lines of a body, as they come."""
    rest = b""
    for chunk in chunks(response):
        *lines, rest = (rest + chunk).split(b"\n")
        yield [orjson.loads(line) for line in lines if line.strip()]
    if rest.strip():
        yield [orjson.loads(rest)]
