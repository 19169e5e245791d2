from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.controllers.deployment.plan import Create, Delete, RollBack
from fizz.controllers.deployment.slots import is_good
from fizz.controllers.workloads.template import ordinal_of, template_hash
from fizz.schemas.apps import Deployment
from fizz.schemas.conditions import find
from fizz.schemas.container import Container, ContainerStatus
from fizz.schemas.strategy import Order, UpdateStrategy, limits
from tests.controllers.deployment.simulated import SimulatedNamespace, make_deployment

START_FIRST = UpdateStrategy(order="StartFirst", parallelism=1)
ROLLBACK = UpdateStrategy(order="StartFirst", parallelism=1, failure_action="Rollback")


def updated(
    replicas: int, strategy: UpdateStrategy | None, image: str = "newer"
) -> tuple[SimulatedNamespace, Deployment]:
    """A settled world whose template was just changed."""
    world = SimulatedNamespace(make_deployment("web", replicas=replicas, strategy=strategy))
    world.settle()
    web = make_deployment("web", replicas=replicas, image="newer", strategy=strategy)
    world.apply(web)
    return world, web


def made(world: SimulatedNamespace, web: Deployment) -> list[str]:
    """What one step does: `+0` for a creation in slot 0, `-1` for a deletion in slot 1."""
    return [
        f"{'+' if isinstance(action, Create) else '-'}{ordinal_of(action.container)}"
        for action in world.step(web.name).actions
        if isinstance(action, Create | Delete)
    ]


def new_ones(world: SimulatedNamespace, web: Deployment) -> list[Container]:
    digest = template_hash(web.spec.template)
    return sorted((item for item in world.alive(web.name) if digest in item.name), key=lambda item: item.name)


def progressing(deployment: Deployment) -> tuple[str, str]:
    assert deployment.status is not None
    found = find(deployment.status.conditions, "Progressing")
    assert found is not None
    return f"{found.status} {found.reason}", found.message or ""


def test_start_first_stops_an_old_container_only_when_its_successor_is_ready() -> None:
    world, web = updated(2, START_FIRST)

    begun = made(world, web)
    waiting = made(world, web)
    world.run(new_ones(world, web)[0])
    went_on = made(world, web)

    assert begun == ["+0"]
    assert waiting == []
    assert went_on == ["-0", "+1"]


def test_with_a_monitor_time_a_new_replica_counts_only_when_it_has_stayed_ready() -> None:
    world, web = updated(1, UpdateStrategy(order="StartFirst", monitor="10s"))
    world.step("web")
    world.run(new_ones(world, web)[0])

    early = world.step("web")
    world.now += timedelta(seconds=10)

    assert early.actions == ()
    assert early.wait == timedelta(seconds=10)
    assert made(world, web) == ["-0"]


def test_a_clock_that_was_set_back_holds_up_no_update() -> None:
    world, web = updated(2, UpdateStrategy(order="StartFirst", parallelism=1, monitor="10s", delay="30s"))
    world.step("web")
    world.run(new_ones(world, web)[0])
    world.now -= timedelta(days=1)

    after = world.step("web")

    assert {str(action).split()[0] for action in after.actions} == {"delete", "create"}


def test_a_delay_lies_between_one_batch_and_the_next() -> None:
    world, web = updated(2, UpdateStrategy(order="StartFirst", parallelism=1, delay="30s"))
    world.step("web")
    world.run(new_ones(world, web)[0])

    after = world.step("web")
    world.remove_deleted()
    world.now += timedelta(seconds=30)

    assert [str(action).split()[0] for action in after.actions] == ["delete"]
    assert after.wait is not None
    assert after.wait > timedelta(seconds=25)
    assert made(world, web) == ["+1"]


def test_a_bad_image_costs_start_first_nothing_and_the_update_is_halted() -> None:
    world, web = updated(3, START_FIRST)
    world.step("web")
    world.end(new_ones(world, web)[0], 1)
    world.step("web")
    world.settle()

    running = [item for item in world.alive("web") if is_good(item)]
    assert len(running) == 3
    assert len(new_ones(world, web)) == 1
    assert progressing(web)[0] == "False ReplicaFailed"
    assert progressing(web)[1].endswith("the update is halted")


