"""Anonymous volumes of a replica pass to the Container that follows in its place."""

import pytest

from fizz.controllers.deployment.heirs import replica_volumes
from fizz.controllers.deployment.slots import Slot
from fizz.controllers.workloads.template import template_hash, template_of
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, TemplateMeta
from fizz.schemas.container import Container
from fizz.schemas.inheritance import inherited
from fizz.schemas.mounts import AnonymousVolume
from tests.controllers.deployment.simulated import SimulatedNamespace, make_deployment


def has(item: Container, *names: str) -> None:
    """The agent tells that it runs with these volumes."""
    assert item.status is not None
    item.status.container_id = f"engine-{item.name}"
    item.status.anonymous_volumes = [AnonymousVolume(target=f"/{name[0]}", name=name) for name in names] or None
    item.spec = item.spec.model_copy(update={"node_name": "one"})


def running(*names: str, replicas: int = 1) -> tuple[SimulatedNamespace, Deployment]:
    """A settled world whose replicas have volumes, each with its ordinal behind the name."""
    world = SimulatedNamespace(make_deployment("web", replicas=replicas))
    world.settle()
    for item in world.alive("web"):
        has(item, *(f"{name}{item.labels[labels.ORDINAL]}" for name in names))
    world.settle()
    deployment = world.deployment("web")
    assert deployment is not None
    return world, deployment


def heirlooms(world: SimulatedNamespace) -> dict[str, list[str]]:
    """By ordinal, the volumes that the Containers were given by those before them."""
    found = {item.labels[labels.ORDINAL]: inherited(item) for item in world.alive("web")}
    return {ordinal: [each.name for each in heritage.volumes] for ordinal, heritage in found.items() if heritage}


def test_each_replica_gets_the_volumes_of_the_one_in_its_place() -> None:
    world, _ = running("d", "e", replicas=2)

    world.apply(make_deployment("web", replicas=2, image="newer"))
    world.settle()

    assert heirlooms(world) == {"0": ["d0", "e0"], "1": ["d1", "e1"]}
    assert world.alive("web")[0].spec.image == "newer"


def test_two_are_never_there_at_once_where_one_hands_on_a_volume() -> None:
    world, _ = running("d")
    world.apply(make_deployment("web", image="newer"))

    world.step("web")

    assert world.done[-1].startswith("delete web-")
    assert len([item for item in world.alive("web") if not item.metadata.deletion_timestamp]) == 0


def test_they_are_remembered_before_the_old_one_goes_and_until_the_new_one_tells_its_own() -> None:
    world, _ = running("d")
    world.apply(make_deployment("web", image="newer"))
    world.settle()  # the new one runs, and has not told of any volumes yet

    deployment = world.deployment("web")
    assert deployment is not None
    assert deployment.status is not None
    assert [each.volumes[0].name for each in deployment.status.replica_volumes or []] == ["d0"]

    has(world.alive("web")[0])
    world.settle()
    assert deployment.status.replica_volumes is None


def test_what_is_renewed_inherits_nothing_and_hands_on_its_own_again() -> None:
    world, _ = running("d")
    renewed = make_deployment("web")
    renewed.spec.template.metadata = TemplateMeta(annotations={labels.VOLUMES_RENEWED_AT: "today"})
    world.apply(renewed)
    world.settle()
    fresh = heirlooms(world)

    has(world.alive("web")[0], "new")
    world.settle()
    again = make_deployment("web", image="newer")
    again.spec.template.metadata = TemplateMeta(annotations={labels.VOLUMES_RENEWED_AT: "today"})
    world.apply(again)
    world.settle()

    assert fresh == {}
    assert heirlooms(world) == {"0": ["new"]}


def test_a_replica_that_is_not_wanted_any_more_is_forgotten() -> None:
    world, _ = running("d", replicas=2)

    world.apply(make_deployment("web", replicas=1))
    world.settle()
    world.apply(make_deployment("web", replicas=2))
    world.settle()

    assert heirlooms(world) == {}


@pytest.mark.parametrize("asked", [True, False])
def test_volumes_go_with_a_deployment_only_if_that_is_asked_for(asked: bool) -> None:
    world, web = running("d")
    if asked:
        web.metadata.annotations = {labels.REMOVE_VOLUMES: "true"}
    name = world.alive("web")[0].name

    world.delete("web")
    world.settle()

    assert world.without_volumes == ([name] if asked else [])
    assert world.alive("web") == []


def test_what_is_inherited_is_no_part_of_the_template() -> None:
    world, _ = running("d")
    newer = make_deployment("web", image="newer")
    world.apply(newer)
    world.settle()

    assert template_hash(template_of(world.alive("web")[0])) == template_hash(newer.spec.template)


def test_the_newest_container_that_tells_counts_and_those_that_are_leaving_count_last() -> None:
    world, web = running("d")
    (leaving,) = world.alive("web")
    staying = leaving.model_copy(deep=True)
    has(staying, "new")

    def names(*slots: Slot) -> list[str]:
        return [volume.name for each in replica_volumes(web, slots) for volume in each.volumes]

    web.status = None
    assert names(Slot(0, None, [staying], [leaving])) == ["new"]
    assert names(Slot(0, None, [], [leaving])) == ["d0"]
    assert names(Slot(0)) == []
