"""A Docker Engine behind the `Engine` protocol.

Paths and payloads are the Engine API's own. Short calls run in a bounded pool of threads; what may take long (stopping,
pulling, following) has threads of its own, so that twenty containers that take their time to stop hold up nobody.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

import orjson
import requests
import urllib3
from docker.types.daemon import CancellableStream
from docker.utils import parse_repository_tag

from fizz.controllers.node import threads
from fizz.controllers.node.docker_connection import DockerConnection, Params
from fizz.controllers.node.engine import (
    Connection,
    Created,
    CreateRequest,
    EngineContainer,
    EngineEvent,
    EngineImage,
    EngineInfo,
    EngineLost,
    EngineNetwork,
    EngineVolume,
    ExecRequest,
    Execution,
    LogEntry,
    Missing,
    PullFailed,
    PullProgress,
)
from fizz.controllers.node.engine_json import (
    container_of,
    event_of,
    image_of,
    info_of,
    network_of,
    volume_of,
)
from fizz.controllers.node.log_frames import LogFrames
from fizz.controllers.node.pull_progress import Layers
from fizz.controllers.node.unix_time import to_unix
from fizz.schemas.base import JSON

__all__ = ["DockerEngine"]

T = TypeVar("T")

_LONG_CALLS: Final = 256
"""Containers that are being stopped at the same time, at most; each has a thread that waits."""
_CHUNK: Final = 64 * 1024
_KEPT_OUTPUT: Final = 4096
"""Bytes of what a command in a container writes that are kept, from the end."""

_EVENTS: Final = {
    "type": ["container", "network", "volume", "image"],
    "event": [
        "create", "start", "restart", "die", "oom", "kill", "stop", "pause", "unpause", "rename", "update",
        "health_status", "destroy", "remove", "connect", "disconnect", "pull", "load", "import", "tag",
    ],
}  # fmt: skip
"""What changes something that the agent looks at. Left out above all: exec, which every health check does."""


class DockerEngine:
    """The engine at `host` (as DOCKER_HOST names it), with at most `calls` short calls at a time."""

    def __init__(self, host: str, *, calls: int = 16) -> None:
        self._connection = DockerConnection(host)
        self._pool = ThreadPoolExecutor(calls, thread_name_prefix="fizz-engine")
        self._long = asyncio.Semaphore(_LONG_CALLS)
        self._streams: set[threads.Stream[Any]] = set()

    # The engine as a whole

    async def info(self) -> EngineInfo:
        data = await self._json("info", "GET", "/info")
        return info_of(data, self._connection.version)

    async def ping(self) -> None:
        await self._quick(self._connection.knock)

    async def close(self) -> None:
        for stream in list(self._streams):
            stream.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._connection.close()

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[EngineEvent]]:
        self._connection.forget()
        # The engine answers before it listens. Asking for what happened since the second of a moment ago, by its own
        # clock, leaves no gap; what comes twice is only a hint more.
        pong = await self._quick(lambda: self._connection.send("ping", "GET", "/_ping"))
        params = {"filters": json.dumps(_EVENTS)}
        if "Date" in pong.headers:
            params["since"] = str(int(parsedate_to_datetime(pong.headers["Date"]).timestamp()))
        response = await self._quick(
            lambda: self._connection.send("events", "GET", "/events", params, timeout=None, stream=True)
        )
        stream = self._stream(response, _event_batches(response))
        try:
            yield _one_by_one(stream)
        finally:
            self._end(stream)

    # Containers

    async def containers(self, label: str) -> Sequence[EngineContainer]:
        params = {"all": "1", "filters": json.dumps({"label": [label]})}
        listed = await self._json("containers", "GET", "/containers/json", params)
        found = await asyncio.gather(*(self._inspect_if_there(item["Id"]) for item in listed))
        return [container for container in found if container is not None]

    async def _inspect_if_there(self, container: str) -> EngineContainer | None:
        try:
            return await self.inspect(container)
        except Missing:
            return None

    async def inspect(self, container: str) -> EngineContainer:
        return container_of(await self.raw(container))

    async def raw(self, container: str) -> JSON:
        data: JSON = await self._json("inspect", "GET", f"/containers/{_segment(container)}/json")
        return data

    async def create(self, request: CreateRequest) -> Created:
        params = {"name": request.name} | ({"platform": request.platform} if request.platform else {})
        answer = await self._json("create", "POST", "/containers/create", params, request.body)
        return Created(answer["Id"], tuple(answer.get("Warnings") or ()))

    async def connect(self, container: str, connection: Connection) -> None:
        body = {"Container": container, "EndpointConfig": connection.settings}
        path = f"/networks/{_segment(connection.network)}/connect"
        await self._quick(lambda: self._connection.send("connect", "POST", path, body=body))

    async def start(self, container: str) -> None:
        await self._quick(lambda: self._connection.send("start", "POST", f"/containers/{_segment(container)}/start"))

    async def rename(self, container: str, name: str) -> None:
        path = f"/containers/{_segment(container)}/rename"
        await self._quick(lambda: self._connection.send("rename", "POST", path, {"name": name}))

    async def stop(self, container: str, seconds: int | None = None) -> None:
        path = f"/containers/{_segment(container)}/stop"
        params = {} if seconds is None else {"t": str(seconds)}
        async with self._long:
            await threads.call(lambda: self._connection.send("stop", "POST", path, params, timeout=None))

    async def execute(self, container: str, request: ExecRequest) -> Execution:
        body = {
            "AttachStdout": True,
            "AttachStderr": True,
            "Cmd": list(request.command),
            "Env": list(request.environment),
            "User": request.user,
            "WorkingDir": request.working_dir,
            "Privileged": request.privileged,
        }
        made = await self._json("exec", "POST", f"/containers/{_segment(container)}/exec", None, body)
        path = f"/exec/{_segment(made['Id'])}"
        async with self._long:
            output = await threads.call(lambda: self._output_of(f"{path}/start"))
        done = await self._json("exec", "GET", f"{path}/json")
        return Execution(-1 if done["ExitCode"] is None else done["ExitCode"], output)

    def _output_of(self, path: str) -> str:
        """Start the command and read what it writes until it ends; the end of that."""
        body = {"Detach": False, "Tty": False}
        response = self._connection.send("exec", "POST", path, body=body, timeout=None, stream=True)
        frames, kept = LogFrames(tty=False, timed=False), b""
        for chunk in _chunks(response):
            kept = (kept + b"".join(entry.text for entry in frames.feed(chunk)))[-_KEPT_OUTPUT:]
        return kept.decode(errors="replace")

    async def remove(self, container: str) -> None:
        path = f"/containers/{_segment(container)}"
        await self._quick(lambda: self._connection.send("remove", "DELETE", path, {"v": "1", "force": "1"}))

    async def logs(
        self, container: EngineContainer, *, follow: bool, tail: int | None, since: str
    ) -> AsyncGenerator[Sequence[LogEntry], None]:
        params = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": "1" if follow else "0"}
        params["tail"] = "all" if tail is None else str(tail)
        if since:
            params["since"] = to_unix(since)
        path = f"/containers/{_segment(container.id)}/logs"
        response = await self._quick(
            lambda: self._connection.send("logs", "GET", path, params, timeout=None, stream=True)
        )
        stream = self._stream(response, _log_batches(response, LogFrames(tty=container.tty)))
        try:
            async for batch in stream:
                yield batch
        finally:
            self._end(stream)

    # Networks, volumes, images

    async def networks(self, name: str) -> Sequence[EngineNetwork]:
        found = await self._networks({"name": [name]})  # the engine finds parts of names, too
        return [network for network in found if network.name == name]

    async def labelled_networks(self, label: str) -> Sequence[EngineNetwork]:
        return await self._networks({"label": [label]})

    async def _networks(self, filters: Mapping[str, Sequence[str]]) -> list[EngineNetwork]:
        listed = await self._json("networks", "GET", "/networks", {"filters": json.dumps(filters)})
        return [network_of(item) for item in listed]

    async def create_network(self, body: JSON) -> str:
        answer = await self._json("create_network", "POST", "/networks/create", None, body)
        return str(answer["Id"])

    async def remove_network(self, network: str) -> None:
        path = f"/networks/{_segment(network)}"
        await self._quick(lambda: self._connection.send("remove_network", "DELETE", path))

    async def volume(self, name: str) -> EngineVolume | None:
        try:
            return volume_of(await self._json("volume", "GET", f"/volumes/{_segment(name)}"))
        except Missing:
            return None

    async def create_volume(self, body: JSON) -> EngineVolume:
        return volume_of(await self._json("create_volume", "POST", "/volumes/create", None, body))

    async def remove_volume(self, name: str) -> None:
        await self._quick(lambda: self._connection.send("remove_volume", "DELETE", f"/volumes/{_segment(name)}"))

    async def image(self, name: str) -> EngineImage | None:
        try:
            return image_of(await self._json("image", "GET", f"/images/{quote(name, safe='/:@')}/json"))
        except Missing:
            return None

    async def pull(self, name: str, platform: str) -> AsyncGenerator[PullProgress, None]:
        repository, tag = parse_repository_tag(name)
        params = {"fromImage": repository, "tag": tag or "latest"} | ({"platform": platform} if platform else {})
        response = await threads.call(lambda: self._start_pull(repository, params))
        stream = self._stream(response, _json_batches(response))
        layers = Layers()
        try:
            async for batch in stream:
                for line in batch:
                    if message := line.get("error"):
                        raise PullFailed(str(message))
                    if layers.take(line):
                        yield layers.progress
        finally:
            self._end(stream)

    def _start_pull(self, repository: str, params: Params) -> requests.Response:
        headers = self._connection.credentials(repository)
        return self._connection.send(
            "pull", "POST", "/images/create", params, timeout=None, stream=True, headers=headers
        )

    # Inside

    async def _json(
        self, verb: str, method: str, path: str, params: Params | None = None, body: JSON | None = None
    ) -> Any:
        return await self._quick(lambda: orjson.loads(self._connection.send(verb, method, path, params, body).content))

    async def _follow(self, verb: str, path: str, params: Params) -> requests.Response:
        """The head of an answer whose body goes on."""
        return await self._quick(lambda: self._connection.send(verb, "GET", path, params, timeout=None, stream=True))

    async def _quick(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def _stream(self, response: requests.Response, items: Iterator[T]) -> threads.Stream[T]:
        handle = CancellableStream(iter(()), response)

        def close() -> None:
            with suppress(Exception):  # the connection is gone already, in one of the library's many ways
                handle.close()

        stream = threads.Stream(items, close)
        self._streams.add(stream)
        return stream

    def _end(self, stream: threads.Stream[Any]) -> None:
        self._streams.discard(stream)
        stream.close()


def _segment(text: str) -> str:
    return quote(text, safe="")


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes. A connection that breaks is the engine's end, not the body's."""
    try:
        yield from response.raw.stream(_CHUNK)
    except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
        raise EngineLost(f"the connection to the Docker Engine broke: {error}") from error
    finally:
        response.close()


def _json_batches(response: requests.Response) -> Iterator[list[JSON]]:
    rest = b""
    for chunk in _chunks(response):
        *lines, rest = (rest + chunk).split(b"\n")
        yield [orjson.loads(line) for line in lines if line.strip()]


def _event_batches(response: requests.Response) -> Iterator[list[EngineEvent]]:
    for batch in _json_batches(response):
        yield [event for event in map(event_of, batch) if event is not None]
    raise EngineLost("the Docker Engine ended the stream of events")


def _log_batches(response: requests.Response, frames: LogFrames) -> Iterator[list[LogEntry]]:
    for chunk in _chunks(response):
        if entries := frames.feed(chunk):
            yield entries
    yield frames.end()


async def _one_by_one(stream: threads.Stream[list[EngineEvent]]) -> AsyncIterator[EngineEvent]:
    async for batch in stream:
        for event in batch:
            yield event
