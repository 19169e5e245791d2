"""Random commits, watches, lists, compactions, expiries and restarts, held against a simple model after every step."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from fizz.apiserver.store.types import (
    LAST,
    Change,
    Compacted,
    Conflict,
    EventType,
    FutureRevision,
    Position,
    Record,
    Watcher,
)
from tests.conformance.store_kit import LEASES, Clock, drain, open_store
from tests.conformance.store_model import Model

T = TypeVar("T")

KEYS = ("/core/pods/a/x", "/core/pods/a/x-2", "/core/pods/b/x", "/core/nodes//n", LEASES + "a/x", LEASES + "a/y")
PREFIXES = ("/", "/core/", "/core/pods/", "/core/pods/a/", "/core/pods/a/x", LEASES, LEASES + "a/y", "/none/")
PREFIX_SETS = [*((prefix,) for prefix in PREFIXES), ("/core/nodes//n", LEASES), ("/core/pods/b/", "/core/pods/a/x")]

values = st.sampled_from([b"", b"a", b"b" * 3000])
ttls = st.none() | st.none() | st.integers(10, 100)


@dataclass
class Watching:
    """A watcher, and where it must be. `idle`: it has been seen to have nothing left to read."""

    watcher: Watcher
    prefixes: tuple[str, ...]
    position: Position
    idle: bool = False


class StoreMachine(RuleBasedStateMachine):
    kind: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.path = Path(tempfile.mkdtemp(prefix="fizz-store-"))
        self.copies = itertools.count()
        self.clock = Clock()
        self.model = Model()
        self.watching: list[Watching] = []
        self.data = self.path / "store"
        self.store = self.run(open_store(self.kind, self.data, self.clock))

    def run(self, work: Awaitable[T]) -> T:
        async def doing() -> T:
            return await work

        return self.loop.run_until_complete(doing())

    def teardown(self) -> None:
        self.run(self.store.close())
        self.loop.close()
        shutil.rmtree(self.path)

    # What happens.

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        keys = data.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
        changes = [self._any_change(data, key) for key in keys]
        refused = self.model.refused(changes)
        if refused is None:
            self._accept(changes)
            assert self.run(self.store.commit(changes)) == self.model.revision
            return
        with pytest.raises(Conflict) as caught:
            self.run(self.store.commit(changes))
        assert (caught.value.index, caught.value.key) == (refused, changes[refused].key)
        assert caught.value.actual == self.model.world.get(caught.value.key)

    @rule(data=st.data())
    def commit_at_the_same_time(self, data: st.DataObject) -> None:
        """All that were accepted must make sense one after the other, in the order of their revisions."""
        keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True)
        commits = [
            [Change(key, data.draw(values), self._any_expectation(data, key)) for key in data.draw(keys)]
            for _ in range(data.draw(st.integers(2, 5)))
        ]
        before = self.model.revision

        async def together() -> list[int | BaseException]:
            return await asyncio.gather(*map(self.store.commit, commits), return_exceptions=True)

        outcomes = self.run(together())
        accepted = sorted((outcome, index) for index, outcome in enumerate(outcomes) if isinstance(outcome, int))
        assert [revision for revision, _ in accepted] == list(range(before + 1, before + len(accepted) + 1))
        for _, index in accepted:
            assert self.model.refused(commits[index]) is None
            self._accept(commits[index])
        for changes, outcome in zip(commits, outcomes, strict=True):
            if not isinstance(outcome, int):
                assert isinstance(outcome, Conflict)
                change = changes[outcome.index]
                stood = [self.model.worlds[at].get(change.key) for at in range(before, self.model.revision + 1)]
                assert outcome.actual in stood
                assert change.expected != (outcome.actual.revision if outcome.actual else 0)

    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(0, self.model.revision))
        self.run(self.store.compact(revision))
        self.model.compact(revision)

    @rule(seconds=st.integers(1, 60))
    def let_time_pass(self, seconds: int) -> None:
        self.clock.now += seconds
        due = {key for key, time in self.model.expires.items() if time <= self.clock.now}
        with self.store.watch("/", (self.model.revision, LAST)) as watcher:
            assert self.run(self.store.expire()) == len(due)
            events = self.run(drain(watcher))
        assert {event.key for event in events} == due
        for event in events:
            assert event.type is EventType.DELETED
            self._accept([Change(event.key, None)])

    # What is seen.

    @rule(data=st.data(), prefixes=st.sampled_from(PREFIX_SETS))
    def begin_to_watch(self, data: st.DataObject, prefixes: tuple[str, ...]) -> None:
        position = (data.draw(st.integers(0, self.model.revision)), LAST)
        try:
            watcher = self.store.watch(prefixes if len(prefixes) > 1 else prefixes[0], position)
        except Compacted:
            assert not self.model.remembered(position, prefixes)
        else:
            assert self.model.remembered(position, prefixes)
            idle = position[0] == self.model.revision
            self.watching.append(Watching(watcher, prefixes, position, idle))

    @precondition(lambda self: self.watching)
    @rule(data=st.data())
    def read_a_watcher(self, data: st.DataObject) -> None:
        watching = data.draw(st.sampled_from(self.watching))
        expected = self.model.behind(watching.position, watching.prefixes)
        try:
            events = self.run(drain(watching.watcher))
        except Compacted:
            assert not self.model.remembered(watching.position, watching.prefixes)
            self._stop_watching(watching)
        else:
            assert events == expected
            assert all(event.revision > self.model.compacted for event in expected)
            watching.position, watching.idle = (self.model.revision, LAST), True
            assert watching.watcher.position == watching.position

    @precondition(lambda self: self.watching)
    @rule(data=st.data())
    def stop_watching(self, data: st.DataObject) -> None:
        self._stop_watching(data.draw(st.sampled_from(self.watching)))

    @rule(data=st.data(), prefix=st.sampled_from(PREFIXES), limit=st.none() | st.integers(1, 4))
    def list_as_of(self, data: st.DataObject, prefix: str, limit: int | None) -> None:
        revision = data.draw(st.integers(0, self.model.revision + 1))
        try:
            found = self._list(prefix, limit, revision)
        except Compacted:
            assert not self.model.remembered((revision, LAST), (prefix,))
        except FutureRevision:
            assert revision > self.model.revision
        else:
            assert self.model.remembered((revision, LAST), (prefix,))
            assert found == self.model.listed(prefix, revision)

    @rule(prefix=st.sampled_from(PREFIXES), limit=st.none() | st.integers(1, 4))
    def list_now(self, prefix: str, limit: int | None) -> None:
        assert self._list(prefix, limit, None) == self.model.listed(prefix, self.model.revision)

    @invariant()
    def stands_where_it_should(self) -> None:
        assert (self.store.revision, self.store.compacted) == (self.model.revision, self.model.compacted)
        for key in KEYS:
            assert self.run(self.store.get(key)) == self.model.world.get(key)

    # How.

    def _any_change(self, data: st.DataObject, key: str) -> Change:
        value = data.draw(st.none() | values)
        ttl = data.draw(ttls) if value is not None else None
        return Change(key, value, self._any_expectation(data, key), ttl)

    def _any_expectation(self, data: st.DataObject, key: str) -> int | None:
        actual = self.model.world.get(key)
        return data.draw(st.sampled_from([None, 0, actual.revision if actual else 0, self.model.revision]))

    def _accept(self, changes: Sequence[Change]) -> None:
        self.model.apply(changes, self.clock.now)
        for each in self.watching:
            each.idle = each.idle and not self.model.behind(each.position, each.prefixes)
            if each.idle:
                each.position = (self.model.revision, LAST)

    def _stop_watching(self, watching: Watching) -> None:
        watching.watcher.close()
        self.watching.remove(watching)

    def _list(self, prefix: str, limit: int | None, revision: int | None) -> list[Record]:
        page = self.run(self.store.list(prefix, limit=limit, revision=revision))
        assert page.revision == (self.model.revision if revision is None else revision)
        pages = [page]
        while page.next_key is not None:
            page = self.run(self.store.list(prefix, limit=limit, after=page.next_key, revision=page.revision))
            pages.append(page)
        found = [record for page in pages for record in page.records]
        sizes = [len(page.records) for page in pages]
        assert [page.remaining for page in pages] == [len(found) - done for done in itertools.accumulate(sizes)]
        return found


class LmdbMachine(StoreMachine):
    kind = "lmdb with volatile keys"

    @rule()
    def reopen(self) -> None:
        self._restart(self.data)

    @rule()
    def crash(self) -> None:
        """What is on disk at any moment is what a crash leaves behind."""
        copy = self.path / f"after-crash-{next(self.copies)}"
        copy.mkdir()
        shutil.copy(self.data / "data.mdb", copy)
        self._restart(copy)

    def _restart(self, path: Path) -> None:
        used_volatile_keys = any(
            event.key.startswith(LEASES) and event.revision > self.model.volatile_floor for event in self.model.events
        )
        for each in self.watching:
            each.watcher.close()
        self.run(self.store.close())
        self.data = path
        self.store = self.run(open_store(self.kind, path, self.clock))
        if used_volatile_keys:
            assert self.store.revision > self.model.revision
        else:
            assert self.store.revision == self.model.revision
        self.model.restart(self.store.revision)
        for each in list(self.watching):
            try:
                each.watcher = self.store.watch(each.prefixes, each.position)
            except Compacted:
                assert not self.model.remembered(each.position, each.prefixes)
                self.watching.remove(each)
            each.idle = False


class MemoryMachine(StoreMachine):
    kind = "memory"


@pytest.mark.timeout(600)  # to make a failing example small takes its time
@pytest.mark.parametrize("machine", [LmdbMachine, MemoryMachine])
def test_whatever_happens_in_whatever_order(machine: type[StoreMachine]) -> None:
    checks = (HealthCheck.too_slow,)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=checks),
    )
