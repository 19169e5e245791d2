"""What a Deployment's status says of it: counts and the two conditions. Pure.

Available says whether the application answers now: enough replicas of whatever template are ready, or have completed.
Progressing says whether the present template is on its way, and why not if it is not.

| Progressing | reason | |
|---|---|---|
| True | Complete | all replicas of the present template are ready or have succeeded |
| True | Updating | replicas are being made, started or replaced |
| True | WaitingForDependency | the gate of dependsOn is not open yet; the message names the dependency |
| True | Unschedulable | there is no node for a replica yet |
| True | Stopping | the Deployment is being deleted, or its containers are being stopped |
| True | Stopped, Paused | so it is wanted; no container runs |
| False | DependencyFailed | a dependency can never meet its condition; the message names it |
| False | NameTaken | a Container that it needs exists and belongs to somebody else |
| False | ReplicaFailed | a replica ended with an error, or cannot be started |
| False | ReplicaUnhealthy | a replica's health check fails |
| False | RolledBack | the last update failed and was undone; all replicas are as they were before |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fizz.controllers.deployment.rollback import RolledBack
from fizz.controllers.deployment.running import is_halted
from fizz.controllers.deployment.slots import trouble_of
from fizz.controllers.workloads.dependencies import Gate, GateState
from fizz.controllers.workloads.running import still_runs
from fizz.controllers.workloads.template import label_of, ordinal_of
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, DeploymentStatus, ReplicaVolumes, SourceVersion, Template
from fizz.schemas.conditions import set_condition
from fizz.schemas.container import Container

__all__ = ["News", "Observed", "observe", "status_of"]


@dataclass(frozen=True, slots=True)
class Observed:
    """The Deployment's own Containers, counted. `present` are those of the present template among the wanted."""

    all: Sequence[Container]
    present: Sequence[Container]

    @property
    def ready(self) -> int:
        return sum(_ready(item) for item in self.present)

    @property
    def ready_of_any_template(self) -> int:
        return sum(_ready(item) for item in self.all)

    @property
    def running(self) -> int:
        return self._in_phase("Running")

    @property
    def succeeded(self) -> int:
        return self._in_phase("Succeeded")

    @property
    def failed(self) -> int:
        return self._in_phase("Failed")

    def _in_phase(self, phase: str) -> int:
        return sum(item.status is not None and item.status.phase == phase for item in self.present)


def observe(deployment: Deployment, digest: str, owned: Sequence[Container]) -> Observed:
    """Count the Containers that the Deployment manages."""
    alive = [item for item in owned if item.metadata.deletion_timestamp is None]
    present = [
        item
        for item in alive
        if item.labels.get(labels.TEMPLATE_HASH) == digest
        and (ordinal := ordinal_of(item)) is not None
        and ordinal < deployment.spec.replicas
    ]
    return Observed(all=owned, present=present)


def _ready(container: Container) -> bool:
    return container.status is not None and bool(container.status.ready)


@dataclass(frozen=True, slots=True)
class News:
    """What planning found out: the gate, which needed name is `blocked`, why the update is `halted`, which one was
    `undone`, the template that a failed one goes back to, the versions of what the containers use, and the anonymous
    volumes of the replicas.
    """

    gate: Gate
    blocked: str | None = None
    halted: str | None = None
    undone: RolledBack | None = None
    stable: Template | None = None
    sources: list[SourceVersion] | None = None
    volumes: Sequence[ReplicaVolumes] = ()


