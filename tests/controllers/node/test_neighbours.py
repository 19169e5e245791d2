"""Containers that share namespaces and volumes with others, or link to them, on a node in memory."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fizz.client.objects import Key
from fizz.controllers.node.neighbours import has_neighbour, references
from fizz.schemas import labels
from fizz.schemas.apps import Service
from fizz.schemas.container import Container, ContainerSpec
from tests.controllers.node.world import World, container, network


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def replica(deployment: str, ordinal: int = 0, revision: str = "a", **spec: Any) -> Container:
    """A Container of a Deployment."""
    made = container(f"{deployment}-{revision}-{ordinal}", **spec)
    made.metadata.labels = {labels.DEPLOYMENT: deployment, labels.ORDINAL: str(ordinal)}
    return made


def mode(world: World, name: str, key: str = "NetworkMode") -> Any:
    return world.engine.by_name(name).host_config.get(key)


SIDE: dict[str, Any] = {"networkMode": "service:main", "ipc": "service:main", "pid": "service:main"}


async def test_namespaces_are_those_of_the_first_container_of_a_deployment(world: World) -> None:
    world.objects.put(replica("main", 1), replica("main"), replica("side", **SIDE))

    await world.settle()
    await world.settle()

    wanted = f"container:{world.engine.by_name('blog-main-1').id}"
    assert [mode(world, "blog-side-1", key) for key in ("NetworkMode", "IpcMode", "PidMode")] == [wanted] * 3


async def test_it_waits_until_that_runs(world: World) -> None:
    world.objects.put(replica("side", **SIDE), replica("main", image="late"))
    await world.settle()
    waiting = world.status("side-a-0")

    world.engine.load_by_hand("late")
    await world.settle()

    assert (waiting.phase, waiting.reason, waiting.message) == ("Pending", "NeighbourNotRunning", None)
    assert world.status("side-a-0").phase == "Running"


async def test_it_is_made_anew_when_that_is(world: World) -> None:
    world.objects.put(replica("main"), replica("side", **SIDE))
    await world.settle()
    first = world.engine.by_name("blog-side-1").id

    world.engine.remove_by_hand(world.engine.by_name("blog-main-1").id)
    await world.settle()

    main, side = world.engine.by_name("blog-main-1"), world.engine.by_name("blog-side-1")
    assert side.id != first
    assert side.host_config["NetworkMode"] == f"container:{main.id}"
    assert world.status("side-a-0").phase == "Running"


async def test_it_follows_to_the_container_of_another_template(world: World) -> None:
    old = replica("main")
    world.objects.put(old, replica("side", **SIDE))
    await world.settle()

    world.objects.delete(old)
    world.objects.put(replica("main", revision="b", user="1"))
    await world.settle()

    main = world.engine.by_name("blog-main-1")
    assert mode(world, "blog-side-1") == f"container:{main.id}"
    assert main.body["User"] == "1"


async def test_it_follows_when_the_container_before_goes_after_its_successor_was_started(world: World) -> None:
    old, new = replica("main"), replica("main", revision="b", user="1")
    world.objects.put(old, replica("side", **SIDE))
    await world.settle()
    new.metadata.creation_timestamp = datetime(2126, 1, 31, tzinfo=UTC)
    world.objects.put(new)
    await world.settle()
    kept = mode(world, "blog-side-1")

    world.objects.delete(old)
    await world.settle()

    main = world.engine.by_name("blog-main-1")
    assert main.body["User"] == "1"
    assert kept != f"container:{main.id}"
    assert mode(world, "blog-side-1") == f"container:{main.id}"


async def test_it_is_started_again_when_that_is(world: World) -> None:
    world.objects.put(replica("main"), replica("side", **SIDE))
    await world.settle()
    side = world.engine.by_name("blog-side-1")
    before = side.started_at

    world.engine.stop_by_hand(world.engine.by_name("blog-main-1").id)
    await world.settle()

    main = world.engine.by_name("blog-main-1")
    assert world.engine.by_name("blog-side-1").id == side.id
    assert side.state == main.state == "running"
    assert before is not None
    assert side.started_at is not None
    assert main.started_at is not None
    assert before < main.started_at < side.started_at


async def test_it_is_left_alone_while_that_is_away(world: World) -> None:
    main = replica("main")
    world.objects.put(main, replica("side", **SIDE))
    await world.settle()
    side = world.engine.by_name("blog-side-1").id

    world.objects.delete(main)
    await world.settle()

    assert world.engine.by_name("blog-side-1").id == side
    assert world.status("side-a-0").phase == "Running"


@pytest.mark.parametrize("anew", [True, False], ids=["made-anew", "started-again"])
async def test_what_dies_with_the_processes_of_another_has_not_come_to_its_end(world: World, anew: bool) -> None:
    main = replica("main")
    world.objects.put(main, replica("side", **SIDE))
    await world.settle()
    boxes = {name: world.engine.by_name(f"blog-{name}-1").id for name in ("main", "side")}

    world.engine.crash(boxes["side"], 137)
    await world.settle()
    if anew:
        world.engine.remove_by_hand(boxes["main"])
    else:
        world.engine.stop_by_hand(boxes["main"])
    await world.settle()
    await world.advance(5)

    assert world.status("side-a-0").phase == "Running"
    assert mode(world, "blog-side-1", "PidMode") == f"container:{world.engine.by_name('blog-main-1').id}"


async def test_one_that_is_killed_for_itself_has_come_to_its_end(world: World) -> None:
    world.objects.put(replica("main"), replica("side", **SIDE))
    await world.settle()

    world.engine.crash(world.engine.by_name("blog-side-1").id, 137)
    await world.settle()
    at_first = world.status("side-a-0").phase
    await world.advance(3)

    assert at_first == "Restarting"
    assert (world.status("side-a-0").phase, world.status("side-a-0").exit_code) == ("Failed", 137)


async def test_volumes_of_another_need_it_only_to_be_there(world: World) -> None:
    source = [{"deployment": "store", "readOnly": True}, {"container": "elsewhere"}]
    world.objects.put(replica("store", command=["sh", "-c", "exit 0"]), replica("app", volumesFrom=source))

    await world.settle()
    await world.settle()

    store = world.engine.by_name("blog-store-1")
    assert mode(world, "blog-app-1", "VolumesFrom") == [f"{store.id}:ro", "elsewhere"]
    assert world.status("app-a-0").phase == "Running"


async def test_what_has_ended_is_not_made_anew_for_its_neighbour(world: World) -> None:
    world.objects.put(replica("main"), replica("job", command=["sh", "-c", "exit 0"], **SIDE))
    await world.settle()
    await world.settle()
    job = world.engine.by_name("blog-job-1").id

    world.engine.remove_by_hand(world.engine.by_name("blog-main-1").id)
    await world.settle()

    assert world.engine.by_name("blog-job-1").id == job
    assert world.status("job-a-0").phase == "Succeeded"


async def test_links_lead_to_all_containers_of_a_deployment(world: World) -> None:
    links = [{"deployment": "db", "alias": "data"}, {"container": "far", "alias": "near"}]
    world.objects.put(network(), replica("db"), replica("db", 1))
    world.objects.put(replica("web", 1, links=links, networks=[{"name": "default"}]))

    await world.settle()
    await world.settle()

    endpoints = world.engine.by_name("blog-web-2").body["NetworkingConfig"]["EndpointsConfig"]
    assert endpoints["blog_default"]["Links"] == [
        "blog-db-1:data", "blog-db-1:db-2", "blog-db-1:blog-db-2",
        "blog-db-2:data", "blog-db-2:db-2", "blog-db-2:blog-db-2",
        "far:near",
    ]  # fmt: skip


async def test_services_give_names(world: World) -> None:
    spec = {"deployment": "web", "aliases": ["www"]}
    own = Service.load({"metadata": {"name": "shop", "namespace": "blog"}, "spec": spec})
    written = {"name": "web", "namespace": "blog", "labels": {labels.SERVICE: "web"}}
    composed = Service.load({"metadata": written, "spec": spec})
    foreign = Service.load({"metadata": {"name": "far", "namespace": "blog"}, "spec": {"deployment": "other"}})
    world.objects.services_there = [own, composed, foreign]
    world.objects.put(network(), replica("web", networks=[{"name": "default"}]))

    await world.settle()

    endpoints = world.engine.by_name("blog-web-1").body["NetworkingConfig"]["EndpointsConfig"]
    assert endpoints["blog_default"]["Aliases"] == ["blog-web-1", "web", "shop", "www"]


async def test_a_restart_that_somebody_asks_for_happens_once(world: World) -> None:
    web = replica("web")
    world.objects.put(web)
    await world.settle()
    await world.settle()
    first = world.engine.by_name("blog-web-1").started_at

    asked = world.objects.items[Container, Key("blog", "web-a-0")].model_copy(deep=True)
    asked.metadata.annotations = {labels.RESTARTED_AT: "2026-01-01T00:00:00Z"}
    world.objects.put(asked)
    await world.settle()
    second = world.engine.by_name("blog-web-1").started_at
    world.restart()
    await world.settle()

    assert first is not None
    assert second is not None
    assert first < second == world.engine.by_name("blog-web-1").started_at
    assert world.status("web-a-0").observed_restart == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("fields", "found", "knows"),
    [
        ({}, [], False),
        ({"networkMode": "host", "ipc": "shareable"}, [], False),
        ({"networkMode": "service:web", "pid": "service:web"}, ["service:web"], True),
        ({"ipc": "container:web-a-0"}, ["container:web-a-0"], True),
        ({"volumesFrom": [{"deployment": "web"}, {"container": "x"}]}, ["service:web", "container:x"], True),
        ({"networkMode": "service:other"}, ["service:other"], False),
    ],
)
def test_references(fields: Any, found: list[str], knows: bool) -> None:
    spec = ContainerSpec.load({"image": "x", **fields})

    assert references(spec) == found
    assert has_neighbour(spec, replica("web")) is knows
