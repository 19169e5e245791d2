"""The plan in a world that goes wrong: it converges, doubles nothing, and never touches what is not its own.

A story is a list of things that happen: objects come, change and go; people stop, remove and crash containers by hand;
the engine refuses or is lost; the agent is killed at any call, before or after it took effect. After the story, once
everything has had its time, the engine must be as the objects say.
"""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fizz.controllers.node.engine import CreateRequest, Endpoint, EngineContainer, EngineError, EngineLost, Refused
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.naming import Owner, container_name, spec_hash
from fizz.controllers.node.plan import (
    Create,
    Join,
    Kill,
    Pause,
    Release,
    Remove,
    RemoveFiles,
    Rename,
    Start,
    Stop,
    Unpause,
    View,
    Wanted,
    WriteFiles,
    plan,
)
from fizz.controllers.node.status import was_final
from fizz.schemas import labels
from fizz.schemas.container import Container
from tests.controllers.node.world import NODE, SERVER, FakeObjects, World, config, container, network

OWNER = Owner(SERVER, NODE)
MINE = {labels.UID: "u", labels.SPEC_HASH: "h", **OWNER.labels}
WANTED = Wanted("u", "web", "h")
RUNNING = EngineContainer("c", "web", MINE, "running")
STRANGER = {labels.UID: "x", labels.SERVER: "another-server", labels.NODE: NODE}


def view(*found: EngineContainer, wanted: Wanted | None = WANTED, **rest: object) -> View:
    return replace(View(OWNER, wanted, found), **rest)  # type: ignore[arg-type]  # the fields of View


CREATED, EXITED = replace(RUNNING, state="created"), replace(RUNNING, state="exited")
OLD = replace(RUNNING, id="old", labels={**MINE, labels.SPEC_HASH: "other"})
TWIN, DEAD, GOING = replace(RUNNING, id="d"), replace(RUNNING, state="dead"), replace(RUNNING, state="removing")
RENAMED = replace(RUNNING, name="my-own-name")
DELETED = replace(WANTED, deleting=True)
FULL, TWO = replace(WANTED, files=True, networks=2), {"front": "1", "back": "2"}
GO = Start("web", CREATED)
IN_BOTH = replace(CREATED, endpoints={"front": Endpoint(), "back": Endpoint()})
PAUSED = replace(RUNNING, state="paused")
STOPPED = replace(WANTED, desired="Stopped")
AGAIN = replace(WANTED, restart=True, grace_seconds=3)
HALT = "it is not to run"
ASKED = "it is to be restarted"
END = "its Container was deleted"
WRONG = "it is not what is wanted any more"

