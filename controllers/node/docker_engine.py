"""A Docker Engine behind the `Engine` protocol.

Paths and payloads are the Engine API's own. How calls are made is in `docker_calls`; images are in `docker_images`, and
what goes on inside of containers in `docker_inside`.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Final

import requests

from fizz.controllers.node import threads
from fizz.controllers.node.docker_calls import chunks, json_batches, segment
from fizz.controllers.node.docker_images import DockerImages
from fizz.controllers.node.docker_inside import DockerInside
from fizz.controllers.node.engine import (
    Connection,
    Created,
    CreateRequest,
    EngineContainer,
    EngineEvent,
    EngineInfo,
    EngineLost,
    EngineNetwork,
    EngineVolume,
    InUse,
    LogEntry,
    Missing,
    Refused,
)
from fizz.controllers.node.engine_json import container_of, event_of, info_of, network_of, volume_of
from fizz.controllers.node.log_frames import LogFrames
from fizz.controllers.node.unix_time import to_unix
from fizz.schemas.base import JSON

__all__ = ["DockerEngine"]

_EVENTS: Final = {
    "type": ["container", "network", "volume", "image"],
    "event": [
        "create", "start", "restart", "die", "oom", "kill", "stop", "pause", "unpause", "rename", "update",
        "health_status", "destroy", "remove", "connect", "disconnect", "pull", "load", "import", "tag",
    ],
}  # fmt: skip
"""What changes something that the agent looks at. Left out above all: exec, which every health check does."""


class DockerEngine(DockerImages, DockerInside):
    """The engine at `host` (as DOCKER_HOST names it), with at most `calls` short calls at a time."""

    # The engine as a whole

    async def info(self) -> EngineInfo:
        data = await self.json("info", "GET", "/info")
        return info_of(data, self.connection.version)

    async def ping(self) -> None:
        await self.quick(self.connection.knock)

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[EngineEvent]]:
        self.connection.forget()
        # The engine answers before it listens. Asking for what happened since the second of a moment ago, by its own
        # clock, leaves no gap; what comes twice is only a hint more.
        pong = await self.quick(lambda: self.connection.send("ping", "GET", "/_ping"))
        params = {"filters": json.dumps(_EVENTS)}
        if "Date" in pong.headers:
            params["since"] = str(int(parsedate_to_datetime(pong.headers["Date"]).timestamp()))
        response = await self.quick(
            lambda: self.connection.send("events", "GET", "/events", params, timeout=None, stream=True)
        )
        stream = self.stream(response, _event_batches(response))
        try:
            yield _one_by_one(stream)
        finally:
            self.end(stream)

    # Containers

    async def containers(self, label: str) -> Sequence[EngineContainer]:
        params = {"all": "1", "filters": json.dumps({"label": [label]})}
        listed = await self.json("containers", "GET", "/containers/json", params)
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
        data: JSON = await self.json("inspect", "GET", f"/containers/{segment(container)}/json")
        return data

    async def create(self, request: CreateRequest) -> Created:
        params = {"name": request.name} | ({"platform": request.platform} if request.platform else {})
        answer = await self.json("create", "POST", "/containers/create", params, request.body)
        return Created(answer["Id"], tuple(answer.get("Warnings") or ()))

    async def connect(self, container: str, connection: Connection) -> None:
        body = {"Container": container, "EndpointConfig": connection.settings}
        path = f"/networks/{segment(connection.network)}/connect"
        await self.quick(lambda: self.connection.send("connect", "POST", path, body=body))

    async def start(self, container: str) -> None:
        await self.quick(lambda: self.connection.send("start", "POST", f"/containers/{segment(container)}/start"))

    async def rename(self, container: str, name: str) -> None:
        path = f"/containers/{segment(container)}/rename"
        await self.quick(lambda: self.connection.send("rename", "POST", path, {"name": name}))

    async def stop(self, container: str, seconds: int | None = None) -> None:
        path = f"/containers/{segment(container)}/stop"
        params = {} if seconds is None else {"t": str(seconds)}
        async with self.long:
            await threads.call(lambda: self.connection.send("stop", "POST", path, params, timeout=None))

    async def pause(self, container: str) -> None:
        await self._freeze(container, "pause", paused=True)

    async def unpause(self, container: str) -> None:
        await self._freeze(container, "unpause", paused=False)

    async def _freeze(self, container: str, verb: str, *, paused: bool) -> None:
        path = f"/containers/{segment(container)}/{verb}"
        try:
            await self.quick(lambda: self.connection.send(verb, "POST", path))
        except Refused:
            if (await self.inspect(container)).state != ("paused" if paused else "running"):
                raise

    async def remove(self, container: str, volumes: Collection[str] = ()) -> None:
        path = f"/containers/{segment(container)}"
        await self.quick(lambda: self.connection.send("remove", "DELETE", path, {"force": "1"}))
        for name in volumes:
            with suppress(Missing, InUse):
                await self.remove_volume(name)

    async def logs(
        self, container: EngineContainer, *, follow: bool, tail: int | None, since: str
    ) -> AsyncGenerator[Sequence[LogEntry], None]:
        params = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": "1" if follow else "0"}
        params["tail"] = "all" if tail is None else str(tail)
        if since:
            params["since"] = to_unix(since)
        path = f"/containers/{segment(container.id)}/logs"
        response = await self.quick(
            lambda: self.connection.send("logs", "GET", path, params, timeout=None, stream=True)
        )
        stream = self.stream(response, _log_batches(response, LogFrames(tty=container.tty)))
        try:
            async for batch in stream:
                yield batch
        finally:
            self.end(stream)

    # Networks and volumes

    async def networks(self, name: str) -> Sequence[EngineNetwork]:
        found = await self._networks({"name": [name]})  # the engine finds parts of names, too
        return [network for network in found if network.name == name]

    async def labelled_networks(self, label: str) -> Sequence[EngineNetwork]:
        return await self._networks({"label": [label]})

    async def _networks(self, filters: Mapping[str, Sequence[str]]) -> list[EngineNetwork]:
        listed = await self.json("networks", "GET", "/networks", {"filters": json.dumps(filters)})
        return [network_of(item) for item in listed]

    async def create_network(self, body: JSON) -> str:
        answer = await self.json("create_network", "POST", "/networks/create", None, body)
        return str(answer["Id"])

    async def remove_network(self, network: str) -> None:
        path = f"/networks/{segment(network)}"
        await self.quick(lambda: self.connection.send("remove_network", "DELETE", path))

    async def volume(self, name: str) -> EngineVolume | None:
        try:
            return volume_of(await self.json("volume", "GET", f"/volumes/{segment(name)}"))
        except Missing:
            return None

    async def create_volume(self, body: JSON) -> EngineVolume:
        return volume_of(await self.json("create_volume", "POST", "/volumes/create", None, body))

    async def remove_volume(self, name: str) -> None:
        await self.quick(lambda: self.connection.send("remove_volume", "DELETE", f"/volumes/{segment(name)}"))


def _event_batches(response: requests.Response) -> Iterator[list[EngineEvent]]:
    for batch in json_batches(response):
        yield [event for event in map(event_of, batch) if event is not None]
    raise EngineLost("the Docker Engine ended the stream of events")


def _log_batches(response: requests.Response, frames: LogFrames) -> Iterator[list[LogEntry]]:
    for chunk in chunks(response):
        if entries := frames.feed(chunk):
            yield entries
    yield frames.end()


async def _one_by_one(stream: threads.Stream[list[EngineEvent]]) -> AsyncIterator[EngineEvent]:
    async for batch in stream:
        for event in batch:
            yield event
