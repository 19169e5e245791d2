"""What an agent knows of one Container that logs and commands are about, and the socket that answers for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from fizz.client.objects import Key
from fizz.client.testing import eventually
from fizz.controllers.node.agent_api import AgentApi
from fizz.controllers.node.engine import CreateRequest, EngineContainer
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.pulse import Pulse

KEY = Key("blog", "web")


@dataclass
class Lives:
    """One Container, `wanted` or not, and its container in the engine."""

    engine: FakeEngine
    container: str = ""
    wanted: bool = True
    known: bool = True
    pulse: Pulse = field(default_factory=Pulse)

    async def look(self, key: Key) -> EngineContainer | None:
        if key != KEY or self.container not in self.engine.boxes:
            return None
        return self.engine.boxes[self.container].seen()

    def goes_on(self, key: Key) -> bool:
        return key == KEY and self.wanted

    async def create(self, command: str = "echo one && sleep") -> str:
        body = {"Image": "busybox", "Cmd": ["sh", "-c", command], "HostConfig": {}}
        self.container = (await self.engine.create(CreateRequest(f"c{len(self.engine.boxes)}", body))).id
        await self.engine.start(self.container)
        self.pulse.beat()
        return self.container


@asynccontextmanager
async def answering(lives: Lives, folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    path = folder / "node.sock"
    stop = asyncio.Event()
    serving = asyncio.create_task(AgentApi(lives.engine, lives, path).run(stop))
    await eventually(path.is_socket)
    async with aiohttp.ClientSession("http://agent", connector=aiohttp.UnixConnector(str(path))) as session:
        yield session
    stop.set()
    await serving
