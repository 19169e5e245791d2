"""Jobs and CronJobs: what services become that come to an end.

| in the compose file | becomes |
|---|---|
| `deploy.mode: replicated-job` | a Job with `replicas` completions |
| `deploy.mode: global-job` | a Job that runs once on each node |
| `x-fizz.schedule` | a CronJob, whose Jobs are as the mode says |

A job is retried as `restart` or `deploy.restart_policy` says, by the Job and not by the engine: each retry is a
container of its own, whose output stays. Without either it is not retried, as compose has it.
"""

from typing import Any, Final

from fizz.client.compose.translate.containers import restart_policy
from fizz.client.compose.translate.resources import given
from fizz.schemas.apps import Dependency, Template
from fizz.schemas.durations import parse_duration
from fizz.schemas.jobs import CronJob, CronJobSpec, Job, JobSpec, JobTemplate
from fizz.schemas.meta import ObjectMeta

__all__ = ["is_job", "is_scheduled", "translate_job"]

JSON = dict[str, Any]

_MODES: Final = frozenset({"replicated-job", "global-job"})
_RETRIES: Final = 6
"""Of `on-failure` without a number: as many as a Job has in Kubernetes."""
_SECOND: Final = 1_000_000_000


def is_scheduled(service: JSON) -> bool:
    """Whether the service runs at certain times only."""
    return bool((service.get("x-fizz") or {}).get("schedule"))


def is_job(service: JSON) -> bool:
    """Whether the service comes to an end, at certain times or as soon as it can."""
    return is_scheduled(service) or (service.get("deploy") or {}).get("mode") in _MODES


def translate_job(meta: ObjectMeta, service: JSON, template: Template, after: list[Dependency]) -> Job | CronJob:
    """The Job or CronJob of a service, from the template that its Deployment would have."""
    spec = _job_spec(service, template, after)
    schedule = (service.get("x-fizz") or {}).get("schedule")
    if not schedule:
        return Job(metadata=meta, spec=spec)
    policy = schedule.get("concurrency_policy")
    return CronJob(
        metadata=meta,
        spec=CronJobSpec(
            schedule=schedule["cron"],
            job_template=JobTemplate(spec=spec),
            **given(
                time_zone=schedule.get("timezone"),
                concurrency_policy=policy.capitalize() if policy else None,
                starting_deadline_seconds=_seconds(schedule.get("starting_deadline")),
                successful_jobs_history_limit=schedule.get("successful_history"),
                failed_jobs_history_limit=schedule.get("failed_history"),
                suspend=schedule.get("suspend"),
            ),
        ),
    )


def _job_spec(service: JSON, template: Template, after: list[Dependency]) -> JobSpec:
    deploy, more = service.get("deploy") or {}, (service.get("x-fizz") or {}).get("job") or {}
    per_node = deploy.get("mode") == "global-job"
    replicas = None if per_node else deploy.get("replicas", service.get("scale", 1))
    parallelism = more.get("parallelism", replicas)
    template.spec.restart_policy = None
    template.spec.model_fields_set.discard("restart_policy")
    mode = "PerNode" if per_node else "Indexed" if more.get("indexed") else None
    return JobSpec(
        template=template,
        backoff_limit=_retries(service),
        **given(
            completions=replicas,
            parallelism=None if per_node else parallelism,
            completion_mode=mode,
            retry_delay=(deploy.get("restart_policy") or {}).get("delay"),
            active_deadline_seconds=_seconds(more.get("deadline")),
            ttl_seconds_after_finished=_seconds(more.get("ttl")),
            depends_on=after or None,
        ),
    )


def _retries(service: JSON) -> int:
    policy = restart_policy(service)
    if policy is None or policy.name == "no":
        return 0
    return _RETRIES if policy.maximum_retry_count is None else policy.maximum_retry_count


def _seconds(duration: str | None) -> int | None:
    """Whole seconds, upwards."""
    return None if duration is None else -(-parse_duration(duration) // _SECOND)
