"""The CronJob controller's shell: reads informers, plans, does what the plan says, writes the status if it differs.

A CronJob is looked at when it or one of its Jobs changes, and when its next time comes. So that a clock which is set is
noticed, it never sleeps for long.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from fizz.client.api import AlreadyExists, NotFound
from fizz.client.controller import Controller, Key, Manager, Requeue, Result
from fizz.client.events import EventRecorder
from fizz.client.informer import Informer
from fizz.controllers.cronjob.plan import Action, Create, Delete, Tell, plan
from fizz.controllers.workloads.actions import write_status
from fizz.controllers.workloads.template import belongs_to, controller_of
from fizz.schemas.jobs import CronJob, Job

__all__ = ["CronJobController"]

_LONGEST_SLEEP: Final = 30.0
_SHORTEST_SLEEP: Final = 0.05
"""The clock that wakes us and the one that schedules follow need not agree to the millisecond."""

log: Final = structlog.get_logger()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Namespace:
    """The world of a plan, as the informers know it."""

    def __init__(self, name: str, jobs: Informer[Job]) -> None:
        self._name, self._jobs = name, jobs

    def owned(self, cron_job: CronJob) -> Sequence[Job]:
        return [job for job in self._jobs.by_owner(cron_job.metadata.uid or "") if belongs_to(job, cron_job)]

    def job(self, name: str) -> Job | None:
        return self._jobs.get(self._name, name)


class CronJobController:
    """Makes the Jobs of CronJobs. `now` is the clock that schedules follow."""

    def __init__(self, manager: Manager, recorder: EventRecorder, now: Callable[[], datetime] = _utc_now) -> None:
        self._client, self._recorder, self._now = manager.client, recorder, now
        self._cron_jobs = manager.informer(CronJob)
        self._jobs = manager.informer(Job)

    def controller(self) -> Controller:
        """What the manager runs."""
        return Controller("cronjob", self.reconcile).watches(self._cron_jobs).watches(self._jobs, map=self._of_job)

    @staticmethod
    def _of_job(changed: Job) -> Iterator[Key]:
        owner = controller_of(changed)
        if owner is not None and owner.kind == "CronJob":
            yield Key(changed.namespace, owner.name)

    async def reconcile(self, key: Key) -> Result | None:
        """One step for one CronJob."""
        cron_job = self._cron_jobs.get(*key)
        if cron_job is None:
            return None
        made = plan(_Namespace(key.namespace, self._jobs), cron_job, self._now())
        for action in made.actions:
            await self._do(cron_job, action)
        if made.status is not None:
            await write_status(self._client, cron_job, made.status, cron_job.status, exact=True)
        if made.wait is None:
            return None
        return Requeue(max(_SHORTEST_SLEEP, min(made.wait.total_seconds(), _LONGEST_SLEEP)))

    async def _do(self, cron_job: CronJob, action: Action) -> None:
        match action:
            case Tell(type_, reason, message):
                self._recorder.event(cron_job, type_, reason, message)
                return
            case Create(job):
                try:
                    await self._client.create(job)
                except AlreadyExists:  # made by another server, or by ourselves a moment ago
                    return
                self._recorder.event(cron_job, "Normal", "JobCreated", f"created {job.name}")
            case Delete(job, why):
                meta = job.metadata
                try:
                    await self._client.delete(
                        Job, job.name, job.namespace, uid=meta.uid, resource_version=meta.resource_version
                    )
                except NotFound:
                    return
                self._recorder.event(cron_job, "Normal", "JobDeleted", f"deleted {job.name}: {why}")
        log.info(str(action), kind="CronJob", namespace=cron_job.namespace, name=cron_job.name)