PLANS = [
    ("nothing there", view(), [Create("web"), Start("web")]),
    ("nothing there, with all", view(wanted=FULL), [WriteFiles(), Create("web"), Join(), Start("web")]),
    ("nothing there, something missing", view(wanted=replace(WANTED, ready_to_start=False)), []),
    ("nothing there, but it was done", view(wanted=replace(WANTED, final=True)), []),
    ("created", view(CREATED), [Start("web", CREATED)]),
    ("created, with all", view(CREATED, wanted=FULL, networks=TWO), [WriteFiles(), Join(CREATED), GO]),
    ("created, in all", view(IN_BOTH, wanted=FULL, networks=TWO), [WriteFiles(), Start("web", IN_BOTH)]),
    ("running", view(RUNNING), []),
    ("running, disconnected", view(RUNNING, wanted=FULL, networks=TWO), [Join(RUNNING)]),
    ("renamed by hand", view(RENAMED), [Rename(RENAMED, "web")]),
    ("renamed by hand, its name is taken", view(RENAMED, name_is_free=False), []),
    ("stopped and renamed", view(replace(RENAMED, state="exited")), [
        Rename(replace(RENAMED, state="exited"), "web"), Start("web", replace(RENAMED, state="exited")),
    ]),
    ("restarting, disconnected", view(replace(RUNNING, state="restarting"), wanted=FULL, networks=TWO), []),
    ("restarting", view(replace(RUNNING, state="restarting")), []),
    ("paused by hand", view(PAUSED, wanted=replace(WANTED, paused_by_hand=True)), []),
    ("paused long enough", view(PAUSED), [Unpause(PAUSED)]),
    ("to be paused", view(RUNNING, wanted=replace(WANTED, desired="Paused")), [Pause(RUNNING)]),
    ("paused as wanted", view(PAUSED, wanted=replace(WANTED, desired="Paused")), []),
    ("ended, to be paused", view(EXITED, wanted=replace(WANTED, desired="Paused")), [Start("web", EXITED)]),
    ("to be stopped", view(RUNNING, wanted=STOPPED), [Stop(RUNNING, HALT)]),
    ("to be stopped in time", view(RUNNING, wanted=replace(STOPPED, grace_seconds=3)), [Stop(RUNNING, HALT, 3)]),
    ("to be killed", view(RUNNING, wanted=replace(STOPPED, grace_seconds=0)), [Kill(RUNNING, HALT)]),
    ("paused, to be stopped", view(PAUSED, wanted=STOPPED), [Stop(PAUSED, HALT)]),
    ("stopped as wanted", view(EXITED, wanted=STOPPED), []),
    ("nothing there, to be stopped", view(wanted=STOPPED), []),
    ("of another spec, to be stopped", view(OLD, wanted=STOPPED), [Stop(OLD, WRONG), Remove(OLD)]),
    ("nothing there, not to start yet", view(wanted=replace(WANTED, desired="Created")), [Create("web")]),
    ("not to start yet", view(CREATED, wanted=replace(WANTED, desired="Created")), []),
    ("to be restarted", view(RUNNING, wanted=AGAIN), [Stop(RUNNING, ASKED, 3), Start("web", RUNNING)]),
    ("ended, but wanted", view(EXITED), [Start("web", EXITED)]),
    ("ended, something missing", view(EXITED, wanted=replace(WANTED, ready_to_start=False)), []),
    ("ended for good", view(EXITED, ended=frozenset({"c"})), []),
    ("of another spec", view(OLD), [Stop(OLD, WRONG), Remove(OLD), Create("web"), Start("web")]),
    ("twice", view(RUNNING, TWIN), [Stop(TWIN, WRONG), Remove(TWIN)]),
    ("dead", view(DEAD), [Remove(DEAD), Create("web"), Start("web")]),
    ("being removed", view(GOING), [Create("web"), Start("web")]),
    ("deleted", view(RUNNING, wanted=DELETED), [Stop(RUNNING, END), Remove(RUNNING), RemoveFiles("u"), Release()]),
    (
        "deleted in a hurry",
        view(RUNNING, wanted=replace(DELETED, grace_seconds=1)),
        [Stop(RUNNING, END, 1), Remove(RUNNING), RemoveFiles("u"), Release()],
    ),
    ("deleted and gone", view(wanted=DELETED), [RemoveFiles("u"), Release()]),
    ("deleted, being removed", view(GOING, wanted=DELETED), []),
    ("left over", view(EXITED, wanted=None), [Remove(EXITED), RemoveFiles("u")]),
    ("a stranger's", view(replace(RUNNING, labels=STRANGER), wanted=None), []),
    ("another node's", view(replace(RUNNING, labels={**MINE, labels.NODE: "node-2"}), wanted=None), []),
    ("nobody's", view(replace(RUNNING, labels={}), wanted=None), []),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "wanted"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_what_is_seen_says_what_to_do(seen: View, wanted: list[object]) -> None:
    assert list(plan(seen)) == wanted


def test_actions_say_what_they_do() -> None:
    actions = plan(view(OLD, wanted=FULL))

    assert [str(action) for action in actions] == [
        "stop web: it is not what is wanted any more",
        "remove web",
        "write files",
        "create web",
        "join networks",
        "start web",
    ]


NAMES = ("web", "job", "api")
MOTD = {"name": "motd", "key": "text", "target": "/etc/motd"}
SPECS: list[dict[str, object]] = [
    {"networks": [{"name": "front"}, {"name": "back"}], "restartPolicy": {"name": "always"}},
    {"command": ["sh", "-c", "exit 0"], "networks": [{"name": "front"}]},
    {"command": ["sh", "-c", "exit 3"], "restartPolicy": {"name": "on-failure", "maximumRetryCount": 1}},
    {"restartPolicy": {"name": "unless-stopped"}, "configs": [MOTD]},
    {"networks": [{"name": "back"}]},
]


class Killed(BaseException):
    """The agent is killed. Nothing may catch it."""


@dataclass
class Story:
    """A world, and what happens in it."""

    folder: Path
    engine: FakeEngine = field(default_factory=FakeEngine)
    objects: FakeObjects = field(default_factory=FakeObjects)
    steps: list[str] = field(default_factory=list)
    kills: int = 0

    def __post_init__(self) -> None:
        self.world = World(self.folder, self.engine, self.objects)
        self.objects.put(network("front"), network("back"))
        self.objects.put_source(config("motd", text="hello"))

    async def prepare(self) -> None:
        """What is not ours is there, and looks like ours in all but the owner."""
        always = {"RestartPolicy": {"Name": "always"}}
        alien = {labels.NAMESPACE: "blog", labels.CONTAINER: "web", labels.UID: "x", labels.SERVER: "another-server"}
        for name, found in (("alien", alien), ("plain", {})):
            body = {"Image": "busybox", "Cmd": ["sleep"], "Labels": found, "HostConfig": always}
            made = await self.engine.create(CreateRequest(name, body))
            await self.engine.start(made.id)

    async def apply(self, name: str, spec: int, uid: int) -> None:
        known = next((item for item in self.objects.containers() if item.name == name), None)
        if known is not None and known.metadata.deletion_timestamp is not None:
            return
        new = container(name, uid=f"{name}-{uid}" if known is None else known.metadata.uid or "", **SPECS[spec])
        if known is not None:
            new.status = known.status
            new.metadata.generation = (known.metadata.generation or 0) + (spec_hash(new.spec) != spec_hash(known.spec))
        self.objects.put(new)

    async def delete(self, name: str) -> None:
        for item in self.objects.containers():
            if item.name == name:
                self.objects.delete(item)

    async def by_hand(self, what: Literal["stop", "remove", "crash", "rename"], index: int) -> None:
        ours = [box for box in self.engine.boxes.values() if box.labels.get(labels.SERVER) == SERVER]
        if not ours:
            return
        box = ours[index % len(ours)]
        if what == "remove":
            self.engine.remove_by_hand(box.id)
        elif what == "rename":
            self.engine.rename_by_hand(box.id, f"renamed-{box.id[:12]}")
        elif what == "stop" and box.runs:
            self.engine.stop_by_hand(box.id)
        elif what == "crash" and box.runs:
            self.engine.crash(box.id, 1)

    async def lose_engine(self, quietly: bool) -> None:
        self.engine.lose(quietly=quietly)
        self.world.lose()
        self.engine.come_back()

    async def restart_agent(self) -> None:
        self.world.restart()

    async def refuse(self, verb: str) -> None:
        error: EngineError = EngineLost("no answer") if verb == "inspect" else Refused(f"{verb} refused")
        self.engine.fail(verb, error)

    async def work(self, kill_at: int | None, when: Literal["before", "after"]) -> None:
        """Let the agent work; kill it at a call, if `kill_at` says so."""
        left = kill_at

        def hook(verb: str, moment: Literal["before", "after"]) -> None:
            nonlocal left
            if left is None or moment != when:
                return
            left -= 1
            if left < 0:
                raise Killed

        self.engine.hook = hook
        try:
            await self.world.settle()
        except Killed:
            self.kills += 1
            self.world.restart()
        finally:
            self.engine.hook = None

    async def to_the_end(self) -> None:
        """Everything has had its time."""
        self.engine.failures.clear()
        await self.world.settle()
        await self.world.advance(300)
        await self.world.settle()

    def check(self) -> None:
        """The engine is as the objects say, and what is not ours was left alone."""
        strangers = [box for box in self.engine.boxes.values() if box.request.name in {"alien", "plain"}]
        assert len(strangers) == 2
        assert all(box.state == "running" and box.restart_count == 0 for box in strangers)
        ours = [box for box in self.engine.boxes.values() if box.labels.get(labels.SERVER) == SERVER]
        by_uid: dict[str, list[str]] = {}
        for box in ours:
            by_uid.setdefault(box.labels[labels.UID], []).append(box.state)
        wanted = {item.metadata.uid: item for item in self.objects.containers()}
        assert by_uid.keys() <= wanted.keys(), "something is left over"
        names = {container_name(item): item.metadata.uid for item in self.objects.containers() if not was_final(item)}
        assert all(self.engine.by_name(name).labels[labels.UID] == uid for name, uid in names.items()), "a wrong name"
        assert all(len(states) == 1 for states in by_uid.values()), "something is doubled"
        for uid, item in wanted.items():
            self._check_one(item, by_uid.get(uid or "", []))
        assert all(item.metadata.deletion_timestamp is None for item in self.objects.containers()), "deletion got stuck"
        assert set(self.world.files.uids()) <= {uid for uid in wanted if uid}

    def _check_one(self, item: Container, states: list[str]) -> None:
        if was_final(item):
            assert states in ([], ["exited"])
            return
        assert states == ["running"], f"{item.name} should run and is {states}: {item.status}"
        box = self.engine.by_name(container_name(item))
        assert box.labels[labels.SPEC_HASH] == spec_hash(item.spec)
        assert set(box.endpoints) == {f"blog_{each.name}" for each in item.spec.networks or []}
        assert item.status is not None
        assert (item.status.phase, item.status.container_id) == ("Running", box.id)


VERBS = ("create", "start", "connect", "stop", "remove", "inspect", "create_network")
CHANGING = {"create", "start", "connect", "stop", "remove", "rename", "create_network", "remove_network"}
names = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("apply"), names, st.integers(0, len(SPECS) - 1), st.integers(0, 2)),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("by_hand"), st.sampled_from(["stop", "remove", "crash", "rename"]), st.integers(0, 3)),
    st.tuples(st.just("lose_engine"), st.booleans()),
    st.tuples(st.just("restart_agent")),
    st.tuples(
        st.just("refuse"),
        st.sampled_from(["create", "start", "connect", "stop", "remove", "inspect", "create_network"]),
    ),
    st.tuples(st.just("work"), st.none() | st.integers(0, 12), st.sampled_from(["before", "after"])),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=14))
