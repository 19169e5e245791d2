"""What every store promises to watchers (see `fizz.apiserver.store.types`), tried on each of them."""

import asyncio
import itertools

import pytest

from fizz.apiserver.store.revision import encode
from fizz.apiserver.store.types import LAST, Change, Compacted, Event, ForeignRevision, FutureRevision, Record, Watcher
from tests.conformance.store_kit import LEASES, ExpiringStore, collect, drain, put, told

WEB, DB, API = "/fizz.dev/deployments/blog/web", "/fizz.dev/deployments/blog/db", "/fizz.dev/deployments/shop/api"


async def test_events_tell_what_happened(store: ExpiringStore) -> None:
    await put(store, WEB, b"1")
    await put(store, WEB, b"2")
    await store.commit([Change(WEB, None)])
    with store.watch("/", (0, LAST)) as watcher:
        events = await drain(watcher)
    assert told(events) == [("ADDED", WEB, b"1", 1), ("MODIFIED", WEB, b"2", 2), ("DELETED", WEB, b"2", 3)]
    assert [(event.previous, event.previous_revision) for event in events] == [(None, 0), (b"1", 1), (b"2", 2)]


async def test_a_watcher_waits_for_what_it_watches(store: ExpiringStore) -> None:
    with store.watch("/fizz.dev/deployments/blog/", (0, LAST)) as watcher:
        waiting = asyncio.create_task(watcher.next())
        await put(store, API)
        await put(store, LEASES + "a/b")
        assert not waiting.done()
        await put(store, WEB)
        assert told(await waiting) == [("ADDED", WEB, b"1", 3)]


async def test_subs_number_the_events_of_a_revision(store: ExpiringStore) -> None:
    await store.commit([Change(API, None), Change(WEB, b"1"), Change(LEASES + "a/b", b"1"), Change(DB, b"1")])
    with store.watch("/", (0, LAST)) as watcher:
        assert [event.position for event in await drain(watcher)] == [(1, 0), (1, 1), (1, 2)]
    with store.watch("/", (1, 0)) as watcher:
        assert [event.key for event in await drain(watcher)] == [LEASES + "a/b", DB]


async def test_several_prefixes_come_in_one_order(store: ExpiringStore) -> None:
    with store.watch((LEASES, WEB, "/core/"), (0, LAST)) as watcher:
        for key in (DB, WEB, LEASES + "a/b", "/core/nodes//n"):
            await put(store, key)
        await store.commit([Change(WEB, b"2"), Change("/core/nodes//n", b"2")])
        keys = [event.key for event in await drain(watcher)]
        await put(store, WEB)
        assert (await drain(watcher))[0].revision == 6
    assert keys == [WEB, LEASES + "a/b", "/core/nodes//n", WEB, "/core/nodes//n"]


async def test_a_timeout_ends_a_wait_and_moves_the_position(store: ExpiringStore) -> None:
    await put(store, DB)
    with store.watch(WEB, (0, LAST)) as watcher:
        assert list(await watcher.next(timeout=0.001)) == []
        assert watcher.position == (1, LAST)
        await put(store, DB)
        assert list(await watcher.next(timeout=0.001)) == []
        assert watcher.position == (2, LAST)


async def test_the_position_is_where_another_watcher_can_go_on(store: ExpiringStore) -> None:
    with store.watch("/fizz.dev/", (0, LAST)) as watcher:
        await put(store, WEB)
        await drain(watcher)
        await put(store, "/core/nodes//n")
        await put(store, DB)
        await put(store, API)
        position = watcher.position
    with store.watch("/fizz.dev/", position) as watcher:
        assert [event.key for event in await drain(watcher)] == [DB, API]


async def test_cancelling_loses_nothing(store: ExpiringStore) -> None:
    with store.watch("/", (0, LAST)) as watcher:
        waiting = asyncio.create_task(watcher.next())
        await asyncio.sleep(0)
        committing = asyncio.create_task(put(store, WEB))
        await committing
        waiting.cancel()
        await asyncio.wait([waiting])
        seen = [] if waiting.cancelled() else list(waiting.result())
        assert [event.key for event in seen + await drain(watcher)] == [WEB]


