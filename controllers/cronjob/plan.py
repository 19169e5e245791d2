"""What to do next for one CronJob: pure, from its Jobs and the time to a list of actions and a status.

Since the last run (or since the schedule is followed) times may have come due: because it is time, because the server
was down, because the CronJob was suspended. Of these only the latest is run, as in Kubernetes, and only if it is not
longer ago than the starting deadline:

    every hour, down from 9:30 to 12:10, no deadline            the run of 12:00 is made at 12:10
    the same, startingDeadlineSeconds: 300                      none is made, and an Event says so
    suspended from 9:30 to 12:10                                the same as down

A Job is named after the time that it is for (`<cronjob>-<minutes since 1970>`), so two servers, or one that was killed
between making the Job and writing it down, make it once.

Clocks that are set:

    forward                 times in between are missed: the latest is run
    back, by 3 h or less    nothing is run twice: it goes on when the clock has caught up
    back, by more           the clock was wrong before: it goes on from the time that it shows now

The last two are cron's rules (cron(8) of Debian, "clock changes").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

from fizz.controllers.workloads.jobs import failure_of, is_complete
from fizz.controllers.workloads.template import belongs_to, stem_of
from fizz.schemas import labels, times
from fizz.schemas.core import ObjectReference
from fizz.schemas.cron import MANY, BadSchedule, BadTimeZone, Due, Schedule
from fizz.schemas.jobs import CronJob, CronJobStatus, Job, job_of

__all__ = ["Action", "Create", "Delete", "Plan", "Tell", "World", "job_name", "make_job", "plan"]

_LEAP: Final = timedelta(hours=3)
"""A clock that is set back by more was wrong before."""
_SHORTEST_DEADLINE: Final = 10
"""Seconds that every run is given to start: nobody wakes up on the second."""
_LONGEST_STEM: Final = 230
"""An object's name has 253 characters at most; `-` and the minutes follow."""


class World(Protocol):
    """The Jobs of a namespace as they are known now. It may lag behind the truth."""

    def owned(self, cron_job: CronJob) -> Sequence[Job]:
        """The Jobs that the CronJob manages, being deleted or not."""

    def job(self, name: str) -> Job | None:
        """The Job of that name, or None."""


@dataclass(frozen=True, slots=True)
class Create:
    """Make a Job."""

    job: Job

    def __str__(self) -> str:
        return f"create {self.job.name}"


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a Job, provided that it still is what was seen."""

    job: Job
    why: str

    def __str__(self) -> str:
        return f"delete {self.job.name}: {self.why}"


@dataclass(frozen=True, slots=True)
class Tell:
    """Record an Event."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


