"""Jobs and schedules as people know them: rows of tables, and the Job that a person starts. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from fizz.client.cli.containers import in_words, service_of, short_name
from fizz.client.cli.summaries import condition
from fizz.client.cli.tables import age
from fizz.client.objects import uid_of
from fizz.schemas import labels, times
from fizz.schemas.jobs import CronJob, Job, job_of
from fizz.schemas.types import JSON

__all__ = ["ATTEMPTS", "JOBS", "RUNS", "attempts", "is_owned", "jobs", "manual_run", "outcome", "runs"]

JOBS = ("NAME", "SCHEDULE", "STATUS", "LAST RUN", "NEXT RUN")
RUNS = ("RUN", "SCHEDULED", "STARTED", "DURATION", "STATUS")
ATTEMPTS = ("CONTAINER", "STARTED", "DURATION", "EXIT CODE")

_LONGEST_STEM = 230


def is_owned(item: JSON, owner: JSON) -> bool:
    """Whether the object belongs to the owner."""
    references: Sequence[JSON] = item["metadata"].get("ownerReferences") or ()
    return any(each.get("uid") == uid_of(owner) for each in references)


def jobs(items: Iterable[JSON], containers: Sequence[JSON], now: datetime) -> Iterator[tuple[str, ...]]:
    """A row for each CronJob, and for each Job that belongs to none; by name."""
    everything = sorted(items, key=lambda item: str(item["metadata"]["name"]))
    owned = [item for item in everything if item["kind"] == "Job"]
    for item in everything:
        if item["kind"] == "CronJob":
            yield _scheduled(item, [each for each in owned if is_owned(each, item)], containers, now)
        elif not item["metadata"].get("ownerReferences"):
            status = item.get("status") or {}
            yield service_of(item), "", outcome(item, containers), _ago(status.get("startTime"), now), ""


def _scheduled(item: JSON, owned: Sequence[JSON], containers: Sequence[JSON], now: datetime) -> tuple[str, ...]:
    spec, status = item["spec"], item.get("status") or {}
    zone = f" ({spec['timeZone']})" if spec.get("timeZone") else ""
    latest = max(owned, key=_begun, default=None)
    said = outcome(latest, containers) if latest else "has not run"
    if spec.get("suspend"):
        said = "suspended" if latest is None or _is_over(latest) else f"suspended; {said}"
    begun = (latest and _begun(latest)) or status.get("lastScheduleTime")
    return (
        service_of(item),
        f"{spec['schedule']}{zone}",
        said,
        _ago(begun, now),
        _in(status.get("nextScheduleTime"), now),
    )


def runs(items: Iterable[JSON], containers: Sequence[JSON], now: datetime) -> Iterator[tuple[str, ...]]:
    """A row for each Job of a CronJob, the latest first."""
    for item in sorted(items, key=_begun, reverse=True):
        scheduled = (item["metadata"].get("annotations") or {}).get(labels.SCHEDULED_AT, "by hand")
        start = (item.get("status") or {}).get("startTime")
        took = _length(start, _end(item), now)
        yield str(item["metadata"]["name"]), scheduled, _ago(start, now), took, outcome(item, containers)


def attempts(containers: Iterable[JSON], now: datetime) -> Iterator[tuple[str, ...]]:
    """A row for each container of a Job, in order."""
    for item in containers:
        status = item.get("status") or {}
        start, code = status.get("startedAt"), status.get("exitCode")
        end = status.get("finishedAt") if status.get("phase") in {"Succeeded", "Failed"} else None
        yield short_name(item), _ago(start, now), _length(start, end, now), "" if code is None else str(code)


def outcome(item: JSON, containers: Iterable[JSON]) -> str:
    """How far a Job is, or what came of it."""
    if "deletionTimestamp" in item["metadata"]:
        return "being deleted"
    for kind, word in (("Complete", "succeeded"), ("Failed", "failed"), ("FailureTarget", "failing")):
        found = condition(item, kind)
        if found.get("status") == "True":
            return word if kind == "Complete" else f"{word}: {in_words(str(found.get('message') or ''), containers)}"
    if item["spec"].get("suspend"):
        return "suspended"
    progressing = condition(item, "Progressing")
    message = in_words(str(progressing.get("message") or ""), containers)
    word = "running" if progressing.get("reason") in {None, "Running"} else "waiting"
    return f"{word}: {message}" if message else word


def _is_over(item: JSON) -> bool:
    return any(condition(item, kind).get("status") == "True" for kind in ("Complete", "Failed"))


def _begun(item: JSON) -> str:
    return str((item.get("status") or {}).get("startTime") or item["metadata"].get("creationTimestamp") or "")


def _end(item: JSON) -> str | None:
    failed = condition(item, "Failed")
    end = failed.get("lastTransitionTime") if failed.get("status") == "True" else None
    return (item.get("status") or {}).get("completionTime") or end


def _ago(moment: str | None, now: datetime) -> str:
    return f"{age(times.parse(moment), now)} ago" if moment else ""


def _in(moment: str | None, now: datetime) -> str:
    if not moment:
        return ""
    left = times.parse(moment) - now
    return f"in {age(now - left, now)}" if left > timedelta() else "now"


def _length(start: str | None, end: str | None, now: datetime) -> str:
    return age(times.parse(start), times.parse(end) if end else now) if start else ""


def manual_run(cron_job: CronJob, mark: str) -> Job:
    """The Job that a person starts: like one of the schedule, but named after `mark`, a few letters and digits."""
    return job_of(cron_job, f"{cron_job.name[:_LONGEST_STEM]}-manual-{mark}", {})
