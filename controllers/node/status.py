"""From what the engine says of a container to its ContainerStatus. Pure.

| engine | phase |
|---|---|
| nothing yet | Pending or Creating, with what keeps it (`Trouble`) |
| nothing any more, but it had come to its end | as it was: Succeeded and Failed are final |
| created | Creating |
| running | Running; not ready while it is out of one of its networks |
| running, but the hooks after its start are not done | Creating, or Restarting if they were before |
| paused | Running, but not ready, and of no known health |
| restarting | Restarting |
| created, and not to start yet | Created |
| not running, and not to run | Stopped, unless it had come to its end |
| exited by itself, and the policy does not start it again | Succeeded (code 0) or Failed |
| exited otherwise | Restarting: the agent starts it |
| removing, dead, or the Container is being deleted | Stopping |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from fizz.controllers.node.anonymous import as_status
from fizz.controllers.node.engine import EngineContainer
from fizz.controllers.node.probing import NOT_PROBED, Findings, Health
from fizz.controllers.node.sickness import HEALTH_CHECK, HEALTHY, Record
from fizz.schemas import labels
from fizz.schemas.conditions import find, set_condition
from fizz.schemas.container import Container, ContainerStatus, DesiredState, Phase, PortStatus, RestartPolicy
from fizz.schemas.hooks import PostStartStatus

__all__ = [
    "BY_HAND",
    "CRASH_LOOP",
    "DISCONNECTED",
    "PAUSED_BY_HAND",
    "AfterStart",
    "Trouble",
    "is_final",
    "is_restart_due",
    "paused_by_hand",
    "status_of",
    "was_final",
    "with_ingress",
]


CRASH_LOOP: Final = "CrashLoopBackOff"
"""The reason of a container that is unhealthy, or crashes again and again, and waits for its next restart."""
_CRASHES: Final = 3
_SOON: Final = timedelta(seconds=10)
"""The engine's pauses grow while a container ends within this time, and begin anew after it."""
BY_HAND: Final = timedelta(seconds=30)
PAUSED: Final = "it is paused, as it is wanted"
PAUSED_BY_HAND: Final = "it was paused by hand"
DISCONNECTED: Final = "NetworkDisconnected"
"""The reason of a container that runs, but not in all of its networks."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a container from running: one CamelCase word, and a sentence for people.

    The sentence is empty while the agent only waits for something that is under way, as a pull: then nothing is wrong.
    `retry_after` is the number of seconds until it is worth trying again; None if something will tell.
    """

    phase: Literal["Pending", "Creating"]
    reason: str
    message: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class AfterStart:
    """The hooks after a start: whether they are still to be done, and what came of them the last time."""

    pending: bool = False
    done: PostStartStatus | None = None


_NO_HOOKS: Final = AfterStart()


def is_final(policy: RestartPolicy | None, container: EngineContainer, from_outside: bool) -> bool:
    """Whether an ended container has come to its end for good: it ended by itself, and its policy leaves it at that."""
    if container.state != "exited" or from_outside:
        return False
    match policy.name if policy else "no":
        case "no":
            return True
        case "on-failure":
            limit = policy.maximum_retry_count if policy else None
            return container.exit_code == 0 or (bool(limit) and container.restart_count >= (limit or 0))
    return False


def was_final(item: Container) -> bool:
    """Whether the status says that the Container, as it is wanted now, had come to its end."""
    status = item.status
    return (
        status is not None
        and status.phase in {"Succeeded", "Failed"}
        and status.observed_generation == item.metadata.generation
    )


def is_restart_due(item: Container, found: Sequence[EngineContainer]) -> bool:
    """Whether somebody asked for a restart of a container that was there already."""
    asked, status = (item.metadata.annotations or {}).get(labels.RESTARTED_AT), item.status
    if not asked or status is None or status.observed_restart == asked:
        return False
    return any(each.id == status.container_id for each in found)


