"""The Deployment controller's shell: reads informers, plans, does what the plan says, writes the status if it differs.

A Deployment is looked at when it changes, when one of its Containers changes, or a Secret or ConfigMap that they use,
and when that happens to a neighbour: one that it depends on (it may start now) or one that depends on it (it may stop
now).

The informers of several kinds are not equally far. Of a transaction that changes a template and a Secret, one may be
seen before the other, and acting on half of it would replace the containers twice. So before an update of what uses
Secrets or ConfigMaps begins, the server is asked whether all of that is known.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from fizz.client.api import NotFound
from fizz.client.controller import Controller, Key, Manager, Requeue, Result
from fizz.client.events import EventRecorder
from fizz.controllers.deployment.plan import (
    Action,
    Create,
    Delete,
    Restart,
    RestartInPlace,
    RollBack,
    SetState,
    plan,
)
from fizz.controllers.deployment.rollback import RolledBack
from fizz.controllers.workloads.actions import Hands, write_status
from fizz.controllers.workloads.contents import digest_of
from fizz.controllers.workloads.namespace import Namespace, Namespaces, version_of
from fizz.controllers.workloads.template import (
    template_hash,
)
from fizz.controllers.workloads.world import Workload
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, DeploymentStatus, Template
from fizz.schemas.base import JSON
from fizz.schemas.conditions import find
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.sources import SourceRef, references

__all__ = ["DeploymentController"]

_WORKERS: Final = 16
"""Deployments worked on at the same time. High, because the server commits what comes together at once."""
_TAKEN_SECONDS: Final = 1.0
"""When to look again after somebody else made a Container that we do not see yet."""

_BEHIND_SECONDS: Final = 0.05
"""When to look again after the server knew more than the informers did."""

log: Final = structlog.get_logger()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DeploymentController:
    """Brings Deployments to what they want. `now` is the clock that conditions are stamped by."""

    def __init__(self, manager: Manager, recorder: EventRecorder, now: Callable[[], datetime] = _utc_now) -> None:
        self._client, self._recorder, self._now = manager.client, recorder, now
        self._hands = Hands(manager.client, recorder)
        self._world = Namespaces(manager)

    def controller(self) -> Controller:
        """What the manager runs."""
        sources = self._world.sources
        return (
            Controller("deployment", self.reconcile, workers=_WORKERS)
            .watches(self._world.deployments, map=self._concerned)
            .watches(self._world.jobs, map=self._concerned)
            .watches(self._world.containers, map=self._of_container)
            .watches(self._world.nodes, map=lambda _: ())
            .watches(sources.secrets, map=lambda item: self._of_source(item, SourceRef("Secret", item.name)))
            .watches(sources.configs, map=lambda item: self._of_source(item, SourceRef("ConfigMap", item.name)))
        )

    def _concerned(self, changed: Workload) -> Iterator[Key]:
        return Namespaces.keys(self._world.concerned(changed), Deployment)

    def _of_container(self, changed: Container) -> Iterator[Key]:
        owner = self._world.owner_of(changed)
        return self._concerned(owner) if owner is not None else iter(())

    def _of_source(self, changed: Secret | ConfigMap, ref: SourceRef) -> Iterator[Key]:
        for deployment in self._world.deployments.list(changed.namespace):
            if ref in references(deployment.spec.template.spec):
                yield Key(deployment.namespace, deployment.name)

    async def reconcile(self, key: Key) -> Result | None:
        """One step for one Deployment."""
        deployment = self._world.deployments.get(*key)
        if deployment is None:
            return None
        world = self._world[key.namespace]
        made = plan(world, deployment, self._now())
        if _begins_update(world, deployment, made.actions) and not await self._is_known(deployment):
            return Requeue(_BEHIND_SECONDS)
        first = _remembers_more(deployment, made.status)
        if first and made.status is not None:  # before the Containers go that told of the volumes
            await self._write_status(deployment, made.status)
        complete = await self._hands.do_all(deployment, made.actions, partial(self._do, deployment))
        if not first and made.status is not None:
            await self._write_status(deployment, made.status)
        if not complete:
            return Requeue(_TAKEN_SECONDS)
        return None if made.wait is None else Requeue(made.wait.total_seconds())

    async def _is_known(self, deployment: Deployment) -> bool:
        """Whether the Deployment and all that its containers use are as the informers have them."""
        place, refs = deployment.namespace, sorted(references(deployment.spec.template.spec))
        version, *others = await asyncio.gather(
            version_of(self._client, Deployment, deployment.name, place),
            *(self._world.sources.is_known(place, ref) for ref in refs),
        )
        return version == deployment.metadata.resource_version and all(others)

    async def _do(self, deployment: Deployment, action: Restart | RollBack | SetState | RestartInPlace) -> None:
        match action:
            case Restart(container, at=at, why=why):
                metadata = {"uid": container.metadata.uid, "annotations": action.annotations}
                try:
                    await self._client.patch(Container, container.name, {"metadata": metadata}, deployment.namespace)
                except NotFound:
                    return
                if at:
                    self._recorder.event(
                        deployment, "Normal", "ContainerRestarted", f"restarted {container.name}: {why}"
                    )
            case SetState(container, state, grace):
                await self._tell(container, {"spec": {"desiredState": state}}, {labels.STOP_GRACE: grace})
            case RestartInPlace(container, at, grace):
                await self._tell(container, {}, {labels.RESTARTED_AT: at, labels.STOP_GRACE: grace})
                self._recorder.event(deployment, "Normal", "ContainerRestarted", f"restarted {container.name}")
            case RollBack(template, why):
                await self._roll_back(deployment, template, why)

    async def _tell(self, container: Container, change: JSON, annotations: Mapping[str, str | None]) -> None:
        """Change a Container and its annotations, None removing one, provided that it is still the same."""
        metadata = {"uid": container.metadata.uid, "annotations": dict(annotations)}
        try:
            await self._client.patch(Container, container.name, {"metadata": metadata, **change}, container.namespace)
        except NotFound:
            return

    async def _roll_back(self, deployment: Deployment, template: Template, why: str) -> None:
        """Put the template back, on the condition that the Deployment is still as it was seen."""
        record = RolledBack(template_hash(deployment.spec.template), template_hash(template), why)
        changed = deployment.model_copy(deep=True)
        changed.spec.template = template
        changed.metadata.annotations = {**(changed.metadata.annotations or {}), labels.ROLLED_BACK: record.written()}
        try:
            await self._client.update(changed)
        except NotFound:
            return
        self._recorder.event(deployment, "Warning", "RolledBack", f"the update failed and is rolled back: {why}")

    async def _write_status(self, deployment: Deployment, status: DeploymentStatus) -> None:
        if await write_status(self._client, deployment, status, deployment.status):
            self._warn(deployment, deployment.status or DeploymentStatus(), status)

    def _warn(self, deployment: Deployment, old: DeploymentStatus, new: DeploymentStatus) -> None:
        """An Event when something begins to go wrong, or goes wrong differently."""
        before, after = find(old.conditions, "Progressing"), find(new.conditions, "Progressing")
        if after is None or after.status != "False":
            return
        if before is None or (before.reason, before.message) != (after.reason, after.message):
            self._recorder.event(deployment, "Warning", after.reason or "Failed", after.message or "")


def _begins_update(world: Namespace, deployment: Deployment, actions: Sequence[Action]) -> bool:
    """Whether the actions touch Containers that use Secrets or ConfigMaps, and none is yet as it is to be."""
    if not references(deployment.spec.template.spec) or not any(isinstance(each, Create | Delete) for each in actions):
        return False
    digest = digest_of(world, deployment)
    return all(item.labels.get(labels.TEMPLATE_HASH) != digest for item in world.owned(deployment))


def _remembers_more(deployment: Deployment, new: DeploymentStatus | None) -> bool:
    """Whether the status has something to tell of volumes that it did not before."""
    known = (deployment.status.replica_volumes if deployment.status else None) or []
    return new is not None and any(each not in known for each in new.replica_volumes or [])
