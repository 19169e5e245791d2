"""Networks and Volumes: what to do next, the payloads, and their lives on a node in memory."""

from pathlib import Path
from typing import Any

import pytest

from fizz.client.objects import Key
from fizz.controllers.node.engine import EngineNetwork, EngineVolume, InUse, Refused
from fizz.controllers.node.naming import Owner, network_labels, volume_labels
from fizz.controllers.node.resources import (
    Step,
    network_body,
    network_step,
    volume_body,
    volume_step,
)
from fizz.schemas import labels
from fizz.schemas.apps import Network, ResourceStatus, Volume
from fizz.schemas.base import JSON
from tests.controllers.node.world import NODE, SERVER, World, container, network, volume

OWNER = Owner(SERVER, NODE)
KEY = Key("blog", "front")
DATA = Key("blog", "data")


def gone(item: Any) -> Any:
    item.metadata.deletion_timestamp = "2026-01-01T00:00:00Z"
    return item


def handed_over(item: Any) -> Any:
    item.metadata.annotations = {labels.HAND_OVER: "true"}
    return item


OURS = EngineNetwork("n", "blog_front", network_labels(network("front"), OWNER))
EARLIER = EngineNetwork("n", "blog_front", {**OURS.labels, labels.UID: "earlier"})
CHANGED = EngineNetwork("n", "blog_front", {**OURS.labels, labels.SPEC_HASH: "other"})
ALIEN = EngineNetwork("n", "blog_front", {})
USER = container("web", networks=[{"name": "front"}], mounts=[{"type": "volume", "source": "data", "target": "/d"}])

NETWORKS: list[tuple[str, Network, list[EngineNetwork], list[Any], Step]] = [
    ("none", network("front"), [], [], Step.CREATE),
    ("ours", network("front"), [OURS], [], Step.READY),
    ("an earlier object's", network("front"), [EARLIER], [], Step.READY),
    ("another spec", network("front"), [CHANGED], [], Step.REPLACE),
    ("somebody's", network("front"), [ALIEN], [], Step.FAIL),
    ("ours beside somebody's", network("front"), [ALIEN, OURS], [], Step.READY),
    ("external, there", network("front", external=True), [ALIEN], [], Step.READY),
    ("external, absent", network("front", external=True), [], [], Step.WAIT),
    ("deleted", gone(network("front")), [OURS], [], Step.REMOVE),
    ("deleted, in use", gone(network("front")), [OURS], [USER], Step.WAIT),
    ("deleted, gone", gone(network("front")), [], [], Step.RELEASE),
    ("deleted, somebody's", gone(network("front")), [ALIEN], [], Step.RELEASE),
    ("deleted, external", gone(network("front", external=True)), [OURS], [], Step.RELEASE),
    ("deleted, handed over in use", gone(handed_over(network("front"))), [OURS], [USER], Step.RELEASE),
    ("handed over, but not deleted", handed_over(network("front")), [OURS], [USER], Step.READY),
]


@pytest.mark.parametrize(("item", "found", "users", "step"), [r[1:] for r in NETWORKS], ids=[r[0] for r in NETWORKS])
def test_a_network_has_a_next_step(item: Network, found: list[EngineNetwork], users: list[Any], step: Step) -> None:
    assert network_step(item, found, OWNER, users).step is step


MADE = EngineVolume("blog_data", volume_labels(volume(), OWNER))
FOUND = EngineVolume("blog_data", {})

VOLUMES: list[tuple[str, Volume, EngineVolume | None, list[Any], Step]] = [
    ("none", volume(), None, [], Step.CREATE),
    ("ours", volume(), MADE, [], Step.READY),
    ("somebody's", volume(), FOUND, [], Step.READY),
    ("external, there", volume(external=True), FOUND, [], Step.READY),
    ("external, absent", volume(external=True), None, [], Step.WAIT),
    ("deleted, kept", gone(volume()), MADE, [], Step.RELEASE),
    ("deleted with its data", gone(volume(reclaimPolicy="Delete")), MADE, [], Step.REMOVE),
    ("deleted, in use", gone(volume(reclaimPolicy="Delete")), MADE, [USER], Step.WAIT),
    ("deleted, somebody's", gone(volume(reclaimPolicy="Delete")), FOUND, [], Step.RELEASE),
    ("deleted, external", gone(volume(reclaimPolicy="Delete", external=True)), MADE, [], Step.RELEASE),
]


@pytest.mark.parametrize(("item", "found", "users", "step"), [r[1:] for r in VOLUMES], ids=[r[0] for r in VOLUMES])
def test_a_volume_has_a_next_step(item: Volume, found: EngineVolume | None, users: list[Any], step: Step) -> None:
    assert volume_step(item, found, OWNER, users).step is step


