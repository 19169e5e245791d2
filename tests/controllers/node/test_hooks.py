"""Commands that are run in a container after its start and before its stop, on a node in memory."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fizz.controllers.node.engine import Refused
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest
from tests.controllers.node.world import World, container, secret

ALWAYS = {"name": "always"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def commands(world: World, name: str = "blog-web") -> list[str]:
    """What was run in the container, command by command."""
    return [" ".join(request.command) for request in world.engine.by_name(name).executed]


def from_secret(name: str) -> JSON:
    """A variable P from a Secret."""
    return {"name": "P", "valueFrom": {"secretKeyRef": {"name": name, "key": "text"}}}


def with_hooks(*after: str, before: tuple[str, ...] = (), **spec: Any) -> Any:
    hooks: JSON = {
        "postStart": [{"command": words.split()} for words in after],
        "preStop": [{"command": words.split()} for words in before],
    }
    return container("web", **{key: value for key, value in hooks.items() if value}, **spec)


async def test_hooks_after_the_start_are_run_in_order_and_once(world: World) -> None:
    world.objects.put(with_hooks("touch /a", "touch /b"))

    await world.settle()
    await world.settle()

    status = world.status("web")
    assert commands(world) == ["touch /a", "touch /b"]
    assert (status.phase, status.ready, status.reason) == ("Running", True, None)
    assert status.post_start is not None
    assert status.post_start.error is None


async def test_it_does_not_count_as_started_before_they_are_done(world: World) -> None:
    gate = world.engine.hold("execute")
    world.objects.put(with_hooks("touch /a"))
    await world.settle()
    meanwhile = world.status("web")

    gate.set()
    await world.settle()
    await world.settle()

    assert (meanwhile.phase, meanwhile.reason, meanwhile.started_at) == ("Creating", "PostStart", None)
    assert meanwhile.message is None
    assert world.status("web").started_at is not None


async def test_one_that_fails_ends_the_rest_and_is_told(world: World) -> None:
    world.objects.put(with_hooks("sh -c echo no; exit 3", "touch /b"))

    await world.settle()
    await world.settle()

    status = world.status("web")
    assert len(commands(world)) == 1
    assert (status.phase, status.reason, status.ready, status.started_at) == (
        "Creating",
        "PostStartFailed",
        False,
        None,
    )
    assert status.message == "after the start, 'sh -c echo no; exit 3' ended with exit code 3: no"
    assert world.objects.reasons("web").count("FailedPostStartHook") == 1
    assert world.in_engine() == {"blog-web": "running"}


async def test_they_are_not_run_again_when_the_engine_restarts_it(world: World) -> None:
    world.objects.put(with_hooks("touch /a", restartPolicy=ALWAYS))
    await world.settle()
    await world.settle()

    world.engine.crash(world.engine.by_name("blog-web").id, 1)
    await world.settle()

    assert world.status("web").restart_count == 1
    assert world.status("web").phase == "Running"
    assert commands(world) == ["touch /a"]


async def test_they_are_run_again_when_it_is_started_anew(world: World) -> None:
    world.objects.put(with_hooks("touch /a"))
    await world.settle()
    await world.settle()
    world.seconds += 5
    world.engine.now = world.now

    world.engine.stop_by_hand(world.engine.by_name("blog-web").id)
    await world.settle()
    await world.settle()

    assert world.status("web").phase == "Running"
    assert commands(world) == ["touch /a", "touch /a"]


@pytest.mark.parametrize(("done", "times"), [(True, 1), (False, 2)], ids=["they-were-done", "they-were-not"])
async def test_an_agent_that_begins_anew_runs_what_was_not_done(world: World, done: bool, times: int) -> None:
    if not done:
        world.engine.hold("execute")
    world.objects.put(with_hooks("touch /a"))
    await world.settle()
    await world.settle()
    running = world.ground.post_starts
    world.engine.holds.clear()

    world.restart()
    await world.settle()
    await world.settle()
    await running.close()

    assert len(commands(world)) == times - (not done)
    assert world.engine.calls["execute"] == times
    assert world.status("web").phase == "Running"


async def test_one_that_never_ends_keeps_nothing_from_going(world: World) -> None:
    world.engine.hold("execute")
    web = with_hooks("sleep infinity")
    world.objects.put(web)
    await world.settle()

    world.objects.delete(web)
    await world.settle()

    assert world.in_engine() == {}
    assert world.objects.containers() == []


async def test_hooks_before_a_stop_are_run_with_what_they_ask_for(world: World) -> None:
    world.objects.put_source(secret("password", text="s3cr3t"))
    env = [
        {"name": "P", "valueFrom": {"secretKeyRef": {"name": "password", "key": "text"}}},
        {"name": "U", "unset": True},
    ]
    hook = {"command": ["save"], "user": "u", "privileged": True, "workingDir": "/w", "env": env}
    web = container("web", preStop=[hook])
    world.objects.put(web)
    await world.settle()
    box = world.engine.by_name("blog-web")

    world.objects.delete(web)
    await world.settle()

    assert box.executed == [ExecRequest(("save",), "u", "/w", ("P=s3cr3t", "U"), privileged=True)]
    assert world.in_engine() == {}


@pytest.mark.parametrize("failure", ["exit code", "refused", "no secret"])
async def test_a_failing_hook_does_not_keep_it_from_being_stopped(world: World, failure: str) -> None:
    env = (
        [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "text"}}}]
        if failure == "no secret"
        else []
    )
    web = container("web", preStop=[{"command": ["sh", "-c", "exit 3"], "env": env}])
    world.objects.put(web)
    if failure == "no secret":
        world.objects.put_source(secret("gone", text="x"))
    await world.settle()
    world.objects.sources_by_name.clear()
    if failure == "refused":
        world.engine.fail("execute", Refused("no such program"))

    world.objects.delete(web)
    await world.settle()

    assert "FailedPreStopHook" in world.objects.reasons("web")
    assert world.in_engine() == {}


async def test_a_replaced_container_has_its_hooks_run_before_it_goes(world: World) -> None:
    world.objects.put(with_hooks(before=("touch /a",)))
    await world.settle()
    old = world.engine.by_name("blog-web")

    world.objects.put(with_hooks(before=("touch /a",), user="1"))
    await world.settle()

    assert [request.command for request in old.executed] == [("touch", "/a")]
    assert world.engine.by_name("blog-web").id != old.id


async def test_what_has_ended_has_no_hooks_run_in_it(world: World) -> None:
    web = with_hooks(before=("touch /a",), command=["sh", "-c", "exit 0"])
    world.objects.put(web)
    await world.settle()

    world.objects.delete(web)
    await world.settle()

    assert world.engine.calls["execute"] == 0


async def test_closing_waits_for_no_hook(world: World) -> None:
    world.engine.hold("execute")
    world.objects.put(with_hooks("sleep infinity"))
    await world.settle()

    await asyncio.wait_for(world.ground.post_starts.close(), 1)

    assert world.engine.calls["execute"] == 1
