"""When images are pulled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fizz.controllers.node.engine import EngineImage
from fizz.controllers.node.fake import FakeEngine
from tests.controllers.node.world import World, container

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Aging(FakeEngine):
    """An engine that says when an image got its name."""

    def __init__(self, age: timedelta | None) -> None:
        super().__init__(registry=["busybox"])
        self.tagged_at = None if age is None else NOW - age

    async def image(self, name: str) -> EngineImage | None:
        found = await super().image(name)
        return found and EngineImage(found.id, self.tagged_at)


AGES: list[tuple[str, timedelta | None, int]] = [
    ("daily", timedelta(hours=23), 0),
    ("daily", timedelta(hours=25), 1),
    ("daily", None, 1),
    ("weekly", timedelta(days=6), 0),
    ("weekly", timedelta(days=8), 1),
    ("always", timedelta(seconds=1), 1),
    ("missing", timedelta(days=99), 0),
    ("never", timedelta(days=99), 0),
    ("build", timedelta(days=99), 0),
]


@pytest.mark.parametrize(("policy", "age", "pulls"), AGES, ids=[f"{row[0]}-{row[1]}" for row in AGES])
async def test_the_policy_says_whether_to_pull(policy: str, age: timedelta | None, pulls: int, tmp_path: Path) -> None:
    world = World(tmp_path, Aging(age))
    world.objects.put(container("web", pullPolicy=policy))

    await world.settle()
    await world.settle()

    assert world.engine.calls["pull"] == pulls
    assert world.status("web").phase == "Running"


async def test_one_pull_is_enough_for_one_container_however_often_it_is_made(tmp_path: Path) -> None:
    world = World(tmp_path, FakeEngine(registry=["busybox"]))
    world.objects.put(container("web", pullPolicy="always"))
    await world.settle()
    await world.settle()

    world.engine.remove_by_hand(world.engine.by_name("blog-web").id)
    await world.settle()
    again = world.engine.calls["pull"]
    world.objects.put(container("web", uid="another", pullPolicy="always"))
    await world.settle()
    await world.settle()

    assert (again, world.engine.calls["pull"]) == (1, 2)


async def test_an_image_to_be_built_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.objects.put(container("web", image="own:1", pullPolicy="build"))

    await world.settle()

    assert world.status("web").reason == "ImageMissing"
    assert "build or load it" in (world.status("web").message or "")


async def test_pulls_that_go_on_are_given_up_at_the_end(tmp_path: Path) -> None:
    world = World(tmp_path, FakeEngine(registry=["nginx"]))
    world.engine.hold("pull")
    world.objects.put(container("web", image="nginx"))
    await world.settle()

    await world.ground.images.close()

    assert world.status("web").reason == "Pulling"
