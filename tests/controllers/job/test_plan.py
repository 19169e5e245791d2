from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.controllers.job.attempts import make_container
from fizz.controllers.job.plan import SetFinalizers
from fizz.controllers.workloads.jobs import present_status
from fizz.controllers.workloads.template import run_hash
from fizz.schemas import labels
from fizz.schemas.apps import Dependency
from fizz.schemas.container import ContainerStatus
from tests.controllers.deployment.simulated import make_deployment
from tests.controllers.job.simulated import START, SimulatedJob, make_job


def counts(world: SimulatedJob) -> tuple[int | None, int | None, int | None]:
    status = world.the.status
    assert status is not None
    return status.active, status.succeeded, status.failed


# to the end


def test_a_job_gets_its_finalizer_runs_once_and_is_complete() -> None:
    world = SimulatedJob(make_job())

    first, *_ = world.step().actions
    world.end_all()
    world.settle()

    run = run_hash(world.the.spec)
    assert first == SetFinalizers((labels.FINALIZER_ORDERED_STOP,))
    assert world.created == [f"migrate-{run}-0-0"]
    assert counts(world) == (0, 1, 0)
    assert (world.condition("Complete"), world.condition("Progressing")) == ("True Completed", "True Complete")
    assert world.the.status is not None
    assert world.the.status.completion_time == world.the.status.start_time == START


def test_three_completions_run_two_at_a_time() -> None:
    world = SimulatedJob(make_job(completions=3, parallelism=2))
    world.settle()
    at_first = len(world.active)
    world.end(world.active[0], 0)
    world.settle()
    then = len(world.active)
    world.end_all()
    world.settle()

    assert (at_first, then, len(world.created)) == (2, 2, 3)
    assert counts(world) == (0, 3, 0)
    assert world.the.status is not None
    assert world.the.status.completed_indexes == "0-2"


def test_indexed_containers_are_told_their_index_and_others_are_not() -> None:
    indexed = SimulatedJob(make_job(completions=2, parallelism=2, completionMode="Indexed"))
    plain = SimulatedJob(make_job(completions=2, parallelism=2))
    indexed.settle()
    plain.settle()

    variables = [{each.name: each.value for each in item.spec.env or []} for item in indexed.containers]
    assert variables == [{"JOB_COMPLETION_INDEX": "0"}, {"JOB_COMPLETION_INDEX": "1"}]
    assert [item.spec.env for item in plain.containers] == [None, None]


def test_without_completions_one_success_is_enough_and_the_others_are_left_to_end() -> None:
    world = SimulatedJob(make_job(parallelism=3))
    world.settle()
    first, *others = world.active
    world.end(first, 0)
    world.settle()
    before = (world.condition("Complete"), len(world.active))
    for item in others:
        world.end(item, 0)
    world.settle()

    assert before == ("", 2)
    assert world.condition("Complete") == "True Completed"
    assert len(world.created) == 3


def test_a_job_per_node_runs_once_on_each_and_on_those_that_come_meanwhile() -> None:
    world = SimulatedJob(make_job(completionMode="PerNode"), nodes=["a", "b.example"])
    world.settle()
    bound = sorted(item.spec.node_name or "" for item in world.active)
    world.end(world.active[0], 0)
    world.node_names.append("c")
    world.settle()
    world.end_all()
    world.settle()

    assert bound == ["a", "b.example"]
    assert world.condition("Complete") == "True Completed"
    assert world.the.status is not None
    assert world.the.status.completed_indexes == "a,b.example,c"


def test_a_job_of_no_completions_is_complete_at_once() -> None:
    world = SimulatedJob(make_job(completions=0))
    world.settle()

    assert (world.created, world.condition("Complete")) == ([], "True Completed")


# failing


def test_a_failure_is_tried_again_after_ten_twenty_and_forty_seconds_until_the_limit() -> None:
    world = SimulatedJob(make_job(backoffLimit=3))
    waited: list[float] = []
    world.settle()
    while world.condition("Failed") == "":
        world.end_all(1)
        made = world.step()
        if made.wait:
            waited.append(made.wait.total_seconds())
            assert world.condition("Progressing") == "True BackingOff"
            world.now += made.wait - timedelta(seconds=1)
            assert world.step().actions == ()
            world.now += timedelta(seconds=1)
        world.settle()

    assert waited == [10, 20, 40]
    assert len(world.created) == 4
    assert counts(world) == (0, 0, 4)
    assert world.condition("Failed") == "True BackoffLimitExceeded"
    assert world.message("Failed") == f"{world.created[-1]} ended with exit code 1, after 3 retries"


