"""What plans of Deployments and Jobs have done, and how it is done: the Container as a unit, and finalizers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from fizz.client.api import AlreadyExists, Client, NotFound
from fizz.client.events import EventRecorder
from fizz.controllers.workloads.world import Workload
from fizz.schemas import labels
from fizz.schemas.base import JSON, Model
from fizz.schemas.container import Container
from fizz.schemas.meta import Object, owner_reference

__all__ = ["Adopt", "Create", "Delete", "Hands", "SetFinalizers", "write_status"]

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SetFinalizers:
    """Replace the owner's finalizers."""

    finalizers: tuple[str, ...]

    def __str__(self) -> str:
        return f"set finalizers to {', '.join(self.finalizers) or 'none'}"


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take over a Container that belongs to nobody."""

    container: Container

    def __str__(self) -> str:
        return f"adopt {self.container.name}"


@dataclass(frozen=True, slots=True)
class Create:
    """Make a Container; `why` says what changed, if it replaces another."""

    container: Container
    why: str = ""

    def __str__(self) -> str:
        return f"create {self.container.name}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a Container, provided that it still is what was seen; with its anonymous volumes if so said."""

    container: Container
    why: str
    volumes: bool = False

    def __str__(self) -> str:
        return f"delete {self.container.name}: {self.why}"


A = TypeVar("A")
Common = SetFinalizers | Adopt | Create | Delete


class Hands:
    """Does it for an owner, and says so in Events and the log."""

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._client, self._recorder = client, recorder

    async def do_all(
        self,
        owner: Workload,
        actions: Sequence[A | SetFinalizers | Adopt | Create | Delete],
        do: Callable[[A], Awaitable[None]],
    ) -> bool:
        """Creations together at the end, everything else one after the other; `do` does what only the owner's kind has.
        False if a name was found taken.
        """
        creations = [action for action in actions if isinstance(action, Create)]
        for action in actions:
            match action:
                case SetFinalizers(finalizers):
                    await self._set_finalizers(owner, finalizers)
                case Adopt(container):
                    await self._adopt(owner, container)
                case Delete():
                    await self._delete(owner, action)
                case Create():
                    continue
                case _:
                    await do(action)
            _log(owner, action)
        return all(await asyncio.gather(*(self._create(owner, action) for action in creations)))

    async def _set_finalizers(self, owner: Workload, finalizers: Sequence[str]) -> None:
        version = owner.metadata.resource_version
        metadata: JSON = {"finalizers": list(finalizers), "resourceVersion": version}
        try:
            await self._client.patch(type(owner), owner.name, {"metadata": metadata}, owner.namespace)
        except NotFound:
            return

    async def _adopt(self, owner: Workload, container: Container) -> None:
        references = [*(container.metadata.owner_references or []), owner_reference(owner)]
        metadata = {
            "ownerReferences": [each.dump() for each in references],
            "resourceVersion": container.metadata.resource_version,
        }
        await self._client.patch(Container, container.name, {"metadata": metadata}, owner.namespace)

    async def _delete(self, owner: Workload, action: Delete) -> None:
        container, place = action.container, owner.namespace
        meta = container.metadata
        try:
            if action.volumes:
                change: JSON = {"metadata": {"uid": meta.uid, "annotations": {labels.REMOVE_VOLUMES: "true"}}}
                meta = (await self._client.patch(Container, container.name, change, place)).metadata
            await self._client.delete(
                Container,
                container.name,
                place,
                uid=meta.uid,
                resource_version=meta.resource_version,
                grace_period_seconds=owner.metadata.deletion_grace_period_seconds,
            )
        except NotFound:
            return
        self._recorder.event(owner, "Normal", "ContainerDeleted", f"deleted {container.name}: {action.why}")

    async def _create(self, owner: Workload, action: Create) -> bool:
        try:
            await self._client.create(action.container)
        except AlreadyExists:  # made by another server or by ourselves a moment ago, or a stranger; the cache will tell
            return False
        why = f": {action.why}" if action.why else ""
        self._recorder.event(owner, "Normal", "ContainerCreated", f"created {action.container.name}{why}")
        _log(owner, action)
        return True


async def write_status(client: Client, owner: Object, status: Model, old: Model | None, *, exact: bool = False) -> bool:
    """Write the status if it differs from the old one. Whether it does, and the owner is still there.

    An `exact` one counts, so it is written only over the very one that it was counted on. Raises `Conflict` if that has
    changed.
    """
    before, after = _written(old) if old else {}, _written(status)
    if before == after:
        return False
    patch: JSON = {"status": _over(before, after)}
    if exact:
        patch["metadata"] = {"resourceVersion": owner.metadata.resource_version}
    try:
        await client.patch(type(owner), owner.name, patch, owner.namespace, "status")
    except NotFound:
        return False
    return True


def _written(status: Model) -> JSON:
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def _over(old: JSON, new: JSON) -> JSON:
    """The new as a merge patch over the old: with nulls for what goes (RFC 7386)."""
    patch: JSON = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        patch[key] = _over(before, value) if isinstance(value, dict) and isinstance(before, dict) else value
    return patch


def _log(owner: Workload, action: object) -> None:
    log.info(str(action), kind=owner.kind, namespace=owner.namespace, name=owner.name)
