"""An engine to try things on, with names that are one test's own."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from fizz.controllers.node.engine import CreateRequest, Engine, EngineContainer, Missing
from fizz.schemas.base import JSON

LABEL = "fizz.test/run"


@dataclass
class Bench:
    """An engine, and names that are this test's own."""

    engine: Engine
    image: str
    run: str = field(default_factory=lambda: f"fizz-test-{uuid.uuid4().hex[:8]}")

    @property
    def label(self) -> str:
        return f"{LABEL}={self.run}"

    def request(self, name: str, command: list[str], **host_config: object) -> CreateRequest:
        body: JSON = {
            "Image": self.image,
            "Cmd": command,
            "Labels": {LABEL: self.run},
            "StopTimeout": 5,
            "ExposedPorts": {"80/tcp": {}},
            "HostConfig": {"NetworkMode": "bridge", **host_config},
        }
        return CreateRequest(f"{self.run}-{name}", body)

    async def create(self, name: str, command: list[str], **host_config: object) -> str:
        return (await self.engine.create(self.request(name, command, **host_config))).id

    async def run_it(self, name: str, command: list[str], **host_config: object) -> str:
        container = await self.create(name, command, **host_config)
        await self.engine.start(container)
        return container

    async def network(self, name: str) -> str:
        body = {"Name": f"{self.run}-{name}", "Labels": {LABEL: self.run}, "CheckDuplicate": True}
        return await self.engine.create_network(body)

    async def until(self, container: str, good: Callable[[EngineContainer], bool]) -> EngineContainer:
        async with asyncio.timeout(20), self.engine.events() as events:
            while not good(found := await self.engine.inspect(container)):
                await anext(events)
        return found

    async def clean(self) -> None:
        for container in await self.engine.containers(self.label):
            await self.engine.remove(container.id)
        for network in await self.engine.labelled_networks(self.label):
            await self.engine.remove_network(network.id)
        with suppress(Missing):
            await self.engine.remove_volume(f"{self.run}-data")