def test_delays_do_not_grow_beyond_six_minutes_nor_below_what_was_asked_for() -> None:
    world = SimulatedJob(make_job(backoffLimit=30))
    hourly = SimulatedJob(make_job(backoffLimit=30, retryDelay="1h"))
    for each in (world, hourly):
        each.settle()
        for _ in range(12):
            each.end_all(1)
            made = each.step()
            each.now += made.wait or timedelta()
            each.settle()
        each.end_all(1)

    assert (world.step().wait, hourly.step().wait) == (timedelta(minutes=6), timedelta(hours=1))


def test_a_retry_has_a_name_of_its_own_and_what_failed_stays_to_be_read() -> None:
    world = SimulatedJob(make_job(retryDelay="0s"))
    world.settle()
    world.end_all(1)
    world.settle()
    world.end_all(0)
    world.settle()

    run = run_hash(world.the.spec)
    assert [item.name for item in world.containers] == [f"migrate-{run}-0-0", f"migrate-{run}-0-1"]
    assert counts(world) == (0, 1, 1)


def test_restarts_by_the_engine_count_as_failures() -> None:
    job = make_job(backoffLimit=2)
    job.spec.template.spec.restart_policy = None
    world = SimulatedJob(job)
    world.settle()
    world.run(world.active[0], restarts=2)
    world.settle()
    before = world.condition("FailureTarget")
    world.run(world.active[0], restarts=3)
    world.settle()

    assert before == ""
    assert world.condition("Failed") == "True BackoffLimitExceeded"
    assert world.active == []


@pytest.mark.parametrize(("limit", "given", "wanted"), [(0, None, None), (3, None, 3), (3, 5, 3), (3, 2, 2)])
def test_the_engine_restarts_only_as_often_as_the_job_allows(limit: int, given: int | None, wanted: int | None) -> None:
    job = make_job(backoffLimit=limit)
    job.spec.template.spec = job.spec.template.spec.model_validate(
        {"image": "busybox", "restartPolicy": {"name": "on-failure", "maximumRetryCount": given}}
    )
    made = make_container(job, "run", next(iter(SimulatedJob(job).created), "0"), 0)  # type: ignore[arg-type]

    assert made.spec.restart_policy is not None
    assert made.spec.restart_policy.maximum_retry_count == wanted
    assert made.spec.restart_policy.name == ("on-failure" if limit else "no")


def test_when_it_failed_what_is_still_at_work_is_stopped_before_it_says_so() -> None:
    world = SimulatedJob(make_job(completions=3, parallelism=3, backoffLimit=0))
    world.settle()
    world.end(world.active[1], 7)
    world.step()
    while_stopping = (world.condition("FailureTarget"), world.condition("Failed"), len(world.containers))
    world.let_go()
    world.settle()

    assert while_stopping == ("True BackoffLimitExceeded", "", 3)
    assert world.condition("Failed") == "True BackoffLimitExceeded"
    assert [item.status and item.status.phase for item in world.containers] == ["Stopped", "Failed", "Stopped"]
    assert counts(world) == (0, 0, 1)


def test_the_deadline_counts_from_the_start_and_stops_what_is_at_work() -> None:
    world = SimulatedJob(make_job(activeDeadlineSeconds=60))
    made = world.step()
    world.run(world.active[0])
    world.wait(seconds=59)
    world.settle()
    before = world.condition("FailureTarget")
    world.wait(seconds=1)
    world.settle()

    assert made.wait == timedelta(seconds=60)
    assert before == ""
    assert world.condition("Failed") == "True DeadlineExceeded"
    assert world.message("Failed") == "was not done within 60 s"
    assert [item.status and item.status.phase for item in world.containers] == ["Stopped"], "its output is lost"


def test_a_container_that_a_person_stopped_is_left_alone() -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.active[0].spec.desired_state = "Stopped"
    world.let_go()
    world.settle()

    assert len(world.created) == 1
    assert world.condition("Failed") == ""


def test_what_was_decided_stays_decided() -> None:
    world = SimulatedJob(make_job(completions=2, parallelism=2, backoffLimit=0))
    world.settle()
    world.end(world.active[0], 1)
    world.step()
    patient = make_job(completions=2, parallelism=2, backoffLimit=100)
    world.apply(patient)
    world.let_go()
    world.settle()

    assert world.condition("Failed") == "True BackoffLimitExceeded"


# changing


def test_a_changed_job_runs_again_after_the_containers_of_the_last_run_are_gone() -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.end_all()
    world.settle()
    world.apply(make_job(image="newer"))
    world.step()
    while_leaving = (len(world.created), world.condition("Complete"))
    world.let_go()
    world.settle()

    assert while_leaving == (1, "")
    assert [item.spec.image for item in world.containers] == ["newer"]
    assert len(world.created) == 2
    assert world.the.status is not None
    assert world.the.status.completion_time is None


