"""Logs that are followed over restarts: a real server, the real answers of an agent, and an engine in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fizz.client.api import Client, Forbidden, Unavailable
from fizz.client.cli import logstream
from fizz.client.cli.logstream import LogFollower, LogLine, LogOptions, Selection
from fizz.client.objects import Key
from fizz.client.testing import eventually, server
from fizz.controllers.node import agent_api
from fizz.controllers.node.agent_api import AgentApi
from fizz.controllers.node.engine import CreateRequest, EngineContainer
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.pulse import Pulse
from fizz.schemas.base import JSON
from fizz.schemas.container import Container
from fizz.schemas.core import Namespace
from fizz.schemas.node import Node


class Lives:
    """What an agent knows of its one container; nothing, as long as it has just begun."""

    def __init__(self, engine: FakeEngine, container: str) -> None:
        self.engine, self.container = engine, container
        self.known, self.wanted, self.pulse, self.looks = True, True, Pulse(), 0

    async def look(self, key: Key) -> EngineContainer | None:
        self.looks += 1
        return self.engine.boxes[self.container].seen() if self.known else None

    def goes_on(self, key: Key) -> bool:
        return self.known and self.wanted


class Ticking(FakeEngine):
    """No two lines are written at the same time."""

    ticks = 0

    def now(self) -> datetime:
        self.ticks += 1
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.ticks)


class Node1:
    """The node: its engine, its container, and its agent, which may be started anew."""

    def __init__(self, folder: Path, engine: FakeEngine, container: str) -> None:
        self.path, self.engine, self.container = folder / "node.sock", engine, container
        self.lives = Lives(engine, container)

    @asynccontextmanager
    async def agent(self, *, known: bool = True) -> AsyncIterator[Lives]:
        stop, self.lives = asyncio.Event(), Lives(self.engine, self.container)
        self.lives.known = known
        serving = asyncio.create_task(AgentApi(self.engine, self.lives, self.path).run(stop))
        await eventually(self.path.is_socket)
        yield self.lives
        stop.set()
        await serving

    def write(self, text: str) -> None:
        self.engine.write(self.container, text)


@pytest.fixture
async def node(tmp_path: Path) -> Node1:
    engine = Ticking()
    body = {"Image": "busybox", "Cmd": ["sh", "-c", "echo one && sleep"], "HostConfig": {}}
    made = await engine.create(CreateRequest("blog-web", body))
    await engine.start(made.id)
    return Node1(tmp_path, engine, made.id)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logstream, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(logstream, "_LONGEST_SECONDS", 0.02)
    monkeypatch.setattr(agent_api, "_SHUTDOWN_SECONDS", 0.02)


async def runs(client: Client, node: Node1) -> None:
    """The server knows of the node, and of a container that runs on it."""
    await client.create(Namespace.load({"metadata": {"name": "blog"}}))
    made = await client.create(Node.load({"metadata": {"name": "n1"}, "spec": {}}))
    await client.update_status(Node.load({**made.dump(), "status": {"agent": f"unix://{node.path}"}}))
    spec = {"image": "busybox", "nodeName": "n1"}
    await client.create(Container.load({"metadata": {"name": "web", "namespace": "blog"}, "spec": spec}))
    await is_now(client, "Running")


async def is_now(client: Client, phase: str) -> None:
    status = {"phase": phase, "containerID": "c1"}
    await client.patch(Container, "web", {"status": status}, "blog", subresource="status")


@asynccontextmanager
async def following(client: Client) -> AsyncIterator[tuple[list[str], LogFollower]]:
    told: list[str] = []
    follower = LogFollower(client, Selection("blog"), LogOptions(), lambda line: told.append(line.text))
    task = asyncio.create_task(follower.run())
    yield told, follower
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_log_that_is_followed_goes_on_when_the_agent_was_started_anew(tmp_path: Path, node: Node1) -> None:
    async with server(tmp_path) as client:
        await runs(client, node)
        async with following(client) as (told, _):
            async with node.agent():
                await eventually(lambda: told == ["one"])
                node.write("two")
                await eventually(lambda: told == ["one", "two"])
            node.write("three")
            async with node.agent(known=False) as beginning:
                await eventually(lambda: beginning.looks > 1)  # it is asked, and does not know the container yet
                beginning.known = True
                await eventually(lambda: told[2:] == ["three"])
                node.write("four")
                await eventually(lambda: told[3:] == ["four"])

    assert told == ["one", "two", "three", "four"]


async def test_a_log_that_is_followed_goes_on_when_the_server_was_started_anew(tmp_path: Path, node: Node1) -> None:
    async with Client(f"unix://{tmp_path / 'fizz.sock'}") as client:
        async with server(tmp_path) as first, node.agent():
            await runs(first, node)
            told_of = following(client)
            told, _ = await told_of.__aenter__()
            await eventually(lambda: told == ["one"])
        node.write("two")
        async with server(tmp_path), node.agent():
            node.write("three")
            await eventually(lambda: told == ["one", "two", "three"])
            await told_of.__aexit__(None, None, None)

    assert told == ["one", "two", "three"]


async def test_following_ends_with_the_container(tmp_path: Path, node: Node1) -> None:
    async with server(tmp_path) as client, node.agent() as lives:
        await runs(client, node)
        async with following(client) as (told, follower):
            await eventually(lambda: told == ["one"])
            node.write("last")
            lives.wanted = False
            node.engine.stop_by_hand(node.container)
            lives.pulse.beat()
            await is_now(client, "Succeeded")
            await asyncio.wait_for(asyncio.gather(*follower._tasks), 5)

    assert told == ["one", "last"]


async def test_an_answer_whose_agent_is_lost_is_not_taken_for_the_whole(
    tmp_path: Path, node: Node1, caplog: pytest.LogCaptureFixture
) -> None:
    async with server(tmp_path) as client:
        await runs(client, node)
        lines: list[bytes] = []
        async with node.agent():
            followed = client.logs("web", "blog", follow=True)
            lines.append(await anext(followed))
        with pytest.raises(Unavailable, match="before the answer was complete"):
            lines += [line async for line in followed]
        async with node.agent():
            whole = [line async for line in client.logs("web", "blog")]

    assert lines == whole == [b"one"]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_following_ends_with_the_reason_when_it_is_forbidden(
    tmp_path: Path, node: Node1, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forbidden(*_: object, **__: object) -> AsyncIterator[bytes]:
        raise Forbidden("you may not read logs")
        yield b""

    async with server(tmp_path) as client:
        await runs(client, node)
        monkeypatch.setattr(client, "logs", forbidden)
        follower = LogFollower(client, Selection("blog"), LogOptions(), lambda _: None)
        with pytest.raises(Forbidden, match="you may not read logs"):
            await asyncio.wait_for(follower.run(), 5)


def test_a_line_behind_the_end_is_left_out() -> None:
    end = LogOptions(until=datetime(2026, 1, 31, 9, 30, tzinfo=UTC))

    assert end.covers(LogLine("web-1", "2026-01-31T09:29:59.999999999Z", "x"))
    assert not end.covers(LogLine("web-1", "2026-01-31T09:30:00.000001Z", "x"))
    assert end.covers(LogLine("web-1", "", "what the node itself has to say"))
    assert LogOptions().covers(LogLine("web-1", "2026-01-31T09:30:00Z", "x"))


def test_a_number_chooses_among_the_containers_of_services() -> None:
    def container(ordinal: str, **more: str) -> JSON:
        return {"metadata": {"name": f"web-{ordinal}", "labels": {"fizz.dev/ordinal": ordinal, **more}}}

    second = Selection("blog", number=2)
    assert [second.has(container(ordinal)) for ordinal in ("0", "1")] == [False, True]
    assert not Selection("blog").has(container("0", **{"fizz.dev/oneoff": "true"})), "what is run once is left out"
    assert Selection("blog", names=frozenset({"web-0"})).has(container("0", **{"fizz.dev/oneoff": "true"}))
