from typing import Any

import pytest

from fizz.client.cli.rollout import Rollout
from fizz.client.cli.stages import Stage
from fizz.schemas.base import JSON


def deployment(
    name: str = "web",
    *,
    wanted: int = 1,
    seen: bool = True,
    after: list[JSON] | None = None,
    reason: str = "",
    message: str = "",
    healthcheck: bool = False,
    **counts: int,
) -> JSON:
    """A Deployment of generation 2; `reason` is that of Progressing, with False for what is wrong."""
    spec: JSON = {"replicas": wanted, "dependsOn": after or [], "template": {"spec": {"image": "x"}}}
    if healthcheck:
        spec["template"]["spec"]["healthcheck"] = {"test": ["CMD", "true"]}
    status: JSON = {"observedGeneration": 2 if seen else 1, **counts}
    if reason:
        bad = reason in {"ReplicaFailed", "ReplicaUnhealthy", "NameTaken", "DependencyFailed", "RolledBack"}
        status["conditions"] = [
            {"type": "Progressing", "status": "False" if bad else "True", "reason": reason, "message": message}
        ]
    return {"kind": "Deployment", "metadata": {"name": name, "generation": 2}, "spec": spec, "status": status}


def container(name: str = "web-0", of: str = "web", **status: Any) -> JSON:
    metadata = {"name": name, "labels": {"fizz.dev/deployment": of}}
    return {"kind": "Container", "metadata": metadata, "status": status}


def rollout_of(*items: JSON, wait: bool = False) -> Rollout:
    names = {
        kind: [item["metadata"]["name"] for item in items if item["kind"] == kind] for kind in ("Deployment", "Job")
    }
    made = Rollout(names["Deployment"], names["Job"], wait=wait)
    for item in items:
        made.put(item)
    return made


RUNS: dict[str, Any] = {"phase": "Running", "startedAt": "2026-01-31T09:30:00Z"}


def present(count: int = 1, **more: int) -> dict[str, Any]:
    return {"replicas": count, "updatedReplicas": count, **more}


@pytest.mark.parametrize(
    ("items", "stage", "detail"),
    [
        pytest.param([deployment(seen=False, **present(readyReplicas=1))], Stage.WAITING, "", id="not seen yet"),
        pytest.param([deployment(reason="Updating")], Stage.WORKING, "", id="no container yet"),
        pytest.param(
            [deployment(reason="WaitingForDependency", message="waits for db to be healthy")],
            Stage.WAITING,
            "waits for db to be healthy",
            id="waits",
        ),
        pytest.param(
            [deployment(**present()), container(phase="Creating", reason="Pulling")],
            Stage.WORKING,
            "pulling the image",
            id="pulls",
        ),
        pytest.param(
            [deployment(**present()), container(**RUNS, health="starting")],
            Stage.STARTED,
            "not healthy yet",
            id="runs and is checked",
        ),
        pytest.param([deployment(**present(readyReplicas=1)), container(**RUNS)], Stage.READY, "", id="ready"),
        pytest.param(
            [deployment(**present(succeededReplicas=1)), container(phase="Succeeded", exitCode=0)],
            Stage.COMPLETED,
            "",
            id="completed",
        ),
        pytest.param([deployment(wanted=0, **present(0))], Stage.READY, "", id="nothing wanted"),
        pytest.param([deployment(wanted=2, **present(1)), container(**RUNS)], Stage.WORKING, "", id="one of two"),
        pytest.param(
            [deployment(reason="ReplicaFailed", message="web-0: no such image", **present()), container()],
            Stage.FAILED,
            "web-1: no such image",
            id="cannot start",
        ),
        pytest.param(
            [
                deployment(reason="ReplicaFailed", message="ended with exit code 3", **present(failedReplicas=1)),
                container(phase="Failed", exitCode=3, startedAt="2026-01-31T09:30:00Z"),
            ],
            Stage.STARTED,
            "",
            id="ended badly, but was started",
        ),
    ],
)
def test_a_deployment_is_at_a_stage(items: list[JSON], stage: Stage, detail: str) -> None:
    state = rollout_of(*items).states()["web"]

    assert (state.stage, state.detail) == (stage, detail)


