import pytest

from fizz.controllers.workloads.dependencies import GateState, gate, stops_after
from fizz.controllers.workloads.template import make_container, template_hash
from fizz.schemas.apps import DependencyCondition, Deployment
from fizz.schemas.container import Container, ContainerStatus
from tests.controllers.deployment.simulated import SimulatedNamespace, make_deployment
from tests.controllers.job.simulated import SimulatedJob, make_job


def with_replica(world: SimulatedNamespace, deployment: Deployment, status: dict[str, object] | None) -> Container:
    container = make_container(deployment, template_hash(deployment.spec.template), 0)
    container.status = None if status is None else ContainerStatus.model_validate(status)
    world.put(container)
    return container


STARTED = {"startedAt": "2026-01-31T09:30:00Z"}


@pytest.mark.parametrize(
    ("condition", "status", "state", "says"),
    [
        pytest.param("Started", None, "waiting", "waits for db to be started", id="not seen yet"),
        pytest.param("Started", {"phase": "Creating"}, "waiting", "waits for db to be started", id="creating"),
        pytest.param("Started", {"phase": "Running"}, "open", "", id="running"),
        pytest.param("Started", {"phase": "Restarting"}, "open", "", id="restarting"),
        pytest.param("Started", {"phase": "Succeeded"}, "open", "", id="ran and ended well"),
        pytest.param("Started", {"phase": "Failed", "exitCode": 3, **STARTED}, "open", "", id="ran and ended badly"),
        pytest.param(
            "Started", {"phase": "Failed", "message": "no such image"}, "failed", "db failed: no such image", id="never"
        ),
        pytest.param("Healthy", {"phase": "Running", "health": "healthy"}, "open", "", id="healthy"),
        pytest.param(
            "Healthy",
            {"phase": "Running", "health": "starting"},
            "waiting",
            "waits for db to be healthy",
            id="new",
        ),
        pytest.param(
            "Healthy", {"phase": "Running", "health": "unhealthy"}, "waiting", "waits for db to be healthy", id="sick"
        ),
        pytest.param("Healthy", {"phase": "Running"}, "failed", "db has no health check", id="no health check"),
        pytest.param("Healthy", {"phase": "Failed", "exitCode": 1}, "failed", "db ended with exit code 1", id="died"),
        pytest.param("Healthy", {"phase": "Succeeded", "exitCode": 0}, "failed", "will never be healthy", id="ended"),
        pytest.param("CompletedSuccessfully", {"phase": "Succeeded", "exitCode": 0}, "open", "", id="completed"),
        pytest.param("CompletedSuccessfully", {"phase": "Running"}, "waiting", "waits for db to complete", id="at it"),
        pytest.param(
            "CompletedSuccessfully", {"phase": "Failed", "exitCode": 7}, "failed", "ended with exit code 7", id="failed"
        ),
    ],
)
def test_a_gate_looks_at_the_replica_of_the_dependency(
    condition: DependencyCondition, status: dict[str, object] | None, state: str, says: str
) -> None:
    db = make_deployment("db")
    web = make_deployment("web", after=[("db", condition)])
    world = SimulatedNamespace(db, web)
    with_replica(world, db, status)

    found = gate(world, web)

    assert found.state.value == state
    assert says in found.message


def test_a_container_of_an_older_template_does_not_count() -> None:
    old, new = make_deployment("db", image="old"), make_deployment("db", image="new")
    web = make_deployment("web", after=[("db", "Started")])
    world = SimulatedNamespace(new, web)
    with_replica(world, old, {"phase": "Running"})

    assert gate(world, web).state is GateState.WAITING


def test_every_wanted_replica_counts() -> None:
    db = make_deployment("db", replicas=2)
    web = make_deployment("web", after=[("db", "Started")])
    world = SimulatedNamespace(db, web)
    with_replica(world, db, {"phase": "Running"})

    assert gate(world, web).state is GateState.WAITING


@pytest.mark.parametrize("condition", ["Started", "Healthy", "CompletedSuccessfully"])
def test_a_dependency_without_replicas_holds_nobody_back(condition: DependencyCondition) -> None:
    web = make_deployment("web", after=[("db", condition)])

    assert gate(SimulatedNamespace(make_deployment("db", replicas=0), web), web).is_open


def test_a_health_check_that_is_configured_is_waited_for() -> None:
    db = make_deployment("db", healthcheck=True)
    web = make_deployment("web", after=[("db", "Healthy")])
    world = SimulatedNamespace(db, web)
    with_replica(world, db, {"phase": "Running"})

    assert gate(world, web).state is GateState.WAITING


def test_a_missing_dependency_is_waited_for_unless_it_is_optional() -> None:
    web = make_deployment("web", after=[("db", "Healthy")])
    relaxed = make_deployment("web", after=[("db", "Healthy")], optional=True)

    assert gate(SimulatedNamespace(web), web).message == "waits for db, which does not exist"
    assert gate(SimulatedNamespace(relaxed), relaxed).is_open


