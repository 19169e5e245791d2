"""Containers as people know them: by service and number, with a status in words. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from fizz.client.cli.tables import age
from fizz.schemas import labels, times
from fizz.schemas.names import to_label_value, to_name
from fizz.schemas.types import JSON

__all__ = [
    "engine_name",
    "in_order",
    "in_words",
    "is_of",
    "is_oneoff",
    "number_of",
    "ports_of",
    "service_of",
    "short_name",
    "status_of",
]

_BRIEF: Final = 72


def service_of(item: JSON) -> str:
    """The service that the container belongs to: its name in the compose file, or that of its Deployment or Job."""
    found = item["metadata"].get("labels") or {}
    keys = (labels.SERVICE, labels.DEPLOYMENT, labels.CRON_JOB, labels.JOB)
    return str(next((found[key] for key in keys if found.get(key)), item["metadata"]["name"]))


def is_of(item: JSON, services: Iterable[str]) -> bool:
    """Whether the container belongs to one of these services, as people write them; or to one of these jobs."""
    found = item["metadata"].get("labels") or {}
    names = {service_of(item), found.get(labels.JOB), found.get(labels.CRON_JOB)}
    return any(to_label_value(service) in names for service in services)


def number_of(item: JSON) -> int:
    """Which of the service's containers it is, from 1."""
    ordinal = (item["metadata"].get("labels") or {}).get(labels.ORDINAL, "0")
    return int(ordinal) + 1 if ordinal.isdigit() else 1


def is_oneoff(item: JSON) -> bool:
    """Whether `fizz run` made it, beside those that the service keeps running."""
    return (item["metadata"].get("labels") or {}).get(labels.ONEOFF) == "true"


def short_name(item: JSON) -> str:
    """`web-1`; `backup-29500000-1` of a run by schedule, `migrate-1-retry-2` of what had failed twice;
    `web-run-0badcafe0bad` of what `fizz run` runs.
    """
    if is_oneoff(item):
        return str(item["metadata"]["name"])
    found = item["metadata"].get("labels") or {}
    service, job, attempt = service_of(item), found.get(labels.JOB), found.get(labels.ATTEMPT) or "0"
    stem = service if job is None or job == to_name(service) else job
    return f"{stem}-{number_of(item)}" + (f"-retry-{attempt}" if attempt != "0" else "")


def in_words(text: str, items: Iterable[JSON]) -> str:
    """The text with these containers called by their short names."""
    if "-" not in text:
        return text
    for item in sorted(items, key=lambda each: -len(each["metadata"]["name"])):
        text = text.replace(item["metadata"]["name"], short_name(item))
    return text


def in_order(items: Iterable[JSON]) -> list[JSON]:
    """By service, then by number; those of Jobs by run and attempt besides."""

    def place(item: JSON) -> tuple[str, str, int, int, str]:
        found = item["metadata"].get("labels") or {}
        attempt = found.get(labels.ATTEMPT, "")
        order = int(attempt) if attempt.isdigit() else 0
        return service_of(item), found.get(labels.JOB) or "", number_of(item), order, item["metadata"]["name"]

    return sorted(items, key=place)


def engine_name(item: JSON) -> str:
    """The engine's name for it, or its own while the engine has none."""
    return str((item.get("status") or {}).get("containerName") or item["metadata"]["name"])


def status_of(item: JSON, now: datetime) -> str:
    """What the engine's users are used to read: `Up 5m (healthy)`, `Exited (1) 2m ago`."""
    status: JSON = item.get("status") or {}
    phase = status.get("phase") or "Pending"
    if "deletionTimestamp" in item["metadata"]:
        return "Stopping"
    if phase == "Running":
        health = {"starting": "health: starting"}.get(status.get("health", ""), status.get("health"))
        # of what is unhealthy, the health says enough
        word = health if status.get("reason") in {None, "Unhealthy"} else status["reason"]
        return f"Up {_ago(status.get('startedAt'), now)}" + (f" ({word})" if word else "")
    if phase in {"Succeeded", "Failed", "Stopped"} and status.get("exitCode") is not None:
        return f"Exited ({status['exitCode']}) {_ago(status.get('finishedAt'), now)} ago"
    if phase == "Restarting" and status.get("reason") == "CrashLoopBackOff":
        return f"CrashLoopBackOff ({status.get('exitCode', 0)}), restarted {status.get('restartCount') or 0} times"
    if phase == "Restarting":
        return f"Restarting ({status.get('exitCode', 0)}), {status.get('restartCount') or 0} times so far"
    reason = str(status.get("message") or status.get("reason") or "")
    return f"{phase}: {_brief(reason)}" if reason else str(phase)


def _brief(text: str) -> str:
    """What has room in a table; `fizz describe` shows the rest."""
    line = text.partition("\n")[0]
    return line if len(line) <= _BRIEF else f"{line[: _BRIEF - 1].rstrip()}…"


def _ago(moment: str | None, now: datetime) -> str:
    return age(times.parse(moment) if moment else None, now)


def ports_of(item: JSON) -> str:
    """`0.0.0.0:8080->80/tcp, 443/tcp`: published ports as the engine published them, and the others."""
    published: Sequence[JSON] = (item.get("status") or {}).get("ports") or ()
    shown = [
        f"{_host(port)}{port['hostPort']}->{port['containerPort']}/{port.get('protocol', 'tcp')}" for port in published
    ]
    there = {(port["containerPort"], port.get("protocol", "tcp")) for port in published}
    for port in item["spec"].get("ports") or ():
        key = (port["containerPort"], port.get("protocol", "tcp"))
        if key not in there:
            shown.append(f"{key[0]}/{key[1]}")
    return ", ".join(dict.fromkeys(shown))


def _host(port: JSON) -> str:
    address = str(port.get("hostIP") or "")
    if not address:
        return ""
    return f"[{address}]:" if ":" in address else f"{address}:"