def test_a_halted_update_goes_on_when_the_new_replica_comes_to_work_after_all() -> None:
    world, web = updated(2, START_FIRST)
    world.step("web")
    first = new_ones(world, web)[0]
    world.run(first, "unhealthy")
    halted = made(world, web)
    world.run(first, "healthy")
    world.settle()

    assert halted == []
    assert progressing(web)[0] == "True Complete"


def test_as_many_failures_as_the_ratio_bears_do_not_halt_the_update() -> None:
    strategy = UpdateStrategy(order="StopFirst", parallelism=1, max_failure_ratio=0.5)
    world, web = updated(2, strategy)
    world.step("web")
    world.remove_deleted()
    world.step("web")
    world.end(new_ones(world, web)[0], 1)

    assert made(world, web) == []  # one is missing already, and more may not be
    world.run(new_ones(world, web)[0])
    assert made(world, web) == ["-1"]


def test_continue_takes_no_notice_of_failures() -> None:
    strategy = UpdateStrategy(order="StartFirst", parallelism=2, failure_action="Continue")
    world, web = updated(3, strategy)
    world.step("web")
    first, second = new_ones(world, web)
    world.end(first, 1)
    world.run(second)

    assert made(world, web) == ["-1", "+2"]


@pytest.mark.parametrize("order", ["StartFirst", "StopFirst"])
def test_rollback_puts_back_what_last_worked_and_says_so(order: Order) -> None:
    world, web = updated(2, ROLLBACK.model_copy(update={"order": order}))
    good = world.names
    world.step("web")
    world.remove_deleted()
    world.step("web")
    world.end(new_ones(world, web)[0], 7)
    back = world.step("web")
    world.settle()

    assert [type(action) for action in back.actions] == [RollBack]
    assert world.names == good
    assert web.spec.template.spec.image == "busybox"
    assert progressing(web)[0] == "False RolledBack"
    assert "exit code 7" in progressing(web)[1]


def test_rollback_of_a_single_replica_whose_old_container_is_gone_already() -> None:
    world, web = updated(1, ROLLBACK.model_copy(update={"order": "StopFirst"}))
    good = world.names
    world.step("web")
    world.remove_deleted()
    world.step("web")
    world.end(new_ones(world, web)[0], 7)
    back = world.step("web")
    world.settle()

    assert [type(action) for action in back.actions] == [RollBack]
    assert world.names == good
    assert progressing(web)[0] == "False RolledBack"


def test_what_ran_before_rollback_was_asked_for_can_be_gone_back_to() -> None:
    world = SimulatedNamespace(make_deployment("db"))
    world.settle()
    good = world.names
    strategy = ROLLBACK.model_copy(update={"order": "StopFirst"})
    db = make_deployment("db", image="newer", strategy=strategy)
    world.apply(db)
    world.step("db")
    world.remove_deleted()
    world.step("db")
    world.end(new_ones(world, db)[0], 7)
    world.step("db")
    world.settle()

    assert world.names == good


def test_the_same_template_may_be_tried_again_after_a_rollback() -> None:
    world, web = updated(1, ROLLBACK)
    world.step("web")
    world.end(new_ones(world, web)[0], 7)
    world.step("web")
    world.settle()
    again = make_deployment("web", image="newer", strategy=ROLLBACK)
    world.apply(again)
    world.settle()

    assert progressing(again)[0] == "True Complete"
    assert new_ones(world, again)


def test_a_rollback_that_fails_is_not_rolled_back_itself() -> None:
    world, web = updated(1, ROLLBACK.model_copy(update={"order": "StopFirst"}))
    world.step("web")
    world.remove_deleted()
    world.step("web")
    world.end(new_ones(world, web)[0], 7)
    world.step("web")
    for _ in range(4):
        world.step("web")
        world.remove_deleted()
    for item in world.alive("web"):
        world.end(item, 8)

    assert world.step("web").actions == ()
    assert progressing(web)[0] == "False ReplicaFailed"


