"""An engine in memory, for tests and for trying things out. It passes the same conformance test as the real one.

The verbs are here, in `fake_images` and in `fake_inside`; what happens to an engine from outside is in `fake_host`.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from decimal import Decimal
from typing import Literal

from fizz.controllers.node.engine import (
    Connection,
    Created,
    CreateRequest,
    Endpoint,
    EngineContainer,
    EngineEvent,
    EngineInfo,
    EngineLost,
    EngineNetwork,
    EngineVolume,
    Execution,
    ImageMissing,
    InUse,
    LogEntry,
    Missing,
    NameTaken,
    Refused,
)
from fizz.controllers.node.fake_container import FakeContainer
from fizz.controllers.node.fake_inside import FakeInside
from fizz.controllers.node.unix_time import to_unix
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest

__all__ = ["FakeEngine"]


class FakeEngine(FakeInside):
    """An engine with the images `images`, which can pull those of `registry`.

    `hook`, if set, is called with each verb before and after it takes effect: raising from it is how a test makes the
    caller crash at any step. `calls` counts verbs.
    """

    def __init__(
        self,
        *,
        images: Sequence[str] = ("busybox",),
        registry: Sequence[str] = (),
        api_version: tuple[int, int] = (1, 41),
        now: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(images=images, registry=registry, now=now)
        self.hook: Callable[[str, Literal["before", "after"]], None] | None = None
        self.calls: dict[str, int] = defaultdict(int)
        self._api_version = api_version
        self._ids = (f"{number:064x}" for number in itertools.count(1))

    # The engine as a whole

    async def info(self) -> EngineInfo:
        await self.enter("info")
        return EngineInfo("20.10.24", self._api_version, "Fake Linux", "x86_64", "6.1.0", "overlay2", "1", 2, 2**32)

    async def ping(self) -> None:
        await self.enter("ping")

    async def close(self) -> None:
        self.tell_all(None)

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[EngineEvent]]:
        await self.enter("events")
        queue: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        self.listeners.add(queue)
        try:
            yield _until_lost(queue)
        finally:
            self.listeners.discard(queue)

    # Containers

    async def containers(self, label: str) -> Sequence[EngineContainer]:
        await self.enter("containers")
        return [box.seen() for box in self.boxes.values() if _has(box.labels, label)]

    async def inspect(self, container: str) -> EngineContainer:
        await self.enter("inspect")
        named = next((box.id for box in self.boxes.values() if box.request.name == container), container)
        return self.box(named).seen()

    async def raw(self, container: str) -> JSON:
        await self.enter("raw")
        box = self.box(container)
        return {"Id": box.id, "Name": f"/{box.request.name}", "Config": box.body, "State": {"Status": box.state}}

    async def create(self, request: CreateRequest) -> Created:
        await self.enter("create")
        self._require_free(request.name)
        image = request.body["Image"]
        if image not in self.images and image not in self.ids.values():
            raise ImageMissing(f"No such image: {image}")
        box = FakeContainer(next(self._ids), request, self.id_of(image))
        lenders = {source.partition(":")[0] for source in box.host_config.get("VolumesFrom") or ()}
        for lender in lenders & self.boxes.keys():
            box.lent |= self.boxes[lender].volumes
        for path in box.anonymous_paths(self.declared.get(image, ())):
            box.anonymous[path] = next(self._ids)
        for name in box.volumes.values():
            self.vols.setdefault(name, EngineVolume(name, {}))
        endpoints = (request.body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
        box.endpoints = {name: Endpoint() for name in endpoints}
        self.boxes[box.id] = box
        self.say(box, "create")
        self._leave("create")
        return Created(box.id)

    async def connect(self, container: str, connection: Connection) -> None:
        await self.enter("connect")
        box = self.box(container)
        if box.runs and connection.network not in self.nets:
            raise Missing(f"network {connection.network} not found")
        if box.runs and connection.network in box.endpoints:
            raise Refused(f"endpoint with name {box.request.name} already exists in network {connection.network}")
        box.endpoints[connection.network] = self.endpoint(box, connection.network) if box.runs else Endpoint()
        self._leave("connect")

    async def rename(self, container: str, name: str) -> None:
        await self.enter("rename")
        self._require_free(name)
        self.rename_by_hand(self.box(container).id, name)
        self._leave("rename")

    def _require_free(self, name: str) -> None:
        if any(box.request.name == name for box in self.boxes.values()):
            raise NameTaken(f'Conflict. The container name "/{name}" is already in use')

    async def start(self, container: str) -> None:
        await self.enter("start")
        box = self.box(container)
        if not box.runs:
            self.start_box(box)
        self._leave("start")

    async def stop(self, container: str, seconds: int | None = None) -> None:
        await self.enter("stop")
        box = self.box(container)
        if box.runs or box.state == "restarting":
            self.stop_by_hand(box.id)
        self._leave("stop")

    async def pause(self, container: str) -> None:
        await self.enter("pause")
        box = self.box(container)
        if not box.runs:
            raise Refused(f"Container {container} is not running")
        if box.state == "running":
            self.pause_by_hand(container)
        self._leave("pause")

    async def unpause(self, container: str) -> None:
        await self.enter("unpause")
        box = self.box(container)
        if not box.runs:
            raise Refused(f"Container {container} is not running")
        if box.state == "paused":
            self.unpause_by_hand(container)
        self._leave("unpause")

    async def kill(self, container: str, signal: str) -> None:
        await self.enter("kill")
        box = self.box(container)
        if not box.runs:
            raise Refused(f"Container {container} is not running")
        self.kill_by_hand(container, signal)
        self._leave("kill")

    async def execute(self, container: str, request: ExecRequest) -> Execution:
        await self.enter("execute")
        box = self.box(container)
        if box.state != "running":
            raise Refused(f"Container {container} is not running")
        done = box.execute(request)
        self._leave("execute")
        return done

    async def remove(self, container: str, volumes: Collection[str] = ()) -> None:
        await self.enter("remove")
        self.remove_by_hand(self.box(container).id)
        for name in volumes:
            with suppress(Missing, InUse):
                self._remove_volume(name)
        self._leave("remove")

    async def logs(
        self, container: EngineContainer, *, follow: bool, tail: int | None, since: str
    ) -> AsyncGenerator[Sequence[LogEntry], None]:
        await self.enter("logs")
        box = self.box(container.id)
        seen = len(box.log)
        entries = [entry for entry in box.log if not since or _is_since(entry, since)]
        yield entries if tail is None else entries[len(entries) - min(tail, len(entries)) :]
        while follow and (len(box.log) > seen or (box.runs and box.id in self.boxes)):
            if len(box.log) == seen:
                await self.changed.wait()
            seen, new = len(box.log), box.log[seen:]
            yield new

    # Networks and volumes

    async def networks(self, name: str) -> Sequence[EngineNetwork]:
        await self.enter("networks")
        return [network for network in self.nets.values() if network.name == name]

    async def labelled_networks(self, label: str) -> Sequence[EngineNetwork]:
        await self.enter("labelled_networks")
        return [network for network in self.nets.values() if _has(dict(network.labels), label)]

    async def create_network(self, body: JSON) -> str:
        await self.enter("create_network")
        name = body["Name"]
        if name in self.nets:
            raise NameTaken(f"network with name {name} already exists")
        network = EngineNetwork(f"net{next(self._ids)[-6:]}", name, body.get("Labels") or {})
        self.nets[name] = network
        self.tell_all(EngineEvent("network", "create", network.id, self.now()))
        self._leave("create_network")
        return network.id

    async def remove_network(self, network: str) -> None:
        await self.enter("remove_network")
        found = next((each for each in self.nets.values() if each.id == network), None)
        if found is None:
            raise Missing(f"network {network} not found")
        if any(box.runs and found.name in box.endpoints for box in self.boxes.values()):
            raise InUse(f"error while removing network: network {found.name} id {network} has active endpoints")
        del self.nets[found.name]
        self.tell_all(EngineEvent("network", "destroy", network, self.now()))
        self._leave("remove_network")

    async def volume(self, name: str) -> EngineVolume | None:
        await self.enter("volume")
        return self.vols.get(name)

    async def create_volume(self, body: JSON) -> EngineVolume:
        await self.enter("create_volume")
        volume = self.vols.setdefault(body["Name"], EngineVolume(body["Name"], body.get("Labels") or {}))
        self.tell_all(EngineEvent("volume", "create", volume.name, self.now()))
        self._leave("create_volume")
        return volume

    async def remove_volume(self, name: str) -> None:
        await self.enter("remove_volume")
        self._remove_volume(name)
        self._leave("remove_volume")

    def _remove_volume(self, name: str) -> None:
        if name not in self.vols:
            raise Missing(f"get {name}: no such volume")
        if any(name in box.volumes.values() for box in self.boxes.values()):
            raise InUse(f"remove {name}: volume is in use")
        del self.vols[name]
        self.tell_all(EngineEvent("volume", "destroy", name, self.now()))

    # Inside

    async def enter(self, verb: str) -> None:
        self.calls[verb] += 1
        if self.hook:
            self.hook(verb, "before")
        if verb in self.holds:
            await self.holds[verb].wait()
        if self.lost:
            raise EngineLost("the engine does not answer")
        if self.failures[verb]:
            raise self.failures[verb].pop(0)

    def _leave(self, verb: str) -> None:
        if self.hook:
            self.hook(verb, "after")


async def _until_lost(queue: asyncio.Queue[EngineEvent | None]) -> AsyncIterator[EngineEvent]:
    while (event := await queue.get()) is not None:
        yield event
    raise EngineLost("the engine ended the stream of events")


def _is_since(entry: LogEntry, since: str) -> bool:
    return Decimal(to_unix(entry.time)) >= Decimal(to_unix(since))


def _has(labels: dict[str, str], selector: str) -> bool:
    key, equals, value = selector.partition("=")
    return labels.get(key) == value if equals else key in labels
