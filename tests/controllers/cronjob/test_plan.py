from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.controllers.cronjob.plan import job_name, make_job
from fizz.schemas import labels
from fizz.schemas.cron import Schedule
from tests.controllers.cronjob.simulated import START, SimulatedCronJob, at, make_cron_job


def test_a_run_is_made_at_each_of_its_times_and_named_after_it() -> None:
    world = SimulatedCronJob(make_cron_job())
    wait = world.step().wait
    world.go_to(at("12:10"))

    assert wait == timedelta(minutes=30)
    assert world.made == [at("10:00"), at("11:00"), at("12:00")]
    assert list(world.jobs) == [f"backup-{int(moment.timestamp()) // 60}" for moment in world.made]
    status = world.cron_job.status
    assert status is not None
    assert (status.last_schedule_time, status.next_schedule_time) == (at("12:00"), at("13:00"))


def test_a_job_is_made_from_the_template_and_owned() -> None:
    cron_job = make_cron_job()
    cron_job.metadata.labels = {labels.PROJECT: "shop", labels.SERVICE: "backup", "tier": "x"}
    cron_job.spec.job_template.spec.template.spec.container_name = "saver"

    job = make_job(cron_job, at("10:00"))

    assert job.labels == {labels.PROJECT: "shop", labels.SERVICE: "backup", labels.CRON_JOB: "backup"}
    assert job.annotations == {labels.SCHEDULED_AT: "2026-01-31T10:00:00Z"}
    assert job.metadata.owner_references is not None
    assert [(each.kind, each.uid, each.controller) for each in job.metadata.owner_references] == [
        ("CronJob", "uid-backup", True)
    ]
    assert job.spec.template.spec.container_name == f"saver-{int(at('10:00').timestamp()) // 60}"
    assert cron_job.spec.job_template.spec.template.spec.container_name == "saver"


# missed runs


def test_of_several_missed_runs_only_the_last_is_made_up_for() -> None:
    world = SimulatedCronJob(make_cron_job())
    world.step()
    world.now = at("12:10")
    world.go_to(at("12:30"))

    assert world.made == [at("12:00")]


@pytest.mark.parametrize(("seconds", "made"), [(300, []), (600, ["12:00"]), (3600 * 3, ["12:00"])])
def test_a_missed_run_is_made_up_for_within_its_deadline_only(seconds: int, made: list[str]) -> None:
    world = SimulatedCronJob(make_cron_job(startingDeadlineSeconds=seconds))
    world.step()
    world.now = at("12:10")
    world.go_to(at("12:59"))

    assert world.made == [at(each) for each in made]


def test_runs_that_are_too_late_are_told_once() -> None:
    world = SimulatedCronJob(make_cron_job(startingDeadlineSeconds=60))
    world.step()
    world.now = at("12:10")
    world.go_to(at("12:59"))

    assert world.told == ["MissSchedule: missed 3 runs, the last at 2026-01-31T12:00:00Z: that is more than 60 s ago"]


def test_very_many_missed_runs_are_told_and_the_last_is_made() -> None:
    world = SimulatedCronJob(make_cron_job("* * * * *"))
    world.step()
    world.now = START + timedelta(days=30, seconds=20)
    world.step()

    assert world.reasons == ["TooManyMissedTimes"]
    assert world.made == [START + timedelta(days=30)]


def test_while_suspended_nothing_is_made_and_afterwards_the_last_missed_one_is() -> None:
    world = SimulatedCronJob(make_cron_job())
    world.go_to(at("10:10"))
    world.cron_job.spec.suspend = True
    world.go_to(at("12:30"))
    suspended = (list(world.made), world.cron_job.status and world.cron_job.status.next_schedule_time)
    world.cron_job.spec.suspend = False
    world.go_to(at("12:40"))

    assert suspended == ([at("10:00")], None)
    assert world.made == [at("10:00"), at("12:00")]


def test_another_schedule_counts_from_when_it_was_given() -> None:
    world = SimulatedCronJob(make_cron_job("0 8 * * *"))
    world.go_to(at("15:00"))
    world.cron_job.spec.schedule = "0 14,16 * * *"
    world.go_to(at("16:10"))

    assert world.made == [at("16:00")]


# runs that overlap


def test_allowed_runs_overlap() -> None:
    world = SimulatedCronJob(make_cron_job())
    for moment in ("10:00", "11:00"):
        world.now = at(moment)
        world.step()
    world.step()

    assert len(world.active) == 2
    assert world.cron_job.status is not None
    assert len(world.cron_job.status.active or []) == 2


def test_a_forbidden_run_waits_for_the_end_of_the_last_one() -> None:
    world = SimulatedCronJob(make_cron_job(concurrencyPolicy="Forbid"))
    world.now = at("10:00")
    world.step()
    world.now = at("12:20")
    world.step()
    waiting = (list(world.made), world.reasons)
    world.end_all()
    world.step()

    assert waiting == ([at("10:00")], ["JobAlreadyActive"])
    assert world.made == [at("10:00"), at("12:00")]


def test_a_replacing_run_begins_when_the_last_one_has_been_stopped() -> None:
    world = SimulatedCronJob(make_cron_job(concurrencyPolicy="Replace"))
    world.now = at("10:00")
    world.step()
    world.now = at("11:00")
    world.step()
    world.step()
    stopping = (len(world.made), [job.metadata.deletion_timestamp for job in world.active])
    world.let_go()
    world.step()

    assert stopping == (1, [at("11:00")])
    assert world.made == [at("10:00"), at("11:00")]


# history


