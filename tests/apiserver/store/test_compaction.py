import asyncio

import pytest

from fizz.apiserver.store.compaction import Compactor, Look, Retention, compact_to
from fizz.apiserver.store.memory import MemoryStore
from fizz.apiserver.store.revision import encode
from fizz.apiserver.store.types import Change, Full

HOUR = Retention(age=3600, count=1000)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([(0, 0)], None),
        ([(0, 500), (3599, 900)], None),
        ([(0, 500), (3600, 900)], 500),
        ([(0, 100), (1800, 250), (3600, 300), (4200, 310)], 100),
        ([(0, 100), (1800, 250), (5400, 310)], 250),
        ([(0, 100), (7200, 310)], 100),
        ([(0, 5000)], 4000),
        ([(0, 100), (3600, 5000)], 4000),
        ([(0, encode(3, 1)), (10, encode(3, 1000))], None),
        ([(0, encode(3, 1)), (10, encode(3, 1500))], encode(3, 500)),
        ([(0, encode(3, 0)), (3600, encode(3, 0))], None),
    ],
    ids=[
        "empty",
        "young",
        "old",
        "the example",
        "several old",
        "long idle",
        "many",
        "many and old",
        "replica",
        "many of a replica",
        "empty replica",
    ],
)
def test_history_is_kept_by_age_and_number(looks: list[tuple[float, int]], expected: int | None) -> None:
    assert compact_to([Look(*look) for look in looks], HOUR) == expected


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_compactor_applies_it() -> None:
    store, ticks = await MemoryStore.open(), Ticks()
    compactor = Compactor(store, Retention(age=100, count=50, interval=10), clock=ticks)
    compacted = []
    for _ in range(15):
        await compactor.step()
        compacted.append(store.compacted)
        ticks.now += 10
        await store.commit([Change("/a", b"")])
    assert compacted == [0] * 11 + [1, 2, 3, 4]
    await store.close()


async def test_the_compactor_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = await MemoryStore.open()
    for _ in range(5):
        await store.commit([Change("/a", b"")])
    compact, refusals, done = store.compact, [Full("no space")], asyncio.Event()

    async def reluctant(revision: int) -> None:
        if refusals:
            raise refusals.pop()
        await compact(revision)
        done.set()

    monkeypatch.setattr(store, "compact", reluctant)
    running = asyncio.create_task(Compactor(store, Retention(count=2, interval=0)).run())
    await done.wait()
    assert store.compacted == 3
    running.cancel()
    await asyncio.wait([running])
    await store.close()


async def test_the_compactor_ends_with_the_store() -> None:
    store = await MemoryStore.open()
    for _ in range(5):
        await store.commit([Change("/a", b"")])
    await store.close()
    await Compactor(store, Retention(count=1)).run()
