"""The work queue, in virtual time."""

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fizz.client.queue import QueueClosed, WorkQueue
from fizz.client.testing import elapse, virtual_time


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(clock=clock)


def test_an_item_that_waits_is_not_added_twice(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("b")
    queue.add("a")

    assert [queue.get_nowait() for _ in range(3)] == ["a", "b", None]


def test_an_item_added_while_being_worked_on_comes_again_when_that_is_done(queue: WorkQueue[str]) -> None:
    queue.add("a")
    assert queue.get_nowait() == "a"
    queue.add("a")
    queue.add("a")

    assert queue.get_nowait() is None
    queue.done("a")
    assert [queue.get_nowait(), queue.get_nowait()] == ["a", None]


def test_of_several_delays_the_earliest_counts(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 30)
    queue.add_after("a", 10)
    queue.add_after("a", 60)

    clock.now += 9.99
    assert queue.get_nowait() is None
    clock.now += 0.02
    assert queue.get_nowait() == "a"
    queue.done("a")
    clock.now += 1000
    assert queue.get_nowait() is None


def test_an_item_that_came_due_can_be_delayed_again(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 10)
    clock.now += 10
    assert queue.get_nowait() == "a"
    queue.done("a")
    queue.add_after("a", 20)

    clock.now += 19
    assert queue.get_nowait() is None
    clock.now += 1
    assert queue.get_nowait() == "a"


def test_a_failing_item_waits_twice_as_long_each_time_up_to_a_minute(queue: WorkQueue[str], clock: Clock) -> None:
    waits = []
    for _ in range(16):
        queue.add_rate_limited("a")
        began = clock.now
        while queue.get_nowait() is None:
            clock.now = round(clock.now + 0.005, 3)
        queue.done("a")
        waits.append(round(clock.now - began, 3))

    assert waits[:5] == [0.005, 0.01, 0.02, 0.04, 0.08]
    assert waits[-2:] == [60.0, 60.0]
    assert queue.failures("a") == 16


def test_forgetting_ends_the_row_of_failures(queue: WorkQueue[str], clock: Clock) -> None:
    for _ in range(5):
        queue.add_rate_limited("a")
        clock.now += 60
        queue.get_nowait()
        queue.done("a")
    queue.forget("a")

    queue.add_rate_limited("a")
    clock.now += 0.005
    assert queue.get_nowait() == "a"


@virtual_time
async def test_getting_waits_until_the_next_item_is_due() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("late", 60)
    queue.add_after("early", 5)
    loop = asyncio.get_running_loop()

    assert (await queue.get(), loop.time()) == ("early", 5)
    assert (await queue.get(), loop.time()) == ("late", 60)


@virtual_time
async def test_an_earlier_item_shortens_a_wait_that_has_begun() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("late", 60)
    getting = asyncio.create_task(queue.get())
    await elapse(1)
    queue.add_after("early", 1)

    assert await getting == "early"
    assert asyncio.get_running_loop().time() == 2


@virtual_time
async def test_a_cancelled_getter_takes_nothing_away() -> None:
    queue: WorkQueue[str] = WorkQueue()
    first = asyncio.create_task(queue.get())
    second = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    first.cancel()

    assert await second == "a"
    assert first.cancelled() or first.cancel() is False


@virtual_time
async def test_closing_tells_all_who_wait_and_takes_no_more() -> None:
    queue: WorkQueue[str] = WorkQueue()
    getters = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.close()
    queue.add("a")
    queue.add_after("b", 1)

    results = await asyncio.gather(*getters, return_exceptions=True)
    assert [type(result) for result in results] == [QueueClosed] * 3
    with pytest.raises(QueueClosed):
        await queue.get()
    assert len(queue) == 0


ITEMS = st.sampled_from("abc")


class Machine(RuleBasedStateMachine):
    """Against a plain model: what must be worked on, what is being worked on, what is due when."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.queue: WorkQueue[str] = WorkQueue(clock=self.clock)
        self.wanted: set[str] = set()
        self.working: set[str] = set()
        self.due: dict[str, float] = {}

    @rule(item=ITEMS)
    def add(self, item: str) -> None:
        self.queue.add(item)
        self.wanted.add(item)

    @rule(item=ITEMS, delay=st.integers(1, 100))
    def add_after(self, item: str, delay: int) -> None:
        self.queue.add_after(item, delay)
        self.due[item] = min(self.due.get(item, self.clock.now + delay), self.clock.now + delay)

    @rule(seconds=st.integers(1, 50))
    def pass_time(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def get(self) -> None:
        for item, when in list(self.due.items()):
            if when <= self.clock.now:
                del self.due[item]
                self.wanted.add(item)
        got = self.queue.get_nowait()
        if got is None:
            assert self.wanted <= self.working
        else:
            assert got in self.wanted - self.working
            self.wanted.remove(got)
            self.working.add(got)

    @rule(item=ITEMS)
    def done(self, item: str) -> None:
        if item in self.working:
            self.queue.done(item)
            self.working.remove(item)

    @invariant()
    def what_waits_is_not_worked_on(self) -> None:
        assert len(self.queue) <= len(self.wanted)


TestQueueAgainstModel = Machine.TestCase
TestQueueAgainstModel.settings = settings(max_examples=40, stateful_step_count=25)
