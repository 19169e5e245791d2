"""A CronJob in memory with its Jobs: the API server's rules, and a clock that only people move."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from fizz.controllers.cronjob.plan import Create, Delete, Plan, Tell, plan
from fizz.controllers.workloads.jobs import failure_of, is_complete
from fizz.controllers.workloads.template import belongs_to, run_hash
from fizz.schemas import labels, times
from fizz.schemas.conditions import set_condition
from fizz.schemas.jobs import CronJob, CronJobSpec, Job, JobStatus
from fizz.schemas.meta import ObjectMeta

__all__ = ["START", "SimulatedCronJob", "at", "make_cron_job"]

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    """`10:00` of the day on which everything happens."""
    hour, minute = text.split(":")
    return START.replace(hour=int(hour), minute=int(minute))


def make_cron_job(schedule: str = "@hourly", **fields: object) -> CronJob:
    """A CronJob as the API server would return it right after creation."""
    template = {"spec": {"template": {"spec": {"image": "busybox"}}}}
    return CronJob(
        metadata=ObjectMeta(name="backup", namespace="shop", uid="uid-backup", generation=1, creation_timestamp=START),
        spec=CronJobSpec.model_validate({"schedule": schedule, "jobTemplate": template, **fields}),
    )


class SimulatedCronJob:
    """Implements the world that plans look at, and does what they say."""

    def __init__(self, cron_job: CronJob) -> None:
        self.cron_job = cron_job
        self.now = START
        self.told: list[str] = []
        self.made: list[datetime] = []
        self.jobs: dict[str, Job] = {}
        self._uids = count(1)

    def owned(self, cron_job: CronJob) -> Sequence[Job]:
        return [job for job in self.jobs.values() if belongs_to(job, cron_job)]

    def job(self, name: str) -> Job | None:
        return self.jobs.get(name)

    @property
    def active(self) -> list[Job]:
        return [job for job in self.jobs.values() if not is_complete(job) and failure_of(job) is None]

    @property
    def reasons(self) -> list[str]:
        return [each.partition(":")[0] for each in self.told]

    def put(self, job: Job) -> None:
        assert job.name not in self.jobs
        job.metadata.uid = f"uid-{next(self._uids)}"
        job.metadata.creation_timestamp = self.now
        job.status = JobStatus(run=run_hash(job.spec), start_time=self.now)
        self.jobs[job.name] = job

    def end(self, job: Job, *, well: bool = True) -> None:
        assert job.status is not None
        kind, reason = ("Complete", "Completed") if well else ("Failed", "BackoffLimitExceeded")
        job.status.conditions = set_condition(None, kind, "True", now=self.now, reason=reason)
        job.status.completion_time = self.now if well else None

    def end_all(self, *, well: bool = True) -> None:
        for job in self.active:
            self.end(job, well=well)

    def let_go(self) -> None:
        """What is being deleted goes."""
        self.jobs = {name: job for name, job in self.jobs.items() if job.metadata.deletion_timestamp is None}

    def step(self, *, killed: bool = False) -> Plan:
        """Plan and do it; `killed` after the actions, before the status is written."""
        made = plan(self, self.cron_job, self.now)
        for action in made.actions:
            match action:
                case Create(job):
                    self.put(job.model_copy(deep=True))
                    self.made.append(times.parse(job.annotations[labels.SCHEDULED_AT]))
                case Delete(job):
                    assert belongs_to(job, self.cron_job)
                    job.metadata.deletion_timestamp = self.now
                case Tell():
                    self.told.append(str(action))
        if made.status is not None and not killed:
            self.cron_job.status = made.status
        return made

    def go_to(self, moment: datetime) -> None:
        """Sleep until then, awake as often as plans say, with Jobs that end at once."""
        while True:
            made = self.step()
            self.end_all()
            self.let_go()
            if made.wait is None or self.now + made.wait > moment:
                self.now = moment
                self.step()
                self.let_go()
                return
            self.now += max(made.wait, timedelta(seconds=1))
