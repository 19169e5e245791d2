"""The kinds of `fizz.dev/v1` for work that comes to an end: Job, and CronJob, which makes Jobs by the clock.

Fields and their meaning are those of Kubernetes' `batch/v1`, except that a template is one of a Container, and that a
changed Job runs again instead of being refused: `RUN_FIELDS` say what makes it another run.

Source: "Jobs" and "CronJob" of the Kubernetes documentation.
"""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas import labels
from fizz.schemas.apps import Dependency, Template, TemplateMeta
from fizz.schemas.base import Model
from fizz.schemas.core import ObjectReference
from fizz.schemas.fields import Duration, Time
from fizz.schemas.meta import Condition, Object, ObjectMeta, owner_reference
from fizz.schemas.names import to_label_value

__all__ = [
    "RUN_FIELDS",
    "CompletionMode",
    "ConcurrencyPolicy",
    "CronJob",
    "CronJobSpec",
    "CronJobStatus",
    "Job",
    "JobSpec",
    "JobStatus",
    "JobTemplate",
    "job_of",
]

RUN_FIELDS: Final = ("template", "completions", "completion_mode")
"""The fields of a JobSpec that say what is done. If one changes, the Job runs again, from the beginning."""

CompletionMode = Literal["NonIndexed", "Indexed", "PerNode"]
ConcurrencyPolicy = Literal["Allow", "Forbid", "Replace"]

_INHERITED: Final = (labels.PROJECT, labels.SERVICE, labels.MANAGED_BY)
_MAP: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


