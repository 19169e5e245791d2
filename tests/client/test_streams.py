"""Watches over real sockets, with connections that are cut, servers that go away and history that is forgotten."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import orjson
import pytest

from fizz.client.api import Client, EventType, Forbidden, Gone, WatchEvent
from fizz.client.objects import key_of
from fizz.client.testing import elapse, virtual_time
from fizz.schemas.base import JSON
from fizz.schemas.core import ConfigMap
from fizz.schemas.kinds import find
from tests.client.fake_server import FakeServer, config_map

KIND = find("configmaps")
assert KIND


def told(event: WatchEvent[ConfigMap]) -> tuple[str, str]:
    return str(event.type), event.object.name


@virtual_time
async def test_a_watch_without_a_version_begins_with_what_is_there(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        async with aclosing(client.watch(ConfigMap, "blog")) as events:
            first = await anext(events)
            fake.commit(("MODIFIED", config_map("a")), ("ADDED", config_map("b")))
            then = [await anext(events), await anext(events)]

    assert [told(event) for event in (first, *then)] == [("ADDED", "a"), ("MODIFIED", "a"), ("ADDED", "b")]
    assert first.type is EventType.ADDED


@virtual_time
async def test_no_change_is_lost_or_doubled_when_every_connection_is_cut(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        for number in range(20):
            fake.commit(*(("ADDED", config_map(f"{name}-{number}")) for name in "abc"))
        frame = len(orjson.dumps({"type": "ADDED", "object": fake.log[0][2]})) + 1
        fake.cuts += [0, 1, frame, frame + 1, frame - 1, 3 * frame, 3 * frame + 5, 5 * frame, 1, 17 * frame + 3]

        async with aclosing(client.watch(ConfigMap, resource_version="0000")) as events:
            got = [(await anext(events)).object.name for _ in range(60)]

    assert got == [item["metadata"]["name"] for _, _, item in fake.log]
    assert not fake.cuts


@virtual_time
async def test_a_watch_outlives_the_server(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")), ("ADDED", config_map("b")))
        async with aclosing(client.watch(ConfigMap, resource_version="00")) as events:
            got = [await anext(events)]
            waiting = asyncio.create_task(anext(events))
            await elapse(1)
            got.append(await waiting)

            waiting = asyncio.create_task(anext(events))
            await elapse(1)
            await fake.stop()
            await elapse(120)
            fake.commit(("MODIFIED", config_map("b")))
            await fake.start()
            got.append(await waiting)

    assert [told(event) for event in got] == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "b")]


@virtual_time
async def test_a_watch_that_ended_cleanly_goes_on_from_the_bookmark(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        async with aclosing(client.watch(ConfigMap, resource_version="1")) as events:
            waiting = asyncio.create_task(anext(events))
            await elapse(1)
            fake.commit(("ADDED", {**config_map("secret"), "kind": "Secret"}))
            fake.end_watches()
            await elapse(1)
            fake.commit(("ADDED", config_map("b")))
            assert told(await waiting) == ("ADDED", "b")

    assert [seen.query["resourceVersion"] for seen in fake.seen] == ["1", "2"]


@virtual_time
async def test_silence_beyond_what_was_agreed_is_a_lost_connection(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.deaf = True
        async with aclosing(client.watch(ConfigMap, resource_version="1")) as events:
            waiting = asyncio.create_task(anext(events))
            await elapse(400)
            assert len(fake.seen) == 2
            agreed = int(fake.seen[0].query["timeoutSeconds"])
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    assert 240 <= agreed <= 300


@virtual_time
async def test_history_that_is_forgotten_is_told_by_watch(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        fake.compact()
        with pytest.raises(Gone):
            await anext(client.watch(ConfigMap, resource_version="00"))


@virtual_time
async def test_nonsense_in_the_stream_is_a_lost_connection(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        path = "/api/v1/configmaps"
        async with aclosing(client.watch(ConfigMap, resource_version="00")) as events:
            for nonsense in (b"<html>\n", b'{"kind": "ConfigMap"}\n', b'{"type": "ADDED", "object": {}}\n'):
                fake.texts[path] = nonsense
                waiting = asyncio.create_task(anext(events))
                await elapse(1)
                del fake.texts[path]
                fake.commit(("ADDED", config_map("a")))
                assert told(await waiting) == ("ADDED", "a")
                fake.cut()


@virtual_time
async def test_a_connection_that_breaks_again_and_again_without_news_is_not_tried_without_end(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")), ("ADDED", config_map("b")))
        frame = len(orjson.dumps({"type": "ADDED", "object": fake.log[0][2]})) + 1
        fake.cuts += [frame + 1] * 1000
        async with aclosing(client.watch(ConfigMap, resource_version="00")) as events:
            assert told(await anext(events)) == ("ADDED", "a")
            waiting = asyncio.create_task(anext(events))
            await elapse(60)
            assert len(fake.seen) < 40
            fake.cuts.clear()
            assert told(await waiting) == ("ADDED", "b")


@virtual_time
async def test_an_error_in_the_stream_is_raised(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.log.append((1, "ERROR", {"code": 410, "reason": "Expired", "kind": "ConfigMap", "metadata": {}}))
        with pytest.raises(Gone):
            await anext(client.watch(ConfigMap, resource_version="00"))


@virtual_time
async def test_what_trying_again_cannot_cure_is_raised(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.refusals += [(503, {}), (429, {}), (500, {}), (403, {})]
        with pytest.raises(Forbidden):
            await anext(client.watch(ConfigMap, resource_version="1"))

    assert len(fake.seen) == 4


async def collect(client: Client, picture: dict[str, str], events: list[tuple[str, str]]) -> None:
    """Follow everything, and check at each event that it fits the picture."""
    assert KIND
    async for event in client.list_and_watch(KIND):
        name = key_of(event.object).name
        events.append((str(event.type), name))
        match event.type:
            case EventType.ADDED:
                assert name not in picture
                picture[name] = version(event.object)
            case EventType.MODIFIED:
                assert int(picture[name]) < int(version(event.object))
                picture[name] = version(event.object)
            case EventType.DELETED:
                del picture[name]


def version(item: JSON) -> str:
    return str(item["metadata"]["resourceVersion"])


@virtual_time
async def test_a_gap_is_told_as_the_difference(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client, asyncio.TaskGroup() as group:
        fake.commit(*(("ADDED", config_map(name)) for name in ("kept", "changed", "gone")))
        picture: dict[str, str] = {}
        events: list[tuple[str, str]] = []
        following = group.create_task(collect(client, picture, events))
        await elapse(1)
        assert sorted(picture) == ["changed", "gone", "kept"]
        events.clear()

        await fake.stop()
        fake.commit(("DELETED", config_map("gone")), ("MODIFIED", config_map("changed")))
        fake.commit(("ADDED", config_map("new")), ("ADDED", config_map("brief")))
        fake.commit(("DELETED", config_map("brief")))
        fake.compact()
        await fake.start()
        await elapse(10)
        fake.commit(("MODIFIED", config_map("new")))
        await elapse(1)
        following.cancel()

    assert events == [("DELETED", "gone"), ("MODIFIED", "changed"), ("ADDED", "new"), ("MODIFIED", "new")]
    assert picture == {key[2]: version(item) for key, item in fake.objects.items()}


@virtual_time
async def test_listing_and_watching_waits_for_a_server_that_is_not_there_yet(tmp_path: Path) -> None:
    fake = FakeServer(tmp_path)
    fake.commit(("ADDED", config_map("a")))
    async with fake.client(retry_for=0) as client:
        waiting = asyncio.create_task(anext(client.list_and_watch(ConfigMap)))
        await elapse(600)
        async with fake:
            assert told(await waiting) == ("ADDED", "a")


@virtual_time
async def test_a_cancelled_watch_leaves_no_connection(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        watching = asyncio.create_task(collect(client, {}, []))
        await elapse(1)
        assert fake.open_watches == 1
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await elapse(1)

        assert fake.open_watches == 0


@virtual_time
async def test_several_kinds_come_over_one_connection(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")), ("ADDED", {**config_map("a"), "kind": "Secret"}))
        secret = find("secrets")
        assert secret
        async with aclosing(client.watch_many([ConfigMap, secret], "00", "blog", "a=b")) as events:
            got = [(await anext(events)).object["kind"] for _ in range(2)]

    assert got == ["ConfigMap", "Secret"]
    assert fake.seen[0].path == "/watch"
    assert fake.seen[0].query["labelSelector"] == "a=b"