def paused_by_hand(item: Container, now: datetime) -> timedelta | None:
    """How much longer a container that is paused, and is not to be, is left so: somebody may be about to do something
    with it, and `docker commit` pauses, too. None if it was paused because that was wanted.
    """
    status = item.status
    if status is None or status.reason != "Paused":
        return BY_HAND
    if status.message != PAUSED_BY_HAND:
        return None
    ready = find(status.conditions, "Ready")
    since = ready.last_transition_time if ready else None
    return BY_HAND - (now - since) if since else BY_HAND


def status_of(
    item: Container,
    container: EngineContainer | None,
    trouble: Trouble | None,
    *,
    from_outside: bool,
    networks: Mapping[str, str],
    record: Record = HEALTHY,
    loop: str | None = None,
    findings: Findings = NOT_PROBED,
    after_start: AfterStart = _NO_HOOKS,
    stopping: bool = False,
    volumes: Mapping[str, str] | None = None,
    now: datetime,
) -> ContainerStatus:
    """The status that the Container should have. `networks` goes from the engine's names to ours. `record` is of its
    restarts for being unhealthy, `loop` says when the next one comes, if it has to wait for that. `findings` are of its
    probes. `stopping` says that it is about to be stopped, though it stays wanted. `volumes` are its anonymous ones, by
    path.

    `trouble` counts unless the container runs or has come to its end. One that runs has only one sort of trouble: it is
    not in all of its networks.
    """
    deleting = item.metadata.deletion_timestamp is not None
    if container is None:
        if item.status is not None and was_final(item) and not deleting:
            return item.status
        phase: Phase = "Stopping" if deleting else (trouble.phase if trouble else "Creating")
        if item.spec.desired_state == "Stopped" and not deleting:
            phase, trouble = "Stopped", None
        return _with_ready(
            item,
            ContainerStatus(
                phase=phase,
                ready=False,
                reason=trouble.reason if trouble else None,
                message=(trouble.message or None) if trouble else None,
                anonymous_volumes=as_status(volumes or {}),
                observed_generation=item.metadata.generation,
            ),
            now,
        )
    final = is_final(item.spec.restart_policy, container, from_outside)
    phase = "Stopping" if deleting or stopping else _phase(container, final, item.spec.desired_state)
    left = sorted(ours for name, ours in networks.items() if name not in container.endpoints)
    health = _health(container, findings)
    reason, message = _explain(container, phase, trouble, left, item.spec.desired_state)
    if reason is None and health == "unhealthy":
        reason, message = "Unhealthy", findings.message or HEALTH_CHECK
    if reason == "Unhealthy" and loop:
        reason, message = CRASH_LOOP, loop
    done = after_start.done if after_start.done and after_start.done.container_id == container.id else None
    if phase == "Running" and (after_start.pending or (done and done.error)):
        phase = "Restarting" if after_start.pending and done and not done.error else "Creating"
        reason, message = _explain_hooks(after_start)
    ended = container.finished_at is not None
    status = ContainerStatus(
        phase=phase,
        health=health,
        ready=phase == "Running" and reason is None and health != "starting",
        container_id=container.id,
        container_name=container.name,
        image_id=container.image_id or None,
        exit_code=container.exit_code if ended else None,
        restart_count=container.restart_count,
        unhealthy_restarts=record.restarts or None,
        last_unhealthy_restart=record.last,
        started_at=None if phase == "Creating" else container.started_at,
        finished_at=container.finished_at,
        ip_addresses={
            networks.get(name, name): endpoint.address or endpoint.address6
            for name, endpoint in sorted(container.endpoints.items())
            if endpoint.address or endpoint.address6
        }
        or None,
        ports=[
            PortStatus(
                container_port=port.container_port,
                protocol=port.protocol,
                host_ip=port.host_ip,
                host_port=port.host_port,
            )
            for port in container.ports
        ]
        or None,
        anonymous_volumes=as_status(volumes or {}),
        post_start=done,
        observed_restart=_observed_restart(item, undone=trouble is not None or stopping or phase == "Stopped"),
        observed_generation=item.metadata.generation,
        reason=reason,
        message=message,
    )
    return _with_ready(item, status, now)


