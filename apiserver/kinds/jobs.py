"""Jobs and CronJobs: containers that come to an end, so often and at such times as make sense.

Unlike in Kubernetes, what a Job does may change: it then runs again.
"""

from typing import Final

from fizz.apiserver.kinds.causes import Cause, forbidden, invalid, not_supported, required
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.apiserver.kinds.workloads import check_container_spec
from fizz.schemas.base import JSON
from fizz.schemas.cron import BadSchedule, BadTimeZone, Schedule, time_zone
from fizz.schemas.durations import parse_duration

__all__ = ["CRON_JOB", "JOB"]

_RESTARTS: Final = ("no", "on-failure")
_IN_KUBERNETES_WORDS: Final = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"


def _check_job(obj: JSON) -> Verdict:
    name = obj["metadata"]["name"]
    causes = [
        invalid(f"spec.dependsOn[{index}].name", name, "a Job cannot depend on itself")
        for index, dependency in enumerate(obj["spec"].get("dependsOn") or ())
        if dependency["name"] == name
    ]
    return Verdict(obj, causes + _check_job_spec(obj["spec"], "spec"))


def _check_job_spec(spec: JSON, field: str) -> list[Cause]:
    template = f"{field}.template.spec"
    container = spec["template"]["spec"]
    causes = check_container_spec(container, template)
    restart = (container.get("restartPolicy") or {}).get("name", "no")
    if restart not in _RESTARTS:
        causes.append(not_supported(f"{template}.restartPolicy.name", restart, _RESTARTS))
    mode, completions = spec.get("completionMode"), spec.get("completions")
    if mode == "Indexed" and completions is None:
        causes.append(required(f"{field}.completions", "when completion mode is Indexed"))
    if mode == "PerNode":
        if completions is not None:
            causes.append(forbidden(f"{field}.completions", "when completion mode is PerNode: the nodes are counted"))
        if container.get("nodeName"):
            causes.append(forbidden(f"{template}.nodeName", "when completion mode is PerNode"))
    delay = spec.get("retryDelay")
    if delay is not None and parse_duration(delay) < 0:
        causes.append(invalid(f"{field}.retryDelay", delay, "must be greater than or equal to 0"))
    return causes


def _check_cron_job(obj: JSON) -> Verdict:
    spec = obj["spec"]
    return Verdict(obj, _check_times(spec) + _check_job_spec(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec"))


def _check_cron_job_update(old: JSON, new: JSON) -> Verdict:
    """A time zone that was known once may be unknown by now; that keeps nobody from changing the rest."""
    before, spec = old["spec"], new["spec"]
    same = all(before.get(key) == spec.get(key) for key in ("schedule", "timeZone"))
    causes = [] if same else _check_times(spec)
    return Verdict(new, causes + _check_job_spec(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec"))


def _check_times(spec: JSON) -> list[Cause]:
    causes: list[Cause] = []
    schedule, zone = spec["schedule"], spec.get("timeZone")
    if "TZ=" in schedule:
        causes.append(invalid("spec.schedule", schedule, _IN_KUBERNETES_WORDS))
    else:
        try:
            Schedule.parse(schedule)
        except BadSchedule as error:
            causes.append(invalid("spec.schedule", schedule, str(error)))
    if zone is not None:
        try:
            time_zone(zone)
        except BadTimeZone as error:
            causes.append(invalid("spec.timeZone", zone, str(error)))
    return causes


JOB = Rules(_check_job, lambda old, new: _check_job(new))
CRON_JOB = Rules(_check_cron_job, _check_cron_job_update)
