"""What the agent knows of the engine, and how it learns it anew."""

import asyncio

import pytest

from fizz.client.objects import Key
from fizz.client.testing import elapse, virtual_time
from fizz.controllers.node.ends import Ends
from fizz.controllers.node.engine import CreateRequest, EngineLost
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.mirror import Mirror
from fizz.controllers.node.naming import Owner
from fizz.controllers.node.pulse import Pulse
from fizz.controllers.node.retries import Retries
from fizz.controllers.node.session import Session
from fizz.controllers.node.watch import EngineWatch
from fizz.schemas import labels
from tests.controllers.node.world import NODE, SERVER

KEY = Key("blog", "web")
OWNER = Owner(SERVER, NODE)


async def create(engine: FakeEngine, name: str = "web") -> str:
    found = {labels.NAMESPACE: "blog", labels.CONTAINER: name, labels.UID: name, **OWNER.labels}
    body = {"Image": "busybox", "Cmd": ["sleep"], "Labels": found, "HostConfig": {}}
    made = await engine.create(CreateRequest(name, body))
    await engine.start(made.id)
    return made.id


async def test_looking_costs_nothing_unless_something_happened() -> None:
    engine = FakeEngine()
    container = await create(engine)
    mirror = Mirror(engine)
    await mirror.resync(OWNER.selector)

    first = await mirror.look(KEY)
    calls = engine.calls["inspect"]
    mirror.mark(container, KEY)
    mirror.mark(container, KEY)
    await mirror.look(KEY)
    await mirror.look(KEY)

    assert [each.id for each in first] == [container]
    assert (calls, engine.calls["inspect"]) == (0, 1)


async def test_what_happens_while_looking_makes_it_look_again() -> None:
    engine = FakeEngine()
    container = await create(engine)
    mirror = Mirror(engine)
    mirror.mark(container, KEY)
    answer = engine.hold("inspect")
    looking = asyncio.create_task(mirror.look(KEY))
    await asyncio.sleep(0)

    mirror.mark(container, KEY)
    answer.set()
    await looking
    await mirror.look(KEY)

    assert engine.calls["inspect"] == 2


async def test_a_look_that_gets_no_answer_leaves_it_stale() -> None:
    engine = FakeEngine()
    container = await create(engine)
    mirror = Mirror(engine)
    mirror.mark(container, KEY)
    engine.fail("inspect", EngineLost("no answer"))

    with pytest.raises(EngineLost):
        await mirror.look(KEY)

    assert [each.state for each in await mirror.look(KEY)] == ["running"]


async def test_what_is_gone_is_forgotten() -> None:
    engine = FakeEngine()
    container = await create(engine)
    mirror = Mirror(engine)
    await mirror.resync(OWNER.selector)
    engine.remove_by_hand(container)
    mirror.mark(container, KEY)

    assert await mirror.look(KEY) == []
    assert (list(mirror), mirror.keys(), mirror.get(container)) == ([], [], None)


async def test_a_resync_finds_what_came_and_drops_what_went() -> None:
    engine = FakeEngine()
    old = await create(engine, "old")
    mirror = Mirror(engine)
    await mirror.resync(OWNER.selector)
    engine.remove_by_hand(old)
    new = await create(engine, "new")

    await mirror.resync(OWNER.selector)

    assert [each.id for each in mirror] == [new]
    assert mirror.named("new") is not None
    assert mirror.named("old") is None


async def test_what_happens_during_a_resync_is_newer_than_what_it_lists() -> None:
    engine = FakeEngine()
    removed, touched = await create(engine, "removed"), await create(engine, "touched")
    mirror = Mirror(engine)
    await mirror.resync(OWNER.selector)
    listed = list(await engine.containers(OWNER.selector))
    born = ""

    async def meanwhile(label: str) -> list[object]:
        nonlocal born
        mirror.forget(removed)
        mirror.mark(touched, Key("blog", "touched"))
        born = await create(engine, "born")
        mirror.mark(born, Key("blog", "born"))
        return list(listed)

    engine.containers = meanwhile  # type: ignore[method-assign,assignment]  # an engine that is slow to list
    calls = engine.calls["inspect"]
    await mirror.resync(OWNER.selector)
    await mirror.look(Key("blog", "touched"))

    assert mirror.get(removed) is None
    assert engine.calls["inspect"] == calls + 1
    assert [each.id for each in await mirror.look(Key("blog", "born"))] == [born]


