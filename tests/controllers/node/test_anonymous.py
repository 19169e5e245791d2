"""Anonymous volumes outlive the engine's containers: the next one of the same Container, or of its heir, has them."""

from pathlib import Path
from typing import Any

import pytest

from fizz.controllers.node.engine import Refused
from fizz.schemas import labels
from fizz.schemas.container import Container
from fizz.schemas.inheritance import Inheritance
from fizz.schemas.mounts import AnonymousVolume
from tests.controllers.node.world import NODE, World, container, network, volume

EXTRA = {"type": "volume", "target": "/extra/"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A node whose image declares /data."""
    world = World(tmp_path)
    world.engine.declared["busybox"] = ["/data"]
    return world


def volumes(world: World) -> dict[str, str]:
    return {path.rstrip("/"): name for path, name in world.engine.by_name("blog-web").volumes.items()}


def told(world: World) -> dict[str, str]:
    return {each.target: each.name for each in world.status("web").anonymous_volumes or []}


def heir(uid: str = "uid-heir", node: str = NODE, **spec: Any) -> Container:
    """A Container that has two volumes from the one before it."""
    item = container("web", uid, **spec)
    there = [AnonymousVolume(target=f"/{name}", name=name) for name in ("data", "extra")]
    item.metadata.annotations = {labels.INHERITED_VOLUMES: Inheritance(node=node, volumes=there).written()}
    return item


async def test_the_status_tells_of_anonymous_volumes_and_of_no_others(world: World) -> None:
    named = {"type": "volume", "source": "data", "target": "/named"}
    world.objects.put(volume(), container("web", mounts=[EXTRA, named]))

    await world.settle()

    assert told(world).keys() == {"/data", "/extra"}
    assert volumes(world) == {**told(world), "/named": "blog_data"}


async def test_a_container_that_is_removed_by_hand_comes_back_with_its_volumes(world: World) -> None:
    world.objects.put(container("web", mounts=[EXTRA]))
    await world.settle()
    before = volumes(world)

    world.engine.remove_by_hand(world.engine.by_name("blog-web").id)
    await world.settle()

    assert volumes(world) == before
    assert told(world) == before


async def test_so_it_does_when_nobody_saw_it_go_and_the_first_attempt_fails(world: World) -> None:
    world.objects.put(container("web", mounts=[EXTRA]))
    await world.settle()
    before = volumes(world)

    world.lose()
    world.engine.remove_by_hand(world.engine.by_name("blog-web").id)
    world.restart()
    world.engine.fail("create", Refused("no"))
    await world.settle()
    assert told(world) == before
    await world.advance(60)

    assert volumes(world) == before


async def test_what_is_made_anew_because_its_network_went_keeps_them(world: World) -> None:
    world.objects.put(network(), container("web", networks=[{"name": "default"}], mounts=[EXTRA]))
    await world.settle()
    before, first = volumes(world), world.engine.by_name("blog-web").id

    world.engine.crash(first, 1)
    await world.engine.remove_network(world.engine.nets["blog_default"].id)
    await world.settle()

    assert volumes(world) == before


async def test_an_heir_has_the_volumes_that_it_still_has_a_place_for(world: World) -> None:
    world.objects.put(heir(mounts=[EXTRA]))

    await world.settle()

    assert volumes(world) == {"/data": "data", "/extra": "extra"}
    mounts = world.engine.by_name("blog-web").host_config["Mounts"]
    assert {"Type": "volume", "Source": "extra", "Target": "/extra/"} in mounts


@pytest.mark.parametrize(
    ("declared", "spec", "kept"),
    [
        pytest.param([], {}, {}, id="neither declared nor mounted any more"),
        pytest.param(["/data/"], {}, {"/data"}, id="declared"),
        pytest.param(["/data"], {"tmpfs": {"/data": ""}}, set(), id="memory instead"),
        pytest.param(["/data"], {"mounts": [{"type": "bind", "source": "/srv", "target": "/data"}]}, {}, id="bind"),
    ],
)
async def test_what_has_no_place_any_more_is_left_behind(
    world: World, declared: list[str], spec: dict[str, Any], kept: set[str]
) -> None:
    world.engine.declared["busybox"] = declared
    world.objects.put(heir(**spec))

    await world.settle()

    mounts = world.engine.by_name("blog-web").host_config.get("Mounts") or []
    assert {each["Target"] for each in mounts if each["Type"] == "volume"} == set(kept)


async def test_volumes_of_another_node_are_not_looked_for_here(world: World) -> None:
    world.objects.put(heir(node="another", mounts=[EXTRA]))

    await world.settle()

    assert not {"data", "extra"} & set(volumes(world).values())


async def test_what_another_container_lends_is_not_handed_on(world: World) -> None:
    world.objects.put(container("lender"), container("web", volumesFrom=[{"container": "lender"}]))
    await world.settle()

    assert volumes(world) == world.engine.by_name("blog-lender").volumes != {}
    assert told(world) == {}


@pytest.mark.parametrize("asked", [True, False])
async def test_they_stay_when_the_container_is_deleted_unless_they_are_to_go(world: World, asked: bool) -> None:
    item = container("web", mounts=[EXTRA])
    world.objects.put(item)
    await world.settle()
    names = set(volumes(world).values())
    if asked:
        known = world.objects.containers()[0].model_copy(deep=True)
        known.metadata.annotations = {labels.REMOVE_VOLUMES: "true"}
        world.objects.put(known)

    world.objects.delete(item)
    await world.settle()

    assert world.in_engine() == {}
    assert names & set(world.engine.vols) == (set() if asked else names)


async def test_who_inherits_nothing_costs_no_look_at_the_image(world: World) -> None:
    world.objects.put(container("web", mounts=[EXTRA]))

    await world.settle()

    assert world.engine.calls["image"] == 0
