"""A container in the words of `docker compose ps`: its state, and the fields of `--format json`. Pure."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import click

from fizz.client.cli.containers import engine_name, ports_of, service_of, status_of
from fizz.client.cli.tables import age
from fizz.schemas import labels, times
from fizz.schemas.types import JSON

__all__ = ["STATES", "compose_fields", "filled", "state_of", "template"]

STATES: Final = ("paused", "restarting", "removing", "running", "dead", "created", "exited")
_STATES: Final = {
    "Running": "running", "Restarting": "restarting", "Succeeded": "exited", "Failed": "exited", "Stopped": "exited",
    "Stopping": "running",
}  # fmt: skip
_FIELD: Final = re.compile(r"\{\{\s*(?:json\s+)?\.(\w+)?\s*\}\}")


def state_of(item: JSON) -> str:
    """The engine's word for the container's state."""
    status = item.get("status") or {}
    if "deletionTimestamp" in item["metadata"]:
        return "removing"
    if status.get("phase") == "Running" and status.get("reason") == "Paused":
        return "paused"
    return _STATES.get(str(status.get("phase")), "created")


def compose_fields(item: JSON, now: datetime) -> JSON:
    """The fields that compose tells of a container, and `Node`, on which it runs."""
    status, spec, metadata = item.get("status") or {}, item["spec"], item["metadata"]
    created = metadata.get("creationTimestamp")
    written = [*(spec.get("entrypoint") or ()), *(spec.get("command") or ())]
    mounts = [str(each.get("source") or each["target"]) for each in spec.get("mounts") or ()]
    project = (metadata.get("labels") or {}).get(labels.PROJECT) or metadata.get("namespace", "")
    return {
        "Command": '"' + " ".join(written) + '"' if written else "",
        "CreatedAt": created or "",
        "ExitCode": status.get("exitCode") or 0 if state_of(item) == "exited" else 0,
        "Health": status.get("health") or "",
        "ID": str(status.get("containerID") or "")[:12],
        "Image": spec["image"],
        "Labels": ",".join(f"{key}={value}" for key, value in (spec.get("labels") or {}).items()),
        "LocalVolumes": str(sum(each.get("type") == "volume" for each in spec.get("mounts") or ())),
        "Mounts": ",".join(mounts),
        "Name": engine_name(item),
        "Names": engine_name(item),
        "Networks": ",".join(f"{project}_{each['name']}" for each in spec.get("networks") or ()),
        "Node": spec.get("nodeName") or "",
        "Ports": ports_of(item),
        "Project": project,
        "Publishers": [_publisher(each) for each in status.get("ports") or ()],
        "Restarts": (status.get("restartCount") or 0) + (status.get("unhealthyRestarts") or 0),
        "RunningFor": f"{age(times.parse(created), now)} ago" if created else "",
        "Service": service_of(item),
        "Size": "",
        "State": state_of(item),
        "Status": status_of(item, now),
    }


def _publisher(port: JSON) -> JSON:
    return {
        "URL": port.get("hostIP") or "",
        "TargetPort": port["containerPort"],
        "PublishedPort": port["hostPort"],
        "Protocol": port.get("protocol", "tcp"),
    }


def template(text: str) -> Callable[[JSON], str]:
    """A line of a Go template, as far as `{{.Field}}` and `{{json .Field}}` go. Raises `click.UsageError`."""
    fields = [match.group(1) for match in _FIELD.finditer(text)]
    if not fields or "{{" in _FIELD.sub("", text):
        raise click.UsageError(f"--format {text!r} is none of table, json, and a text with {{{{.Name}}}} and the like")
    return lambda found: filled(text, found)


def filled(text: str, found: JSON) -> str:
    """The text with the fields in it. Raises `click.UsageError` for one that is not there."""
    import json

    def field(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is not None and name not in found:
            raise click.UsageError(f"--format: there is no field {name}; there are {', '.join(found)}")
        value: Any = found if name is None else found[name]
        as_json = "json" in match.group(0).split(".")[0] or not isinstance(value, str | int)
        return json.dumps(value) if as_json else str(value)

    return _FIELD.sub(field, text).replace("\\t", "\t").replace("\\n", "\n")
