from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.controllers.deployment.plan import Create, Delete, SetFinalizers, plan
from fizz.controllers.workloads.template import container_name, make_container, template_hash
from fizz.schemas import labels
from fizz.schemas.apps import DependencyCondition, Deployment
from fizz.schemas.conditions import find
from fizz.schemas.container import ContainerStatus
from fizz.schemas.strategy import UpdateStrategy
from tests.controllers.deployment.simulated import START, SimulatedNamespace, make_deployment


def wanted_names(deployment: Deployment) -> list[str]:
    digest = template_hash(deployment.spec.template)
    return sorted(container_name(deployment, digest, index) for index in range(deployment.spec.replicas))


def progressing(deployment: Deployment) -> tuple[str, str]:
    assert deployment.status is not None
    found = find(deployment.status.conditions, "Progressing")
    assert found is not None
    return f"{found.status} {found.reason}", found.message or ""


def available(deployment: Deployment) -> str:
    assert deployment.status is not None
    found = find(deployment.status.conditions, "Available")
    assert found is not None
    return f"{found.status} {found.reason}"


# making


def test_a_new_deployment_gets_its_finalizer_and_then_its_containers() -> None:
    web = make_deployment("web", replicas=2)

    made = plan(SimulatedNamespace(web), web, START)

    first, *rest = made.actions
    assert first == SetFinalizers((labels.FINALIZER_ORDERED_STOP,))
    assert [action.container.name for action in rest if isinstance(action, Create)] == wanted_names(web)


def test_a_settled_deployment_is_complete_and_left_alone() -> None:
    web = make_deployment("web", replicas=3)
    world = SimulatedNamespace(web)
    world.settle()
    before = web.status
    again = world.step("web")

    assert again.actions == ()
    assert again.status == before
    assert before is not None
    counts = (before.replicas, before.updated_replicas, before.running_replicas, before.ready_replicas)
    assert counts == (3, 3, 3, 3)
    assert before.selector == "fizz.dev/deployment=web"
    assert (available(web), progressing(web)[0]) == ("True MinimumReplicasAvailable", "True Complete")


def test_a_one_shot_that_succeeded_is_complete_and_never_made_again() -> None:
    migrate = make_deployment("migrate")
    world = SimulatedNamespace(migrate)
    world.settle(code=0)

    assert (available(migrate), progressing(migrate)[0]) == ("True Complete", "True Complete")
    assert len(world.created) == 1


def test_a_replica_that_failed_stays_for_people_to_see_until_the_template_changes() -> None:
    web = make_deployment("web")
    world = SimulatedNamespace(web)
    world.settle(code=3)
    failed = world.names
    reason = progressing(web)
    world.apply(make_deployment("web", image="better"))
    world.settle()

    assert reason == ("False ReplicaFailed", f"{failed[0]}: ended with exit code 3")
    assert world.names == wanted_names(make_deployment("web", image="better")) != failed


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        pytest.param(
            {"phase": "Pending", "reason": "ImagePullFailed", "message": "no such image: nope"},
            "False ReplicaFailed",
            "no such image: nope",
            id="cannot be started",
        ),
        pytest.param({"phase": "Running", "health": "unhealthy"}, "False ReplicaUnhealthy", "is unhealthy", id="sick"),
        pytest.param({"phase": "Running", "health": "starting"}, "True Updating", "0 of 1 replicas", id="starting"),
    ],
)
def test_what_keeps_a_replica_from_being_ready_is_said(status: dict[str, object], reason: str, says: str) -> None:
    web = make_deployment("web")
    world = SimulatedNamespace(web)
    world.step("web")
    world.report(world.alive("web")[0], ContainerStatus.model_validate(status))
    world.step("web")

    found, message = progressing(web)
    assert found == reason
    assert says in message
    assert available(web) == "False MinimumReplicasUnavailable"


def test_the_time_of_a_condition_moves_only_with_its_status() -> None:
    web = make_deployment("web")
    world = SimulatedNamespace(web)
    world.step("web")
    first = find(web.status.conditions if web.status else None, "Available")
    world.step("web")
    second = find(web.status.conditions if web.status else None, "Available")
    world.settle()
    third = find(web.status.conditions if web.status else None, "Available")

    assert first is not None
    assert second is not None
    assert third is not None
    assert first.last_transition_time == second.last_transition_time == START
    assert third.last_transition_time is not None
    assert third.last_transition_time > START


# changing


def test_stop_first_replaces_each_container_only_after_the_old_one_is_gone() -> None:
    strategy = UpdateStrategy(order="StopFirst", parallelism=0)
    world = SimulatedNamespace(make_deployment("web", replicas=2))
    world.settle()
    old = world.names
    world.apply(make_deployment("web", replicas=2, image="newer", strategy=strategy))

    first = world.step("web")
    while_stopping = world.step("web")
    world.remove_deleted()
    then = world.step("web")

    assert [action.container.name for action in first.actions if isinstance(action, Delete)] == old
    assert while_stopping.actions == ()
    assert [action.container.name for action in then.actions if isinstance(action, Create)] == world.names