def test_an_update_that_is_overtaken_leaves_only_what_works() -> None:
    world, _ = updated(1, START_FIRST)
    world.step("web")
    newest = make_deployment("web", image="newest", strategy=START_FIRST)
    world.apply(newest)

    first = world.step("web")
    world.settle()

    assert [str(action).split(": ")[1] for action in first.actions if isinstance(action, Delete)] == [
        "made from a template that was replaced before it was in use"
    ]
    assert [item.name for item in new_ones(world, newest)] == world.names


ORDERS = st.sampled_from(["StartFirst", "StopFirst"])
STRATEGIES = st.builds(
    UpdateStrategy,
    order=ORDERS,
    parallelism=st.sampled_from([None, 0, 1, 2, "50%"]),
    max_surge=st.sampled_from([None, 0, 1, 2]),
    max_unavailable=st.sampled_from([None, 0, 1, 2]),
)


TURNS = st.lists(st.sampled_from(["controller", "agent", "one starts", "all start"]), max_size=30)
OVERTAKING = st.lists(
    st.sampled_from(["controller", "agent", "one starts", "one fails", "all break", "template"]), max_size=30
)
AS_LONG_AS_IT_TAKES = ["controller", "agent", "all start"] * 40


@settings(max_examples=150, deadline=None)
@given(strategy=STRATEGIES, replicas=st.integers(1, 6), turns=TURNS)
def test_an_update_ends_and_keeps_its_limits_all_the_way(
    strategy: UpdateStrategy, replicas: int, turns: list[str]
) -> None:
    world, web = updated(replicas, strategy)
    bound = limits(strategy, strategy.order or "StartFirst", replicas)
    for turn in [*turns, *AS_LONG_AS_IT_TAKES]:
        coming = [item for item in world.alive("web") if item.status is None]
        if turn == "controller":
            world.step("web")
        elif turn == "agent":
            world.remove_deleted()
        for item in coming[: {"one starts": 1, "all start": None}.get(turn, 0)]:
            world.run(item)
        staying = [item for item in world.alive("web") if item.metadata.deletion_timestamp is None]
        assert len(staying) <= replicas + bound.surge
        assert sum(map(is_good, staying)) >= replicas - bound.unavailable
    assert [item.name for item in new_ones(world, web)] == world.names
    assert len(world.names) == replicas
    assert world.step("web").actions == ()


@settings(max_examples=100, deadline=None)
@given(strategy=STRATEGIES, replicas=st.integers(1, 5), data=st.data())
def test_a_template_that_never_works_leaves_all_but_the_unavailable_running(
    strategy: UpdateStrategy, replicas: int, data: st.DataObject
) -> None:
    world, web = updated(replicas, strategy)
    bound = limits(strategy, strategy.order or "StartFirst", replicas)
    for _ in range(30):
        world.step("web")
        if data.draw(st.booleans()):
            world.remove_deleted()
        for item in new_ones(world, web):
            world.report(item, ContainerStatus.model_validate({"phase": "Failed", "exitCode": 1, "ready": False}))
    old = [item for item in world.alive("web") if item not in new_ones(world, web)]
    assert sum(item.metadata.deletion_timestamp is None for item in old) >= replicas - bound.unavailable


@settings(max_examples=200, deadline=None)
@given(strategy=STRATEGIES, replicas=st.integers(1, 4), turns=OVERTAKING)
def test_updates_that_overtake_one_another_end_with_the_last_template(
    strategy: UpdateStrategy, replicas: int, turns: list[str]
) -> None:
    world, web = updated(replicas, strategy)
    for number, turn in enumerate(turns):
        coming = [item for item in world.alive("web") if item.status is None]
        match turn:
            case "controller":
                world.step("web")
            case "agent":
                world.remove_deleted()
            case "one starts" if coming:
                world.run(coming[0])
            case "one fails" if coming:
                world.end(coming[0], 1)
            case "all break":
                for item in world.alive("web"):
                    world.end(item, 1)
            case "template":
                web = make_deployment("web", replicas=replicas, image=f"image-{number}", strategy=strategy)
                world.apply(web)
    last = make_deployment("web", replicas=replicas, image="last", strategy=strategy)
    world.apply(last)
    world.settle()

    assert [item.name for item in new_ones(world, last)] == world.names
    assert len(world.names) == replicas
