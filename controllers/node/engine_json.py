"""From the engine's JSON to values. Pure, and the only place that knows the names in it.

Source: the Docker Engine API's reference, versions 1.41 to 1.51. Fields that an engine leaves out have the value that
the engine means by it.
"""

import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast

from fizz.controllers.node.engine import (
    ApiVersion,
    Endpoint,
    EngineContainer,
    EngineEvent,
    EngineImage,
    EngineInfo,
    EngineNetwork,
    EngineState,
    EngineVolume,
    PublishedPort,
)
from fizz.schemas.base import JSON

__all__ = [
    "container_of",
    "event_of",
    "image_of",
    "info_of",
    "network_of",
    "shares_of",
    "signal_name",
    "time_of",
    "version_of",
    "volume_of",
]

_NEVER: Final = "0001-"
"""Go's zero time begins so: it never happened."""


def time_of(text: str | None) -> datetime | None:
    """A time of the engine, in nanoseconds and any zone; None for one that never came."""
    if not text or text.startswith(_NEVER):
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def version_of(text: str) -> ApiVersion:
    """`1.41` as (1, 41)."""
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def signal_name(text: str | int | None) -> str:
    """A signal as images and people write it (`15`, `term`, `SIGTERM`, nothing), by its name."""
    written = str(text or "SIGTERM").upper()
    if written.isdigit():
        try:
            return signal.Signals(int(written)).name
        except ValueError:
            return written
    return written if written.startswith("SIG") else f"SIG{written}"


def info_of(info: JSON, version: ApiVersion) -> EngineInfo:
    """From `/info`; `version` is the one that was agreed on."""
    return EngineInfo(
        version=info.get("ServerVersion") or "",
        api_version=version,
        operating_system=info.get("OperatingSystem") or "",
        architecture=info.get("Architecture") or "",
        kernel_version=info.get("KernelVersion") or "",
        storage_driver=info.get("Driver") or "",
        cgroup_version=info.get("CgroupVersion") or "",
        cpus=info.get("NCPU") or 0,
        memory=info.get("MemTotal") or 0,
    )


def container_of(data: JSON) -> EngineContainer:
    """From `/containers/ID/json`."""
    state, config = data["State"], data["Config"]
    health = state.get("Health") or {}
    networking = data.get("NetworkSettings") or {}
    return EngineContainer(
        id=data["Id"],
        name=data["Name"].lstrip("/"),
        labels=config.get("Labels") or {},
        state=_state(state),
        image=config.get("Image") or "",
        image_id=data.get("Image") or "",
        exit_code=state.get("ExitCode") or 0,
        error=state.get("Error") or "",
        oom_killed=bool(state.get("OOMKilled")),
        restart_count=data.get("RestartCount") or 0,
        started_at=time_of(state.get("StartedAt")),
        finished_at=time_of(state.get("FinishedAt")),
        health=_health(health.get("Status")),
        health_output=_last_output(health),
        endpoints={name: _endpoint(value or {}) for name, value in (networking.get("Networks") or {}).items()},
        ports=_ports(networking.get("Ports") or {}),
        stop_signal=signal_name(config.get("StopSignal")),
        stop_seconds=10 if config.get("StopTimeout") is None else config["StopTimeout"],
        tty=bool(config.get("Tty")),
        shares=shares_of(data.get("HostConfig") or {}),
        volumes={
            mount["Destination"]: mount["Name"]
            for mount in data.get("Mounts") or []
            if mount.get("Type") == "volume" and mount.get("Name")
        },
    )


def shares_of(host: JSON) -> frozenset[str]:
    """From `container:ID` in the modes, and from `ID:ro` in VolumesFrom."""
    modes = (str(host.get(key) or "").partition(":") for key in ("NetworkMode", "IpcMode", "PidMode"))
    sources = (source.partition(":")[0] for source in host.get("VolumesFrom") or [])
    return frozenset([*(name for kind, _, name in modes if kind == "container"), *sources])


def _state(state: JSON) -> EngineState:
    return cast("EngineState", state.get("Status") or "created")


def _health(status: str | None) -> Literal["starting", "healthy", "unhealthy"] | None:
    match status:
        case "starting" | "healthy" | "unhealthy":
            return status
    return None


def _last_output(health: JSON) -> str:
    log = health.get("Log") or []
    return str(log[-1].get("Output") or "").strip() if log else ""


def _endpoint(data: JSON) -> Endpoint:
    return Endpoint(
        network_id=data.get("NetworkID") or "",
        address=data.get("IPAddress") or "",
        address6=data.get("GlobalIPv6Address") or "",
    )


def _ports(ports: Mapping[str, list[JSON] | None]) -> tuple[PublishedPort, ...]:
    """`{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/tcp": null}`: the second is not published."""
    found = []
    for written, bindings in ports.items():
        port, _, protocol = written.partition("/")
        for binding in bindings or []:
            number = int(binding.get("HostPort") or 0)
            found.append(PublishedPort(int(port), protocol or "tcp", binding.get("HostIp") or "", number))
    return tuple(sorted(found, key=lambda port: (port.container_port, port.protocol, port.host_ip, port.host_port)))


def network_of(data: JSON) -> EngineNetwork:
    """From `/networks`."""
    return EngineNetwork(id=data["Id"], name=data["Name"], labels=data.get("Labels") or {})


def volume_of(data: JSON) -> EngineVolume:
    """From `/volumes/NAME`."""
    return EngineVolume(name=data["Name"], labels=data.get("Labels") or {})


def image_of(data: JSON) -> EngineImage:
    """From `/images/NAME/json`."""
    platform = "/".join(filter(None, (data.get(key) for key in ("Os", "Architecture", "Variant"))))
    return EngineImage(
        id=data["Id"],
        tagged_at=time_of((data.get("Metadata") or {}).get("LastTagTime")),
        tags=tuple(data.get("RepoTags") or ()),
        digests=tuple(data.get("RepoDigests") or ()),
        size=data.get("Size") or 0,
        created=time_of(data.get("Created")),
        platform=platform,
        volumes=tuple(sorted((data.get("Config") or {}).get("Volumes") or {})),
    )


_OWN_ATTRIBUTES: Final = frozenset(
    {"image", "name", "signal", "exitCode", "execDuration", "execID", "container", "type"}
)
"""Attributes of events that the engine adds to the container's labels."""


def event_of(data: JSON) -> EngineEvent | None:
    """From `/events`; None for what is about other things than those of `EngineEvent`.

    `health_status: healthy` is the action `health_status`: how healthy, the container itself says.
    """
    kind = data.get("Type")
    if kind not in {"container", "network", "volume", "image"}:
        return None
    actor: Mapping[str, Any] = data.get("Actor") or {}
    attributes: Mapping[str, str] = actor.get("Attributes") or {}
    sent = str(attributes.get("signal") or "")
    return EngineEvent(
        type=cast("Literal['container', 'network', 'volume', 'image']", kind),
        action=str(data.get("Action") or "").partition(":")[0],
        id=actor.get("ID") or "",
        time=datetime.fromtimestamp((data.get("timeNano") or 0) / 1e9, UTC),
        labels={key: value for key, value in attributes.items() if key not in _OWN_ATTRIBUTES},
        name=attributes.get("name") or "",
        container=attributes.get("container") or "",
        signal=int(sent) if sent.isdigit() else 0,
    )
