"""Informers, against a server with faults, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fizz.client.api import EventType
from fizz.client.informer import Informer
from fizz.client.objects import O
from fizz.client.testing import elapse, virtual_time
from fizz.schemas.base import JSON
from fizz.schemas.core import ConfigMap
from fizz.schemas.kinds import find
from tests.client.fake_server import FakeServer, config_map

Told = list[tuple[str, str]]


@asynccontextmanager
async def running(informer: Informer[O]) -> AsyncIterator[Informer[O]]:
    task = asyncio.create_task(informer.run())
    try:
        await informer.synced()
        yield informer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def listen(informer: Informer[ConfigMap]) -> Told:
    """What the informer's handler is told, checked for sense."""
    told: Told = []

    def handle(kind: EventType, old: ConfigMap | None, new: ConfigMap | None) -> None:
        assert (old is None) == (kind is EventType.ADDED)
        assert (new is None) == (kind is EventType.DELETED)
        item = new or old
        assert item
        told.append((str(kind), item.name))

    informer.add_handler(handle)
    return told


@virtual_time
async def test_an_informer_knows_what_is_there_and_hears_what_changes(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        owner = {"apiVersion": "v1", "kind": "Namespace", "name": "blog", "uid": "u1"}
        owned = config_map("a", labels={"tier": "web"}, ownerReferences=[owner])
        fake.commit(("ADDED", owned), ("ADDED", config_map("b", "shop")))
        informer = Informer(client, ConfigMap)
        told = listen(informer)
        assert not informer.has_synced
        async with running(informer):
            assert informer.has_synced
            a = informer.get("blog", "a")
            assert isinstance(a, ConfigMap)
            assert informer.get("blog", "b") is None
            assert [item.name for item in informer.list()] == ["a", "b"]
            assert [item.name for item in informer.list("shop")] == ["b"]
            assert informer.by_owner("u1") == informer.by_label("tier", "web") == [a]

            fake.commit(("MODIFIED", config_map("a")))
            fake.commit(("DELETED", config_map("b", "shop")))
            await elapse(1)
            assert informer.by_owner("u1") == informer.by_label("tier", "web") == informer.list("shop") == []

    assert told == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


@virtual_time
async def test_a_handler_that_comes_late_is_told_what_is_known(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        async with running(Informer(client, ConfigMap)) as informer:
            assert listen(informer) == [("ADDED", "a")]


@virtual_time
async def test_what_is_known_stays_while_the_server_is_away_and_is_put_right_afterwards(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(*(("ADDED", config_map(name)) for name in ("same", "gone", "changed", "replaced")))
        informer = Informer(client, ConfigMap)
        told = listen(informer)
        async with running(informer):
            told.clear()
            same = informer.get("blog", "same")
            await fake.stop()
            await elapse(3600)
            assert len(informer.list()) == 4

            fake.commit(("DELETED", config_map("gone")), ("MODIFIED", config_map("changed")))
            fake.commit(("DELETED", config_map("replaced")))
            fake.commit(("ADDED", config_map("replaced", uid="another")))
            fake.compact()
            await fake.start()
            await elapse(10)
            assert sorted(item.name for item in informer.list()) == ["changed", "replaced", "same"]
            assert informer.get("blog", "same") is same

    assert told == [("DELETED", "gone"), ("DELETED", "replaced"), ("MODIFIED", "changed"), ("ADDED", "replaced")]


def broken(name: str) -> JSON:
    return {**config_map(name), "data": "not a mapping"}


@virtual_time
async def test_an_object_that_cannot_be_read_is_left_out_and_hurts_no_other(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", broken("bad")), ("ADDED", config_map("good")), ("ADDED", config_map("spoiled")))
        informer = Informer(client, ConfigMap)
        told = listen(informer)
        async with running(informer):
            fake.commit(("MODIFIED", broken("spoiled")))
            fake.commit(("MODIFIED", config_map("good")))
            await elapse(1)
            kept = informer.get("blog", "spoiled")
            assert kept
            assert kept.data == {"name": "spoiled"}

            fake.compact()
            fake.revision += 1
            fake.cut()
            fake.compact()
            await elapse(10)
            assert informer.get("blog", "spoiled") is kept

            fake.commit(("MODIFIED", config_map("bad")), ("DELETED", broken("spoiled")))
            await elapse(1)

    assert told == [
        ("ADDED", "good"),
        ("ADDED", "spoiled"),
        ("MODIFIED", "good"),
        ("ADDED", "bad"),
        ("DELETED", "spoiled"),
    ]


@virtual_time
async def test_a_handler_that_fails_hurts_no_other(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        informer = Informer(client, ConfigMap)
        informer.add_handler(lambda kind, old, new: [][1])
        told = listen(informer)
        async with running(informer):
            fake.commit(("ADDED", config_map("a")))
            await elapse(1)

    assert told == [("ADDED", "a")]


@virtual_time
async def test_a_kind_gives_json(tmp_path: Path) -> None:
    kind = find("configmaps")
    assert kind
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        async with running(Informer(client, kind, "blog")) as informer:
            known = informer.get("blog", "a")
            assert known
            assert known["data"] == {"name": "a"}


@virtual_time
async def test_a_refusal_is_not_the_end(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        fake.refusals += [(403, {}), (404, {})]
        async with running(Informer(client, ConfigMap)) as informer:
            assert len(informer.list()) == 1
