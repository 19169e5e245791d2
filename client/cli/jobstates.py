"""How far Jobs are, for who follows a rollout. Pure.

A Job is *started* when one of its containers has been started, and *completed* when it has succeeded. One that fails
has failed the rollout that waits for its end, and one that only waits for its start if it never came so far.
"""

from collections.abc import Iterable

from fizz.client.cli.stages import Stage, State
from fizz.client.cli.summaries import condition
from fizz.schemas.types import JSON

__all__ = ["failure_of", "has_failed", "is_complete", "may_go_on", "state_of"]

_FAILURES = ("Failed", "FailureTarget")
_ENDS = ("Complete", *_FAILURES)
_STUCK = frozenset({"NameTaken", "CannotStart"})


def is_complete(job: JSON) -> bool:
    """Whether it has succeeded."""
    return condition(job, "Complete").get("status") == "True"


def has_failed(job: JSON) -> bool:
    """Whether it has failed for good, and all its containers have ended."""
    return condition(job, "Failed").get("status") == "True"


def failure_of(job: JSON) -> str:
    """Why it never succeeds, as far as that is its own business; empty while it still may."""
    for kind in _FAILURES:
        found = condition(job, kind)
        if found.get("status") == "True":
            return str(found.get("message") or found.get("reason") or "it failed")
    found = condition(job, "Progressing")
    return str(found.get("message") or found.get("reason")) if found.get("reason") in _STUCK else ""


def may_go_on(item: JSON) -> bool:
    """Whether a Job or CronJob may yet start containers by itself."""
    if item["spec"].get("suspend"):
        return False
    return item["kind"] == "CronJob" or not any(condition(item, kind).get("status") == "True" for kind in _ENDS)


def state_of(job: JSON, started: bool, behind: str, steps: Iterable[str], *, wait: bool) -> State:
    """How far it is. `started` says that a container of it has been started, `behind` why a dependency keeps it from
    starting for good, `steps` what its containers are at.
    """
    status: JSON = job.get("status") or {}
    started = started or bool(status.get("succeeded") or status.get("failed"))
    if is_complete(job):
        return State(Stage.COMPLETED)
    failure = failure_of(job)
    if failure and (wait or not started):
        return State(Stage.FAILED, failure)
    if job["spec"].get("suspend"):
        return State(Stage.SUSPENDED)
    progressing = condition(job, "Progressing")
    message = str(progressing.get("message") or "")
    if started:
        return State(Stage.STARTED, message)
    if behind:
        return State(Stage.FAILED, behind)
    if progressing.get("reason") in {"WaitingForDependency", "Unschedulable"}:
        return State(Stage.WAITING, message)
    return State(Stage.WORKING, next(iter(steps), ""))
