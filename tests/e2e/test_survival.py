"""The API server is killed again and again: no acknowledged write is lost, no watcher misses or repeats a change.

Real processes, real sockets, real disk; no engine. Watchers come in three sorts: `fizz.client`, raw JSON lines that
resume from the last object's resourceVersion as any Kubernetes client does, and server-sent events that resume by
Last-Event-ID as a browser does. Some hang up at random.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
import pytest

from fizz.client.api import Client
from fizz.client.testing import eventually
from fizz.schemas.kinds import find

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CONFIG_MAPS = find("configmaps")
PATH = "/api/v1/namespaces/default/configmaps"


class ApiServer:
    """An API server process that can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "fizz.sock"
        self._environment = {**os.environ, "FIZZ_DATA_DIR": str(folder), "FIZZ_LOG_LEVEL": "warning"}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fizz", "apiserver", env=self._environment
        )
        await eventually(self._ready, timeout=20)

    async def _ready(self) -> bool:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with self.session() as session, session.get("http://fizz/readyz") as answer:
                return answer.status == 200
        return False

    async def kill(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> int:
        assert self._process
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        return await self._process.wait()

    def session(self) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2)
        return aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.socket)), timeout=timeout)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    server = ApiServer(tmp_path)
    await server.start()
    yield server
    await server.stop()


@dataclass
class History:
    """What a watcher saw: for each change its revision, its type and the object's name."""

    resume: str
    changes: list[tuple[int, str, str]] = field(default_factory=list)
    interruptions: int = 0

    def take(self, kind: str, item: dict[str, object]) -> None:
        metadata = item["metadata"]
        assert isinstance(metadata, dict)
        self.changes.append((int(metadata["resourceVersion"]), kind, metadata["name"]))


async def by_client(server: ApiServer, history: History, dice: random.Random) -> None:
    """Our own client, which resumes by itself."""
    assert CONFIG_MAPS
    async with Client(f"unix://{server.socket}") as client:
        async for event in client.watch(CONFIG_MAPS, "default", resource_version=history.resume):
            history.take(event.type, event.object)


async def by_lines(server: ApiServer, history: History, dice: random.Random) -> None:
    """JSON lines, resumed from the last object seen; hangs up now and then."""
    query = {"watch": "1", "resourceVersion": history.resume}
    async with server.session() as session, session.get(f"http://fizz{PATH}", params=query) as answer:
        assert answer.status == 200
        async for line in answer.content:
            if not line.endswith(b"\n"):
                return
            frame = orjson.loads(line)
            assert frame["type"] != "ERROR", frame
            history.take(frame["type"], frame["object"])
            history.resume = frame["object"]["metadata"]["resourceVersion"]
            if dice.random() < 0.002:
                return