Action = Create | Delete | Tell


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions in order, and the status after them (None: leave it alone).

    `wait` is how long until the next time; None if there is none.
    """

    actions: tuple[Action, ...] = ()
    status: CronJobStatus | None = None
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Memory:
    """The last time that was run, and since when the schedule is followed."""

    last: datetime | None
    since: datetime

    @property
    def start(self) -> datetime:
        return max(self.last or self.since, self.since)


def plan(world: World, cron_job: CronJob, now: datetime) -> Plan:
    """The next step for the CronJob. Raises nothing."""
    spec = cron_job.spec
    if cron_job.metadata.deletion_timestamp is not None:
        return Plan()
    owned = sorted(world.owned(cron_job), key=lambda job: job.name)
    try:
        schedule = Schedule.parse(spec.schedule, spec.time_zone)
    except (BadSchedule, BadTimeZone) as error:  # the server lets neither in, but time zones may come and go
        reason = "UnknownTimeZone" if isinstance(error, BadTimeZone) else "UnparseableSchedule"
        return Plan((Tell("Warning", reason, str(error)),))
    memory, told = _remember(cron_job, now)
    active = [job for job in owned if not _is_finished(job)]
    actions: list[Action] = [*told, *_news(cron_job, owned)]
    if not spec.suspend:
        memory, more = _run(world, cron_job, schedule, memory, active, now)
        actions += more
    actions += _forget(cron_job, owned)
    upcoming = None if spec.suspend else schedule.next_after(max(now, memory.start))
    created = [action.job for action in actions if isinstance(action, Create)]
    status = CronJobStatus(
        active=[_reference(job) for job in [*active, *created]] or None,
        last_schedule_time=memory.last,
        last_successful_time=_last_success(cron_job, owned),
        next_schedule_time=upcoming,
        observed_schedule=_signature(cron_job),
        scheduled_from=memory.since,
    )
    return Plan(tuple(actions), status, None if upcoming is None else upcoming - now)


def _signature(cron_job: CronJob) -> str:
    return f"{cron_job.spec.schedule} {cron_job.spec.time_zone or 'UTC'}"


def _remember(cron_job: CronJob, now: datetime) -> tuple[_Memory, list[Action]]:
    """What the status says of earlier times, as far as it holds: not for another schedule, nor by a clock that was
    wrong.
    """
    status = cron_job.status or CronJobStatus()
    last, since = status.last_schedule_time, status.scheduled_from
    told: list[Action] = []
    if since is None:
        since = min(cron_job.metadata.creation_timestamp or now, now)
    elif status.observed_schedule != _signature(cron_job):
        since = now
    if max(last or since, since) > now + _LEAP:
        told.append(
            Tell("Warning", "ClockSetBack", f"the clock was ahead; runs go on from {times.format_seconds(now)}")
        )
        last, since = (None if last is None or last > now else last), now
    return _Memory(last, since), told


def _run(
    world: World, cron_job: CronJob, schedule: Schedule, memory: _Memory, active: Sequence[Job], now: datetime
) -> tuple[_Memory, list[Action]]:
    """The run that is due, if there is one and it fits."""
    spec = cron_job.spec
    told: list[Action] = []
    if spec.starting_deadline_seconds is not None:
        seconds = max(spec.starting_deadline_seconds, _SHORTEST_DEADLINE)
        late = schedule.due(memory.start, now - timedelta(seconds=seconds, microseconds=1))
        if late is not None:
            told.append(_missed(late, seconds))
            memory = _Memory(memory.last, late.latest)
    due = schedule.due(memory.start, now)
    if due is None:
        return memory, told
    if due.count > MANY:
        many = f"more than {MANY} times were missed; was the server down, or the clock set? Only the last is run"
        told.append(Tell("Warning", "TooManyMissedTimes", many))
    made = make_job(cron_job, due.latest)
    there = world.job(made.name)
    after = _Memory(due.latest, memory.since)
    if there is not None and belongs_to(there, cron_job):
        return after, told  # it was made, but not written down
    if there is not None:
        taken = f"the job {made.name} exists and belongs to somebody else, so this run is left out"
        return after, [*told, Tell("Warning", "NameTaken", taken)]
    if active and spec.concurrency_policy == "Forbid":
        waits = f"the run of {times.format_seconds(due.latest)} waits for the end of {active[0].name}"
        return memory, [*told, Tell("Normal", "JobAlreadyActive", waits)]
    if active and spec.concurrency_policy == "Replace":
        doomed = [job for job in active if job.metadata.deletion_timestamp is None]
        return memory, [*told, *(Delete(job, "the next run replaces it") for job in doomed)]
    return after, [*told, Create(made)]


def _missed(late: Due, seconds: int) -> Tell:
    count = f"more than {MANY} runs" if late.count > MANY else "a run" if late.count == 1 else f"{late.count} runs"
    last = times.format_seconds(late.latest)
    return Tell("Warning", "MissSchedule", f"missed {count}, the last at {last}: that is more than {seconds} s ago")


def job_name(cron_job: CronJob, moment: datetime) -> str:
    """The one name of the run of that time."""
    return f"{stem_of(cron_job.name, _LONGEST_STEM)}-{int(moment.timestamp()) // 60}"


def make_job(cron_job: CronJob, moment: datetime) -> Job:
    """The Job of that time, made from the present template."""
    return job_of(cron_job, job_name(cron_job, moment), {labels.SCHEDULED_AT: times.format_seconds(moment)})


def _is_finished(job: Job) -> bool:
    return is_complete(job) or failure_of(job) is not None


def _reference(job: Job) -> ObjectReference:
    return ObjectReference(
        api_version=job.api_version, kind=job.kind, namespace=job.namespace, name=job.name, uid=job.metadata.uid
    )


def _news(cron_job: CronJob, owned: Sequence[Job]) -> Iterator[Tell]:
    """What came of the runs that were active when we last looked."""
    known = {each.name for each in (cron_job.status and cron_job.status.active) or []}
    for job in owned:
        if job.name not in known:
            continue
        if failure := failure_of(job):
            yield Tell("Warning", "JobFailed", f"{job.name} failed: {failure}")
        elif is_complete(job):
            yield Tell("Normal", "JobCompleted", f"{job.name} succeeded")


def _last_success(cron_job: CronJob, owned: Sequence[Job]) -> datetime | None:
    ends = [job.status.completion_time for job in owned if job.status and is_complete(job)]
    ends.append(cron_job.status.last_successful_time if cron_job.status else None)
    return max((end for end in ends if end is not None), default=None)


def _forget(cron_job: CronJob, owned: Sequence[Job]) -> Iterator[Delete]:
    """The finished Jobs beyond what is kept, the oldest first. That a run was made must be written down before its Job
    may go, or else it might be made again.
    """
    spec = cron_job.spec
    last = cron_job.status.last_schedule_time if cron_job.status else None
    known = [job for job in owned if job.metadata.deletion_timestamp is None and _is_recorded(job, last)]
    for limit, jobs in (
        (spec.successful_jobs_history_limit, filter(is_complete, known)),
        (spec.failed_jobs_history_limit, filter(failure_of, known)),
    ):
        newest_first = sorted(jobs, key=_begun, reverse=True)
        for job in reversed(newest_first[limit:]):
            yield Delete(job, f"only the last {limit} of its sort are kept" if limit else "none of its sort is kept")


def _is_recorded(job: Job, last: datetime | None) -> bool:
    scheduled = (job.metadata.annotations or {}).get(labels.SCHEDULED_AT)
    if scheduled is None:
        return True  # a person made it
    return last is not None and times.parse(scheduled) <= last


def _begun(job: Job) -> tuple[datetime, str]:
    start = job.status.start_time if job.status else None
    return (start or job.metadata.creation_timestamp or datetime.min.replace(tzinfo=UTC), job.name)