def _observed_restart(item: Container, *, undone: bool) -> str | None:
    """The request that is fulfilled: the last one, unless it is still on the way, or something went wrong there."""
    asked = (item.metadata.annotations or {}).get(labels.RESTARTED_AT)
    return asked if not undone else item.status.observed_restart if item.status else None


def with_ingress(item: Container, status: ContainerStatus, now: datetime) -> None:
    """Add to the status what the ingress says of the Container: its ports while it runs, or why it has none."""
    ingress = item.status.ingress if item.status else None
    if ingress is None or status.phase != "Running":
        return
    if ingress.state == "Refused":
        status.ready = False
        status.reason, status.message = ingress.reason, ingress.message
        _with_ready(item, status, now)
        return
    status.ports = [*(ingress.ports or []), *(status.ports or [])] or None


def _phase(container: EngineContainer, final: bool, desired: DesiredState | None) -> Phase:
    match container.state:
        case "created" | "exited" if desired == "Stopped" and not final:
            return "Stopped"
        case "created" if desired == "Created":
            return "Created"
        case "created":
            return "Creating"
        case "running" | "paused":
            return "Running"
        case "removing" | "dead":
            return "Stopping"
        case "exited" if final:
            return "Succeeded" if container.exit_code == 0 else "Failed"
    return "Restarting"


def _health(container: EngineContainer, findings: Findings) -> Health | None:
    """What the engine's check and the probes say together: the worse of the two."""
    said = [each for each in (container.health, findings.health) if each is not None]
    if container.state != "running" or not said:
        return None
    order: tuple[Health, ...] = ("unhealthy", "starting", "healthy")
    return min(said, key=order.index)


def _explain(
    container: EngineContainer,
    phase: Phase,
    trouble: Trouble | None,
    left: Sequence[str],
    desired: DesiredState | None,
) -> tuple[str | None, str | None]:
    """Reason and message; none where all is well. `left` are the networks that it is to be in, and is not."""
    if phase == "Running":
        if container.state == "paused":
            return "Paused", PAUSED if desired == "Paused" else PAUSED_BY_HAND
        if left:
            why = f": {trouble.message}" if trouble and trouble.message else ""
            return DISCONNECTED, f"it is not in the network {', '.join(left)}{why}"
        return None, None
    if phase in {"Succeeded", "Stopping", "Stopped", "Created"}:
        return None, None
    if trouble is not None and phase != "Failed":
        return trouble.reason, trouble.message or None
    if container.oom_killed:
        return "OOMKilled", "it ran out of memory"
    if _loops(container):
        code, times = container.exit_code, container.restart_count
        return CRASH_LOOP, f"it ended with exit code {code} and was restarted {times} times; the engine goes on"
    if phase in {"Failed", "Restarting"}:
        return "Error", container.error or f"it ended with exit code {container.exit_code}"
    return None, None


def _loops(container: EngineContainer) -> bool:
    """Whether the engine waits before it starts it again, because it ended soon after each of its last starts."""
    if container.state != "restarting" or container.restart_count < _CRASHES:
        return False
    began, ended = container.started_at, container.finished_at
    return began is not None and ended is not None and ended - began < _SOON


def _explain_hooks(after_start: AfterStart) -> tuple[str, str | None]:
    error = after_start.done.error if after_start.done else None
    if after_start.pending or not error:
        return "PostStart", None
    return "PostStartFailed", f"after the start, {error}"


def _with_ready(item: Container, status: ContainerStatus, now: datetime) -> ContainerStatus:
    """The condition Ready says what `ready` says, for those who wait for conditions."""
    old = item.status.conditions if item.status else None
    status.conditions = set_condition(
        old,
        "Ready",
        "True" if status.ready else "False",
        now=now,
        reason=status.reason or status.health or str(status.phase),
        message=status.message or "",
        generation=status.observed_generation,
    )
    return status