async def by_events(server: ApiServer, history: History, dice: random.Random) -> None:
    """Server-sent events, resumed by Last-Event-ID; hangs up now and then."""
    headers = {"accept": "text/event-stream", "last-event-id": history.resume}
    fields: dict[str, str] = {}
    async with server.session() as session, session.get(f"http://fizz{PATH}", headers=headers) as answer:
        assert answer.status == 200
        async for line in answer.content:
            text = line.decode()
            if not text.endswith("\n"):
                return
            name, _, value = text.rstrip("\r\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                assert fields["event"] != "ERROR", fields
                history.take(fields["event"], orjson.loads(fields["data"]))
                history.resume = fields["id"]
                fields = {}
                if dice.random() < 0.002:
                    return


Watch = Callable[[ApiServer, History, random.Random], Awaitable[None]]


async def keep_watching(watch: Watch, server: ApiServer, history: History, seed: int) -> None:
    dice = random.Random(seed)
    while True:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await watch(server, history, dice)
        history.interruptions += 1
        await asyncio.sleep(0.01)  # the server may be away


async def write(server: ApiServer, writer: int, count: int, acknowledged: dict[str, int]) -> None:
    """Creates, changes and deletes objects of its own; tries again what was not acknowledged."""
    done = 0
    while done < count:
        name, step = f"w{writer}-{done // 3}", done % 3
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with server.session() as session:
                while done < count:
                    name, step = f"w{writer}-{done // 3}", done % 3
                    await _step(session, name, step, acknowledged)
                    done += 1
        await asyncio.sleep(0.01)  # the server may be away


async def _step(session: aiohttp.ClientSession, name: str, step: int, acknowledged: dict[str, int]) -> None:
    if step == 0:
        answer = await session.post(f"http://fizz{PATH}", json={"metadata": {"name": name}, "data": {"step": "0"}})
        assert answer.status in {201, 409}, await answer.text()  # 409: it was done, the answer was lost
    else:
        patch = {"data": {"step": str(step)}}
        headers = {"content-type": "application/merge-patch+json"}
        answer = await session.patch(f"http://fizz{PATH}/{name}", json=patch, headers=headers)
        assert answer.status == 200, await answer.text()
    await answer.read()
    acknowledged[name] = step


async def _end_of(server: ApiServer) -> tuple[int, dict[str, int]]:
    async with server.session() as session, session.get(f"http://fizz{PATH}") as answer:
        content = await answer.json()
    steps = {item["metadata"]["name"]: int(item["data"]["step"]) for item in content["items"] if "step" in item["data"]}
    return int(content["metadata"]["resourceVersion"]), steps


def _reaches(acknowledged: dict[str, int], count: int) -> Callable[[], bool]:
    return lambda: len(acknowledged) > count


@pytest.mark.parametrize("kills", [0, 2], ids=["undisturbed", "killed"])
async def test_every_watcher_sees_every_change_once_and_in_order(server: ApiServer, kills: int) -> None:
    start, _ = await _end_of(server)
    sorts: list[Watch] = [by_client, by_lines, by_events, by_events]
    histories = [History(str(start)) for _ in range(20)]
    watchers = [
        asyncio.create_task(keep_watching(sorts[index % 4], server, history, seed=index))
        for index, history in enumerate(histories)
    ]
    acknowledged: dict[str, int] = {}
    writers = [asyncio.create_task(write(server, index, 1250, acknowledged)) for index in range(4)]
    for round_ in range(kills):
        await eventually(_reaches(acknowledged, 400 * (round_ + 1)), timeout=120)
        await server.kill()
        await server.start()
    await asyncio.gather(*writers)
    end, steps = await _end_of(server)

    def all_seen() -> bool:
        return all(history.changes and history.changes[-1][0] >= end for history in histories)

    await eventually(all_seen, timeout=60)
    for watcher in watchers:
        watcher.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)

    expected = histories[0].changes
    assert len(expected) >= 5000
    assert [change[0] for change in expected] == sorted({change[0] for change in expected})
    assert all(history.changes == expected for history in histories[1:])
    assert {name: 2 for name, step in steps.items() if step == 2} == {n: s for n, s in acknowledged.items() if s == 2}
    assert sum(history.interruptions for history in histories) >= 20 * kills


async def test_no_acknowledged_write_is_lost_in_twenty_kills(server: ApiServer) -> None:
    dice = random.Random(7)
    acknowledged: dict[str, int] = {}
    writers = [asyncio.create_task(write(server, index, 100_000, acknowledged)) for index in range(4)]
    for _ in range(20):
        await eventually(_reaches(acknowledged, len(acknowledged) + dice.randrange(1, 40)), timeout=60)
        await asyncio.sleep(dice.random() * 0.02)  # a random moment is what is tested
        await server.kill()
        promised = dict(acknowledged)
        await server.start()
        _, steps = await _end_of(server)
        lost = {name: step for name, step in promised.items() if steps.get(name, -1) < step}
        assert not lost
    for writer in writers:
        writer.cancel()
    await asyncio.gather(*writers, return_exceptions=True)


async def test_a_stopped_server_ends_watches_cleanly(server: ApiServer) -> None:
    async with server.session() as session:
        answer = await session.get(f"http://fizz{PATH}", params={"watch": "1"})
        stopped = asyncio.create_task(server.stop())
        rest = await answer.content.read()  # a cut connection would raise
    assert await stopped == 0
    assert rest == b"" or rest.endswith(b"\n")
