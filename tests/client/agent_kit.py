"""An API server, a node's agent on an engine in memory, and one running Container: what is asked goes all the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fizz.client.api import Client
from fizz.client.testing import eventually, server
from fizz.controllers.node.agent_api import AgentApi
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.fake_container import FakeContainer
from fizz.schemas import labels
from fizz.schemas.container import Container
from fizz.schemas.core import Namespace
from fizz.schemas.node import Node
from tests.controllers.node.lives import Lives

__all__ = ["Whole", "whole"]


@dataclass(frozen=True, slots=True)
class Whole:
    """The Container `blog/web` of the service `web`, and its container in the engine."""

    client: Client
    engine: FakeEngine
    box: FakeContainer


@asynccontextmanager
async def whole(folder: Path) -> AsyncIterator[Whole]:
    engine = FakeEngine()
    lives = Lives(engine)
    container = await lives.create()
    path, stop = folder / "node.sock", asyncio.Event()
    async with server(folder) as client:
        serving = asyncio.create_task(AgentApi(engine, lives, path).run(stop))
        await eventually(path.is_socket)
        node = await client.create(Node.load({"metadata": {"name": "n1"}, "spec": {}}))
        await client.update_status(Node.load({**node.dump(), "status": {"agent": f"unix://{path}"}}))
        await client.create(Namespace.load({"metadata": {"name": "blog"}}))
        marks = {labels.PROJECT: "blog", labels.SERVICE: "web", labels.ORDINAL: "0"}
        made = await client.create(
            Container.load(
                {
                    "metadata": {"name": "web", "namespace": "blog", "labels": marks},
                    "spec": {"image": "busybox", "nodeName": "n1"},
                }
            )
        )
        status = {"phase": "Running", "containerID": container, "containerName": "blog-web-1"}
        await client.update_status(Container.load({**made.dump(), "status": status}))
        yield Whole(client, engine, engine.boxes[container])
        stop.set()
        await serving