def test_scaling_down_removes_the_highest_ordinals_first() -> None:
    world = SimulatedNamespace(make_deployment("web", replicas=12))
    world.settle()
    world.apply(make_deployment("web", replicas=9))

    made = world.step("web")

    ordinals = [item.container.labels[labels.ORDINAL] for item in made.actions if isinstance(item, Delete)]
    assert ordinals == ["11", "10", "9"]


def test_scaling_up_keeps_what_runs() -> None:
    world = SimulatedNamespace(make_deployment("web", replicas=1))
    world.settle()
    world.apply(make_deployment("web", replicas=3))
    world.settle()

    assert len(world.created) == len(set(world.created)) == 3
    assert not [line for line in world.done if line.startswith("delete")]


def test_an_orphan_of_the_right_name_is_adopted_and_not_made_again() -> None:
    web = make_deployment("web", replicas=2)
    world = SimulatedNamespace(web)
    orphan = make_container(web, template_hash(web.spec.template), 0)
    orphan.metadata.owner_references = None
    world.put(orphan)
    world.settle()

    assert world.created == wanted_names(web)[1:]
    assert world.owned(web)[0].name == orphan.name


def test_an_adopted_orphan_of_an_older_template_is_replaced() -> None:
    web = make_deployment("web")
    world = SimulatedNamespace(web)
    orphan = make_container(make_deployment("web", image="old"), "01234567", 0)
    orphan.metadata.owner_references = None
    world.put(orphan)
    world.settle()

    assert world.names == wanted_names(web)


def test_a_container_of_somebody_else_is_never_touched_and_its_name_is_said_to_be_taken() -> None:
    web = make_deployment("web", replicas=2)
    world = SimulatedNamespace(web)
    stranger = make_container(make_deployment("web"), template_hash(web.spec.template), 0)
    assert stranger.metadata.owner_references
    stranger.metadata.owner_references[0].uid = "somebody-else"
    world.put(stranger)
    world.settle()

    assert world.created == wanted_names(web)[1:]
    found, message = progressing(web)
    assert found == "False NameTaken"
    assert stranger.name in message


# dependencies


def test_containers_are_made_in_the_order_of_the_dependencies() -> None:
    world = SimulatedNamespace(
        make_deployment("proxy", after=[("web", "Started")]),
        make_deployment("web", after=[("db", "Healthy"), ("cache", "Started")]),
        make_deployment("db", healthcheck=True),
        make_deployment("cache"),
    )
    world.step("proxy")
    waiting = progressing(world.deployments()[0])
    world.settle()

    order = [name.split("-")[0] for name in world.created]
    assert waiting == ("True WaitingForDependency", "waits for web to be started")
    assert order.index("web") > max(order.index("db"), order.index("cache"))
    assert order[-1] == "proxy"


def test_a_container_that_was_started_is_not_stopped_when_a_dependency_gets_sick() -> None:
    world = SimulatedNamespace(
        make_deployment("db", healthcheck=True), make_deployment("web", after=[("db", "Healthy")])
    )
    world.settle()
    world.run(world.alive("db")[0], "unhealthy")
    made = world.step("web")

    assert made.actions == ()
    assert progressing(world.deployments()[1])[0] == "True Complete"


def test_a_replacement_waits_for_the_dependencies_too_and_the_old_one_runs_on_meanwhile() -> None:
    world = SimulatedNamespace(
        make_deployment("db", healthcheck=True), make_deployment("web", after=[("db", "Healthy")])
    )
    world.settle()
    world.run(world.alive("db")[0], "unhealthy")
    world.apply(make_deployment("web", image="newer", after=[("db", "Healthy")]))
    made = world.step("web")

    assert made.actions == ()
    assert available(world.deployments()[1]) == "True MinimumReplicasAvailable"
    assert progressing(world.deployments()[1])[0] == "True WaitingForDependency"


def test_a_dependency_that_failed_stops_the_start_and_is_named() -> None:
    world = SimulatedNamespace(
        make_deployment("migrate"), make_deployment("web", after=[("migrate", "CompletedSuccessfully")])
    )
    world.settle(code=5)

    assert progressing(world.deployments()[1]) == ("False DependencyFailed", "migrate ended with exit code 5")
    assert [name.split("-")[0] for name in world.created] == ["migrate"]


# deleting


