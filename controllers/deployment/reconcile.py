"""The Deployment controller's shell: reads informers, plans, does what the plan says, writes the status if it differs.

A Deployment is looked at when it changes, when one of its Containers changes, or a Secret or ConfigMap that they use,
and when that happens to a neighbour: one that it depends on (it may start now) or one that depends on it (it may stop
now).

The informers of several kinds are not equally far. Of a transaction that changes a template and a Secret, one may be
seen before the other, and acting on half of it would replace the containers twice. So before an update of what uses
Secrets or ConfigMaps begins, the server is asked whether all of that is known.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from fizz.client.api import AlreadyExists, Client, NotFound
from fizz.client.controller import Controller, Key, Manager, Requeue, Result
from fizz.client.events import EventRecorder
from fizz.client.informer import Informer
from fizz.controllers.deployment.contents import digest_of
from fizz.controllers.deployment.plan import Action, Adopt, Create, Delete, Restart, RollBack, SetFinalizers, plan
from fizz.controllers.deployment.rollback import RolledBack
from fizz.controllers.deployment.template import (
    belongs_to,
    controller_of,
    deployment_label,
    owner_reference,
    template_hash,
)
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, DeploymentStatus, Template
from fizz.schemas.base import JSON
from fizz.schemas.conditions import find
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.meta import Object
from fizz.schemas.node import Node
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


class _Sources:
    """Secrets and ConfigMaps, as they are known and as they are."""

    def __init__(self, manager: Manager) -> None:
        self._client = manager.client
        self.secrets, self.configs = manager.informer(Secret), manager.informer(ConfigMap)

    def get(self, namespace: str, ref: SourceRef) -> Secret | ConfigMap | None:
        return (self.secrets if ref.kind == "Secret" else self.configs).get(namespace, ref.name)

    async def is_known(self, namespace: str, ref: SourceRef) -> bool:
        """Whether the object is as the informer has it."""
        known = self.get(namespace, ref)
        kind = Secret if ref.kind == "Secret" else ConfigMap
        return await _version(self._client, kind, ref.name, namespace) == (
            known.metadata.resource_version if known else None
        )


async def _version(client: Client, kind: type[Object], name: str, namespace: str) -> str | None:
    """The version that the object has now; None if it is not there."""
    try:
        return (await client.get(kind, name, namespace)).metadata.resource_version
    except NotFound:
        return None


class _Namespace:
    """The world of a plan, as the informers know it."""

    def __init__(
        self,
        name: str,
        deployments: Informer[Deployment],
        containers: Informer[Container],
        nodes: Informer[Node],
        sources: "_Sources",
    ) -> None:
        self._name, self._deployments, self._containers, self._nodes = name, deployments, containers, nodes
        self._sources = sources

    def deployments(self) -> Sequence[Deployment]:
        return self._deployments.list(self._name)

    def deployment(self, name: str) -> Deployment | None:
        return self._deployments.get(self._name, name)

    def owned(self, deployment: Deployment) -> Sequence[Container]:
        uid = deployment.metadata.uid or ""
        return [item for item in self._containers.by_owner(uid) if belongs_to(item, deployment)]

    def labelled(self, deployment: Deployment) -> Sequence[Container]:
        found = self._containers.by_label(labels.DEPLOYMENT, deployment_label(deployment.name))
        return [item for item in found if item.namespace == self._name]

    def container(self, name: str) -> Container | None:
        return self._containers.get(self._name, name)

    def source(self, ref: SourceRef) -> Secret | ConfigMap | None:
        return self._sources.get(self._name, ref)

    @property
    def ports_shared(self) -> bool:
        ingresses = [node.status.ingress if node.status else None for node in self._nodes.list()]
        return all(ingress is not None and ingress.mode == "nftables" for ingress in ingresses)


class DeploymentController:
    """Brings Deployments to what they want. `now` is the clock that conditions are stamped by."""

    def __init__(self, manager: Manager, recorder: EventRecorder, now: Callable[[], datetime] = _utc_now) -> None:
        self._client, self._recorder, self._now = manager.client, recorder, now
        self._deployments = manager.informer(Deployment)
        self._containers = manager.informer(Container)
        self._nodes = manager.informer(Node)
        self._sources = _Sources(manager)

    def controller(self) -> Controller:
        """What the manager runs."""
        return (
            Controller("deployment", self.reconcile, workers=_WORKERS)
            .watches(self._deployments, map=self._of_deployment)
            .watches(self._containers, map=self._of_container)
            .watches(self._nodes, map=lambda _: ())
            .watches(self._sources.secrets, map=lambda item: self._of_source(item, SourceRef("Secret", item.name)))
            .watches(self._sources.configs, map=lambda item: self._of_source(item, SourceRef("ConfigMap", item.name)))
        )

    def _of_deployment(self, changed: Deployment) -> Iterator[Key]:
        """The Deployment, those that depend on it, and if it is being deleted those that it depends on."""
        namespace = changed.namespace
        yield Key(namespace, changed.name)
        for other in self._deployments.list(namespace):
            if any(each.name == changed.name for each in other.spec.depends_on or []):
                yield Key(namespace, other.name)
        if changed.metadata.deletion_timestamp is not None:
            yield from (Key(namespace, each.name) for each in changed.spec.depends_on or [])

    def _of_container(self, changed: Container) -> Iterator[Key]:
        owner = controller_of(changed)
        name = owner.name if owner else changed.labels.get(labels.DEPLOYMENT, "")
        deployment = self._deployments.get(changed.namespace, name)
        if deployment is not None:
            yield from self._of_deployment(deployment)

    def _of_source(self, changed: Secret | ConfigMap, ref: SourceRef) -> Iterator[Key]:
        for deployment in self._deployments.list(changed.namespace):
            if ref in references(deployment.spec.template.spec):
                yield Key(deployment.namespace, deployment.name)

    async def reconcile(self, key: Key) -> Result | None:
        """One step for one Deployment."""
        deployment = self._deployments.get(*key)
        if deployment is None:
            return None
        world = _Namespace(key.namespace, self._deployments, self._containers, self._nodes, self._sources)
        made = plan(world, deployment, self._now())
        if _begins_update(world, deployment, made.actions) and not await self._is_known(deployment):
            return Requeue(_BEHIND_SECONDS)
        first = _remembers_more(deployment, made.status)
        if first and made.status is not None:  # before the Containers go that told of the volumes
            await self._write_status(deployment, made.status)
        complete = await self._do_all(deployment, made.actions)
        if not first and made.status is not None:
            await self._write_status(deployment, made.status)
        if not complete:
            return Requeue(_TAKEN_SECONDS)
        return None if made.wait is None else Requeue(made.wait.total_seconds())

    async def _is_known(self, deployment: Deployment) -> bool:
        """Whether the Deployment and all that its containers use are as the informers have them."""
        place, refs = deployment.namespace, sorted(references(deployment.spec.template.spec))
        version, *others = await asyncio.gather(
            _version(self._client, Deployment, deployment.name, place),
            *(self._sources.is_known(place, ref) for ref in refs),
        )
        return version == deployment.metadata.resource_version and all(others)

    async def _do_all(self, deployment: Deployment, actions: Sequence[Action]) -> bool:
        """Creations together at the end, everything else one after the other. False if a name was found taken."""
        creations = [action for action in actions if isinstance(action, Create)]
        for action in actions:
            if not isinstance(action, Create):
                await self._do(deployment, action)
        return all(await asyncio.gather(*(self._create(deployment, action) for action in creations)))

    async def _do(self, deployment: Deployment, action: SetFinalizers | Adopt | Delete | Restart | RollBack) -> None:
        place = deployment.namespace
        match action:
            case SetFinalizers(finalizers):
                version = deployment.metadata.resource_version
                metadata: JSON = {"finalizers": list(finalizers), "resourceVersion": version}
                try:
                    await self._client.patch(Deployment, deployment.name, {"metadata": metadata}, place)
                except NotFound:
                    return
            case Adopt(container):
                references = [*(container.metadata.owner_references or []), owner_reference(deployment)]
                metadata = {
                    "ownerReferences": [each.dump() for each in references],
                    "resourceVersion": container.metadata.resource_version,
                }
                await self._client.patch(Container, container.name, {"metadata": metadata}, place)
            case Delete(container, why):
                meta = container.metadata
                try:
                    if action.volumes:
                        annotations = {labels.REMOVE_VOLUMES: "true"}
                        change: JSON = {"metadata": {"uid": meta.uid, "annotations": annotations}}
                        meta = (await self._client.patch(Container, container.name, change, place)).metadata
                    await self._client.delete(
                        Container,
                        container.name,
                        place,
                        uid=meta.uid,
                        resource_version=meta.resource_version,
                        grace_period_seconds=deployment.metadata.deletion_grace_period_seconds,
                    )
                except NotFound:
                    return
                self._recorder.event(deployment, "Normal", "ContainerDeleted", f"deleted {container.name}: {why}")
            case Restart(container, at=at, why=why):
                metadata = {"uid": container.metadata.uid, "annotations": action.annotations}
                try:
                    await self._client.patch(Container, container.name, {"metadata": metadata}, place)
                except NotFound:
                    return
                if at:
                    self._recorder.event(
                        deployment, "Normal", "ContainerRestarted", f"restarted {container.name}: {why}"
                    )
            case RollBack(template, why):
                await self._roll_back(deployment, template, why)
        _log(deployment, action)

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

    async def _create(self, deployment: Deployment, action: Create) -> bool:
        try:
            await self._client.create(action.container)
        except AlreadyExists:  # made by another server or by ourselves a moment ago, or a stranger; the cache will tell
            return False
        why = f": {action.why}" if action.why else ""
        self._recorder.event(deployment, "Normal", "ContainerCreated", f"created {action.container.name}{why}")
        _log(deployment, action)
        return True

    async def _write_status(self, deployment: Deployment, status: DeploymentStatus) -> None:
        old = deployment.status or DeploymentStatus()
        written, before = status.dump(), old.model_dump(mode="json", by_alias=True, exclude_none=True)
        if written == before:
            return
        self._warn(deployment, old, status)
        patch = {"status": {**dict.fromkeys(before), **written}}  # what is not there any more is null
        try:
            await self._client.patch(Deployment, deployment.name, patch, deployment.namespace, "status")
        except NotFound:
            return

    def _warn(self, deployment: Deployment, old: DeploymentStatus, new: DeploymentStatus) -> None:
        """An Event when something begins to go wrong, or goes wrong differently."""
        before, after = find(old.conditions, "Progressing"), find(new.conditions, "Progressing")
        if after is None or after.status != "False":
            return
        if before is None or (before.reason, before.message) != (after.reason, after.message):
            self._recorder.event(deployment, "Warning", after.reason or "Failed", after.message or "")


def _begins_update(world: _Namespace, deployment: Deployment, actions: Sequence[Action]) -> bool:
    """Whether the actions touch Containers that use Secrets or ConfigMaps, and none is yet as it is to be."""
    if not references(deployment.spec.template.spec) or not any(isinstance(each, Create | Delete) for each in actions):
        return False
    digest = digest_of(world, deployment)
    return all(item.labels.get(labels.TEMPLATE_HASH) != digest for item in world.owned(deployment))


def _remembers_more(deployment: Deployment, new: DeploymentStatus | None) -> bool:
    """Whether the status has something to tell of volumes that it did not before."""
    known = (deployment.status.replica_volumes if deployment.status else None) or []
    return new is not None and any(each not in known for each in new.replica_volumes or [])


def _log(deployment: Deployment, action: Action) -> None:
    log.info(str(action), kind="Deployment", namespace=deployment.namespace, name=deployment.name)
