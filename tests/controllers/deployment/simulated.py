"""A namespace in memory with Deployments and Containers: the API server's rules, an agent, and no clock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from fizz.controllers.deployment.plan import (
    Action,
    Adopt,
    Create,
    Delete,
    Plan,
    Restart,
    RestartInPlace,
    RollBack,
    SetFinalizers,
    SetState,
    plan,
)
from fizz.controllers.deployment.rollback import RolledBack
from fizz.controllers.workloads.template import belongs_to, label_of, template_hash
from fizz.controllers.workloads.world import Workload
from fizz.schemas import labels
from fizz.schemas.apps import Dependency, DependencyCondition, Deployment, DeploymentSpec, Template
from fizz.schemas.container import Container, ContainerSpec, ContainerStatus, Healthcheck
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.meta import ObjectMeta, owner_reference
from fizz.schemas.node import Node
from fizz.schemas.sources import SourceRef
from fizz.schemas.strategy import UpdateStrategy

__all__ = ["START", "SimulatedNamespace", "make_deployment"]

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def annotate(container: Container, changes: Mapping[str, str | None]) -> None:
    """As a merge patch does."""
    found = {**(container.metadata.annotations or {}), **changes}
    container.metadata.annotations = {key: value for key, value in found.items() if value is not None}


def make_deployment(
    name: str,
    *,
    replicas: int = 1,
    image: str = "busybox",
    after: Sequence[tuple[str, DependencyCondition]] = (),
    optional: bool = False,
    healthcheck: bool = False,
    strategy: UpdateStrategy | None = None,
    rollback: UpdateStrategy | None = None,
) -> Deployment:
    """A Deployment as the API server would return it right after creation."""
    spec = ContainerSpec(image=image)
    if healthcheck:
        spec.healthcheck = Healthcheck(test=["CMD", "true"])
    return Deployment(
        metadata=ObjectMeta(name=name, namespace="blog", uid=f"uid-{name}", generation=1, labels={"tier": "x"}),
        spec=DeploymentSpec(
            replicas=replicas,
            depends_on=[
                Dependency(name=other, condition=condition, required=False if optional else None)
                for other, condition in after
            ]
            or None,
            template=Template(spec=spec),
            update_strategy=strategy,
            rollback_strategy=rollback,
        ),
    )


class SimulatedNamespace:
    """Implements the world that plans look at, and does what they say, as API server and agent would."""

    def __init__(self, *deployments: Deployment) -> None:
        self._deployments = {item.name: item for item in deployments}
        self._containers: dict[str, Container] = {}
        self._uids = count(1)
        self.now = START
        self.done: list[str] = []
        self.created: list[str] = []
        self.restarted: list[str] = []
        self.without_volumes: list[str] = []
        self.ports_shared = False
        self.sources: dict[SourceRef, Secret | ConfigMap] = {}

    # what plans see

    def workloads(self) -> Sequence[Workload]:
        return list(self._deployments.values())

    def workload(self, name: str) -> Workload | None:
        return self._deployments.get(name)

    def owned(self, owner: Workload) -> Sequence[Container]:
        return [item for item in self._containers.values() if belongs_to(item, owner)]

    def labelled(self, owner: Workload) -> Sequence[Container]:
        wanted = label_of(owner.name)
        return [item for item in self._containers.values() if item.labels.get(labels.DEPLOYMENT) == wanted]

    def container(self, name: str) -> Container | None:
        return self._containers.get(name)

    def source(self, ref: SourceRef) -> Secret | ConfigMap | None:
        return self.sources.get(ref)

    def nodes(self) -> Sequence[Node]:
        return []

    # what people do

    def deployments(self) -> Sequence[Deployment]:
        return list(self._deployments.values())

    def deployment(self, name: str) -> Deployment | None:
        return self._deployments.get(name)

    @property
    def names(self) -> list[str]:
        return sorted(self._containers)

    def alive(self, deployment: str) -> list[Container]:
        label = label_of(deployment)
        return [item for item in self._containers.values() if item.labels.get(labels.DEPLOYMENT) == label]

    def put(self, container: Container) -> None:
        assert container.name not in self._containers, f"{container.name} exists"
        container.metadata.uid = f"uid-{next(self._uids)}"
        self._containers[container.name] = container

    def apply(self, deployment: Deployment) -> None:
        """Change a Deployment's spec, or add one."""
        old = self._deployments.get(deployment.name)
        if old:
            deployment.metadata = old.metadata
            deployment.metadata.generation = (old.metadata.generation or 1) + 1
            deployment.status = old.status
        self._deployments[deployment.name] = deployment

    def delete(self, name: str, *finalizers: str) -> None:
        metadata = self._deployments[name].metadata
        metadata.finalizers = [*(metadata.finalizers or []), *finalizers]
        metadata.deletion_timestamp = self.now
        self._collect_deployments()

    # what the agent does

    def report(self, container: Container, status: ContainerStatus) -> None:
        container.status = status

    def run(self, container: Container, health: str | None = None) -> None:
        container.status = ContainerStatus.model_validate(
            {"phase": "Running", "health": health, "ready": health in {None, "healthy"}, "startedAt": self.now}
        )
        container.status.observed_restart = (container.metadata.annotations or {}).get(labels.RESTARTED_AT)

    def end(self, container: Container, code: int) -> None:
        phase = "Failed" if code else "Succeeded"
        container.status = ContainerStatus.model_validate(
            {"phase": phase, "exitCode": code, "ready": False, "startedAt": self.now}
        )

    def obey(self, container: Container) -> bool:
        """Do what the Container is told: stop, pause, go on, restart. Whether there was anything."""
        status, desired = container.status, container.spec.desired_state or "Running"
        if status is None or container.metadata.deletion_timestamp is not None:
            return False
        asked = (container.metadata.annotations or {}).get(labels.RESTARTED_AT)
        paused = status.reason == "Paused"
        if desired == "Stopped" and status.phase == "Running":
            container.status = ContainerStatus(phase="Stopped", ready=False, started_at=status.started_at)
        elif desired == "Paused" and status.phase == "Running" and not paused:
            container.status = status.model_copy(update={"reason": "Paused", "ready": False})
        elif desired == "Running" and (status.phase == "Stopped" or paused):
            self.run(container, status.health)
        elif asked and status.observed_restart != asked and desired == "Running":
            container.status = status.model_copy(update={"observed_restart": asked})
            self.restarted.append(container.name)
        else:
            return False
        return True

    def remove_deleted(self) -> bool:
        """The agent has removed from the engine what is being deleted."""
        gone = [name for name, item in self._containers.items() if item.metadata.deletion_timestamp]
        for name in gone:
            del self._containers[name]
        return bool(gone)

    # what the controller does

    def step(self, name: str) -> Plan:
        """Plan for one Deployment and do it. Asserts what must hold whatever the plan is."""
        deployment = self._deployments[name]
        made = plan(self, deployment, self.now)
        if made.status is not None:
            deployment.status = made.status
        for action in made.actions:
            self._do(deployment, action)
        self.now += timedelta(seconds=1)
        self._collect_deployments()
        return made

    def _do(self, deployment: Deployment, action: Action) -> None:
        self.done.append(str(action))
        match action:
            case SetFinalizers(finalizers):
                deployment.metadata.finalizers = list(finalizers)
            case Create(container):
                assert labels.FINALIZER_ORDERED_STOP in (deployment.metadata.finalizers or [])
                self.put(container)
                self.created.append(container.name)
            case Restart(container):
                container.metadata.annotations = {**(container.metadata.annotations or {}), **action.annotations}
            case RestartInPlace(container, at, grace):
                annotate(container, {labels.RESTARTED_AT: at, labels.STOP_GRACE: grace})
            case SetState(container, state, grace):
                container.spec = container.spec.model_copy(update={"desired_state": state})
                annotate(container, {labels.STOP_GRACE: grace})
            case Adopt(container):
                container.metadata.owner_references = [owner_reference(deployment)]
            case Delete(container):
                if action.volumes:
                    self.without_volumes.append(container.name)
                assert belongs_to(container, deployment), f"{container.name} is not {deployment.name}'s"
                assert container.metadata.deletion_timestamp is None
                container.metadata.deletion_timestamp = self.now
            case RollBack(template, why):
                record = RolledBack(template_hash(deployment.spec.template), template_hash(template), why)
                deployment.spec.template = template
                deployment.metadata.annotations = {labels.ROLLED_BACK: record.written()}
                deployment.metadata.generation = (deployment.metadata.generation or 1) + 1

    def _collect_deployments(self) -> None:
        for name, item in list(self._deployments.items()):
            if item.metadata.deletion_timestamp and not item.metadata.finalizers:
                del self._deployments[name]

    def settle(self, *, health: str | None = None, code: int | None = None, limit: int = 200) -> None:
        """Let controller and agent act until nothing changes any more; started containers run, or end with `code`."""
        for _ in range(limit):
            changed = self.remove_deleted()
            for name in list(self._deployments):
                if name in self._deployments:
                    changed |= bool(self.step(name).actions)
            for item in self._containers.values():
                changed |= self.obey(item)
                if item.status is None and item.metadata.deletion_timestamp is None:
                    changed = True
                    if code is None:
                        check = item.spec.healthcheck is not None
                        self.run(item, (health or "healthy") if check else None)
                    else:
                        self.end(item, code)
            if not changed:
                return
        raise AssertionError(f"still busy after {limit} rounds: {self.done[-5:]}")