def test_the_last_three_successes_and_the_last_failure_are_kept() -> None:
    world = SimulatedCronJob(make_cron_job())
    for hour in range(10, 20):
        world.now = at(f"{hour}:00")
        world.step()
        world.end_all(well=hour % 2 == 0)
        world.step()
        world.let_go()
    world.step()
    world.let_go()

    kept = sorted(job.annotations[labels.SCHEDULED_AT][11:16] for job in world.jobs.values())
    assert kept == ["14:00", "16:00", "18:00", "19:00"]
    assert world.cron_job.status is not None
    assert world.cron_job.status.last_successful_time == at("18:00")
    assert world.reasons.count("JobFailed") == world.reasons.count("JobCompleted") == 5


def test_a_run_that_was_not_written_down_is_neither_repeated_nor_forgotten() -> None:
    world = SimulatedCronJob(make_cron_job(successfulJobsHistoryLimit=0))
    world.step()
    world.now = at("10:00")
    world.step(killed=True)
    world.end_all()
    world.now = at("10:01")
    world.step(killed=True)
    still_there = len(world.jobs)
    world.step()
    world.let_go()
    world.step()
    world.let_go()

    assert still_there == 1
    assert world.made == [at("10:00")]
    assert world.jobs == {}


def test_a_name_that_somebody_else_has_is_told_and_that_run_left_out() -> None:
    world = SimulatedCronJob(make_cron_job())
    stranger = make_job(world.cron_job, at("10:00"))
    stranger.metadata.owner_references = None
    world.put(stranger)
    world.go_to(at("11:10"))

    assert world.reasons[0] == "NameTaken"
    assert world.made == [at("11:00")]
    assert stranger.name == job_name(world.cron_job, at("10:00"))


# the clock


def test_a_clock_set_forward_makes_one_run_of_all_that_was_skipped() -> None:
    world = SimulatedCronJob(make_cron_job())
    world.go_to(at("10:10"))
    world.now = at("18:05")
    world.step()

    assert world.made == [at("10:00"), at("18:00")]


def test_after_a_clock_was_set_back_a_little_nothing_runs_twice() -> None:
    world = SimulatedCronJob(make_cron_job())
    world.go_to(at("12:10"))
    world.now = at("09:50")
    world.go_to(at("13:10"))

    assert world.made == [at("10:00"), at("11:00"), at("12:00"), at("13:00")]


def test_after_a_clock_was_wrong_runs_go_on_by_the_right_one() -> None:
    world = SimulatedCronJob(make_cron_job())
    world.go_to(at("10:10"))
    world.now = START + timedelta(days=365)
    world.step()
    world.end_all()
    world.now = at("10:20")
    world.go_to(at("12:10"))

    assert world.made == [
        at("10:00"),
        START.replace(minute=0) + timedelta(days=365, minutes=0),
        at("11:00"),
        at("12:00"),
    ]
    assert "ClockSetBack" in world.reasons


def test_a_time_zone_that_is_not_known_any_more_is_told() -> None:
    world = SimulatedCronJob(make_cron_job(timeZone="Mars/Olympus"))
    world.now = at("12:00")
    world.step()

    assert (world.made, world.reasons) == ([], ["UnknownTimeZone"])


def test_berlin_runs_at_half_past_two_on_the_day_that_has_none() -> None:
    world = SimulatedCronJob(make_cron_job("30 2 * * *", timeZone="Europe/Berlin"))
    world.now = datetime.fromisoformat("2026-03-28T12:00:00+00:00")
    world.cron_job.metadata.creation_timestamp = world.now
    world.go_to(world.now + timedelta(days=2))

    assert [moment.isoformat() for moment in world.made] == ["2026-03-29T01:00:00+00:00", "2026-03-30T00:30:00+00:00"]


# whatever happens

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(0, 400)),
        st.tuples(st.just("step"), st.booleans()),
        st.tuples(st.just("end"), st.booleans()),
        st.tuples(st.just("gone"), st.none()),
        st.tuples(st.just("suspend"), st.booleans()),
        st.tuples(st.just("back"), st.integers(0, 170)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.sampled_from(["Allow", "Forbid", "Replace"]), st.sampled_from([None, 600, 7200]), st.integers(0, 3))
def test_whatever_happens_no_time_is_run_twice_and_the_latest_is_made_up_for(
    events: list[tuple[str, int | bool | None]], policy: str, deadline: int | None, history: int
) -> None:
    world = SimulatedCronJob(
        make_cron_job(
            concurrencyPolicy=policy,
            startingDeadlineSeconds=deadline,
            successfulJobsHistoryLimit=history,
            failedJobsHistoryLimit=history,
        )
    )
    for kind, value in events:
        match kind:
            case "pass":
                world.now += timedelta(minutes=int(value or 0))
            case "back":
                world.now -= timedelta(minutes=int(value or 0))
            case "step":
                world.step(killed=bool(value))
                if policy != "Allow":
                    assert len([job for job in world.active if job.metadata.deletion_timestamp is None]) <= 1
            case "end":
                world.end_all(well=bool(value))
            case "gone":
                world.let_go()
            case "suspend":
                world.cron_job.spec.suspend = bool(value)

    assert len(set(world.made)) == len(world.made)
    assert all(moment.minute == 0 for moment in world.made)
    before = len(world.made)
    world.cron_job.spec.suspend = False
    world.now = max([world.now, START, *world.made]) + timedelta(hours=1)
    for _ in range(4):
        world.end_all()
        world.step()
        world.let_go()
    latest = Schedule.parse("@hourly").due(START, world.now)
    assert latest is not None
    if deadline is None:
        assert world.made[-1] == latest.latest
    assert len(set(world.made)) == len(world.made) >= before