@pytest.mark.parametrize(
    "change", [{"parallelism": 2}, {"backoffLimit": 1}, {"activeDeadlineSeconds": 5}, {"suspend": True}], ids=str
)
def test_a_job_that_is_done_does_not_run_again_for_a_change_of_how(change: dict[str, object]) -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.end_all()
    world.settle()
    world.apply(make_job(**change))  # type: ignore[arg-type]
    world.wait(hours=1)
    world.settle()

    assert len(world.created) == 1
    assert world.condition("Complete") == "True Completed"


def test_suspending_stops_what_runs_and_resuming_goes_on_with_what_is_left() -> None:
    fields = {"completions": 3, "parallelism": 2, "activeDeadlineSeconds": 60}
    world = SimulatedJob(make_job(**fields))  # type: ignore[arg-type]
    world.settle()
    world.end(world.active[0], 0)
    world.settle()
    world.apply(make_job(**fields, suspend=True))  # type: ignore[arg-type]
    world.settle()
    paused = (len(world.active), world.condition("Suspended"), counts(world))
    world.wait(hours=1)
    world.settle()
    world.apply(make_job(**fields))  # type: ignore[arg-type]
    world.settle()
    resumed = world.condition("Suspended")
    world.end_all()
    world.settle()

    assert paused == (0, "True JobSuspended", (0, 1, 0))
    assert resumed == "False JobResumed"
    assert world.condition("Complete") == "True Completed"
    assert world.the.status is not None
    assert world.the.status.start_time == START + timedelta(hours=1)


def test_fewer_at_a_time_stops_the_last_ones() -> None:
    world = SimulatedJob(make_job(completions=4, parallelism=4))
    world.settle()
    world.apply(make_job(completions=4, parallelism=1))
    world.settle()

    assert [item.labels[labels.COMPLETION] for item in world.active] == ["0"]
    assert counts(world) == (1, 0, 0)


# others


def test_a_container_that_was_removed_before_its_end_is_made_again_under_its_name() -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.remove(world.created[0])
    world.settle()

    assert world.created[0] == world.created[1]


def test_what_is_done_is_not_done_again_when_its_container_is_removed() -> None:
    world = SimulatedJob(make_job(completions=2))
    world.settle()
    world.end_all()
    world.settle()
    world.remove(world.created[0])
    world.end_all()
    world.settle()

    assert len(world.created) == 2
    assert counts(world) == (0, 2, 0)


def test_failures_are_not_forgotten_when_their_containers_are_removed() -> None:
    world = SimulatedJob(make_job(retryDelay="0s", backoffLimit=1))
    world.settle()
    world.end_all(1)
    world.settle()
    world.remove(world.created[0])
    world.settle()
    world.end_all(1)
    world.settle()

    assert world.condition("Failed") == "True BackoffLimitExceeded"
    assert counts(world) == (0, 0, 2)


def test_an_orphan_of_its_own_is_adopted_and_a_stranger_is_left_alone_and_named() -> None:
    run = run_hash(make_job().spec)
    orphan = make_container(make_job(), run, "0", 0)  # type: ignore[arg-type]
    orphan.metadata.owner_references = None
    adopting = SimulatedJob(make_job())
    adopting.put(orphan)
    adopting.settle()
    stranger = make_container(make_job("other"), run, "0", 0)  # type: ignore[arg-type]
    stranger.metadata.name = f"migrate-{run}-0-0"
    blocked = SimulatedJob(make_job())
    blocked.put(stranger)
    blocked.settle()

    assert adopting.created == []
    assert adopting.owned(adopting.the) == [orphan]
    assert blocked.created == []
    assert blocked.condition("Progressing") == "False NameTaken"
    assert stranger.metadata.deletion_timestamp is None


def test_it_waits_for_what_it_depends_on() -> None:
    db = make_deployment("db", healthcheck=True)
    job = make_job(dependsOn=[Dependency(name="db", condition="Healthy")])
    world = SimulatedJob(job, db)
    world.settle()

    assert world.created == []
    assert (world.condition("Progressing"), world.message()) == (
        "True WaitingForDependency",
        "waits for db to be healthy",
    )


