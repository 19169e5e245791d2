"""A Job's status: counts, times and conditions, from what was seen and what planning found out. Pure.

A status speaks of one run. When the Job changes so that it runs again, it begins anew.

| condition | reason | |
|---|---|---|
| Complete | Completed | so many have succeeded |
| FailureTarget | BackoffLimitExceeded, DeadlineExceeded | it will fail as soon as its last containers are gone |
| Failed | the same | it has failed |
| Suspended | JobSuspended, JobResumed | whether it pauses |
| Progressing | see below | what it is at |

| Progressing | reason | |
|---|---|---|
| True | Complete | it has succeeded |
| True | Running | containers are at work |
| True | BackingOff | something failed and is tried again; the message says when |
| True | WaitingForDependency | the gate of dependsOn is not open yet; the message names the dependency |
| True | Unschedulable | there is no node for a container yet |
| True | Suspended | it pauses |
| True | Stopping | the Job is being deleted, or its last containers are |
| False | DependencyFailed | a dependency can never meet its condition; the message names it |
| False | NameTaken | a Container that it needs exists and belongs to somebody else |
| False | CannotStart | a container cannot be started; the message says why, and it is tried again |
| False | BackoffLimitExceeded, DeadlineExceeded | it has failed |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fizz.controllers.job.attempts import Tally, format_completions
from fizz.controllers.workloads.dependencies import Gate, GateState
from fizz.controllers.workloads.jobs import present_status
from fizz.schemas.conditions import find, is_true, set_condition
from fizz.schemas.container import Container
from fizz.schemas.jobs import Job, JobStatus
from fizz.schemas.meta import Condition
from fizz.schemas.times import format_seconds

__all__ = ["News", "Observed", "Verdict", "finished_at", "is_finished", "status_of", "target_of"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why something is as it is: one CamelCase word and a sentence."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """The present run as it was seen: `active` are the Containers at work, `succeeded` of `wanted` completions are
    done, which `is_done` may call enough.
    """

    run: str
    active: Sequence[Container]
    tally: Tally
    succeeded: int
    wanted: int
    is_done: bool

    @property
    def ready(self) -> int:
        return sum(item.status is not None and bool(item.status.ready) for item in self.active)


@dataclass(frozen=True, slots=True)
class News:
    """What planning found out: the gate, which needed name is `blocked`, why the Job fails, whether all of its
    Containers have `ended`, and when something is tried again.
    """

    gate: Gate
    blocked: str | None = None
    target: Verdict | None = None
    ended: bool = False
    retry_at: datetime | None = None


def is_finished(job: Job) -> bool:
    """Whether the present run has succeeded or failed, for good."""
    return finished_at(present_status(job)) is not None


def finished_at(status: JobStatus | None) -> datetime | None:
    """When it succeeded or failed; None while it may still do either."""
    for kind in ("Complete", "Failed"):
        condition = find(status.conditions, kind) if status else None
        if condition is not None and condition.status == "True":
            return condition.last_transition_time
    return None


def target_of(job: Job) -> Verdict | None:
    """Why it was decided that the present run fails; None if it was not."""
    status = present_status(job)
    found = find(status.conditions, "FailureTarget") if status else None
    return Verdict(found.reason or "", found.message or "") if found and found.status == "True" else None


def status_of(job: Job, observed: Observed, news: News, now: datetime) -> JobStatus:
    """The status that the observation and the news call for."""
    old = present_status(job)
    over = is_finished(job)
    deleting = job.metadata.deletion_timestamp is not None
    completes = observed.is_done and not over and not deleting and news.target is None
    suspended = job.spec.suspend and not over and not completes
    conditions = old.conditions if old else None

    def put(kind: str, status: Literal["True", "False"], verdict: Verdict) -> None:
        nonlocal conditions
        conditions = set_condition(
            conditions,
            kind,
            status,
            now=now,
            reason=verdict.reason,
            message=verdict.message,
            generation=job.metadata.generation,
        )

    if not over and not deleting:
        if suspended:
            put("Suspended", "True", Verdict("JobSuspended", "the job pauses"))
        elif is_true(conditions, "Suspended"):
            put("Suspended", "False", Verdict("JobResumed", "the job goes on"))
        if completes:
            put("Complete", "True", Verdict("Completed", _counted(job, observed)))
        if news.target:
            put("FailureTarget", "True", news.target)
            if news.ended:
                put("Failed", "True", news.target)
    put("Progressing", *_progressing(job, observed, news, conditions))
    return JobStatus(
        observed_generation=job.metadata.generation,
        run=observed.run,
        active=len(observed.active),
        ready=observed.ready,
        succeeded=observed.succeeded,
        failed=observed.tally.failed,
        completed_indexes=format_completions(job.spec.completion_mode, observed.tally.completed) or None,
        failures=dict(sorted(observed.tally.failures.items())) or None,
        start_time=None if suspended else (old and old.start_time) or now,
        completion_time=now if completes else old and old.completion_time,
        conditions=conditions,
    )


def _counted(job: Job, observed: Observed) -> str:
    if job.spec.completion_mode == "PerNode":
        return f"succeeded on {observed.succeeded} of {observed.wanted} nodes"
    wanted = 1 if job.spec.completions is None else job.spec.completions
    return f"{min(observed.succeeded, wanted)} of {wanted} succeeded"


def _progressing(
    job: Job, observed: Observed, news: News, conditions: list[Condition] | None
) -> tuple[Literal["True", "False"], Verdict]:
    for kind in ("Failed", "FailureTarget"):
        if (found := find(conditions, kind)) and found.status == "True":
            stopping = "" if kind == "Failed" else "; its last containers are being stopped"
            return "False", Verdict(found.reason or "", f"{found.message}{stopping}")
    if is_true(conditions, "Complete"):
        return "True", Verdict("Complete", _counted(job, observed))
    if job.metadata.deletion_timestamp is not None:
        return "True", Verdict("Stopping", news.gate.message or f"{len(observed.active)} at work")
    if job.spec.suspend:
        return "True", Verdict("Suspended", "the job pauses")
    if news.blocked:
        return "False", Verdict("NameTaken", news.blocked)
    if obstacle := _first_obstacle(observed.active):
        return obstacle
    if not observed.active and news.gate.state is GateState.FAILED:
        return "False", Verdict("DependencyFailed", news.gate.message)
    if not observed.active and news.gate.state is GateState.WAITING:
        return "True", Verdict("WaitingForDependency", news.gate.message)
    failed = observed.tally.failed
    done = _counted(job, observed) + (f"; failed {failed} {'time' if failed == 1 else 'times'}" if failed else "")
    if not observed.active and news.retry_at is not None and failed:
        return "True", Verdict("BackingOff", f"{done}; tried again at {format_seconds(news.retry_at)}")
    return "True", Verdict("Running", done)


def _first_obstacle(active: Sequence[Container]) -> tuple[Literal["True", "False"], Verdict] | None:
    """What keeps a container from running."""
    for item in active:
        status = item.status
        if status is None or not status.message or status.phase not in {None, "Pending", "Creating"}:
            continue
        if status.reason == "Unschedulable":
            return "True", Verdict("Unschedulable", f"{item.name}: {status.message}")
        return "False", Verdict("CannotStart", f"{item.name}: {status.message}")
    return None