@pytest.mark.parametrize(
    ("dependency", "says"),
    [
        pytest.param(
            [
                deployment("db", reason="ReplicaFailed", message="exit code 1", **present(failedReplicas=1)),
                container("db-0", "db", phase="Failed", startedAt="2026-01-31T09:30:00Z"),
            ],
            "depends on db, which failed: exit code 1",
            id="failed",
        ),
        pytest.param(
            [
                deployment("db", reason="ReplicaUnhealthy", message="db-0 is unhealthy", **present()),
                container("db-0", "db", **RUNS, health="unhealthy"),
            ],
            "depends on db, which failed: db-1 is unhealthy",
            id="unhealthy",
        ),
        pytest.param(
            [deployment("db", **present(succeededReplicas=1)), container("db-0", "db", phase="Succeeded")],
            "depends on db, which has ended and will never be healthy",
            id="ended",
        ),
        pytest.param(
            [deployment("db", **present(readyReplicas=1)), container("db-0", "db", **RUNS)],
            "depends on db to be healthy, but it has no healthcheck; give it one, or use service_started",
            id="no healthcheck",
        ),
        pytest.param(
            [deployment("db", reason="ReplicaFailed", message="no such image", **present()), container("db-0", "db")],
            "depends on db: no such image",
            id="cannot start",
        ),
        pytest.param(
            [deployment("db", seen=False, reason="ReplicaFailed", message="old", **present(failedReplicas=1))],
            "",
            id="its words are about what it was before",
        ),
        pytest.param(
            [deployment("db", healthcheck=True, **present()), container("db-0", "db", **RUNS)],
            "",
            id="its check has not run yet",
        ),
    ],
)
def test_a_failure_of_a_dependency_is_derived_from_the_dependency(dependency: list[JSON], says: str) -> None:
    web = deployment(after=[{"name": "db", "condition": "Healthy"}], reason="DependencyFailed", message="stale words")

    state = rollout_of(web, *dependency).states()["web"]

    assert state.detail == says
    assert (state.stage is Stage.FAILED) == bool(says)


def test_the_goal_of_waiting_is_readiness() -> None:
    started = [deployment(**present()), container(**RUNS, health="starting")]

    assert rollout_of(*started).is_over()
    assert not rollout_of(*started, wait=True).is_over()


def test_while_waiting_an_unhealthy_replica_is_a_failure() -> None:
    sick = [deployment(reason="ReplicaUnhealthy", message="web-ab12-0 is unhealthy", **present())]
    sick.append(container("web-ab12-0", **RUNS))

    assert rollout_of(*sick).failures() == {}
    assert rollout_of(*sick, wait=True).failures() == {"web": "web-1 is unhealthy"}


def test_a_deployment_that_goes_meanwhile_has_failed() -> None:
    made = rollout_of(deployment(**present()), container(**RUNS, health="starting"), wait=True)
    going = deployment()
    going["metadata"]["deletionTimestamp"] = "2026-01-31T09:30:00Z"

    made.put(going)
    assert made.failures() == {"web": "is being removed by somebody else"}
    made.remove(going)
    assert made.states()["web"].stage is Stage.WAITING  # it may come with what has not been told yet
    made.complete = True
    assert made.failures() == {"web": "was removed meanwhile"}


def test_a_container_that_is_still_there_from_before_keeps_it_unfinished() -> None:
    made = rollout_of(deployment(replicas=2, updatedReplicas=1), container(**RUNS))

    assert list(made.unfinished()) == ["web"]


def test_an_optional_dependency_does_not_fail_anybody() -> None:
    web = deployment(after=[{"name": "db", "condition": "Started", "required": False}])
    db = deployment("db", reason="ReplicaFailed", message="no such image", **present())

    assert set(rollout_of(web, db, container("db-0", "db")).failures()) == {"db"}


def test_a_rollback_of_what_was_just_applied_is_a_failure_and_an_older_one_is_not() -> None:
    undone = deployment(reason="RolledBack", message="the update was rolled back: web-ab12-0: crashed", **present())
    made = rollout_of(undone, container("web-ab12-0", **RUNS))
    before = made.failures()

    made.applied([{**undone, "metadata": {**undone["metadata"], "generation": 1}}])

    assert before == {}
    assert made.failures() == {"web": "the update was rolled back: web-1: crashed"}


@pytest.mark.parametrize(
    ("status", "wait", "seconds"),
    [
        pytest.param({}, False, 0, id="started is enough"),
        pytest.param({}, True, 1, id="it only runs"),
        pytest.param({"health": "healthy"}, True, 0, id="it has shown that it works"),
        pytest.param({"restartCount": 2, "health": "healthy"}, True, 10, id="it has crashed before"),
    ],
)
def test_what_may_crash_must_stand_for_a_while(status: dict[str, Any], wait: bool, seconds: float) -> None:
    made = rollout_of(deployment(**present(readyReplicas=1)), container(**RUNS, **status), wait=wait)

    assert made.is_over()
    assert made.seconds_to_stand() == seconds


