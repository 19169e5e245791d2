"""The agent beside an ingress: it waits for ports before it starts, and for the ingress before it stops."""

from pathlib import Path
from typing import Any

import pytest

from fizz.client.controller import Manager
from fizz.client.events import EventRecorder
from fizz.client.objects import Key
from fizz.client.testing import server
from fizz.controllers.node.draining import patience
from fizz.controllers.node.objects import ApiObjects
from fizz.schemas import labels
from fizz.schemas.container import Container, ContainerStatus, IngressStatus
from fizz.schemas.core import Namespace
from fizz.schemas.publishing import for_engine
from tests.controllers.node.world import NODE, World, container

KEY = Key("blog", "web")
SPEC = {"image": "x"}
PORTS = [{"containerPort": 80, "publish": True, "hostPort": 8080}]
HELD: dict[str, Any] = {"state": "Waiting", "ports": [{"containerPort": 80, "hostIP": "0.0.0.0", "hostPort": 8080}]}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.ingress = True
    made.restart()
    return made


def say(world: World, **ingress: Any) -> None:
    """What the ingress writes."""
    item = world.objects.items[Container, KEY].model_copy(deep=True)
    assert isinstance(item, Container)
    item.status = item.status or ContainerStatus()
    item.status.ingress = IngressStatus.load({**HELD, **ingress})
    world.objects.put(item)


async def running(world: World, **spec: Any) -> None:
    world.objects.put(container("web", **{"ports": PORTS, **spec}))
    say(world)
    await world.settle()
    say(world, state="Serving")
    await world.settle()


async def test_a_container_starts_when_its_ports_are_held(world: World) -> None:
    world.objects.put(container("web", ports=PORTS))
    await world.settle()
    assert world.in_engine() == {}
    assert (world.status("web").phase, world.status("web").reason) == ("Pending", "PublishingPorts")

    say(world)
    await world.settle()
    assert world.in_engine() == {"blog-web": "running"}
    assert [port.host_port for port in world.status("web").ports or []] == [8080]


async def test_a_container_whose_port_is_taken_does_not_start_and_says_whose_it_is(world: World) -> None:
    world.objects.put(container("web", ports=PORTS))
    say(world, state="Refused", reason="PortTaken", message="nginx has it")
    await world.settle()
    status = world.status("web")
    assert world.in_engine() == {}
    assert (status.phase, status.reason, status.message) == ("Pending", "PortTaken", "nginx has it")


async def test_a_running_container_that_loses_its_port_goes_on_and_is_not_ready(world: World) -> None:
    await running(world)
    say(world, state="Refused", ports=None, reason="PortTaken", message="nginx has it")
    await world.settle()
    status = world.status("web")
    assert world.in_engine() == {"blog-web": "running"}
    assert (status.ready, status.reason, status.ports) == (False, "PortTaken", None)


async def test_containers_without_published_ports_do_not_wait(world: World) -> None:
    world.objects.put(container("web", ports=[{"containerPort": 80}]))
    await world.settle()
    assert world.in_engine() == {"blog-web": "running"}


async def test_the_engine_does_not_publish_what_the_ingress_does(world: World) -> None:
    host = {"containerPort": 81, "publish": True, "hostPort": 8081, "mode": "host"}
    await running(world, ports=[*PORTS, host])
    box = world.engine.by_name("blog-web")
    assert {port.host_port for port in box.ports} == {8081}
    assert [port.host_port for port in world.status("web").ports or []] == [8080, 8081]


async def test_it_is_stopped_when_nobody_is_connected_any_more(world: World) -> None:
    await running(world)
    world.objects.delete(world.objects.items[Container, KEY])
    await world.settle()
    assert world.in_engine() == {"blog-web": "running"}
    assert world.status("web").phase == "Stopping"

    say(world, state="Draining")
    await world.advance(1)
    assert world.in_engine() == {"blog-web": "running"}

    say(world, state="Drained")
    await world.settle()
    assert world.in_engine() == {}
    assert KEY not in {key for _, key in world.objects.items}


async def test_before_a_restart_nobody_is_connected_any_more_either(world: World) -> None:
    await running(world)
    box = world.engine.by_name("blog-web")
    item = world.objects.items[Container, KEY].model_copy(deep=True)
    item.metadata.annotations = {labels.RESTARTED_AT: "2026-01-01T00:00:00Z"}
    world.objects.put(item)
    await world.settle()
    assert world.engine.by_name("blog-web").started_at == box.started_at
    assert (world.status("web").phase, world.status("web").ready) == ("Stopping", False)

    say(world, state="Drained")
    await world.settle()
    assert world.engine.calls["stop"] == 1
    assert (world.status("web").phase, world.status("web").ready) == ("Running", True)


async def test_patience_with_the_ingress_ends(world: World) -> None:
    await running(world)
    world.objects.delete(world.objects.items[Container, KEY])
    await world.settle()
    await world.advance(4.9)
    assert world.in_engine() == {"blog-web": "running"}
    await world.advance(0.2)
    assert world.in_engine() == {}


@pytest.mark.parametrize(
    ("period", "asked", "seconds"),
    [
        pytest.param(None, None, 5.0, id="half of the engine's ten seconds"),
        pytest.param("4s", None, 2.0, id="half of its own"),
        pytest.param("1m", None, 5.0, id="five at most"),
        pytest.param("4s", 1, 0.5, id="half of what the deletion gives it"),
        pytest.param(None, 0, 0.0, id="none, if it is to go at once"),
    ],
)
def test_how_long_it_waits(period: str | None, asked: int | None, seconds: float) -> None:
    item = container("web", ports=PORTS, stopGracePeriod=period)
    item.metadata.deletion_grace_period_seconds = asked
    assert patience(item) == seconds


async def test_who_never_served_is_stopped_at_once(world: World) -> None:
    await running(world)
    say(world, state="Drained")
    world.objects.delete(world.objects.items[Container, KEY])
    await world.settle()
    assert world.in_engine() == {}


async def test_another_publisher_makes_the_container_anew(world: World) -> None:
    await running(world)
    before = world.engine.by_name("blog-web").id

    world.ingress = False
    world.restart()
    await world.settle()

    box = world.engine.by_name("blog-web")
    assert box.id != before
    assert {port.host_port for port in box.ports} == {8080}


def test_the_engine_gets_the_other_ports_as_they_are() -> None:
    spec = container("web", ports=[*PORTS, {"containerPort": 9, "protocol": "sctp", "hostPort": 9}]).spec
    shown = [(port.container_port, port.host_port, port.publish) for port in for_engine(spec).ports or []]
    assert shown == [(80, None, False), (9, 9, None)]
    assert for_engine(container("web").spec).ports is None


async def test_the_agent_leaves_what_the_ingress_says_alone(tmp_path: Path) -> None:
    async with server(tmp_path) as client, EventRecorder(client, "node-agent", NODE) as recorder:
        objects = ApiObjects(Manager(client), recorder, NODE)
        await client.create(Namespace.load({"metadata": {"name": "blog"}}))
        item = await client.create(Container.load({"metadata": {"name": "web", "namespace": "blog"}, "spec": SPEC}))
        await objects.write_status(item, ContainerStatus(phase="Creating"))
        await client.patch(Container, "web", {"status": {"ingress": HELD}}, "blog", "status")

        for phase in ("Running", "Stopping"):
            await objects.write_status(await client.get(Container, "web", "blog"), ContainerStatus(phase=phase))

        status = (await client.get(Container, "web", "blog")).status
        assert status is not None
        assert status.phase == "Stopping"
        assert status.ingress == IngressStatus.load(HELD)
