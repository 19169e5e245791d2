"""What a Deployment's status says of it: counts and the two conditions. Pure.

Available says whether the application answers now: enough replicas of whatever template are ready, or have completed.
Progressing says whether the present template is on its way, and why not if it is not.

| Progressing | reason | |
|---|---|---|
| True | Complete | all replicas of the present template are ready or have succeeded |
| True | Updating | replicas are being made, started or replaced |
| True | WaitingForDependency | the gate of dependsOn is not open yet; the message names the dependency |
| True | Unschedulable | there is no node for a replica yet |
| True | Stopping | the Deployment is being deleted |
| False | DependencyFailed | a dependency can never meet its condition; the message names it |
| False | NameTaken | a Container that it needs exists and belongs to somebody else |
| False | ReplicaFailed | a replica ended with an error, or cannot be started |
| False | ReplicaUnhealthy | a replica's health check fails |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fizz.controllers.deployment.dependencies import Gate, GateState
from fizz.controllers.deployment.template import deployment_label, ordinal_of
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, DeploymentStatus
from fizz.schemas.conditions import set_condition
from fizz.schemas.container import Container

__all__ = ["Observed", "observe", "status_of"]


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


def status_of(
    deployment: Deployment, observed: Observed, gate: Gate, blocked: str | None, now: datetime
) -> DeploymentStatus:
    """The status that the observation calls for. `blocked` says which needed name is taken, if one is."""
    old = deployment.status.conditions if deployment.status else None
    generation = deployment.metadata.generation
    conditions = old
    for kind, verdict in (
        ("Available", _available(deployment, observed)),
        ("Progressing", _progressing(deployment, observed, gate, blocked)),
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
        selector=f"{labels.DEPLOYMENT}={deployment_label(deployment.name)}",
        conditions=conditions,
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    status: Literal["True", "False"]
    reason: str
    message: str = ""


def _available(deployment: Deployment, observed: Observed) -> _Verdict:
    wanted = deployment.spec.replicas
    if wanted and observed.succeeded == wanted:
        return _Verdict("True", "Complete", "all replicas have succeeded")
    good = observed.ready_of_any_template + observed.succeeded
    message = f"{good} of {wanted} replicas are ready"
    if good >= wanted:
        return _Verdict("True", "MinimumReplicasAvailable", message)
    return _Verdict("False", "MinimumReplicasUnavailable", message)


def _progressing(deployment: Deployment, observed: Observed, gate: Gate, blocked: str | None) -> _Verdict:
    wanted = deployment.spec.replicas
    if deployment.metadata.deletion_timestamp is not None:
        return _Verdict("True", "Stopping", gate.message or f"{_containers(len(observed.all))} left")
    missing = len(observed.present) < wanted
    if missing and gate.state is GateState.FAILED:
        return _Verdict("False", "DependencyFailed", gate.message)
    if blocked:
        return _Verdict("False", "NameTaken", blocked)
    if found := _first_obstacle(observed.present):
        return found
    if missing and gate.state is GateState.WAITING:
        return _Verdict("True", "WaitingForDependency", gate.message)
    leftover = len(observed.all) - len(observed.present)
    if not missing and not leftover and observed.ready + observed.succeeded >= wanted:
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


def _containers(count: int) -> str:
    return f"{count} container{'s' * (count != 1)}"


def _first_obstacle(present: Sequence[Container]) -> _Verdict | None:
    for item in sorted(present, key=lambda item: ordinal_of(item) or 0):
        status = item.status
        if status is None:
            continue
        if status.phase == "Failed":
            why = status.message or (
                f"ended with exit code {status.exit_code}" if status.exit_code is not None else "failed"
            )
            return _Verdict("False", "ReplicaFailed", f"{item.name}: {why}")
        if status.reason == "Unschedulable":
            return _Verdict("True", status.reason, f"{item.name}: {status.message}")
        if status.phase in {None, "Pending", "Creating"} and status.reason and status.message:
            return _Verdict("False", "ReplicaFailed", f"{item.name}: {status.message}")
        if status.health == "unhealthy":
            return _Verdict("False", "ReplicaUnhealthy", f"{item.name} is unhealthy")
    return None
