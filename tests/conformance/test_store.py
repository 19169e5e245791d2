"""What every store promises (see `fizz.apiserver.store.types`), tried on each of them."""

import asyncio
import time
from pathlib import Path

import pytest

from fizz.apiserver.store.revision import encode
from fizz.apiserver.store.types import (
    LAST,
    Change,
    Closed,
    Compacted,
    Conflict,
    EventType,
    ForeignRevision,
    FutureRevision,
    Record,
)
from tests.conformance.store_kit import KINDS, LEASES, Clock, ExpiringStore, collect, drain, open_store, put, told

WEB, DB, API = "/fizz.dev/deployments/blog/web", "/fizz.dev/deployments/blog/db", "/fizz.dev/deployments/shop/api"


class TestCommit:
    async def test_an_empty_store_is_at_revision_0(self, store: ExpiringStore) -> None:
        assert (store.revision, store.compacted) == (0, 0)
        assert await store.get(WEB) is None
        assert (await store.list("/")).records == []

    async def test_revisions_count_commits(self, store: ExpiringStore) -> None:
        assert [await put(store, key) for key in (WEB, DB, LEASES + "a/b")] == [1, 2, 3]
        assert store.revision == 3

    async def test_what_was_committed_is_read_back(self, store: ExpiringStore) -> None:
        await put(store, WEB, b"a")
        await put(store, WEB, b"b")
        assert await store.get(WEB) == Record(WEB, b"b", 2)

    async def test_changes_of_a_commit_share_its_revision(self, store: ExpiringStore) -> None:
        revision = await store.commit([Change(WEB, b"w"), Change(LEASES + "a/b", b"l"), Change(DB, b"d")])
        assert [await store.get(key) for key in (WEB, LEASES + "a/b", DB)] == [
            Record(WEB, b"w", revision),
            Record(LEASES + "a/b", b"l", revision),
            Record(DB, b"d", revision),
        ]

    @pytest.mark.parametrize("key", [WEB, LEASES + "a/b"], ids=["durable", "volatile"])
    async def test_expectations_hold_or_nothing_happens(self, store: ExpiringStore, key: str) -> None:
        await put(store, key, b"1")
        for wrong in (0, 2, 7):
            with pytest.raises(Conflict) as caught:
                await store.commit([Change(DB, b"x", expected=0), Change(key, b"2", expected=wrong)])
            assert (caught.value.index, caught.value.key) == (1, key)
            assert caught.value.actual == Record(key, b"1", 1)
        assert await store.get(DB) is None
        assert await store.commit([Change(key, b"2", expected=1)]) == 2

    async def test_expecting_a_revision_of_an_absent_key_conflicts(self, store: ExpiringStore) -> None:
        with pytest.raises(Conflict) as caught:
            await store.commit([Change(WEB, b"1", expected=3)])
        assert caught.value.actual is None
        assert await store.commit([Change(WEB, b"1", expected=0)]) == 1

    async def test_a_deleted_key_is_gone(self, store: ExpiringStore) -> None:
        await put(store, WEB)
        assert await store.commit([Change(WEB, None, expected=1)]) == 2
        assert await store.get(WEB) is None
        assert await store.commit([Change(WEB, b"again", expected=0)]) == 3

    async def test_deleting_an_absent_key_does_nothing_unless_something_was_expected(
        self, store: ExpiringStore
    ) -> None:
        await put(store, WEB)
        assert await store.commit([Change(DB, None)]) == 1
        assert await store.commit([]) == 1
        for expected in (0, 1):
            with pytest.raises(Conflict):
                await store.commit([Change(DB, None, expected=expected)])
        assert store.revision == 1

    async def test_one_change_a_key(self, store: ExpiringStore) -> None:
        with pytest.raises(ValueError, match="one key"):
            await store.commit([Change(WEB, b"1"), Change(WEB, b"2")])

    @pytest.mark.parametrize("key", ["", "web", "/a/b/", "/" + "x" * 600], ids=["empty", "relative", "prefix", "long"])
    async def test_keys_that_no_store_takes(self, store: ExpiringStore, key: str) -> None:
        with pytest.raises(ValueError, match=r"key|longer"):
            await store.commit([Change(key, b"1")])

    async def test_values_are_any_bytes(self, store: ExpiringStore) -> None:
        values = (b"", bytes(range(256)), b"x" * 100_000)
        for value in values:
            await put(store, WEB, value)
        with store.watch("/", (0, LAST)) as watcher:
            assert [event.value for event in await drain(watcher)] == list(values)

    async def test_no_update_is_lost_between_competing_writers(self, store: ExpiringStore) -> None:
        for key in (WEB, LEASES + "a/b"):
            await put(store, key, b"0")

        async def increment(key: str) -> None:
            while True:
                record = await store.get(key)
                assert record is not None
                try:
                    await store.commit([Change(key, b"%d" % (int(record.value) + 1), expected=record.revision)])
                except Conflict:
                    continue
                return

        await asyncio.gather(*(increment(key) for key in (WEB, LEASES + "a/b") for _ in range(25)))
        for key in (WEB, LEASES + "a/b"):
            record = await store.get(key)
            assert record is not None
            assert record.value == b"25"
        assert store.revision == 52