def test_a_status_that_speaks_of_an_earlier_content_of_a_secret_does_not_count() -> None:
    file = {"name": "key", "key": "key", "target": "/key"}
    web = deployment(reason="Complete", **present(readyReplicas=1))
    web["spec"]["template"]["spec"]["secrets"] = [file]
    web["status"]["observedSources"] = [{"kind": "Secret", "name": "key", "resourceVersion": "7"}]
    made = rollout_of(web, container(**RUNS))
    made.applied([web, {"kind": "Secret", "metadata": {"name": "key", "resourceVersion": "8"}}])

    before = made.states()["web"].stage
    web["status"]["observedSources"][0]["resourceVersion"] = "8"

    assert before is Stage.WAITING
    assert made.states()["web"].stage is Stage.READY


def job(name: str = "migrate", *, after: list[JSON] | None = None, seen: bool = True, **status: Any) -> JSON:
    """A Job of generation 2; `conditions` go from a type to the message of what is true."""
    conditions = [
        {"type": kind, "status": "False" if kind == "Stuck" else "True", "message": message}
        for kind, message in status.pop("conditions", {}).items()
    ]
    reason, message = status.pop("progressing", ("Running", ""))
    conditions.append({"type": "Progressing", "status": "True", "reason": reason, "message": message})
    spec: JSON = {"dependsOn": after or [], "suspend": status.pop("suspend", False)}
    told = {"observedGeneration": 2 if seen else 1, "conditions": conditions, **status}
    return {"kind": "Job", "metadata": {"name": name, "generation": 2}, "spec": spec, "status": told}


def of_job(name: str = "migrate-0", of: str = "migrate", **status: Any) -> JSON:
    return {"kind": "Container", "metadata": {"name": name, "labels": {"fizz.dev/job": of}}, "status": status}


@pytest.mark.parametrize(
    ("items", "wait", "stage", "detail"),
    [
        pytest.param([job(seen=False, conditions={"Complete": ""})], True, Stage.WAITING, "", id="not seen yet"),
        pytest.param([job()], False, Stage.WORKING, "", id="no container yet"),
        pytest.param(
            [job(), of_job(phase="Pending", reason="Pulling")], False, Stage.WORKING, "pulling the image", id="pull"
        ),
        pytest.param([job(), of_job(**RUNS)], False, Stage.STARTED, "", id="started"),
        pytest.param(
            [job(progressing=("BackingOff", "tried again soon"), failed=1)],
            True,
            Stage.STARTED,
            "tried again soon",
            id="backing off",
        ),
        pytest.param([job(conditions={"Complete": ""}, succeeded=1)], True, Stage.COMPLETED, "", id="complete"),
        pytest.param([job(conditions={"Failed": "no"}, failed=1)], True, Stage.FAILED, "no", id="failed"),
        pytest.param([job(conditions={"FailureTarget": "late"})], True, Stage.FAILED, "late", id="failing"),
        pytest.param([job(conditions={"Failed": "no"}, failed=1)], False, Stage.STARTED, "", id="failed, but started"),
        pytest.param(
            [job(progressing=("CannotStart", "no such image"))], False, Stage.FAILED, "no such image", id="stuck"
        ),
        pytest.param(
            [job(progressing=("WaitingForDependency", "waits for db"))],
            False,
            Stage.WAITING,
            "waits for db",
            id="waits",
        ),
        pytest.param([job(suspend=True)], True, Stage.SUSPENDED, "", id="suspended"),
    ],
)
def test_a_job_is_as_far_as_it_is(items: list[JSON], wait: bool, stage: Stage, detail: str) -> None:
    made = rollout_of(*items, wait=wait)
    made.complete = True

    state = made.states()["migrate"]
    assert (state.stage, state.detail) == (stage, detail)
    assert made.title("migrate") == "job/migrate"


def test_a_job_that_goes_after_it_succeeded_has_completed() -> None:
    done = job(conditions={"Complete": ""})
    made = rollout_of(done, wait=True)
    made.remove(done)
    made.complete = True

    assert made.is_over()
    assert made.failures() == {}


@pytest.mark.parametrize(
    ("wanted", "of", "failure"),
    [
        pytest.param("CompletedSuccessfully", job(), "", id="still at it"),
        pytest.param(
            "CompletedSuccessfully",
            job(conditions={"Failed": "exit code 3"}, failed=1),
            "depends on migrate, which failed: exit code 3",
            id="failed",
        ),
        pytest.param("Started", job(conditions={"Failed": "exit code 3"}, failed=1), "", id="has started"),
        pytest.param(
            "Healthy",
            job(conditions={"Complete": ""}),
            "depends on migrate, which has completed and will never be healthy",
            id="over",
        ),
    ],
)
def test_a_job_can_keep_what_depends_on_it_from_starting(wanted: str, of: JSON, failure: str) -> None:
    web = deployment(after=[{"name": "migrate", "condition": wanted}])
    made = rollout_of(web, of)

    assert made.failures().get("web", "") == failure