@pytest.mark.parametrize(
    ("status", "verdict", "says"),
    [
        ({"phase": "Pending", "reason": "ImagePullFailed", "message": "no such image"}, "False CannotStart", "no such"),
        ({"phase": "Pending", "reason": "Unschedulable", "message": "no node"}, "True Unschedulable", "no node"),
        ({"phase": "Running", "ready": True}, "True Running", "0 of 1 succeeded"),
    ],
    ids=["no image", "no node", "running"],
)
def test_what_it_is_at_is_said(status: dict[str, object], verdict: str, says: str) -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.active[0].status = ContainerStatus.model_validate(status)
    world.settle()

    assert world.condition("Progressing") == verdict
    assert says in world.message()


# the end


def test_a_finished_job_goes_after_its_time_to_live_with_its_containers() -> None:
    world = SimulatedJob(make_job(ttlSecondsAfterFinished=30))
    world.settle()
    world.end_all()
    world.settle()
    wait = world.step().wait
    world.wait(seconds=30)
    world.settle()

    assert wait == timedelta(seconds=30)
    assert (world.job, world.containers) == (None, [])


def test_deletion_waits_for_the_containers() -> None:
    world = SimulatedJob(make_job(parallelism=2, completions=2))
    world.settle()
    world.delete()
    world.step()
    meanwhile = (world.job is not None, len(world.active))
    world.let_go()
    world.step()

    assert meanwhile == (True, 0)
    assert world.job is None


# the clock


def test_a_clock_set_back_makes_nobody_wait_longer_than_the_delay() -> None:
    world = SimulatedJob(make_job())
    world.settle()
    world.end_all(1)
    world.wait(hours=-5)

    assert world.step().wait == timedelta(seconds=10)


def test_a_clock_set_forward_ends_the_delay_and_the_deadline() -> None:
    world = SimulatedJob(make_job(activeDeadlineSeconds=600))
    world.settle()
    world.end_all(1)
    world.wait(seconds=300)
    world.settle()
    tried_again = len(world.created)
    world.wait(hours=1)
    world.settle()

    assert tried_again == 2
    assert world.condition("Failed") == "True DeadlineExceeded"


# whatever happens

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("end"), st.integers(0, 5), st.sampled_from([0, 0, 1])),
        st.tuples(st.just("remove"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(-100, 400)),
        st.tuples(st.just("step")),
        st.tuples(st.just("gone")),
        st.tuples(st.just("parallelism"), st.integers(0, 3)),
        st.tuples(st.just("suspend"), st.booleans()),
        st.tuples(st.just("image"), st.sampled_from("ab")),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.integers(0, 4), st.integers(0, 3), st.sampled_from(["NonIndexed", "Indexed"]))
def test_whatever_happens_it_comes_to_one_end_and_no_completion_succeeds_twice(
    events: list[tuple[object, ...]], completions: int, limit: int, mode: str
) -> None:
    fields: dict[str, object] = {"completions": completions, "backoffLimit": limit, "completionMode": mode}
    now: dict[str, object] = {"parallelism": 2, "suspend": False, "image": "a"}
    world = SimulatedJob(make_job(**fields, **now))  # type: ignore[arg-type]
    successes: dict[tuple[str, str], int] = {}

    def end(number: int, code: int) -> None:
        if world.active:
            item = world.active[number % len(world.active)]
            world.end(item, code)
            key = (item.labels[labels.TEMPLATE_HASH], item.labels[labels.COMPLETION])
            successes[key] = successes.get(key, 0) + (code == 0)
            world.step()  # the controller sees an end before somebody removes it, as removing takes the agent

    for kind, *values in events:
        match kind, values:
            case "end", [int(number), int(code)]:
                end(number, code)
            case "remove", [int(number)] if world.containers:
                world.remove(world.containers[number % len(world.containers)].name)
            case "wait", [int(seconds)]:
                world.wait(seconds=seconds)
            case "step", _:
                world.step()
            case "gone", _:
                world.let_go()
            case ("parallelism" | "suspend" | "image") as name, [value]:
                if name == "image" and value != now["image"]:
                    successes.clear()
                now[name] = value
                world.apply(make_job(**fields, **now))  # type: ignore[arg-type]
    world.apply(make_job(**fields, **{**now, "parallelism": 2, "suspend": False}))  # type: ignore[arg-type]
    for _ in range(60):
        world.settle()
        end(0, 0)
        world.wait(minutes=6)
    world.settle()

    assert (world.condition("Complete") == "True Completed") != (world.condition("Failed") != "")
    assert world.active == []
    assert all(count <= 1 for count in successes.values()), successes
    status = present_status(world.the)
    assert status is not None
    if world.condition("Complete"):
        assert status.succeeded == completions
        assert (status.failed or 0) <= limit
    else:
        assert limit < (status.failed or 0) <= limit + 3, "more failed than were at work at a time"
