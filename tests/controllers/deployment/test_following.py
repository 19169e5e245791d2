"""Containers that are started again when what they depend on was made anew."""

import pytest

from fizz.controllers.workloads.template import template_of
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from tests.controllers.deployment.simulated import SimulatedNamespace, make_deployment


def web_after_db(*, restart: bool = True, network_mode: str | None = None) -> Deployment:
    web = make_deployment("web", after=[("db", "Started")])
    for dependency in web.spec.depends_on or []:
        dependency.restart = restart
    web.spec.template.spec.network_mode = network_mode
    return web


def restarted(world: SimulatedNamespace, name: str = "web") -> str | None:
    (container,) = world.alive(name)
    return (container.metadata.annotations or {}).get(labels.RESTARTED_AT)


def settled(web: Deployment, replicas: int = 1) -> SimulatedNamespace:
    world = SimulatedNamespace(make_deployment("db", replicas=replicas), web)
    world.settle()
    assert restarted(world) is None
    return world


def test_it_is_restarted_when_its_dependency_is_made_anew() -> None:
    world = settled(web_after_db())
    (before,) = world.alive("web")

    world.apply(make_deployment("db", image="other"))
    world.settle()

    (after,) = world.alive("web")
    (db,) = world.alive("db")
    assert after.metadata.uid == before.metadata.uid
    assert restarted(world) is not None
    assert (after.metadata.annotations or {})[labels.STARTED_AFTER] == f"db={db.metadata.uid}"
    assert [each for each in world.done if each.startswith("restart")] == [
        f"restart {after.name}: db was made anew or restarted"
    ]


def test_it_waits_until_the_dependency_is_as_it_has_to_be() -> None:
    world = settled(web_after_db())
    world.apply(make_deployment("db", image="other"))

    for _ in range(4):
        world.step("db")
        world.remove_deleted()
        world.step("web")
    waiting = restarted(world)
    world.settle()

    assert waiting is None
    assert restarted(world) is not None


@pytest.mark.parametrize(
    "web",
    [web_after_db(restart=False), web_after_db(network_mode="service:db")],
    ids=["that-does-not-follow", "that-the-agent-sees-to"],
)
def test_one_is_left_alone(web: Deployment) -> None:
    world = settled(web)

    world.apply(make_deployment("db", image="other"))
    world.settle()

    assert restarted(world) is None


def test_more_replicas_of_the_dependency_are_no_reason() -> None:
    world = settled(web_after_db())

    world.apply(make_deployment("db", replicas=3))
    world.settle()

    assert restarted(world) is None


def test_a_dependency_that_comes_later_is_no_reason() -> None:
    world = settled(web_after_db(), replicas=0)

    world.apply(make_deployment("db"))
    world.settle()

    assert restarted(world) is None
    (web,) = world.alive("web")
    assert "db=" in (web.metadata.annotations or {})[labels.STARTED_AFTER]


def test_restarts_are_passed_on() -> None:
    proxy = make_deployment("proxy", after=[("web", "Started")])
    for dependency in proxy.spec.depends_on or []:
        dependency.restart = True
    world = SimulatedNamespace(make_deployment("db"), web_after_db(), proxy)
    world.settle()

    world.apply(make_deployment("db", image="other"))
    world.settle()

    assert restarted(world) is not None
    assert restarted(world, "proxy") is not None


def test_what_is_marked_is_no_part_of_the_template() -> None:
    world = settled(web_after_db())
    (web,) = world.alive("web")

    assert web.metadata.annotations
    assert template_of(web).metadata is not None
    assert getattr(template_of(web).metadata, "annotations", None) is None