class TestList:
    @pytest.fixture(autouse=True)
    async def _filled(self, store: ExpiringStore) -> None:
        for key in (API, WEB, DB, WEB + "-2", LEASES + "a/b", "/core/namespaces//blog"):
            await put(store, key)

    @pytest.mark.parametrize(
        ("prefix", "keys"),
        [
            ("/", [LEASES + "a/b", "/core/namespaces//blog", DB, WEB, WEB + "-2", API]),
            ("/fizz.dev/deployments/blog/", [DB, WEB, WEB + "-2"]),
            ("/core/namespaces//", ["/core/namespaces//blog"]),
            (WEB, [WEB]),
            (LEASES, [LEASES + "a/b"]),
            (LEASES + "a/b", [LEASES + "a/b"]),
            (LEASES + "a/", [LEASES + "a/b"]),
            ("/fizz.dev/deployments/none/", []),
            ("/zzz/", []),
        ],
    )
    async def test_a_prefix_selects_whole_segments(self, store: ExpiringStore, prefix: str, keys: list[str]) -> None:
        page = await store.list(prefix)
        assert [record.key for record in page.records] == keys
        assert (page.revision, page.next_key, page.remaining) == (6, None, 0)

    @pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, 7])
    async def test_pages_make_up_the_whole(self, store: ExpiringStore, limit: int) -> None:
        whole = (await store.list("/")).records
        page = await store.list("/", limit=limit)
        found = list(page.records)
        while page.next_key is not None:
            assert page.remaining == len(whole) - len(found)
            page = await store.list("/", limit=limit, after=page.next_key, revision=page.revision)
            found += page.records
        assert page.remaining == 0
        assert found == whole

    async def test_pages_stay_at_their_revision_while_writers_go_on(self, store: ExpiringStore) -> None:
        whole = (await store.list("/")).records
        page = await store.list("/", limit=2)
        found = list(page.records)
        await store.commit([Change(WEB, None), Change(DB, b"other"), Change("/fizz.dev/deployments/blog/aaa", b"new")])
        await store.commit([Change(LEASES + "a/b", None), Change(LEASES + "a/c", b"new")])
        while page.next_key is not None:
            assert page.remaining == len(whole) - len(found)
            page = await store.list("/", limit=2, after=page.next_key, revision=page.revision)
            found += page.records
        assert found == whole

    async def test_the_first_page_of_the_past_counts_as_of_then(self, store: ExpiringStore) -> None:
        await store.commit([Change(WEB, None), Change(LEASES + "a/b", None), Change("/z/new", b"")])
        await store.commit([Change("/z/newer", b""), Change(LEASES + "a/c", b"")])
        counts = {}
        for revision in (4, 6, 7, 8):
            page = await store.list("/", limit=1, revision=revision)
            counts[revision] = len(page.records) + page.remaining
        assert counts == {4: 4, 6: 6, 7: 5, 8: 7}

    async def test_every_past_revision_can_be_listed(self, store: ExpiringStore) -> None:
        await store.commit([Change(WEB, b"2")])
        await store.commit([Change(WEB, None), Change(LEASES + "a/b", None)])
        await store.commit([Change(WEB, b"3"), Change(LEASES + "a/b", b"3")])
        past = {
            revision: {record.key: record.value for record in (await store.list("/", revision=revision)).records}
            for revision in range(10)
        }
        assert past[0] == {}
        assert past[2] == {API: b"1", WEB: b"1"}
        assert past[7] == past[6] | {WEB: b"2"}
        assert past[8] == {key: value for key, value in past[7].items() if key not in (WEB, LEASES + "a/b")}
        assert past[9] == past[8] | {WEB: b"3", LEASES + "a/b": b"3"}

    async def test_a_past_record_has_its_own_revision(self, store: ExpiringStore) -> None:
        await put(store, WEB, b"2")
        assert (await store.list(WEB, revision=6)).records == [Record(WEB, b"1", 2)]

    async def test_after_need_not_exist(self, store: ExpiringStore) -> None:
        page = await store.list("/fizz.dev/", after="/fizz.dev/deployments/blog/e", limit=1)
        assert ([record.key for record in page.records], page.remaining) == ([WEB], 2)

    async def test_revisions_that_cannot_be_listed(self, store: ExpiringStore) -> None:
        await store.compact(3)
        assert len((await store.list("/", revision=3)).records) == 3
        with pytest.raises(Compacted):
            await store.list("/", revision=2)
        with pytest.raises(FutureRevision):
            await store.list("/", revision=7)
        with pytest.raises(ForeignRevision):
            await store.list("/", revision=encode(5, 1))

    async def test_bad_questions(self, store: ExpiringStore) -> None:
        with pytest.raises(ValueError, match="limit"):
            await store.list("/", limit=0)
        with pytest.raises(ValueError, match="prefix"):
            await store.list("fizz.dev/")