def test_an_optional_dependency_is_waited_for_while_it_may_still_come_and_passed_over_when_it_failed() -> None:
    db = make_deployment("db", healthcheck=True)
    web = make_deployment("web", after=[("db", "Healthy")], optional=True)
    world = SimulatedNamespace(db, web)
    replica = with_replica(world, db, {"phase": "Creating"})
    before = gate(world, web).state
    world.end(replica, 1)

    assert before is GateState.WAITING
    assert gate(world, web).is_open


def test_the_reason_travels_to_everything_behind_it() -> None:
    migrate = make_deployment("migrate")
    web = make_deployment("web", after=[("migrate", "CompletedSuccessfully")])
    proxy = make_deployment("proxy", after=[("web", "Started")])
    world = SimulatedNamespace(migrate, web, proxy)
    with_replica(world, migrate, {"phase": "Failed", "exitCode": 1})

    assert gate(world, proxy).message == "web cannot start: migrate ended with exit code 1"


def test_a_circle_fails_and_is_spelled_out() -> None:
    one = make_deployment("one", after=[("two", "Started")])
    two = make_deployment("two", after=[("one", "Started")])

    found = gate(SimulatedNamespace(one, two), one)

    assert found.state is GateState.FAILED
    assert "the dependencies go in a circle: one -> two -> one" in found.message


def test_stopping_waits_for_dependents_that_are_stopping_too() -> None:
    db = make_deployment("db")
    web = make_deployment("web", after=[("db", "Started")])
    other = make_deployment("other", after=[("db", "Started")])
    world = SimulatedNamespace(db, web, other)
    with_replica(world, web, {"phase": "Running"})
    with_replica(world, other, {"phase": "Running"})
    world.delete("db", "x")
    before = stops_after(world, db)
    world.delete("web", "x")

    assert before == []
    assert stops_after(world, db) == ["web"]


def test_in_a_circle_nobody_waits_for_the_other_to_stop() -> None:
    one = make_deployment("one", after=[("two", "Started")])
    two = make_deployment("two", after=[("one", "Started")])
    world = SimulatedNamespace(one, two)
    for item in (one, two):
        with_replica(world, item, {"phase": "Running"})
        world.delete(item.name, "x")

    assert stops_after(world, one) == stops_after(world, two) == []


def behind(job: SimulatedJob, condition: DependencyCondition) -> tuple[str, str]:
    """The gate of a Deployment that depends on the Job."""
    found = gate(job, make_deployment("web", after=[("migrate", condition)]))
    return found.state.value, found.message


def test_a_job_is_complete_only_when_all_its_retries_came_to_a_good_end() -> None:
    world = SimulatedJob(make_job(retryDelay="0s"))
    seen = [behind(world, "CompletedSuccessfully")]
    world.settle()
    world.end_all(1)
    world.settle()
    seen.append(behind(world, "CompletedSuccessfully"))
    world.end_all(0)
    world.settle()
    seen.append(behind(world, "CompletedSuccessfully"))

    assert seen == [("waiting", "waits for migrate to complete")] * 2 + [("open", "")]


def test_a_job_that_failed_for_good_fails_the_gate_and_says_why() -> None:
    world = SimulatedJob(make_job(backoffLimit=0))
    world.settle()
    world.end_all(3)
    world.settle()

    state, message = behind(world, "CompletedSuccessfully")
    assert state == "failed"
    assert message == f"migrate failed: {world.created[0]} ended with exit code 3"


def test_a_job_that_runs_again_is_waited_for_again() -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.end_all(0)
    world.settle()
    world.apply(make_job(image="newer"))

    assert behind(world, "CompletedSuccessfully")[0] == "waiting"


def test_a_job_counts_as_started_with_its_first_container() -> None:
    world = SimulatedJob(make_job())
    world.settle()
    before = behind(world, "Started")[0]
    world.run(world.active[0])

    assert (before, behind(world, "Started")[0]) == ("waiting", "open")


def test_a_job_is_healthy_only_while_it_runs() -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.active[0].status = ContainerStatus(phase="Running", health="healthy")
    while_running = behind(world, "Healthy")[0]
    world.end_all(0)
    world.settle()

    assert while_running == "open"
    assert behind(world, "Healthy") == ("failed", "migrate has completed and will never be healthy")


def test_a_suspended_job_is_named_as_the_reason() -> None:
    world = SimulatedJob(make_job(suspend=True))
    world.settle()

    assert behind(world, "CompletedSuccessfully") == ("waiting", "waits for migrate, which is suspended")


def test_what_a_job_depends_on_stops_after_its_containers() -> None:
    db = make_deployment("db")
    world = SimulatedJob(make_job(dependsOn=[{"name": "db"}]), db)
    job = world.the
    container = make_container(db, template_hash(db.spec.template), 0)
    container.status = ContainerStatus(phase="Running")
    world.put(container)
    world.settle()
    world.delete()
    before = stops_after(world, db)
    world.settle()

    assert before == ["migrate"]
    assert world.job is None
    assert stops_after(world, db) == []
    assert job.metadata.finalizers == []
