"""Containers, networks and volumes that somebody else made, and that are a Container's, a Network's, a Volume's now."""

from pathlib import Path

import pytest

from fizz.controllers.network.ingress.plan import replica_of
from fizz.controllers.node.engine import CreateRequest, EngineNetwork, EngineVolume
from fizz.controllers.node.naming import Owner
from fizz.controllers.node.resources import Step, network_step, volume_step
from fizz.schemas import labels
from fizz.schemas.container import Container
from tests.controllers.node.world import NODE, SERVER, World, container, network, volume

OWNER = Owner(SERVER, NODE)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def by_compose(world: World, name: str = "blog-web") -> str:
    """A container of that name runs, which nobody but compose knows."""
    body = {"Image": "busybox", "Cmd": ["sleep"], "Labels": {labels.COMPOSE_PROJECT: "blog"}, "HostConfig": {}}
    made = await world.engine.create(CreateRequest(name, body))
    await world.engine.start(made.id)
    return made.id


def taking(annotation: str, engine_id: str) -> Container:
    item = container("web", restartPolicy={"name": "always"})
    item.metadata.annotations = {annotation: engine_id}
    return item


async def test_what_is_adopted_goes_on_and_is_looked_after(world: World) -> None:
    made = await by_compose(world)
    world.objects.put(taking(labels.ADOPTS, made))
    await world.settle()
    status = world.status("web")

    assert (status.phase, status.container_id, status.ready) == ("Running", made, True)
    assert list(world.engine.boxes) == [made]
    assert "Created" not in world.objects.reasons("web")

    world.engine.stop_by_hand(made)
    await world.settle()
    assert world.status("web").phase == "Running"
    assert list(world.engine.boxes) == [made]


async def test_it_outlives_the_agent_and_every_resync(world: World) -> None:
    made = await by_compose(world)
    world.objects.put(taking(labels.ADOPTS, made))
    await world.settle()

    await world.mirror.resync(world.session.owner.selector)
    world.restart()
    await world.settle()

    assert world.status("web").container_id == made
    assert list(world.engine.boxes) == [made]


async def test_what_is_adopted_and_removed_by_hand_is_made_like_any_other(world: World) -> None:
    made = await by_compose(world)
    world.objects.put(taking(labels.ADOPTS, made))
    await world.settle()

    world.engine.remove_by_hand(made)
    await world.settle()

    box = world.engine.by_name("blog-web")
    assert box.id != made
    assert OWNER.owns(box.labels)
    assert world.status("web").container_id == box.id


async def test_it_goes_with_its_container(world: World) -> None:
    item = taking(labels.ADOPTS, await by_compose(world))
    world.objects.put(item)
    await world.settle()

    world.objects.delete(item)
    await world.settle()

    assert world.engine.boxes == {}


async def test_what_is_replaced_goes_first(world: World) -> None:
    made = await by_compose(world)
    world.objects.put(taking(labels.REPLACES, made))
    await world.settle()

    box = world.engine.by_name("blog-web")
    assert box.id != made
    assert list(world.engine.boxes) == [box.id]
    assert world.status("web").ready is True


async def test_the_ports_of_what_is_adopted_stay_the_engines() -> None:
    item = container("web", ports=[{"containerPort": 80, "hostPort": 8080}])
    shared = replica_of(item, {}, ipv6=False)
    item.metadata.annotations = {labels.ADOPTS: "c1"}

    assert shared is not None
    assert replica_of(item, {}, ipv6=False) is None


@pytest.mark.parametrize(("adopts", "step"), [("n1", Step.READY), ("n2", Step.FAIL), ("", Step.FAIL)])
def test_a_network_is_adopted_by_id(adopts: str, step: Step) -> None:
    item = network("front")
    item.metadata.annotations = {labels.ADOPTS: adopts} if adopts else None
    assert network_step(item, [EngineNetwork("n1", "blog_front", {})], OWNER, []).step is step


def test_a_volume_that_was_adopted_may_be_removed_with_its_data() -> None:
    item, found = volume("data", reclaimPolicy="Delete"), EngineVolume("blog_data", {})
    item.metadata.deletion_timestamp = World(Path()).now()
    assert volume_step(item, found, OWNER, []).step is Step.RELEASE
    item.metadata.annotations = {labels.ADOPTS: "blog_data"}
    assert volume_step(item, found, OWNER, []).step is Step.REMOVE
