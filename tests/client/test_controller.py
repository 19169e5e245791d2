"""Controllers and their Manager, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fizz.client.api import Conflict
from fizz.client.controller import Controller, Done, Key, Manager, Requeue, Result, Terminal
from fizz.client.objects import key_of
from fizz.client.testing import elapse, virtual_time
from fizz.schemas.core import ConfigMap, Namespace
from tests.client.fake_server import FakeServer, config_map

A, B = Key("blog", "a"), Key("blog", "b")


class Log:
    """A reconcile function that notes when it is called, and does as told for each call: wait, then return or raise."""

    def __init__(self, *outcomes: Result | Exception | None, takes: float = 0) -> None:
        self.outcomes, self.takes = list(outcomes), takes
        self.calls: list[tuple[float, Key]] = []
        self.running: list[Key] = []
        self.finished: list[Key] = []

    async def __call__(self, key: Key) -> Result | None:
        assert key not in self.running, "two workers on one object"
        self.calls.append((round(asyncio.get_running_loop().time(), 3), key))
        self.running.append(key)
        try:
            await elapse(self.takes)
        finally:
            self.running.remove(key)
        self.finished.append(key)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def times(self) -> list[float]:
        return [time for time, _ in self.calls]


@asynccontextmanager
async def running(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.ensure_future(run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


@pytest.mark.parametrize(
    ("outcomes", "times"),
    [
        pytest.param([None], [0], id="None"),
        pytest.param([Done()], [0], id="Done"),
        pytest.param([Requeue(30), Requeue(5)], [0, 30, 35], id="Requeue"),
        pytest.param([Terminal("no such image")], [0], id="Terminal"),
        pytest.param([ValueError()] * 4, [0, 0.005, 0.015, 0.035, 0.075], id="error"),
        pytest.param([Conflict("stale")] * 2, [0, 0.005, 0.015], id="conflict"),
        pytest.param(
            [ValueError(), ValueError(), Requeue(10), ValueError()], [0, 0.005, 0.015, 10.015, 10.02], id="mix"
        ),
    ],
)
@virtual_time
async def test_what_is_returned_or_raised_decides_when_it_is_called_again(
    outcomes: list[Result | Exception | None], times: list[float]
) -> None:
    log = Log(*outcomes)
    controller = Controller("test", log)
    async with running(controller.run):
        controller.trigger(A)
        await elapse(100)

    assert log.times == times


@virtual_time
async def test_different_objects_are_worked_on_in_parallel_and_one_by_one_worker_only() -> None:
    log = Log(takes=10)
    controller = Controller("test", log, workers=2)
    async with running(controller.run):
        controller.trigger(A)
        controller.trigger(B)
        await elapse(5)
        controller.trigger(A)
        await elapse(100)

    assert log.calls == [(0, A), (0, B), (10, A)]


@virtual_time
async def test_a_requeue_comes_earlier_if_something_changes() -> None:
    log = Log(Requeue(60))
    controller = Controller("test", log)
    async with running(controller.run):
        controller.trigger(A)
        await elapse(10)
        controller.trigger(A)
        await elapse(1)

    assert log.times == [0, 10]


@virtual_time
async def test_stopping_lets_what_runs_finish_and_begins_nothing() -> None:
    log = Log(takes=5)
    controller = Controller("test", log, workers=1)
    async with running(controller.run) as stop:
        controller.trigger(A)
        controller.trigger(B)
        await elapse(1)
        stop.set()

    assert log.finished == [A]
    assert asyncio.get_running_loop().time() == 5


@virtual_time
async def test_stopping_does_not_wait_for_informers_that_know_nothing_yet(tmp_path: Path) -> None:
    async with FakeServer(tmp_path).client(retry_for=0) as client:
        manager = Manager(client)
        manager.add(Controller("test", Log()).watches(manager.informer(ConfigMap)))
        async with running(lambda stop: manage(manager, stop)):
            await elapse(100)

    assert asyncio.get_running_loop().time() == 100


@virtual_time
async def test_what_does_not_finish_in_time_is_cancelled() -> None:
    log = Log(takes=500)
    controller = Controller("test", log, grace=3)
    async with running(controller.run) as stop:
        controller.trigger(A)
        await elapse(1)
        stop.set()

    assert (log.finished, log.running) == ([], [])
    assert asyncio.get_running_loop().time() == 4


@virtual_time
async def test_a_manager_calls_the_controller_for_what_is_there_and_what_changes(tmp_path: Path) -> None:
    log = Log()
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        manager = Manager(client)
        manager.add(Controller("test", log).watches(manager.informer(ConfigMap)))
        async with running(lambda stop: manage(manager, stop)):
            await elapse(1)
            fake.commit(("MODIFIED", config_map("a")), ("ADDED", config_map("b")))
            await elapse(1)
            fake.commit(("DELETED", config_map("a")))
            await elapse(1)

    assert [key for _, key in log.calls] == [A, A, B, A]


async def manage(manager: Manager, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(manager.run())
        await stop.wait()
        manager.stop()


@virtual_time
async def test_whom_an_object_belonged_to_hears_of_its_leaving(tmp_path: Path) -> None:
    def owner(item: ConfigMap) -> list[Key]:
        return [Key(item.namespace, item.labels["owner"])]

    log = Log()
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("x", labels={"owner": "a"})))
        manager = Manager(client)
        manager.add(Controller("test", log).watches(manager.informer(ConfigMap), map=owner))
        async with running(lambda stop: manage(manager, stop)):
            await elapse(1)
            log.calls.clear()
            fake.commit(("MODIFIED", config_map("x", labels={"owner": "b"})))
            await elapse(1)

    assert [key for _, key in log.calls] == [A, B]


@virtual_time
async def test_nothing_is_worked_on_before_all_informers_know_everything(tmp_path: Path) -> None:
    log = Log()
    async with FakeServer(tmp_path) as fake, fake.client(retry_for=0) as client:
        fake.commit(("ADDED", config_map("a")))
        manager = Manager(client)
        maps, namespaces = manager.informer(ConfigMap), manager.informer(Namespace)
        assert manager.informer(ConfigMap) is maps
        manager.add(Controller("test", log).watches(maps).watches(namespaces, map=lambda item: []))
        fake.refuse_path = "/api/v1/namespaces"
        async with running(lambda stop: manage(manager, stop)):
            await elapse(30)
            assert (maps.has_synced, log.calls) == (True, [])
            fake.refuse_path = ""
            await manager.synced()
            await elapse(1)

    assert [key for _, key in log.calls] == [A]


class Crashing:
    """Crashes the first few times."""

    name = "crashing"

    def __init__(self, times: int) -> None:
        self.left = times
        self.began: list[float] = []

    async def run(self, stop: asyncio.Event) -> None:
        self.began.append(asyncio.get_running_loop().time())
        if self.left:
            self.left -= 1
            raise RuntimeError("a bug")
        await stop.wait()


@virtual_time
async def test_what_crashes_is_started_again_later_and_later_and_hurts_no_other(tmp_path: Path) -> None:
    log, crashing = Log(), Crashing(4)
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        manager = Manager(client)
        manager.add(crashing)
        manager.add(Controller("test", log).watches(manager.informer(ConfigMap)))
        async with running(lambda stop: manage(manager, stop)):
            await elapse(60)
            assert [key for _, key in log.calls] == [A]

    waits = [after - before for before, after in zip(crashing.began, crashing.began[1:], strict=False)]
    assert len(waits) == 4
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, [0.1, 0.2, 0.4, 0.8], strict=True))


@virtual_time
async def test_a_manager_takes_more_while_it_runs_and_stops_what_is_waiting(tmp_path: Path) -> None:
    log = Log()
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        manager = Manager(client)
        async with running(lambda stop: manage(manager, stop)):
            await elapse(1)
            manager.add(Crashing(10_000))
            manager.add(Controller("late", log).watches(manager.informer(ConfigMap, "blog")))
            await elapse(1)

    assert [key for _, key in log.calls] == [A]


@virtual_time
async def test_cancelling_a_manager_ends_everything(tmp_path: Path) -> None:
    log = Log(takes=1000)
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("a")))
        manager = Manager(client)
        manager.add(Controller("test", log).watches(manager.informer(ConfigMap)))
        task = asyncio.create_task(manager.run())
        await elapse(1)
        assert log.running == [A]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert task.cancelled()
        assert log.running == []
        await elapse(1)
        assert fake.open_watches == 0


def test_keys_print_as_people_write_them() -> None:
    assert [str(Key("blog", "web")), str(Key("", "node-1"))] == ["blog/web", "node-1"]
    assert key_of(config_map("a")) == A