class JobSpec(Model):
    """How often a container has to succeed, how many run at a time, and when to give up."""

    completions: int | None = Field(
        None,
        ge=0,
        le=10_000,
        description="How many containers must succeed. If absent, the success of any one is enough, and the others are "
        "left to end.",
    )
    parallelism: int = Field(1, ge=0, le=10_000, description="How many containers run at a time, at most.")
    completion_mode: CompletionMode = Field(
        "NonIndexed",
        description="Indexed: each container is told which of the completions it is, from 0, by the variable "
        "JOB_COMPLETION_INDEX. PerNode: one container on each node, all at a time.",
    )
    backoff_limit: int = Field(6, ge=0, description="How many failures are retried. One more, and the Job has failed.")
    retry_delay: Duration | None = Field(
        None,
        description="Time before the first retry of a container; 10s if absent. It doubles with each further failure, "
        "up to 6 minutes.",
    )
    active_deadline_seconds: int | None = Field(
        None, ge=1, description="Seconds after its start in which the Job must be done; after that it has failed."
    )
    ttl_seconds_after_finished: int | None = Field(
        None, ge=0, description="Seconds after its end when the Job is deleted, with its containers."
    )
    suspend: bool = Field(False, description="True to stop its containers and start no others until it is False again.")
    depends_on: list[Dependency] | None = Field(
        None,
        description="Deployments and Jobs that must come first; Deployments also stop last.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    template: Template = Field(description="What the containers look like. A change runs the Job again.")


class JobStatus(Model):
    """How far the Job is."""

    observed_generation: int | None = Field(None, description="The generation that this status speaks of.")
    run: str | None = Field(None, description="The run that it speaks of: a hash of what is done.")
    active: int | None = Field(None, description="Containers that have not come to their end.")
    ready: int | None = Field(None, description="Those of them that are ready.")
    succeeded: int | None = Field(None, description="Completions that have succeeded.")
    failed: int | None = Field(None, description="How often containers have failed, retries included.")
    completed_indexes: str | None = Field(
        None, description="The completions that have succeeded, as 0-2,5; the nodes, if completionMode is PerNode."
    )
    failures: dict[str, int] | None = Field(None, description="How often each completion has failed, if it has.")
    start_time: Time | None = Field(None, description="When it began, or was last resumed.")
    completion_time: Time | None = Field(None, description="When it succeeded.")
    conditions: list[Condition] | None = Field(
        None,
        description="Complete: it has succeeded. Failed: it never will, with the reason BackoffLimitExceeded or "
        "DeadlineExceeded; FailureTarget: this is decided, and its last containers are being stopped. Suspended: it "
        "pauses. Progressing: what it is at, with the reason if it waits.",
        json_schema_extra=_MAP,
    )


class Job(Object):
    """Runs containers until so many have succeeded."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Job"
    spec: JobSpec = Field(description="What is wanted.")
    status: JobStatus | None = Field(None, description="How far it is.")


class JobTemplate(Model):
    """What the Jobs of a CronJob look like."""

    metadata: TemplateMeta | None = Field(None, description="Their metadata.")
    spec: JobSpec = Field(description="What they do.")


class CronJobSpec(Model):
    """When a Job is made, and what if that does not fit."""

    schedule: str = Field(
        min_length=1,
        description="When: minute, hour, day of the month, month and day of the week, as in crontab(5); or @hourly, "
        "@daily, @weekly, @monthly, @yearly.",
    )
    time_zone: str | None = Field(
        None, description="The IANA time zone of the schedule, as Europe/Berlin; UTC if absent."
    )
    starting_deadline_seconds: int | None = Field(
        None,
        ge=0,
        description="Seconds in which a run that could not start in time is made up for, 10 at least; if absent, "
        "always. Of several that were missed, only the last is.",
    )
    concurrency_policy: ConcurrencyPolicy = Field(
        "Allow",
        description="What if the last run is not done: Allow has several at a time, Forbid waits for its end, Replace "
        "ends it first.",
    )
    suspend: bool = Field(False, description="True to start no further runs. Those that run go on.")
    successful_jobs_history_limit: int = Field(3, ge=0, description="How many successful Jobs are kept.")
    failed_jobs_history_limit: int = Field(1, ge=0, description="How many failed Jobs are kept.")
    job_template: JobTemplate = Field(description="What the Jobs look like. A change is for further runs.")


class CronJobStatus(Model):
    """When runs were, and will be."""

    active: list[ObjectReference] | None = Field(
        None, description="Jobs that are not done.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    last_schedule_time: Time | None = Field(None, description="The last time for which a Job was made.")
    last_successful_time: Time | None = Field(None, description="When a Job last succeeded.")
    next_schedule_time: Time | None = Field(None, description="When the next Job is due; absent while suspended.")
    observed_schedule: str | None = Field(None, description="The schedule and time zone that this status speaks of.")
    scheduled_from: Time | None = Field(
        None,
        description="Since when this schedule is followed: earlier times are neither due nor missed.",
    )


class CronJob(Object):
    """Makes a Job whenever its schedule says."""

    api_version: str = "fizz.dev/v1"
    kind: str = "CronJob"
    spec: CronJobSpec = Field(description="What is wanted.")
    status: CronJobStatus | None = Field(None, description="When runs were, and will be.")


def job_of(cron_job: CronJob, name: str, annotations: Mapping[str, str]) -> Job:
    """A Job of that name, made from the CronJob's template and owned by it. An engine's name that the template gives is
    told apart from those of other runs.
    """
    template = cron_job.spec.job_template
    meta = template.metadata
    inherited = {key: value for key, value in cron_job.labels.items() if key in _INHERITED}
    more = {**((meta and meta.annotations) or {}), **annotations}
    spec = template.spec.model_copy(deep=True)
    container = spec.template.spec
    if container.container_name:
        container.container_name = f"{container.container_name}-{name.rpartition('-')[2]}"
    return Job(
        metadata=ObjectMeta(
            name=name,
            namespace=cron_job.namespace,
            labels={
                **inherited,
                **((meta and meta.labels) or {}),
                labels.CRON_JOB: to_label_value(cron_job.name),
            },
            owner_references=[owner_reference(cron_job)],
            **({"annotations": more} if more else {}),
        ),
        spec=spec,
    )
