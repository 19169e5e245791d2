"""A Docker Engine behind the `Engine` protocol.

The docker library's low-level client carries the requests (unix sockets, TLS, ssh, registry credentials, the version);
paths and payloads are the Engine API's own. Short calls run in a bounded pool of threads; what may take long (stopping,
pulling, following) has threads of its own, so that twenty containers that take their time to stop hold up nobody.

The API version is the engine's or the newest that was tried, whichever is older, and is found out again with every
event stream: after a restart the engine may be another.
"""

import asyncio
import json
import os
import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

import orjson
import requests
import urllib3
from docker import APIClient, auth
from docker.errors import DockerException
from docker.types.daemon import CancellableStream
from docker.utils import kwargs_from_env, parse_repository_tag

from fizz.controllers.node import threads
from fizz.controllers.node.docker_errors import refusal
from fizz.controllers.node.engine import (
    ApiVersion,
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
    version_of,
    volume_of,
)
from fizz.controllers.node.log_frames import LogFrames
from fizz.controllers.node.pull_progress import Layers
from fizz.controllers.node.unix_time import to_unix
from fizz.schemas.base import JSON

__all__ = ["DockerEngine"]

T = TypeVar("T")
Params = Mapping[str, str]

_NEWEST: Final[ApiVersion] = (1, 51)
"""The newest API version that this code knows."""
_CONNECTIONS: Final = 64
"""Connections that are kept for the next call. More may be open; they are closed after use."""
_CONNECT_SECONDS: Final = 10.0
_CALL_SECONDS: Final = 120.0
"""Seconds until a short call counts as lost. Creating and starting can be slow where the disk is."""
_PING_SECONDS: Final = 5.0
_LONG_CALLS: Final = 256
"""Containers that are being stopped at the same time, at most; each has a thread that waits."""
_CHUNK: Final = 64 * 1024

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
        self._host = host
        self._pool = ThreadPoolExecutor(calls, thread_name_prefix="fizz-engine")
        self._long = asyncio.Semaphore(_LONG_CALLS)
        self._lock = threading.Lock()
        """Guards the making of `_client`, which happens in a thread."""
        self._client: APIClient | None = None
        self._version: ApiVersion = _NEWEST
        self._streams: set[threads.Stream[Any]] = set()

    # The engine as a whole

    async def info(self) -> EngineInfo:
        data = await self._json("info", "GET", "/info")
        return info_of(data, self._version)

    async def ping(self) -> None:
        await self._quick(self._ping)

    def _ping(self) -> None:
        self._connected()
        version = "{}.{}".format(*self._version)
        stranger = self._client_for(version)  # it has no connection yet
        try:
            stranger.get(f"{stranger.base_url}/v{version}/_ping", timeout=_PING_SECONDS).raise_for_status()
        except requests.RequestException as error:
            raise self._lost(error) from error
        finally:
            stranger.close()

    async def close(self) -> None:
        for stream in list(self._streams):
            stream.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        client, self._client = self._client, None
        if client:
            client.close()

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[EngineEvent]]:
        self._client = None
        # The engine answers before it listens. Asking for what happened since the second of a moment ago, by its own
        # clock, leaves no gap; what comes twice is only a hint more.
        pong = await self._quick(lambda: self._send("ping", "GET", "/_ping", timeout=_PING_SECONDS))
        params = {"filters": json.dumps(_EVENTS)}
        if "Date" in pong.headers:
            params["since"] = str(int(parsedate_to_datetime(pong.headers["Date"]).timestamp()))
        response = await self._quick(lambda: self._send("events", "GET", "/events", params, timeout=None, stream=True))
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
        await self._quick(lambda: self._send("connect", "POST", path, body=body))

    async def start(self, container: str) -> None:
        await self._quick(lambda: self._send("start", "POST", f"/containers/{_segment(container)}/start"))

    async def stop(self, container: str) -> None:
        path = f"/containers/{_segment(container)}/stop"
        async with self._long:
            await threads.call(lambda: self._send("stop", "POST", path, timeout=None))

    async def remove(self, container: str) -> None:
        path = f"/containers/{_segment(container)}"
        await self._quick(lambda: self._send("remove", "DELETE", path, {"v": "1", "force": "1"}))

    async def logs(
        self, container: EngineContainer, *, follow: bool, tail: int | None, since: str
    ) -> AsyncGenerator[Sequence[LogEntry], None]:
        params = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": "1" if follow else "0"}
        params["tail"] = "all" if tail is None else str(tail)
        if since:
            params["since"] = to_unix(since)
        path = f"/containers/{_segment(container.id)}/logs"
        response = await self._quick(lambda: self._send("logs", "GET", path, params, timeout=None, stream=True))
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
        await self._quick(lambda: self._send("remove_network", "DELETE", path))

    async def volume(self, name: str) -> EngineVolume | None:
        try:
            return volume_of(await self._json("volume", "GET", f"/volumes/{_segment(name)}"))
        except Missing:
            return None

    async def create_volume(self, body: JSON) -> EngineVolume:
        return volume_of(await self._json("create_volume", "POST", "/volumes/create", None, body))

    async def remove_volume(self, name: str) -> None:
        await self._quick(lambda: self._send("remove_volume", "DELETE", f"/volumes/{_segment(name)}"))

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
        registry, _ = auth.resolve_repository_name(repository)
        header = auth.get_config_header(self._connected(), registry)
        headers = {"X-Registry-Auth": header.decode()} if header else {}
        return self._send("pull", "POST", "/images/create", params, timeout=None, stream=True, headers=headers)

    # Requests

    def _connected(self) -> APIClient:
        """The client; made, and the version agreed on, by whoever needs it first. Runs in a thread."""
        with self._lock:
            if self._client is None:
                self._client = self._client_for("auto")
                self._version = min(version_of(self._client.api_version), _NEWEST)
            return self._client

    def _client_for(self, version: str) -> APIClient:
        """A client that speaks that version; `auto` asks the engine for it."""
        self._knock()
        environment = {**os.environ, "DOCKER_HOST": self._host}
        try:
            client = APIClient(
                version=version,
                timeout=int(_CALL_SECONDS),
                max_pool_size=_CONNECTIONS,
                **kwargs_from_env(environment=environment),
            )
        except (DockerException, requests.RequestException, ValueError) as error:
            raise self._lost(error) from error
        client.trust_env = False  # else every request looks for proxies and passwords in files
        return client

    def _knock(self) -> None:
        """See whether anybody listens, where that is cheap: the library leaves sockets open that it cannot connect."""
        if not self._host.startswith("unix://"):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(self._host.removeprefix("unix://"))
            except OSError as error:
                raise self._lost(error) from error

    def _lost(self, error: Exception) -> EngineLost:
        return EngineLost(f"the Docker Engine at {self._host} does not answer: {error}")

    def _send(
        self,
        verb: str,
        method: str,
        path: str,
        params: Params | None = None,
        body: JSON | None = None,
        *,
        timeout: float | None = _CALL_SECONDS,
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One request. Runs in a thread. `timeout` None waits for ever for an answer, not for a connection."""
        client = self._connected()
        url = "{}/v{}.{}{}".format(client.base_url, *self._version, path)
        data = None if body is None else orjson.dumps(body)
        try:
            response = client.request(
                method,
                url,
                params=params,
                data=data,
                headers={"Content-Type": "application/json", **(headers or {})},
                timeout=(_CONNECT_SECONDS, timeout),
                stream=stream,
            )
        except requests.RequestException as error:
            self._client = None  # whoever comes next begins anew
            raise self._lost(error) from error
        if response.status_code >= 400:
            raise refusal(verb, response.status_code, _message(response))
        return response

    async def _json(
        self, verb: str, method: str, path: str, params: Params | None = None, body: JSON | None = None
    ) -> Any:
        return await self._quick(lambda: orjson.loads(self._send(verb, method, path, params, body).content))

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


def _message(response: requests.Response) -> str:
    try:
        return str(orjson.loads(response.content)["message"])
    except (ValueError, KeyError, TypeError):
        return response.text


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
