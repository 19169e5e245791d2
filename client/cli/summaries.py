"""One line about an object: what its status comes to. Pure."""

from typing import Any

from fizz.schemas.types import JSON

__all__ = ["condition", "summary"]


def condition(item: JSON, kind: str) -> JSON:
    """A condition of the object's status; empty if it has none of that type."""
    found: list[JSON] = (item.get("status") or {}).get("conditions") or []
    return next((each for each in found if each.get("type") == kind), {})


def summary(item: JSON) -> str:
    """What an object's status comes to, in a few words; empty where there is nothing to say."""
    status: JSON = item.get("status") or {}
    if "deletionTimestamp" in item.get("metadata", {}):
        more = condition(item, "Progressing").get("message", "")
        return f"stopping: {more}" if more and item.get("kind") in {"Deployment", "Job"} else "being deleted"
    match item.get("kind"):
        case "Deployment":
            return _deployment(item, status)
        case "Job":
            return _job(item)
        case "CronJob":
            return _cron_job(item, status)
        case "Container":
            return _container(status)
        case "Event":
            return f"{item.get('reason', '')}: {item.get('message', '')}"
        case "Node":
            return "ready" if condition(item, "Ready").get("status") == "True" else "not ready"
        case _:
            return _joined(status.get("phase"), status.get("message"))


def _deployment(item: JSON, status: JSON) -> str:
    wanted = item.get("spec", {}).get("replicas", 1)
    succeeded = status.get("succeededReplicas") or 0
    if wanted and succeeded == wanted:
        return "completed"
    ready = f"{(status.get('readyReplicas') or 0) + succeeded}/{wanted} ready"
    progressing = condition(item, "Progressing")
    if progressing.get("reason") in {None, "Complete", "Updating"}:
        return ready
    return f"{ready}: {progressing.get('message', '')}"


def _job(item: JSON) -> str:
    for kind in ("Complete", "Failed", "Suspended"):
        found = condition(item, kind)
        if found.get("status") == "True":
            return _joined(kind.lower(), "" if kind == "Complete" else found.get("message"))
    return str(condition(item, "Progressing").get("message") or "")


def _cron_job(item: JSON, status: JSON) -> str:
    active = len(status.get("active") or ())
    running = f"{active} running" if active else ""
    if item.get("spec", {}).get("suspend"):
        return _joined("suspended", running)
    return _joined(running, f"next at {status['nextScheduleTime']}" if status.get("nextScheduleTime") else "")


def _container(status: JSON) -> str:
    phase = status.get("phase") or "Pending"
    if phase in {"Succeeded", "Failed", "Stopped"} and status.get("exitCode") is not None:
        phase = f"{phase} (exit code {status['exitCode']})"
    health = f" ({status['health']})" if status.get("health") else ""
    return _joined(f"{phase}{health}", status.get("message"))


def _joined(*parts: Any) -> str:
    return ": ".join(str(part) for part in parts if part)