def test_a_container_without_our_labels_is_nobody() -> None:
    mirror = Mirror(FakeEngine())

    assert mirror.keys() == []
    assert mirror.key("abc") is None


async def test_a_beat_wakes_who_took_it_before() -> None:
    pulse = Pulse()
    before = pulse.next()

    pulse.beat()

    assert before.is_set()
    assert not pulse.next().is_set()


def test_patience_grows_with_failures_and_ends_with_success() -> None:
    now = 0.0
    retries: Retries[str] = Retries(lambda: now, first=1.0, last=4.0)

    waits = [retries.failed("a") for _ in range(4)]
    now = 1.0
    rest = retries.remaining("a")
    retries.hurry("a")
    hurried = (retries.remaining("a"), retries.failures("a"))
    retries.succeeded("a")

    assert waits == [1.0, 2.0, 4.0, 4.0]
    assert rest == 3.0
    assert hurried == (0.0, 4)
    assert (retries.remaining("a"), retries.failures("a")) == (0.0, 0)


def test_patience_is_with_what_was_tried_and_not_with_another() -> None:
    retries: Retries[str] = Retries(lambda: 0.0, first=1.0)
    retries.failed("a", 1)

    assert (retries.remaining("a", 1), retries.remaining("a", 2)) == (1.0, 0.0)
    assert retries.failed("a", 2) == 1.0


class Watching:
    """A watch over a fake engine, and what it says."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.session = Session(OWNER)
        self.mirror = Mirror(self.engine)
        self.ends = Ends()
        self.told: list[str] = []
        self.watch = EngineWatch(
            self.engine,
            self.session,
            self.mirror,
            self.ends,
            back=lambda info: self.told.append("back"),
            lost=lambda why: self.told.append("lost"),
            resynced=self.resynced,
            event=lambda event: self.told.append(event.action),
        )

    async def resynced(self) -> None:
        self.told.append("resynced")


@virtual_time
async def test_the_watch_learns_everything_and_then_passes_on_what_happens() -> None:
    watching = Watching()
    container = await create(watching.engine)
    task = asyncio.create_task(watching.watch.run())
    await elapse(1)

    watching.engine.stop_by_hand(container)
    await elapse(1)
    task.cancel()

    assert watching.told == ["back", "resynced", "kill", "die", "stop"]
    assert watching.session.live
    assert watching.session.api_version == (1, 41)


@virtual_time
async def test_everything_is_learned_anew_every_five_minutes() -> None:
    watching = Watching()
    task = asyncio.create_task(watching.watch.run())

    await elapse(601)
    task.cancel()

    assert watching.told == ["back", "resynced", "resynced", "resynced"]


@virtual_time
async def test_a_resync_that_fails_is_made_up_for_by_the_next() -> None:
    watching = Watching()
    task = asyncio.create_task(watching.watch.run())
    await elapse(1)
    watching.engine.fail("containers", EngineLost("no answer"))

    await elapse(601)
    task.cancel()

    assert watching.told == ["back", "resynced", "resynced"]


@virtual_time
async def test_a_lost_engine_is_waited_for_with_growing_patience() -> None:
    watching = Watching()
    task = asyncio.create_task(watching.watch.run())
    await elapse(1)
    container = await create(watching.engine)
    await elapse(1)
    await watching.mirror.resync(OWNER.selector)

    watching.engine.lose(quietly=True)
    await elapse(60)
    attempts = watching.engine.calls["events"]
    live_while_lost = watching.session.live
    watching.engine.come_back()
    await elapse(10)
    task.cancel()
    ended = await watching.engine.inspect(container)

    assert 10 <= attempts <= 40
    assert not live_while_lost
    assert watching.session.live
    assert watching.told[-2:] == ["back", "resynced"]
    assert "lost" in watching.told
    assert watching.ends.from_outside(ended, None)
