"""The Job controller's shell: reads informers, plans, does what the plan says, writes the status if it differs.

A Job is looked at when it changes, when one of its Containers changes, when that happens to what it depends on or what
depends on it, and when the time has come that its last plan named. So that a clock which is set forward is noticed, it
never sleeps for long.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal

from fizz.client.api import NotFound
from fizz.client.controller import Controller, Key, Manager, Requeue, Result
from fizz.client.events import EventRecorder
from fizz.controllers.job.plan import DeleteJob, Stop, plan
from fizz.controllers.workloads.actions import Hands, write_status
from fizz.controllers.workloads.namespace import Namespaces
from fizz.controllers.workloads.world import Workload
from fizz.schemas.conditions import find
from fizz.schemas.container import Container
from fizz.schemas.jobs import Job, JobStatus
from fizz.schemas.node import Node

__all__ = ["JobController"]

_WORKERS: Final = 8
_TAKEN_SECONDS: Final = 1.0
"""When to look again after somebody else made a Container that we do not see yet."""
_LONGEST_SLEEP: Final = 30.0
_TOLD: Final[tuple[tuple[str, Literal["Normal", "Warning"]], ...]] = (
    ("Complete", "Normal"),
    ("Failed", "Warning"),
    ("Suspended", "Normal"),
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class JobController:
    """Brings Jobs to their end. `now` is the clock that deadlines and delays are measured by."""

    def __init__(self, manager: Manager, recorder: EventRecorder, now: Callable[[], datetime] = _utc_now) -> None:
        self._client, self._recorder, self._now = manager.client, recorder, now
        self._hands = Hands(manager.client, recorder)
        self._world = Namespaces(manager)

    def controller(self) -> Controller:
        """What the manager runs."""
        return (
            Controller("job", self.reconcile, workers=_WORKERS)
            .watches(self._world.jobs, map=self._concerned)
            .watches(self._world.deployments, map=self._concerned)
            .watches(self._world.containers, map=self._of_container)
            .watches(self._world.nodes, map=self._of_node)
        )

    def _concerned(self, changed: Workload) -> Iterator[Key]:
        return Namespaces.keys(self._world.concerned(changed), Job)

    def _of_container(self, changed: Container) -> Iterator[Key]:
        owner = self._world.owner_of(changed)
        return self._concerned(owner) if owner is not None else iter(())

    def _of_node(self, _: Node) -> Iterator[Key]:
        for job in self._world.jobs.list():
            if job.spec.completion_mode == "PerNode":
                yield Key(job.namespace, job.name)

    async def reconcile(self, key: Key) -> Result | None:
        """One step for one Job."""
        job = self._world.jobs.get(*key)
        if job is None:
            return None
        made = plan(self._world[key.namespace], job, self._now())
        complete = await self._hands.do_all(job, made.actions, partial(self._do, job))
        if made.status is not None and await write_status(self._client, job, made.status, job.status, exact=True):
            self._tell(job, job.status or JobStatus(), made.status)
        if not complete:
            return Requeue(_TAKEN_SECONDS)
        return None if made.wait is None else Requeue(min(made.wait.total_seconds(), _LONGEST_SLEEP))

    async def _do(self, job: Job, action: Stop | DeleteJob) -> None:
        meta = job.metadata if isinstance(action, DeleteJob) else action.container.metadata
        try:
            if isinstance(action, Stop):
                patch = {"metadata": {"uid": meta.uid}, "spec": {"desiredState": "Stopped"}}
                await self._client.patch(Container, action.container.name, patch, job.namespace)
                stopped = f"stopped {action.container.name}: {action.why}"
                self._recorder.event(job, "Normal", "ContainerStopped", stopped)
            else:
                version = meta.resource_version
                await self._client.delete(Job, job.name, job.namespace, uid=meta.uid, resource_version=version)
        except NotFound:
            return

    def _tell(self, job: Job, old: JobStatus, new: JobStatus) -> None:
        """Events when it ends, pauses or goes on, and when something begins to go wrong, or goes wrong differently."""
        for kind, type_ in _TOLD:
            before, after = find(old.conditions, kind), find(new.conditions, kind)
            if after and (before is None or before.status != after.status):
                self._recorder.event(job, type_, after.reason or kind, after.message or "")
        before, after = find(old.conditions, "Progressing"), find(new.conditions, "Progressing")
        failed = find(new.conditions, "FailureTarget")
        if after is None or after.status == "True" or failed is not None:
            return
        if before is None or (before.reason, before.message) != (after.reason, after.message):
            self._recorder.event(job, "Warning", after.reason or "Failed", after.message or "")
