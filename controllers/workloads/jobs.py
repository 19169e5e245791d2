"""What a Job's status says of its present run, and which of its Containers belong to that. Pure.

A status that speaks of another run says nothing: what it says is over.
"""

from fizz.controllers.workloads.template import run_hash
from fizz.schemas import labels
from fizz.schemas.conditions import find, is_true
from fizz.schemas.container import Container
from fizz.schemas.jobs import Job, JobStatus

__all__ = ["failure_of", "has_begun", "has_ended", "has_ended_once", "is_active", "is_complete", "present_status"]


def present_status(job: Job) -> JobStatus | None:
    """The status if it speaks of the present run, else None."""
    return job.status if job.status and job.status.run == run_hash(job.spec) else None


def is_complete(job: Job) -> bool:
    """Whether the present run has succeeded."""
    status = present_status(job)
    return status is not None and is_true(status.conditions, "Complete")


def failure_of(job: Job) -> str | None:
    """Why the present run never succeeds, as a sentence; None while it still may, or has."""
    status = present_status(job)
    failed = find(status.conditions, "Failed") if status else None
    if failed is None or failed.status != "True":
        return None
    return failed.message or failed.reason or "no reason is given"


def has_begun(job: Job) -> bool:
    """Whether it has had Containers in its present run."""
    status = present_status(job)
    return status is not None and bool(status.active or status.succeeded or status.failed)


def has_ended_once(job: Job) -> bool:
    """Whether a Container of its present run has come to its end, well or badly."""
    status = present_status(job)
    return status is not None and bool(status.succeeded or status.failed)


def has_ended(container: Container) -> bool:
    """Whether the Container has come to its end, well or badly, or was stopped before."""
    return container.status is not None and container.status.phase in {"Succeeded", "Failed", "Stopped"}


def is_active(container: Container, run: str) -> bool:
    """Whether the Container is of that run and at work, or will be."""
    return (
        container.labels.get(labels.TEMPLATE_HASH) == run
        and container.metadata.deletion_timestamp is None
        and not has_ended(container)
    )