def test_a_network_is_written_with_all_its_fields() -> None:
    ipam = {
        "driver": "default",
        "options": {"o": "1"},
        "config": [
            {
                "subnet": "10.1.0.0/16",
                "ipRange": "10.1.2.0/24",
                "gateway": "10.1.0.1",
                "auxAddresses": {"a": "10.1.0.9"},
            }
        ],
    }
    item = network(
        "front",
        driver="bridge",
        driverOpts={"mtu": "1400"},
        attachable=True,
        internal=True,
        enableIpv6=True,
        enableIpv4=True,
        ipam=ipam,
        labels={"team": "web"},
    )

    body, warnings = network_body(item, OWNER, (1, 47))

    assert {key: value for key, value in body.items() if key != "Labels"} == {
        "Name": "blog_front",
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Options": {"mtu": "1400"},
        "Attachable": True,
        "Internal": True,
        "EnableIPv6": True,
        "EnableIPv4": True,
        "IPAM": {
            "Driver": "default",
            "Options": {"o": "1"},
            "Config": [
                {
                    "Subnet": "10.1.0.0/16",
                    "IPRange": "10.1.2.0/24",
                    "Gateway": "10.1.0.1",
                    "AuxiliaryAddresses": {"a": "10.1.0.9"},
                }
            ],
        },
    }
    assert body["Labels"]["team"] == "web"
    assert body["Labels"][labels.COMPOSE_NETWORK] == "front"
    assert warnings == ()


def test_a_plain_network_is_written_plainly() -> None:
    body, _ = network_body(network("front", name="shared"), OWNER, (1, 41))

    assert body.keys() == {"Name", "CheckDuplicate", "Labels"}
    assert body["Name"] == "shared"


def test_an_old_engine_cannot_leave_out_ipv4_and_says_so() -> None:
    body, warnings = network_body(network("front", enableIpv4=False), OWNER, (1, 41))

    assert "EnableIPv4" not in body
    assert "enableIpv4" in warnings[0]


def test_a_volume_is_written_with_all_its_fields() -> None:
    body: JSON = volume_body(volume(driver="nfs", driverOpts={"addr": "10.0.0.1"}, labels={"team": "db"}), OWNER)

    assert (body["Name"], body["Driver"], body["DriverOpts"]) == ("blog_data", "nfs", {"addr": "10.0.0.1"})
    assert (body["Labels"]["team"], body["Labels"][labels.COMPOSE_VOLUME]) == ("db", "data")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def shown(world: World, key: Key) -> ResourceStatus:
    item = world.objects.network(key) or world.objects.volume(key)
    assert item is not None, f"there is no {key}"
    return item.status or ResourceStatus()


async def test_a_network_is_held_created_and_shown(world: World) -> None:
    world.objects.put(network("front"))

    await world.settle()

    item = world.objects.network(KEY)
    assert item is not None
    assert item.metadata.finalizers == [labels.FINALIZER_NODE]
    assert (shown(world, KEY).phase, shown(world, KEY).id) == ("Ready", world.engine.nets["blog_front"].id)


async def test_a_network_removed_by_hand_comes_back(world: World) -> None:
    world.objects.put(network("front"))
    await world.settle()

    await world.engine.remove_network(world.engine.nets["blog_front"].id)
    await world.settle()

    assert shown(world, KEY).id == world.engine.nets["blog_front"].id


async def test_a_deleted_network_waits_for_its_last_container(world: World) -> None:
    world.objects.put(network("front"), container("web", networks=[{"name": "front"}]))
    await world.settle()

    world.objects.delete(network("front"))
    await world.settle()
    waiting = shown(world, KEY)
    world.objects.delete(container("web"))
    await world.settle()

    assert waiting.message == "used by web"
    assert world.objects.network(KEY) is None
    assert "blog_front" not in world.engine.nets


async def test_an_external_network_is_waited_for_and_never_removed(world: World) -> None:
    world.objects.put(network("front", external=True, name="shared"))
    await world.settle()
    waiting = shown(world, KEY)

    await world.engine.create_network({"Name": "shared"})
    await world.settle()
    ready = shown(world, KEY)
    world.objects.delete(network("front"))
    await world.settle()

    assert (waiting.phase, ready.phase) == ("Pending", "Ready")
    assert "external" in (waiting.message or "")
    assert "shared" in world.engine.nets
    assert world.objects.network(KEY) is None


async def test_a_changed_network_is_made_anew_once_nobody_uses_it(world: World) -> None:
    world.objects.put(network("front"), container("web", networks=[{"name": "front"}]))
    await world.settle()
    first = world.engine.nets["blog_front"].id

    world.objects.put(network("front", internal=True))
    await world.settle()
    waiting = shown(world, KEY)
    world.objects.delete(container("web"))
    await world.settle()

    assert (waiting.phase, waiting.id) == ("Ready", first)
    assert "takes effect" in (waiting.message or "")
    assert world.engine.nets["blog_front"].id != first
    assert shown(world, KEY).message is None


async def test_a_network_of_somebody_else_is_neither_used_nor_touched(world: World) -> None:
    await world.engine.create_network({"Name": "blog_front"})
    world.objects.put(network("front"), container("web", networks=[{"name": "front"}]))

    await world.settle()

    assert shown(world, KEY).phase == "Failed"
    assert world.status("web").reason == "NetworkNotReady"
    assert "not Fizz's" in (world.status("web").message or "")


