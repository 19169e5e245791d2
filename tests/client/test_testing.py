"""The helpers for tests, among them the real server in the test's own loop."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from fizz.client.api import AlreadyExists, Client, Conflict, Invalid, NotFound, Operation
from fizz.client.testing import VirtualLoop, elapse, eventually, server, virtual_time
from fizz.schemas.core import ConfigMap, Namespace
from fizz.schemas.kinds import find
from fizz.schemas.meta import ObjectMeta

BLOG = Namespace(metadata=ObjectMeta(name="blog"))
MOTD = ConfigMap(metadata=ObjectMeta(name="motd", namespace="blog"), data={"text": "hello"})


async def test_the_server_is_the_real_one(tmp_path: Path) -> None:
    async with server(tmp_path) as client:
        with pytest.raises(NotFound, match='namespaces "blog" not found'):
            await client.create(MOTD)
        done = await client.transaction([Operation("apply", BLOG), Operation("create", MOTD)])
        assert [each.verb for each in done.results] == ["created", "created"]
        with pytest.raises(AlreadyExists):
            await client.create(MOTD)

        async with aclosing(client.watch(ConfigMap, "blog", resource_version=done.resource_version)) as events:
            read = await client.get(ConfigMap, "motd", "blog")
            patched = await client.patch(ConfigMap, "motd", {"data": {"text": "bye"}}, "blog")
            assert (await anext(events)).object == patched
        with pytest.raises(Conflict):
            await client.update(read.model_copy(update={"data": {"text": "late"}}))
        with pytest.raises(Invalid):
            await client.patch(ConfigMap, "motd", {"data": {"not a key!": ""}}, "blog")
        await client.delete(ConfigMap, "motd", "blog", uid=read.metadata.uid)
        assert (await client.list(ConfigMap, "blog")).items == []
        assert (await client.discover("cm")) == find("configmaps")


async def test_entering_the_same_folder_again_is_a_restart(tmp_path: Path) -> None:
    async with server(tmp_path) as client:
        await client.create(BLOG)
    async with server(tmp_path) as client:
        assert (await client.get(Namespace, "blog")).name == "blog"


async def test_a_watch_of_the_real_server_outlives_its_restart(tmp_path: Path) -> None:
    def texts(*numbers: int) -> list[Operation]:
        maps = [ConfigMap(metadata=ObjectMeta(name=f"m{number}", namespace="blog")) for number in numbers]
        return [Operation("create", item) for item in maps]

    async with Client(f"unix://{tmp_path}/fizz.sock") as follower:
        async with server(tmp_path) as client:
            made = await client.create(BLOG)
            events = follower.watch(ConfigMap, "blog", resource_version=made.metadata.resource_version)
            await client.transaction(texts(1, 2))
            seen = [(await anext(events)).object.name for _ in range(2)]
        async with server(tmp_path) as client, aclosing(events):
            await client.transaction(texts(3, 4))
            seen += [(await anext(events)).object.name for _ in range(2)]

    assert seen == ["m1", "m2", "m3", "m4"]


async def test_an_error_inside_ends_the_server_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with server(tmp_path):
            _ = 1 // 0
    assert not (tmp_path / "fizz.sock").exists()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way")
    with pytest.raises(Exception, match="store"):
        async with server(tmp_path):
            pass


def test_time_jumps_to_the_next_timer() -> None:
    @virtual_time
    async def sleeper() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with asyncio.TaskGroup() as group:
            group.create_task(elapse(3600))
            group.create_task(elapse(60))
        assert loop.time() == 3600

    sleeper()


def test_waiting_for_nothing_is_an_error() -> None:
    @virtual_time
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="deadlock"):
        stuck()


@virtual_time
async def test_waiting_for_a_condition_ends_when_it_holds_or_in_time() -> None:
    loop = asyncio.get_running_loop()
    await eventually(lambda: loop.time() > 1)

    async def never() -> bool:
        return False

    with pytest.raises(TimeoutError):
        await eventually(never, timeout=60)
    assert 61 <= loop.time() <= 61.02


async def test_real_time_does_not_elapse_at_will() -> None:
    with pytest.raises(RuntimeError, match="virtual_time"):
        await elapse(1)