def status_of(deployment: Deployment, observed: Observed, news: News, now: datetime) -> DeploymentStatus:
    """The status that the observation and the news call for."""
    old = deployment.status.conditions if deployment.status else None
    generation = deployment.metadata.generation
    conditions = old
    for kind, verdict in (
        ("Available", _available(deployment, observed)),
        ("Progressing", _progressing(deployment, observed, news)),
    ):
        conditions = set_condition(
            conditions,
            kind,
            verdict.status,
            now=now,
            reason=verdict.reason,
            message=verdict.message,
            generation=generation,
        )
    return DeploymentStatus(
        observed_generation=generation,
        replicas=len(observed.all),
        updated_replicas=len(observed.present),
        running_replicas=observed.running,
        ready_replicas=observed.ready,
        succeeded_replicas=observed.succeeded,
        failed_replicas=observed.failed,
        selector=f"{labels.DEPLOYMENT}={label_of(deployment.name)}",
        stable_template=news.stable,
        observed_sources=news.sources,
        replica_volumes=list(news.volumes) or None,
        conditions=conditions,
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    status: Literal["True", "False"]
    reason: str
    message: str = ""


def _available(deployment: Deployment, observed: Observed) -> _Verdict:
    wanted = deployment.spec.replicas
    if is_halted(deployment):
        state = str(deployment.spec.desired_state)
        return _Verdict("False", state, f"its containers are {state.lower()}, as it is wanted")
    if wanted and observed.succeeded == wanted:
        return _Verdict("True", "Complete", "all replicas have succeeded")
    good = observed.ready_of_any_template + observed.succeeded
    message = f"{good} of {wanted} replicas are ready"
    if good >= wanted:
        return _Verdict("True", "MinimumReplicasAvailable", message)
    return _Verdict("False", "MinimumReplicasUnavailable", message)


def _progressing(deployment: Deployment, observed: Observed, news: News) -> _Verdict:
    wanted, gate = deployment.spec.replicas, news.gate
    if deployment.metadata.deletion_timestamp is not None:
        return _Verdict("True", "Stopping", gate.message or f"{_containers(len(observed.all))} left")
    if is_halted(deployment):
        return _halting(deployment, observed, gate)
    missing = len(observed.present) < wanted
    held = missing or any(item.status is not None and item.status.phase == "Stopped" for item in observed.present)
    if held and gate.state is GateState.FAILED:
        return _Verdict("False", "DependencyFailed", gate.message)
    if news.blocked:
        return _Verdict("False", "NameTaken", news.blocked)
    leftover = len(observed.all) - len(observed.present)
    if found := _first_obstacle(observed.present):
        paused = "; the update is halted" if news.halted and leftover else ""
        return _Verdict(found.status, found.reason, found.message + paused)
    if held and gate.state is GateState.WAITING:
        return _Verdict("True", "WaitingForDependency", gate.message)
    if not missing and not leftover and observed.ready + observed.succeeded >= wanted:
        if news.undone:
            return _Verdict("False", "RolledBack", f"the update was rolled back: {news.undone.why}")
        return _Verdict("True", "Complete", "all replicas are as wanted")
    parts = [f"{observed.ready + observed.succeeded} of {wanted} replicas are ready"]
    if leftover:
        parts.append(f"{_containers(leftover)} to go")
    parts += [
        f"{item.name} restarts: {item.status.message}"
        for item in observed.present
        if item.status and item.status.phase == "Restarting" and item.status.message
    ]
    return _Verdict("True", "Updating", "; ".join(parts))


def _halting(deployment: Deployment, observed: Observed, gate: Gate) -> _Verdict:
    if deployment.spec.desired_state == "Paused":
        paused = sum(item.status is not None and item.status.reason == "Paused" for item in observed.all)
        return _Verdict("True", "Paused", f"{_containers(paused)} paused")
    left = sum(map(still_runs, observed.all))
    if left:
        return _Verdict("True", "Stopping", gate.message or f"{_containers(left)} left")
    return _Verdict("True", "Stopped", "no container runs")


def _containers(count: int) -> str:
    return f"{count} container{'s' * (count != 1)}"


def _first_obstacle(present: Sequence[Container]) -> _Verdict | None:
    for item in sorted(present, key=lambda item: ordinal_of(item) or 0):
        if item.status is not None and item.status.reason == "Unschedulable":
            return _Verdict("True", "Unschedulable", f"{item.name}: {item.status.message}")
        if trouble := trouble_of(item):
            sick = item.status is not None and item.status.health == "unhealthy"
            return _Verdict("False", "ReplicaUnhealthy" if sick else "ReplicaFailed", f"{item.name}: {trouble}")
    return None