async def test_a_network_that_the_engine_does_not_let_go_is_left_behind_in_the_end(world: World) -> None:
    world.objects.put(network("front"))
    await world.settle()
    world.engine.fail("remove_network", InUse("has active endpoints"), times=1000)

    world.objects.delete(network("front"))
    await world.settle()
    held = shown(world, KEY)
    await world.advance(120)
    left = "blog_front" in world.engine.nets
    world.engine.failures.clear()
    world.hints.network(KEY)
    await world.settle()

    assert (held.phase, held.message) == ("Pending", "has active endpoints")
    assert left
    assert world.objects.network(KEY) is None
    assert "LeftBehind" in world.objects.reasons("front")
    assert "blog_front" not in world.engine.nets


async def test_a_network_that_the_engine_refuses_is_tried_again(world: World) -> None:
    world.engine.fail("create_network", Refused("could not find an available address pool"))
    world.objects.put(network("front"))
    await world.settle()
    failed = shown(world, KEY)

    await world.advance(5)

    assert (failed.phase, failed.message) == ("Failed", "could not find an available address pool")
    assert shown(world, KEY).phase == "Ready"


async def test_what_is_left_of_a_lost_network_object_is_removed(world: World) -> None:
    world.objects.put(network("front"))
    await world.settle()

    world.objects.drop(network("front"))
    await world.settle()

    assert "blog_front" not in world.engine.nets


async def test_data_outlives_its_volume(world: World) -> None:
    world.objects.put(volume())
    await world.settle()

    world.objects.delete(volume())
    await world.settle()

    assert world.objects.volume(DATA) is None
    assert "blog_data" in world.engine.vols


async def test_data_goes_when_the_volume_says_so_even_if_an_earlier_one_made_it(world: World) -> None:
    world.objects.put(volume())
    await world.settle()
    world.objects.delete(volume())
    await world.settle()

    world.objects.put(volume(reclaimPolicy="Delete"), USER, network("front"))
    await world.settle()
    world.objects.delete(volume(reclaimPolicy="Delete"))
    await world.settle()
    used = shown(world, DATA)
    world.objects.delete(USER)
    await world.settle()

    assert used.message == "used by web"
    assert world.objects.volume(DATA) is None
    assert "blog_data" not in world.engine.vols


async def test_a_volume_of_somebody_else_is_used_but_never_removed(world: World) -> None:
    await world.engine.create_volume({"Name": "blog_data"})
    world.objects.put(volume(reclaimPolicy="Delete"))
    await world.settle()
    ready = shown(world, DATA)

    world.objects.delete(volume(reclaimPolicy="Delete"))
    await world.settle()

    assert ready.phase == "Ready"
    assert "never removed" in (ready.message or "")
    assert "blog_data" in world.engine.vols


async def test_a_volume_removed_by_hand_comes_back_empty(world: World) -> None:
    world.objects.put(volume())
    await world.settle()

    await world.engine.remove_volume("blog_data")
    await world.settle()

    assert "blog_data" in world.engine.vols


async def test_a_volume_that_the_engine_refuses_is_tried_again(world: World) -> None:
    world.engine.fail("create_volume", Refused("no such driver"))
    world.objects.put(volume())
    await world.settle()
    failed = shown(world, DATA)

    await world.advance(5)

    assert (failed.phase, failed.message) == ("Failed", "no such driver")
    assert shown(world, DATA).phase == "Ready"


async def test_an_engine_that_does_not_answer_is_asked_again(world: World) -> None:
    world.objects.put(network("front"), volume())
    await world.connect()
    world.engine.lost = True
    await world.settle()

    world.engine.lost = False
    await world.advance(5)

    assert (shown(world, KEY).phase, shown(world, DATA).phase) == ("Ready", "Ready")


async def test_a_network_and_a_volume_that_are_handed_over_are_the_next_ones_and_nobody_is_touched(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    first, data = network("front"), volume("data", reclaimPolicy="Delete")
    world.objects.put(first, data, USER)
    await world.settle()
    before, calls = world.engine.by_name("blog-web").id, dict(world.engine.calls)

    for item in (first, data):
        known = world.objects.items[type(item), Key("blog", item.name)].model_copy(deep=True)
        world.objects.put(handed_over(known))
        world.objects.delete(known)
    await world.settle()
    gone_by_then = world.objects.network(KEY) is None and world.objects.volume(DATA) is None
    world.objects.put(network("front"), volume("data"))
    await world.settle()

    assert gone_by_then
    assert world.engine.by_name("blog-web").id == before
    assert world.engine.by_name("blog-web").endpoints.keys() == {"blog_front"}
    assert world.engine.calls["create_network"] == calls["create_network"]
    assert "blog_data" in world.engine.vols
    assert world.status("web").phase == "Running"
