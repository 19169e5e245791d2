"""Probed containers in the world of the node agent: what the probes find reaches the status, and restarts."""

from pathlib import Path
from typing import Any

import pytest

from fizz.controllers.node.naming import spec_hash
from fizz.schemas.container import Container, ContainerSpec
from tests.controllers.node.world import World, container

GOOD, BAD = {"exec": {"command": ["true"]}}, {"exec": {"command": ["sh", "-c", "echo broken; exit 1"]}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def with_probes(**probes: Any) -> Container:
    fields: dict[str, Any] = {f"{kind}Probe": {**probe, "periodSeconds": 1} for kind, probe in probes.items()}
    return container("web", **fields)


async def test_readiness_makes_ready(world: World) -> None:
    world.objects.put(with_probes(readiness=GOOD))
    await world.settle()
    before = world.status("web")
    await world.probe()
    after = world.status("web")

    assert (before.health, before.ready) == ("starting", False)
    assert (after.health, after.ready, after.reason) == ("healthy", True, None)


async def test_a_failing_readiness_probe_is_told_and_restarts_nothing(world: World) -> None:
    world.objects.put(with_probes(readiness=BAD))
    await world.settle()
    for _ in range(5):
        await world.probe()

    status = world.status("web")
    assert (status.health, status.ready, status.reason) == ("unhealthy", False, "Unhealthy")
    assert status.message == "its readiness probe fails: exit code 1: broken"
    assert status.unhealthy_restarts is None
    unhealthy = [told for told in world.objects.told if told[2] == "Unhealthy"]
    assert unhealthy == [("web", "Warning", "Unhealthy", "its readiness probe fails: exit code 1: broken")]


async def test_a_failing_liveness_probe_restarts_with_pauses_as_an_unhealthy_container(world: World) -> None:
    world.objects.put(with_probes(liveness=BAD))
    await world.settle()
    first = world.engine.by_name("blog-web").started_at
    for _ in range(3):
        await world.probe()
    once = world.status("web")
    for _ in range(3):
        await world.probe()
    waiting = world.status("web")
    await world.advance(10)
    twice = world.status("web")

    assert world.engine.by_name("blog-web").started_at != first
    assert (once.unhealthy_restarts, once.phase) == (1, "Running")
    assert (waiting.unhealthy_restarts, waiting.reason) == (1, "CrashLoopBackOff")
    assert (waiting.message or "").startswith("its liveness probe fails: exit code 1: broken; it was restarted once")
    assert twice.unhealthy_restarts == 2


async def test_restart_unhealthy_false_leaves_the_dead_alone(world: World) -> None:
    item = with_probes(liveness=BAD)
    item.spec.restart_unhealthy = False
    world.objects.put(item)
    await world.settle()
    for _ in range(5):
        await world.probe()

    status = world.status("web")
    assert (status.health, status.unhealthy_restarts) == ("unhealthy", None)


async def test_the_worse_of_health_check_and_probe_counts(world: World) -> None:
    item = with_probes(readiness=GOOD)
    item.spec = ContainerSpec.load({**item.spec.dump(), "healthcheck": {"test": ["CMD", "true"]}})
    world.objects.put(item)
    await world.settle()
    await world.probe()
    checked = world.status("web").health
    world.engine.set_health(world.engine.by_name("blog-web").id, "healthy")
    await world.settle()

    assert checked == "starting"
    assert world.status("web").health == "healthy"


async def test_an_agent_that_begins_anew_does_not_take_connections_from_what_was_ready(world: World) -> None:
    world.objects.put(with_probes(readiness=GOOD))
    await world.settle()
    await world.probe()

    world.restart()
    await world.settle()

    assert world.status("web").ready is True


async def test_a_paused_container_is_not_probed_and_begins_where_it_was(world: World) -> None:
    world.objects.put(with_probes(liveness=BAD))
    await world.settle()
    box = world.engine.by_name("blog-web")
    world.engine.pause_by_hand(box.id)
    await world.settle()
    before = len(box.executed)
    await world.probe()

    assert len(box.executed) == before
    assert world.status("web").reason == "Paused"


async def test_who_cannot_reach_the_engines_networks_probes_by_command_only(world: World) -> None:
    world.ground.probes.reachable = False
    world.objects.put(with_probes(readiness={"tcpSocket": {"port": 80}}))
    await world.settle()

    status = world.status("web")
    assert (status.ready, status.health) == (True, None)
    assert world.objects.reasons("web").count("ProbeUnsupported") == 1


def test_a_changed_probe_makes_no_other_container() -> None:
    assert spec_hash(with_probes(readiness=GOOD).spec) == spec_hash(with_probes(liveness=BAD).spec)
