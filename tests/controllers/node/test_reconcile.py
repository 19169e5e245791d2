"""One Container through its life, on a node in memory."""

import asyncio
from pathlib import Path

import pytest

from fizz.client.objects import Key
from fizz.client.testing import eventually
from fizz.controllers.node.engine import Refused
from fizz.schemas import labels
from fizz.schemas.container import DesiredState
from tests.controllers.node.world import World, container, network

EXIT = ["sh", "-c", "exit 3"]
DONE = ["sh", "-c", "exit 0"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_container_is_created_started_and_shown(world: World) -> None:
    world.objects.put(container("web"))

    await world.settle()

    status = world.status("web")
    assert world.in_engine() == {"blog-web": "running"}
    assert (status.phase, status.ready, status.health, status.container_name) == ("Running", True, None, "blog-web")
    assert status.container_id == world.engine.by_name("blog-web").id
    assert world.objects.reasons("web") == ["Created", "Started"]


async def test_starting_takes_no_more_calls_than_it_must(world: World) -> None:
    world.objects.put(network(), container("web", networks=[{"name": "default"}]))

    await world.settle()

    calls = {verb: world.engine.calls[verb] for verb in ("create", "start", "connect", "image")}
    assert calls == {"create": 1, "start": 1, "connect": 0, "image": 0}
    assert world.engine.calls["inspect"] <= 2  # once after starting, once more for the engine's own event


async def test_nothing_is_done_to_what_is_as_wanted(world: World) -> None:
    world.objects.put(network(), container("web", networks=[{"name": "default"}]))
    await world.settle()
    before, writes = dict(world.engine.calls), world.objects.status_writes

    world.hints.all()
    await world.settle()

    touched = {verb for verb, count in world.engine.calls.items() if count != before.get(verb, 0)}
    assert touched <= {"networks"}
    assert world.objects.status_writes == writes


async def test_what_is_removed_by_hand_comes_back(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()
    first = world.engine.by_name("blog-web").id

    world.engine.remove_by_hand(first)
    await world.settle()

    assert world.in_engine() == {"blog-web": "running"}
    assert world.engine.by_name("blog-web").id != first


@pytest.mark.parametrize("policy", ["no", "always", "unless-stopped", "on-failure"])
async def test_what_is_stopped_by_hand_is_started_again(world: World, policy: str) -> None:
    world.objects.put(container("web", restartPolicy={"name": policy}))
    await world.settle()
    first = world.engine.by_name("blog-web").id

    world.engine.stop_by_hand(first)
    await world.settle()

    assert world.in_engine() == {"blog-web": "running"}
    assert world.engine.by_name("blog-web").id == first


@pytest.mark.parametrize("policy", ["no", "on-failure"])
async def test_a_job_that_is_done_has_succeeded_for_good(world: World, policy: str) -> None:
    world.objects.put(container("job", restartPolicy={"name": policy}, command=DONE))
    await world.settle()
    status = world.status("job")

    world.engine.remove_by_hand(world.engine.by_name("blog-job").id)
    await world.settle()

    assert (status.phase, status.exit_code, status.ready) == ("Succeeded", 0, False)
    assert world.status("job") == status
    assert world.in_engine() == {}


async def test_a_job_that_fails_has_failed_for_good(world: World) -> None:
    world.objects.put(container("job", command=EXIT))

    await world.settle()

    status = world.status("job")
    assert (status.phase, status.exit_code, status.reason) == ("Failed", 3, "Error")
    assert world.in_engine() == {"blog-job": "exited"}
    assert world.objects.reasons("job")[-1] == "Failed"


async def test_a_job_is_retried_as_often_as_it_may_and_then_has_failed(world: World) -> None:
    policy = {"name": "on-failure", "maximumRetryCount": 2}
    world.objects.put(container("job", restartPolicy=policy, command=EXIT))

    await world.settle()

    status = world.status("job")
    assert (status.phase, status.exit_code, status.restart_count) == ("Failed", 3, 2)


async def test_what_crashes_is_left_to_the_engine(world: World) -> None:
    world.objects.put(container("web", restartPolicy={"name": "always"}))
    await world.settle()
    first = world.engine.by_name("blog-web").id

    world.engine.crash(first, 1)
    await world.settle()

    status = world.status("web")
    assert (status.phase, status.restart_count, status.container_id) == ("Running", 1, first)
    assert world.engine.calls["start"] == 1
    assert "BackOff" in world.objects.reasons("web")


async def test_another_spec_replaces_the_container(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()
    first = world.engine.by_name("blog-web").id
    changed = container("web", env=[{"name": "COLOUR", "value": "blue"}])
    changed.metadata.generation = 2

    world.objects.put(changed)
    await world.settle()

    box = world.engine.by_name("blog-web")
    assert box.id != first
    assert box.body["Env"] == ["COLOUR=blue"]
    assert world.status("web").observed_generation == 2


async def test_a_finished_job_runs_again_when_its_spec_changes(world: World) -> None:
    world.objects.put(container("job", command=DONE))
    await world.settle()
    changed = container("job", command=EXIT)
    changed.metadata.generation = 2
    changed.status = world.status("job")

    world.objects.put(changed)
    await world.settle()

    assert world.status("job").phase == "Failed"


async def test_deleting_stops_removes_and_releases(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()

    world.objects.delete(container("web"))
    await world.settle()

    assert world.in_engine() == {}
    assert world.objects.container(Key("blog", "web")) is None
    assert world.objects.reasons("web")[-1] == "Killing"


async def test_deleting_says_that_it_is_stopping_while_it_is(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()
    seen = []
    world.engine.hook = lambda verb, when: seen.append(world.status("web").phase) if verb == "stop" else None

    world.objects.delete(container("web"))
    await world.settle()

    assert seen == ["Stopping", "Stopping"]


async def test_deleting_what_the_engine_does_not_have_only_releases(world: World) -> None:
    world.objects.put(container("web"))
    world.objects.delete(container("web"))

    await world.settle()

    assert world.objects.containers() == []
    assert world.engine.calls["stop"] == world.engine.calls["remove"] == 0


async def test_what_is_left_of_a_lost_container_object_is_removed(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()

    world.objects.drop(container("web"))
    await world.settle()

    assert world.in_engine() == {}


async def test_an_object_of_the_same_name_but_another_uid_gets_its_own_container(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()
    first = world.engine.by_name("blog-web").id

    world.objects.put(container("web", uid="another"))
    await world.settle()

    box = world.engine.by_name("blog-web")
    assert box.id != first
    assert box.labels[labels.UID] == "another"


async def test_health_decides_about_ready(world: World) -> None:
    world.objects.put(container("web", healthcheck={"test": ["CMD", "true"]}))
    await world.settle()
    box = world.engine.by_name("blog-web")
    starting = world.status("web")

    world.engine.set_health(box.id, "healthy")
    await world.settle()
    healthy = world.status("web")
    world.engine.set_health(box.id, "unhealthy", "connection refused")
    await world.settle()
    unhealthy = world.status("web")

    assert (starting.health, starting.ready) == ("starting", False)
    assert (healthy.health, healthy.ready) == ("healthy", True)
    assert (unhealthy.health, unhealthy.ready, unhealthy.reason) == ("unhealthy", False, "Unhealthy")
    assert ("web", "Warning", "Unhealthy", "its health check fails: connection refused") in world.objects.told


async def test_a_network_made_anew_under_a_stopped_container_makes_the_container_anew(world: World) -> None:
    world.objects.put(network("front"), container("web", networks=[{"name": "front"}]))
    await world.settle()
    first = world.engine.by_name("blog-web").id
    world.engine.boxes[first].end(137, world.engine.now())
    await world.engine.remove_network(world.engine.nets["blog_front"].id)

    world.restart()
    await world.settle()

    assert world.engine.by_name("blog-web").id != first
    assert world.status("web").phase == "Running"


async def test_the_engine_restarted_restarts_what_ran(world: World) -> None:
    world.objects.put(container("job"), container("web", restartPolicy={"name": "always"}))
    await world.settle()
    ids = {box.request.name: box.id for box in world.engine.boxes.values()}

    world.engine.lose(quietly=True)
    world.lose()
    world.engine.come_back()
    await world.settle()

    assert world.in_engine() == {"blog-job": "running", "blog-web": "running"}
    assert {box.request.name: box.id for box in world.engine.boxes.values()} == ids


async def test_a_container_taken_out_of_its_network_by_hand_is_put_back(world: World) -> None:
    world.objects.put(network("front"), container("web", networks=[{"name": "front", "aliases": ["www"]}]))
    await world.settle()
    box = world.engine.by_name("blog-web")

    world.engine.disconnect_by_hand(box.id, "blog_front")
    await world.settle()

    assert list(box.endpoints) == ["blog_front"]
    assert world.engine.calls["create"] == 1
    assert world.status("web").ready


async def test_a_network_removed_under_a_running_container_is_made_and_joined_again(world: World) -> None:
    world.objects.put(network("front"), container("web", networks=[{"name": "front"}]))
    await world.settle()
    box, old = world.engine.by_name("blog-web"), world.engine.nets["blog_front"].id

    world.engine.disconnect_by_hand(box.id, "blog_front")
    await world.engine.remove_network(old)
    await world.settle()

    assert box.endpoints["blog_front"].network_id == world.engine.nets["blog_front"].id != old
    assert (box.state, world.engine.calls["create"]) == ("running", 1)
    assert world.status("web").ready


async def test_a_container_that_cannot_be_put_back_into_its_network_says_so_and_tries_again(world: World) -> None:
    world.objects.put(network("front"), container("web", networks=[{"name": "front"}]))
    await world.settle()
    world.engine.fail("connect", Refused("address already in use"))

    world.engine.disconnect_by_hand(world.engine.by_name("blog-web").id, "blog_front")
    await world.settle()
    out = world.status("web")
    await world.advance(60)

    assert (out.phase, out.ready, out.reason) == ("Running", False, "NetworkDisconnected")
    assert out.message == "it is not in the network front: address already in use"
    assert world.status("web").ready


async def test_a_paused_container_is_neither_ready_nor_healthy(world: World) -> None:
    world.objects.put(container("web", healthcheck={"test": ["CMD", "true"]}))
    await world.settle()
    box = world.engine.by_name("blog-web")
    world.engine.set_health(box.id, "healthy")

    world.engine.pause_by_hand(box.id)
    await world.settle()

    paused = world.status("web")
    assert (paused.phase, paused.ready, paused.health, paused.reason) == ("Running", False, None, "Paused")
    assert paused.message == "it was paused by hand"


async def test_what_was_paused_by_hand_goes_on_after_a_while(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()
    box = world.engine.by_name("blog-web")
    world.engine.pause_by_hand(box.id)
    await world.settle()

    await world.advance(20)
    still = box.state
    await world.advance(20)

    assert (still, box.state) == ("paused", "running")
    assert world.status("web").ready


def tell(world: World, name: str, state: DesiredState, annotations: dict[str, str] | None = None) -> None:
    """Tell a Container whether to run, as its Deployment does."""
    item = world.objects.container(Key("blog", name))
    assert item is not None
    told = item.model_copy(deep=True)
    told.spec.desired_state = state
    told.metadata.annotations = annotations
    told.metadata.generation = (told.metadata.generation or 0) + 1
    world.objects.put(told)


async def test_a_container_is_stopped_and_started_as_it_is_told(world: World) -> None:
    item = container("web", restart_policy={"name": "always"})
    world.objects.put(item)
    await world.settle()
    box = world.engine.by_name("blog-web")
    first = box.id

    tell(world, "web", "Stopped")
    await world.settle()
    stopped = world.status("web")
    world.engine.start_by_hand(box.id)
    await world.settle()
    again = (box.state, world.status("web").phase)
    tell(world, "web", "Running")
    await world.settle()

    assert (stopped.phase, stopped.ready, stopped.reason, stopped.exit_code) == ("Stopped", False, None, 137)
    assert again == ("exited", "Stopped"), "what somebody starts by hand is stopped again"
    assert (world.engine.by_name("blog-web").id, box.state) == (first, "running")
    assert world.status("web").phase == "Running"


async def test_a_container_is_paused_and_goes_on_as_it_is_told(world: World) -> None:
    item = container("web")
    item.spec.desired_state = "Paused"
    world.objects.put(item)
    await world.settle()
    box = world.engine.by_name("blog-web")
    paused = (box.state, world.status("web").message)

    tell(world, "web", "Running")
    await world.settle()

    assert paused == ("paused", "it is paused, as it is wanted")
    assert (box.state, world.status("web").ready) == ("running", True)


async def test_what_is_to_run_once_is_not_started_again_and_goes_when_it_has_ended(world: World) -> None:
    item = container("once")
    item.metadata.labels = {labels.ONEOFF: "true"}
    item.metadata.annotations = {labels.REMOVE_WHEN_ENDED: "true"}
    world.objects.put(item)
    await world.settle()
    box = world.engine.by_name("blog-once")
    mark = box.labels[labels.COMPOSE_ONEOFF]

    world.engine.stop_by_hand(box.id)
    await world.settle()

    assert mark == "True"
    assert not world.engine.boxes
    assert world.objects.container(Key("blog", "once")) is None


async def test_a_container_waits_for_its_first_start_until_it_is_told(world: World) -> None:
    item = container("web")
    item.spec.desired_state = "Created"
    world.objects.put(item)
    await world.settle()
    box = world.engine.by_name("blog-web")
    before = (box.state, world.status("web").phase, world.status("web").container_id)

    tell(world, "web", "Running")
    await world.settle()

    assert before == ("created", "Created", box.id)
    assert box.state == "running"


async def test_a_job_that_is_done_stays_so_over_a_stop_and_is_run_again_by_a_restart(world: World) -> None:
    item = container("job", command=["sh", "-c", "exit 0"])
    world.objects.put(item)
    await world.settle()
    box = world.engine.by_name("blog-job")
    begun = box.started_at
    for state in ("Stopped", "Running"):
        tell(world, "job", state)
        await world.settle()
        assert (world.status("job").phase, box.started_at) == ("Succeeded", begun)

    tell(world, "job", "Running", {labels.RESTARTED_AT: "2026-01-31T09:30:00Z"})
    await world.settle()

    assert world.status("job").observed_restart == "2026-01-31T09:30:00Z"
    assert box.started_at != begun
    assert world.status("job").phase == "Succeeded"


async def test_a_container_of_an_older_template_gives_its_name_to_its_successor(world: World) -> None:
    old, new = container("web-aaaa-0"), container("web-bbbb-0", image="busybox", command=["sleep", "1"])
    for item in (old, new):
        item.metadata.labels = {labels.DEPLOYMENT: "web", labels.ORDINAL: "0"}
    world.objects.put(old)
    await world.settle()
    first = world.engine.by_name("blog-web-1").id

    world.objects.put(new)
    await world.settle()

    assert world.in_engine() == {"blog-web-1": "running", f"{first[:12]}_blog-web-1": "running"}
    assert world.engine.by_name("blog-web-1").id != first
    assert world.status("web-aaaa-0").container_name == f"{first[:12]}_blog-web-1"

    world.objects.delete(new)
    await world.settle()
    assert world.in_engine() == {"blog-web-1": "running"}
    assert world.status("web-aaaa-0").container_name == "blog-web-1"


async def test_a_container_that_was_renamed_by_hand_has_its_name_back(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()
    box = world.engine.by_name("blog-web")

    world.engine.rename_by_hand(box.id, "mine")
    await world.settle()

    assert world.in_engine() == {"blog-web": "running"}
    assert world.engine.by_name("blog-web").id == box.id
    assert world.status("web").container_name == "blog-web"
    assert world.engine.calls["rename"] == 1


async def test_who_made_room_does_not_take_the_name_back_before_its_successor_has_it(world: World) -> None:
    old, new = container("web-aaaa-0"), container("web-bbbb-0", restartPolicy={"name": "always"})
    for item in (old, new):
        item.metadata.labels = {labels.DEPLOYMENT: "web", labels.ORDINAL: "0"}
    world.objects.put(old)
    await world.settle()
    creating = world.engine.hold("create")
    world.objects.put(new)
    going = asyncio.create_task(world.containers.reconcile(Key("blog", "web-bbbb-0")))
    await eventually(lambda: world.engine.calls["create"] == 2)

    world.mirror.mark(next(iter(world.engine.boxes)), Key("blog", "web-aaaa-0"))
    await world.containers.reconcile(Key("blog", "web-aaaa-0"))
    renamed = world.engine.calls["rename"]
    creating.set()
    await going

    assert renamed == 1
    assert "blog-web-1" in world.in_engine()


async def test_a_container_of_another_replica_keeps_its_name(world: World) -> None:
    other, new = container("web-aaaa-1", containerName="blog-web-1"), container("web-bbbb-0")
    for ordinal, item in enumerate((new, other)):
        item.metadata.labels = {labels.DEPLOYMENT: "web", labels.ORDINAL: str(ordinal)}
    world.objects.put(other)
    await world.settle()

    world.objects.put(new)
    await world.settle()

    assert list(world.in_engine()) == ["blog-web-1"]
    assert world.status("web-bbbb-0").reason == "NameTaken"


async def test_what_is_unhealthy_is_restarted_with_pauses_that_the_status_tells_of(world: World) -> None:
    check = {"test": ["CMD", "true"], "interval": "1s"}
    world.objects.put(container("web", healthcheck=check, restartPolicy={"name": "always"}))
    await world.settle()
    box = world.engine.by_name("blog-web")

    world.engine.set_health(box.id, "unhealthy")
    await world.settle()
    once = world.status("web")
    world.engine.set_health(box.id, "unhealthy")
    await world.settle()
    waiting = world.status("web")
    await world.advance(10)
    twice = world.status("web")

    assert (once.unhealthy_restarts, once.health, once.phase) == (1, "starting", "Running")
    assert (waiting.unhealthy_restarts, waiting.reason, waiting.ready) == (1, "CrashLoopBackOff", False)
    assert "restarted once" in (waiting.message or "")
    assert (twice.unhealthy_restarts, twice.health) == (2, "starting")
    assert world.engine.by_name("blog-web").id == box.id


async def test_the_count_of_restarts_outlives_the_agent(world: World) -> None:
    check = {"test": ["CMD", "true"]}
    world.objects.put(container("web", healthcheck=check, restartUnhealthy=True))
    await world.settle()
    world.engine.set_health(world.engine.by_name("blog-web").id, "unhealthy")
    await world.settle()

    world.restart()
    world.engine.set_health(world.engine.by_name("blog-web").id, "unhealthy")
    await world.settle()

    assert world.status("web").reason == "CrashLoopBackOff"