class TestExpiry:
    @pytest.mark.parametrize("key", [WEB, LEASES + "a/b"], ids=["durable", "volatile"])
    async def test_a_record_is_deleted_when_its_time_is_over(
        self, store: ExpiringStore, clock: Clock, key: str
    ) -> None:
        await store.commit([Change(key, b"1", ttl=60), Change(DB, b"1")])
        clock.now += 59.9
        assert await store.expire() == 0
        clock.now += 0.1
        assert await store.expire() == 1
        assert await store.get(key) is None
        with store.watch("/", (1, LAST)) as watcher:
            assert told(await drain(watcher)) == [("DELETED", key, b"1", 2)]

    @pytest.mark.parametrize("key", [WEB, LEASES + "a/b"], ids=["durable", "volatile"])
    async def test_a_later_change_sets_the_time_anew(self, store: ExpiringStore, clock: Clock, key: str) -> None:
        await store.commit([Change(key, b"1", ttl=60), Change(DB, b"1", ttl=60)])
        await store.commit([Change(key, b"2", ttl=120), Change(DB, b"2")])
        clock.now += 100
        assert await store.expire() == 0
        clock.now += 100
        assert await store.expire() == 1
        assert await store.get(DB) == Record(DB, b"2", 2)

    @pytest.mark.parametrize("key", [WEB, LEASES + "a/b"], ids=["durable", "volatile"])
    async def test_a_change_that_comes_just_in_time_saves_the_record(
        self, store: ExpiringStore, clock: Clock, key: str
    ) -> None:
        await store.commit([Change(key, b"1", ttl=60)])
        clock.now += 60
        renewed, expired = await asyncio.gather(store.commit([Change(key, b"2")]), store.expire())
        assert (renewed, expired) == (2, 0)
        assert await store.get(key) == Record(key, b"2", 2)

    async def test_many_at_once(self, store: ExpiringStore, clock: Clock) -> None:
        for start in range(0, 600, 200):
            await store.commit([Change(f"/core/events/ns/{start + n}", b"", ttl=start + 1) for n in range(200)])
        clock.now += 1000
        assert await store.expire() == 600
        assert (await store.list("/")).records == []

    @pytest.mark.parametrize("kind", KINDS)
    async def test_the_store_does_it_by_itself(self, kind: str, tmp_path: Path) -> None:
        store = await open_store(kind, tmp_path, time.time)
        with store.watch((WEB, LEASES), (0, LAST)) as watcher:
            await store.commit([Change(WEB, b"1", ttl=0.002), Change(LEASES + "a/b", b"1", ttl=0.001), Change(DB, b"")])
            events = await collect(watcher, 4)
        assert sorted(event.key for event in events if event.type is EventType.DELETED) == [LEASES + "a/b", WEB]
        assert store.revision == 3
        await store.close()

    @pytest.mark.parametrize("ttl", [0, -1, float("inf"), float("nan")])
    async def test_times_that_cannot_be(self, store: ExpiringStore, ttl: float) -> None:
        with pytest.raises(ValueError, match="time to live"):
            await store.commit([Change(WEB, b"1", ttl=ttl)])


class TestClose:
    async def test_a_closed_store_refuses(self, store: ExpiringStore) -> None:
        await put(store, WEB)
        await store.close()
        await store.close()
        with pytest.raises(Closed):
            await store.get(WEB)
        with pytest.raises(Closed):
            await store.list("/")
        with pytest.raises(Closed):
            await put(store, WEB)
        with pytest.raises(Closed):
            await store.compact(1)
        with pytest.raises(Closed):
            store.watch("/", (0, LAST))
        assert store.revision == 1

    async def test_closing_ends_watches(self, store: ExpiringStore) -> None:
        watcher = store.watch("/", (0, LAST))
        waiting = asyncio.create_task(watcher.next())
        await asyncio.sleep(0)
        await store.close()
        with pytest.raises(Closed):
            await waiting
        with pytest.raises(Closed):
            await watcher.next()

    async def test_commits_that_were_accepted_are_finished(self, store: ExpiringStore) -> None:
        commits = [asyncio.create_task(put(store, f"/a/b/c/{number}")) for number in range(20)]
        await asyncio.sleep(0)
        await store.close()
        assert sorted(await asyncio.gather(*commits)) == list(range(1, 21))

    async def test_closing_a_watcher_twice_is_fine(self, store: ExpiringStore) -> None:
        watcher = store.watch("/", (0, LAST))
        watcher.close()
        watcher.close()
        with pytest.raises(Closed):
            await watcher.next()