def test_whatever_happens_it_becomes_as_wanted_in_the_end(story: list[tuple[object, ...]]) -> None:
    async def tell(folder: Path) -> None:
        told = Story(folder)
        await told.prepare()
        for name, *arguments in story:
            happen: Callable[..., object] = getattr(told, str(name))
            await happen(*arguments)  # type: ignore[misc]  # every step is a coroutine function
        await told.to_the_end()
        told.check()
        calls = dict(told.engine.calls)
        await told.restart_agent()
        await told.world.settle()
        acted = {verb for verb, count in told.engine.calls.items() if count != calls.get(verb, 0)}
        assert not acted & CHANGING, f"it does not come to rest: {acted}"

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tell(Path(folder)))


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_any_call_of_a_start_it_converges(when: Literal["before", "after"], tmp_path: Path) -> None:
    kills = 0
    for number in range(12):
        story = Story(tmp_path / str(number))
        await story.prepare()
        await story.apply("web", 0, 0)
        await story.work(number, when)
        kills += story.kills
        await story.to_the_end()
        story.check()

    assert kills >= 5  # the fault really happened


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_any_call_of_a_deletion_it_converges(when: Literal["before", "after"], tmp_path: Path) -> None:
    kills = 0
    for number in range(4):
        story = Story(tmp_path / str(number))
        await story.prepare()
        await story.apply("web", 0, 0)
        await story.work(None, when)
        await story.delete("web")
        await story.work(number, when)
        kills += story.kills
        await story.to_the_end()
        story.check()
        assert story.objects.containers() == []

    assert kills >= 2
