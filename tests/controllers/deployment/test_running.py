"""Stopping, pausing, starting and restarting the containers of Deployments, in the order of dependencies."""

import pytest

from fizz.controllers.deployment.plan import plan
from fizz.schemas import labels, times
from fizz.schemas.apps import Deployment
from fizz.schemas.conditions import find
from fizz.schemas.container import Container
from tests.controllers.deployment.simulated import SimulatedNamespace, make_deployment


def app(replicas: int = 1) -> SimulatedNamespace:
    """db <- web <- proxy, all running."""
    world = SimulatedNamespace(
        make_deployment("db"),
        make_deployment("web", replicas=replicas, after=[("db", "Started")]),
        make_deployment("proxy", after=[("web", "Started")]),
    )
    world.settle()
    world.done.clear()
    return world


def want(world: SimulatedNamespace, state: str | None, *names: str) -> None:
    for name in names:
        deployment = named(world, name)
        deployment.spec = deployment.spec.model_copy(update={"desired_state": state})
        deployment.metadata.generation = (deployment.metadata.generation or 1) + 1


def ask_for_restart(world: SimulatedNamespace, *names: str, grace: str | None = None) -> str:
    asked = times.format_micro(world.now)
    for name in names:
        marks = {labels.RESTARTED_AT: asked, **({labels.STOP_GRACE: grace} if grace else {})}
        named(world, name).metadata.annotations = marks
    return asked


def named(world: SimulatedNamespace, name: str) -> Deployment:
    found = world.deployment(name)
    assert found is not None
    return found


def phases(world: SimulatedNamespace, name: str) -> list[str | None]:
    return [item.status.phase if item.status else None for item in world.alive(name)]


def progress(world: SimulatedNamespace, name: str) -> tuple[str | None, str | None]:
    status = named(world, name).status
    found = find(status.conditions if status else None, "Progressing")
    return (found.reason, found.message) if found else (None, None)


def test_what_depends_on_others_is_stopped_before_them_and_started_after_them() -> None:
    world = app()
    want(world, "Stopped", "db", "web", "proxy")

    db, proxy = world.step("db"), world.step("proxy")
    waiting = progress(world, "db")
    world.settle()
    stopped = list(world.done)
    world.done.clear()
    want(world, None, "db", "web", "proxy")
    world.settle()

    assert not db.actions
    assert proxy.actions
    assert waiting == ("Stopping", "stops after web")
    assert [line.split()[1].split("-")[0] for line in stopped] == ["proxy", "web", "db"]
    assert [line.split()[1].split("-")[0] for line in world.done] == ["db", "web", "proxy"]
    assert [phases(world, name) for name in ("db", "web", "proxy")] == [["Running"]] * 3
    assert len(world.created) == 3, "the containers are the same"


def test_who_is_not_to_stop_holds_up_nobody() -> None:
    world = app()
    want(world, "Stopped", "db")
    world.settle()

    assert (phases(world, "db"), phases(world, "web")) == (["Stopped"], ["Running"])
    assert progress(world, "db") == ("Stopped", "no container runs")


def test_nothing_is_made_or_replaced_while_stopped_and_everything_after() -> None:
    world = app()
    want(world, "Stopped", "web")
    world.settle()
    changed = make_deployment("web", replicas=3, image="other", after=[("db", "Started")])
    changed.spec.desired_state = "Stopped"
    world.apply(changed)
    world.settle()
    meanwhile = len(world.alive("web"))
    want(world, None, "web")
    world.settle()

    assert meanwhile == 1
    assert [item.spec.image for item in world.alive("web")] == ["other"] * 3
    assert phases(world, "web") == ["Running"] * 3


def test_what_needs_a_stopped_one_waits_and_says_so() -> None:
    world = app()
    want(world, "Stopped", "db", "web")
    world.settle()
    want(world, None, "web")
    world.settle()

    assert phases(world, "web") == ["Stopped"]
    assert "waits for db, which is stopped" in str(progress(world, "web"))


def test_pausing_needs_no_order_and_going_on_no_gate() -> None:
    world = app()
    want(world, "Paused", "db", "web")
    world.settle()
    paused = [item.status.reason for name in ("db", "web") for item in world.alive(name) if item.status]
    want(world, None, "web")
    world.settle()

    assert paused == ["Paused", "Paused"]
    assert progress(world, "db") == ("Paused", "1 container paused")
    assert [item.status.reason for item in world.alive("web") if item.status] == [None]


def test_a_restart_goes_from_one_replica_to_the_next_and_makes_none_anew() -> None:
    world = app(replicas=3)
    ask_for_restart(world, "web", grace="5")
    first = world.step("web")
    second = world.step("web")
    world.settle()

    assert [str(action).split()[0] for action in first.actions] == ["restart"]
    assert not second.actions, "the next one waits until the first is ready again"
    assert sorted(world.restarted) == sorted(item.name for item in world.alive("web"))
    assert all((item.metadata.annotations or {})[labels.STOP_GRACE] == "5" for item in world.alive("web"))
    assert len(world.created) == 5


def test_restarts_of_several_are_in_the_order_of_dependencies() -> None:
    world = app()
    ask_for_restart(world, "proxy", "web", "db")
    world.settle()

    assert [name.split("-")[0] for name in world.restarted] == ["db", "web", "proxy"]


def test_what_was_made_after_the_restart_was_asked_for_is_not_restarted() -> None:
    world = app()
    ask_for_restart(world, "web")
    world.settle()
    changed = make_deployment("web", replicas=2, after=[("db", "Started")])
    world.apply(changed)
    world.settle()

    assert len(world.restarted) == 1
    assert len(world.alive("web")) == 2


@pytest.mark.parametrize("state", ["Stopped", "Paused"])
def test_a_plan_for_what_is_so_already_does_nothing(state: str) -> None:
    world = app()
    want(world, state, "web")
    world.settle()

    assert not plan(world, named(world, "web"), world.now).actions


def test_the_template_of_a_container_is_the_same_whether_it_runs_or_not() -> None:
    world = app()
    want(world, "Stopped", "web")
    world.settle()
    (item,) = world.alive("web")

    assert isinstance(item, Container)
    assert item.spec.desired_state == "Stopped"
    want(world, None, "web")
    world.settle()
    assert [each.metadata.uid for each in world.alive("web")] == [item.metadata.uid]
