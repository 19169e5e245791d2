"""What the conformance suite cannot ask of every store: what lasts, what goes together, what a watcher costs."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fizz.apiserver.store import hub, persist, volatile, writer
from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import LAST, Change, Closed, Compacted, Conflict, Record
from tests.conformance.store_kit import Clock, drain

LEASES = "/coordination.k8s.io/leases/"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LmdbStore]:
    store = await LmdbStore.open(tmp_path, volatile=(LEASES,))
    yield store
    await store.close()


async def reopen(store: LmdbStore, path: Path) -> LmdbStore:
    await store.close()
    return await LmdbStore.open(path, volatile=(LEASES,))


async def fill(store: LmdbStore, count: int, size: int = 10) -> None:
    await asyncio.gather(*(store.commit([Change(f"/a/b/c/{number}", b"x" * size)]) for number in range(count)))


class TestWhatLasts:
    async def test_everything_is_there_after_reopening(self, store: LmdbStore, tmp_path: Path) -> None:
        await store.commit([Change("/a", b"1"), Change("/b", b"1")])
        await store.commit([Change("/a", b"2"), Change("/b", None)])
        await store.compact(1)
        again = await reopen(store, tmp_path)
        assert (again.revision, again.compacted) == (2, 1)
        assert (await again.list("/")).records == [Record("/a", b"2", 2)]
        assert (await again.list("/a", revision=1)).records == [Record("/a", b"1", 1)]
        assert (await again.list("/b", revision=1)).records == [Record("/b", b"1", 1)]
        assert await again.commit([Change("/a", b"3", expected=2)]) == 3
        await again.close()

    async def test_watches_go_on_where_they_were(self, store: LmdbStore, tmp_path: Path) -> None:
        await fill(store, 5)
        with store.watch("/a/", (2, LAST)) as watcher:
            before = await drain(watcher)
            position = watcher.position
        await fill(store, 3)
        again = await reopen(store, tmp_path)
        with again.watch("/a/", position) as watcher:
            after = await drain(watcher)
            await fill(again, 1)
            after += await drain(watcher)
        assert [event.revision for event in before + after] == [3, 4, 5, 6, 7, 8, 9]
        await again.close()

    async def test_expiry_lasts(self, tmp_path: Path) -> None:
        clock = Clock()
        store = await LmdbStore.open(tmp_path, clock=clock)
        await store.commit([Change("/a", b"1", ttl=60), Change("/b", b"1", ttl=60), Change("/c", b"1", ttl=99)])
        await store.commit([Change("/b", b"2")])
        await store.close()
        clock.now += 61
        again = await LmdbStore.open(tmp_path, clock=clock)
        with again.watch("/", (2, LAST)) as watcher:
            assert [event.key for event in await watcher.next()] == ["/a"]
        assert [record.key for record in (await again.list("/")).records] == ["/b", "/c"]
        await again.close()

    async def test_deletion_of_forgotten_entries_goes_on_after_a_crash(self, store: LmdbStore, tmp_path: Path) -> None:
        await fill(store, 1000)
        compacting = asyncio.create_task(store.compact(900))
        await store.commit([Change("/a", b"")])  # behind the first piece of the compaction
        assert store.stats().log_length > 101
        await store.close()
        with pytest.raises(Closed):
            await compacting
        again = await LmdbStore.open(tmp_path)
        assert again.compacted == 900
        await again.compact(901)
        assert again.stats().log_length == 100
        await again.close()


class TestVolatileKeys:
    async def test_they_never_reach_the_disk(self, store: LmdbStore, tmp_path: Path) -> None:
        await store.commit([Change(LEASES + "a/b", b"find me"), Change("/a", b"and me")])
        await store.commit([Change(LEASES + "a/b", b"find me")])
        assert store.stats().log_length == 1
        await store.close()
        data = (tmp_path / "data.mdb").read_bytes()
        assert b"and me" in data
        assert b"find me" not in data
        assert b"coordination" not in data

    async def test_they_vanish_and_whoever_knew_them_is_told(self, store: LmdbStore, tmp_path: Path) -> None:
        await store.commit([Change("/a", b"1")])
        seen = await store.commit([Change(LEASES + "a/b", b"1")])
        again = await reopen(store, tmp_path)
        assert await again.get(LEASES + "a/b") is None
        assert again.revision == seen + 1
        for prefix in (LEASES, LEASES + "a/b", "/", ("/a", LEASES)):
            with pytest.raises(Compacted):
                again.watch(prefix, (seen, LAST))
        with pytest.raises(Compacted):
            await again.list("/", revision=seen)
        with again.watch("/a", (0, LAST)) as watcher:
            assert [event.revision for event in await drain(watcher)] == [1]
        assert await again.commit([Change(LEASES + "a/b", b"2", expected=0)]) == seen + 2
        await again.close()

    async def test_without_them_no_revision_is_lost(self, store: LmdbStore, tmp_path: Path) -> None:
        await fill(store, 3)
        again = await reopen(store, tmp_path)
        assert again.revision == 3
        assert await again.commit([Change("/a", b"")]) == 4
        await again.close()

    async def test_their_revisions_are_reserved_in_blocks(self, store: LmdbStore) -> None:
        disk_writes = set()
        for number in range(2 * volatile.BLOCK):
            await store.commit([Change(LEASES + "a/b", b"%d" % number)])
            disk_writes.add(store._environment.env.info()["last_txnid"])
        assert len(disk_writes) <= 3

    @pytest.mark.parametrize(("volatile_commits", "durable_commits"), [(1, 0), (4, 0), (5, 0), (6, 0), (1, 4), (1, 30)])
    async def test_a_crash_never_leads_back_to_a_revision_that_was_handed_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, volatile_commits: int, durable_commits: int
    ) -> None:
        monkeypatch.setattr(persist, "BLOCK", 5)
        store = await LmdbStore.open(tmp_path / "store", volatile=(LEASES,))
        for _ in range(volatile_commits):
            await store.commit([Change(LEASES + "a/b", b"")])
        for _ in range(durable_commits):
            await store.commit([Change("/a", b"")])
        (tmp_path / "copy").mkdir()
        shutil.copy(tmp_path / "store/data.mdb", tmp_path / "copy")
        await store.close()
        again = await LmdbStore.open(tmp_path / "copy", volatile=(LEASES,))
        assert store.revision < again.revision <= store.revision + 5
        with pytest.raises(Compacted):
            again.watch(LEASES, (store.revision, LAST))
        again.watch("/a", (store.revision, LAST)).close()
        await again.close()

    async def test_their_history_is_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(volatile, "_MAX_EVENTS", 3)
        store = await LmdbStore.open(tmp_path, volatile=(LEASES,), recent_events=2)
        for number in range(6):
            await store.commit([Change(LEASES + "a/b", b"%d" % number), Change("/a", b"%d" % number)])
        with store.watch("/", (3, LAST)) as watcher:
            assert [event.position for event in await drain(watcher)] == [
                (4, 0),
                (4, 1),
                (5, 0),
                (5, 1),
                (6, 0),
                (6, 1),
            ]
        assert [record.value for record in (await store.list("/", revision=3)).records] == [b"2", b"2"]
        with pytest.raises(Compacted) as caught:
            store.watch("/", (2, LAST))
        assert caught.value.compacted == 3
        with store.watch("/a", (0, LAST)) as watcher:
            assert len(await drain(watcher)) == 6
        await store.close()

    async def test_a_prefix_must_be_one(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="does not end with"):
            await LmdbStore.open(tmp_path, volatile=("/leases",))


class TestGroupCommit:
    async def test_commits_that_wait_together_are_written_together(self, store: LmdbStore) -> None:
        sizes = []

        async def write(name: int) -> None:
            for number in range(20):
                await store.commit([Change(f"/a/b/c/{name}", b"%d" % number)])
                sizes.append(store.stats().last_batch)

        before = store._environment.env.info()["last_txnid"]
        await asyncio.gather(*(write(name) for name in range(16)))
        assert max(sizes) > 1
        assert store._environment.env.info()["last_txnid"] - before < 16 * 20 / 2
        assert store.revision == 16 * 20

    async def test_a_conflict_does_not_disturb_the_others_of_its_batch(self, store: LmdbStore) -> None:
        await store.commit([Change("/a", b"0")])
        outcomes = await asyncio.gather(
            store.commit([Change("/a", b"1", expected=1), Change("/b", b"1")]),
            store.commit([Change("/b", b"2", expected=0), Change("/c", b"2")]),
            store.commit([Change("/a", b"3", expected=2)]),
            store.commit([Change("/a", b"4", expected=2)]),
            return_exceptions=True,
        )
        assert outcomes[0] == 2
        assert isinstance(outcomes[1], Conflict)
        assert outcomes[1].actual == Record("/b", b"1", 2)
        assert outcomes[2] == 3
        assert isinstance(outcomes[3], Conflict)
        assert await store.get("/c") is None

    async def test_a_commit_goes_on_without_who_gave_it_up(self, store: LmdbStore) -> None:
        task = asyncio.create_task(store.commit([Change("/a", b"1")]))
        await asyncio.sleep(0)
        task.cancel()
        assert await store.commit([Change("/b", b"1")]) == 2
        assert await store.get("/a") == Record("/a", b"1", 1)

    async def test_a_defect_leaves_nobody_waiting(self, store: LmdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise ZeroDivisionError("a defect")

        with monkeypatch.context() as patch:
            patch.setattr(writer, "save", broken)
            with pytest.raises(ZeroDivisionError):
                await store.commit([Change("/a", b"")])
        assert await store.commit([Change("/a", b"")]) == 1

    async def test_compaction_lets_commits_through(self, store: LmdbStore) -> None:
        await fill(store, 3000)
        compacting = asyncio.create_task(store.compact(3000))
        between = 0
        while not compacting.done():
            await store.commit([Change("/a", b"")])
            between += 1
        assert between >= 3
        await compacting


class TestWatchers:
    async def test_a_commit_touches_only_those_who_care(
        self, store: LmdbStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touched: list[tuple[str, ...]] = []
        wake = hub.Cursor.wake

        def counted(cursor: hub.Cursor, before: tuple[int, int]) -> None:
            touched.append(cursor.selector.prefixes)
            wake(cursor, before)

        monkeypatch.setattr(hub.Cursor, "wake", counted)
        watchers = [store.watch(f"/a/b/c/{number}", (0, LAST)) for number in range(100)]
        wide = [store.watch(prefix, (0, LAST)) for prefix in ("/", "/a/b/", "/a/x/")]
        await store.commit([Change("/a/b/c/7", b"")])
        assert sorted(touched) == [("/",), ("/a/b/",), ("/a/b/c/7",)]
        await store.commit([Change("/a/b/c/7", b"")])
        assert len(touched) == 3
        assert store.stats().watchers == 103
        for watcher in watchers + wide:
            watcher.close()
        assert store.stats().watchers == 0

    async def test_watchers_share_events(self, store: LmdbStore) -> None:
        one, other = (store.watch("/", (0, LAST)) for _ in range(2))
        await store.commit([Change("/a", b"")])
        (event,) = await one.next()
        event.memo["line"] = b"encoded"
        (same,) = await other.next()
        assert same is event

    async def test_a_slow_watcher_reads_from_the_disk_until_it_is_told_compacted(self, tmp_path: Path) -> None:
        store = await LmdbStore.open(tmp_path, recent_events=10)
        slow = store.watch("/a/", (0, LAST))
        await fill(store, 2500)
        seen = [event.revision for event in await slow.next()]
        assert seen == list(range(1, 1001))
        await store.compact(1000)
        seen += [event.revision for event in await slow.next()]
        assert seen == list(range(1, 2001))
        await store.compact(2001)
        with pytest.raises(Compacted):
            await slow.next()
        await store.close()

    async def test_a_long_way_without_anything_of_interest_lets_others_work(self, tmp_path: Path) -> None:
        store = await LmdbStore.open(tmp_path, recent_events=10)
        await fill(store, 5000)
        turns = 0
        with store.watch("/rare/", (0, LAST)) as watcher:
            waiting = asyncio.create_task(watcher.next(timeout=0))
            while not waiting.done():
                await asyncio.sleep(0)
                turns += 1
            assert list(await waiting) == []
            assert watcher.position == (5000, LAST)
        assert turns > 2
        await store.close()


async def test_stats(store: LmdbStore, tmp_path: Path) -> None:
    await fill(store, 100)
    await store.compact(60)
    stats = store.stats()
    assert (stats.revision, stats.compacted, stats.log_length) == (100, 60, 40)
    assert 4096 < stats.disk_bytes <= (tmp_path / "data.mdb").stat().st_size