def test_deletion_stops_dependents_first() -> None:
    world = SimulatedNamespace(
        make_deployment("db"),
        make_deployment("web", replicas=2, after=[("db", "Started")]),
        make_deployment("proxy", after=[("web", "Started")]),
    )
    world.settle()
    world.done.clear()
    for name in ("db", "web", "proxy"):
        world.delete(name)
    world.step("db")
    said = progressing(world.deployments()[0])
    world.settle()

    assert said == ("True Stopping", "stops after web")
    order = [line.split()[1].split("-")[0] for line in world.done if line.startswith("delete")]
    assert order == ["proxy", "web", "web", "db"]
    assert not world.deployments()
    assert not world.names


def test_deletion_with_orphan_leaves_the_containers() -> None:
    world = SimulatedNamespace(make_deployment("web", replicas=2))
    world.settle()
    before = world.names
    world.delete("web", "orphan")
    world.settle()

    assert world.names == before
    assert world.deployments()[0].metadata.finalizers == ["orphan"]


def test_a_deployment_that_is_deleted_before_it_had_containers_goes_at_once() -> None:
    world = SimulatedNamespace(make_deployment("web", after=[("db", "Started")]))
    world.step("web")
    world.delete("web")
    world.step("web")

    assert not world.deployments()


def test_a_deletion_that_carries_no_ordered_stop_is_not_ours() -> None:
    web = make_deployment("web")
    web.metadata.deletion_timestamp = START
    web.metadata.finalizers = ["example.com/other"]

    assert plan(SimulatedNamespace(web), web, START).actions == ()


# properties

NAMES = ("a", "b", "c", "d")
CONDITIONS: st.SearchStrategy[DependencyCondition] = st.sampled_from(("Started", "Healthy"))


@st.composite
def deployments(draw: st.DrawFn) -> list[Deployment]:
    """Up to four Deployments; each depends on some of those before it, so that there is no circle."""
    made: list[Deployment] = []
    for index, name in enumerate(NAMES[: draw(st.integers(1, 4))]):
        others = draw(st.lists(st.sampled_from(NAMES[:index]), unique=True)) if index else []
        after = [(other, draw(CONDITIONS)) for other in others]
        replicas, image = draw(st.integers(0, 3)), draw(st.sampled_from(("one", "two")))
        made.append(make_deployment(name, replicas=replicas, image=image, after=after, healthcheck=True))
    return made


@settings(max_examples=60, deadline=None)
@given(first=deployments(), second=deployments(), data=st.data())
def test_whatever_happens_in_between_the_end_is_what_was_asked_for_last(
    first: list[Deployment], second: list[Deployment], data: st.DataObject
) -> None:
    world = SimulatedNamespace(*first)
    for _ in range(data.draw(st.integers(0, 12))):
        do = data.draw(st.sampled_from(("step", "gone", "run", "sick")))
        if do == "step":
            world.step(data.draw(st.sampled_from([item.name for item in world.deployments()])))
        elif do == "gone":
            world.remove_deleted()
        elif world.names and (item := world.container(data.draw(st.sampled_from(world.names)))):
            world.run(item, "healthy" if do == "run" else "unhealthy")
    for deployment in second:
        world.apply(deployment)
    for name in world.names:  # whatever was sick gets well again
        if (item := world.container(name)) and item.status:
            world.run(item, "healthy")
    world.settle()

    assert world.names == sorted(name for item in world.deployments() for name in wanted_names(item))
    assert all(available(item).startswith("True") for item in world.deployments())
    assert all(progressing(item)[0] == "True Complete" for item in world.deployments())
    assert all(world.step(item.name).actions == () for item in world.deployments())


@settings(max_examples=60, deadline=None)
@given(made=deployments(), data=st.data())
def test_a_container_is_made_only_while_its_dependencies_hold_and_stopped_only_after_its_dependents(
    made: list[Deployment], data: st.DataObject
) -> None:
    world = SimulatedNamespace(*made)
    after = {item.name: {d.name for d in item.spec.depends_on or []} for item in made}
    for _ in range(data.draw(st.integers(1, 20))):
        name = data.draw(st.sampled_from([item.name for item in world.deployments()]))
        for action in world.step(name).actions:
            if isinstance(action, Create):
                for other in after[name]:
                    target = world.deployment(other)
                    assert target is not None
                    alive = [item for item in world.alive(other) if item.status and item.status.phase == "Running"]
                    assert len(alive) == target.spec.replicas
        for item in world.alive(name):
            if data.draw(st.booleans()):
                world.run(item, "healthy")
    for deployment in made:
        world.delete(deployment.name)
    for _ in range(60):
        left = [item.name for item in world.deployments()]
        if not left:
            break
        name = data.draw(st.sampled_from(left))
        doomed = [item for item in world.step(name).actions if isinstance(item, Delete)]
        if doomed:
            assert not [
                dependent for dependent in NAMES if name in after.get(dependent, set()) and world.alive(dependent)
            ]
        world.remove_deleted()
        world.now += timedelta(seconds=1)
    world.settle()
    assert not world.deployments()
    assert not world.names