async def test_a_revision_is_delivered_whole_unless_it_is_huge(store: ExpiringStore) -> None:
    await store.commit([Change(f"/a/b/c/{number:04}", b"") for number in range(700)])
    await store.commit([Change(f"/a/b/d/{number:04}", b"") for number in range(700)])
    await store.commit([Change(f"/a/b/e/{number:04}", b"") for number in range(1500)])
    batches = []
    with store.watch("/a/", (0, LAST)) as watcher:
        while events := await watcher.next(timeout=0):
            batches.append([event.position for event in events])
    everything = [position for batch in batches for position in batch]
    assert everything == [(1, n) for n in range(700)] + [(2, n) for n in range(700)] + [(3, n) for n in range(1500)]
    for before, after in itertools.pairwise(batches):
        assert before[-1][0] != after[0][0] or before[-1][0] == 3


async def test_compaction_is_told_to_who_is_behind(store: ExpiringStore) -> None:
    slow = store.watch("/fizz.dev/", (0, LAST))
    for number in range(5):
        await put(store, WEB, b"%d" % number)
    await store.compact(3)
    assert store.compacted == 3
    with pytest.raises(Compacted) as caught:
        await slow.next()
    assert caught.value.compacted == 3
    slow.close()
    with pytest.raises(Compacted):
        store.watch("/fizz.dev/", (2, LAST))
    with pytest.raises(Compacted):
        store.watch("/fizz.dev/", (3, 0))
    with store.watch("/fizz.dev/", (3, LAST)) as watcher:
        assert [event.revision for event in await drain(watcher)] == [4, 5]


async def test_compaction_does_not_overtake_who_has_nothing_to_read(store: ExpiringStore) -> None:
    with store.watch(DB, (0, LAST)) as watcher:
        waiting = asyncio.create_task(watcher.next())
        for number in range(5):
            await put(store, WEB, b"%d" % number)
        await store.compact(5)
        await put(store, DB)
        assert told(await waiting) == [("ADDED", DB, b"1", 6)]


async def test_who_has_nothing_to_read_need_not_even_wait(store: ExpiringStore) -> None:
    with store.watch(DB, (0, LAST)) as watcher:
        for number in range(5):
            await put(store, WEB, b"%d" % number)
        await store.compact(4)
        assert watcher.position == (5, LAST)
        assert await drain(watcher) == []
        await put(store, DB)
        await put(store, WEB)
        assert watcher.position == (5, LAST)
        assert [event.revision for event in await drain(watcher)] == [6]


async def test_compaction_never_goes_back(store: ExpiringStore) -> None:
    for _ in range(5):
        await put(store, WEB)
    await store.compact(4)
    await store.compact(2)
    assert store.compacted == 4
    assert await store.get(WEB) == Record(WEB, b"1", 5)
    with pytest.raises(FutureRevision):
        await store.compact(6)


async def test_positions_that_cannot_be_watched(store: ExpiringStore) -> None:
    with pytest.raises(FutureRevision):
        store.watch("/", (1, LAST))
    with pytest.raises(ForeignRevision):
        store.watch("/", (encode(5, 1), LAST))


async def test_concurrent_writers_compaction_and_watchers(store: ExpiringStore) -> None:
    """No gap, no duplicate, in order, for fast watchers and for one that is told Compacted and begins anew."""
    rounds, writers = 60, 4

    async def write(name: int) -> None:
        for number in range(rounds):
            kind = LEASES if (name + number) % 3 == 0 else "/fizz.dev/deployments/"
            await store.commit([Change(f"{kind}ns/{name}-{number % 7}", b"%d" % number)])

    async def follow(watcher: Watcher) -> list[Event]:
        return await collect(watcher, rounds * writers)

    async def tarry() -> int:
        position, overtaken = (0, LAST), 0
        while position[0] < rounds * writers:
            try:
                with store.watch("/", position) as watcher:
                    events = await watcher.next()
                    assert events[0].position > position
                    position = watcher.position
                while store.compacted <= position[0] < rounds * writers:
                    compacted.clear()
                    await compacted.wait()
            except Compacted as error:
                position, overtaken = (error.compacted, LAST), overtaken + 1
        return overtaken

    async def compact() -> None:
        while store.compacted < rounds * writers:
            await asyncio.sleep(0)
            await store.compact(min(watcher.position[0] for watcher in watchers))
            compacted.set()

    compacted = asyncio.Event()
    watchers = [store.watch("/", (0, LAST)) for _ in range(3)]
    followers = [asyncio.create_task(follow(watcher)) for watcher in watchers]
    others = asyncio.gather(tarry(), compact())
    await asyncio.gather(*(write(name) for name in range(writers)))
    for follower in followers:
        events = await follower
        assert [event.revision for event in events] == list(range(1, rounds * writers + 1))
    assert (await others)[0] > 0
