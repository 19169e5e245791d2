"""The API server as the agent needs it: what it reads comes from informers, what it writes is its own part of objects.

Reading from an informer costs nothing and may be a moment old. Where a moment matters, `fresh` asks the server: before
something is called missing, and before anything is removed because its object is gone.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, Protocol

from fizz.client.api import Client, Conflict, Invalid, NotFound
from fizz.client.events import EventRecorder
from fizz.client.informer import Informer
from fizz.client.manager import Manager
from fizz.client.objects import Key, T
from fizz.controllers.node.differences import difference
from fizz.controllers.node.sources import Sources
from fizz.schemas import labels
from fizz.schemas.apps import Network, ResourceStatus, Service, Volume
from fizz.schemas.base import JSON
from fizz.schemas.container import Container, ContainerStatus
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.meta import Object
from fizz.schemas.sources import SourceRef

__all__ = ["ApiObjects", "Managed", "Objects"]

Managed = Container | Network | Volume
"""What the agent acts for."""

_KINDS: Final[dict[str, type[Secret | ConfigMap]]] = {"Secret": Secret, "ConfigMap": ConfigMap}
_ATTEMPTS: Final = 5


class Objects(Protocol):
    """What the reconcilers need of the API server."""

    def container(self, key: Key) -> Container | None:
        """The Container of this node, or None."""

    def containers(self, namespace: str | None = None) -> Sequence[Container]:
        """The Containers of this node, in a namespace or in all."""

    def networks(self) -> Sequence[Network]:
        """All Networks."""

    def volumes(self) -> Sequence[Volume]:
        """All Volumes."""

    def network(self, key: Key) -> Network | None:
        """The Network, or None."""

    def volume(self, key: Key) -> Volume | None:
        """The Volume, or None."""

    def versions(self, namespace: str, references: Iterable[SourceRef]) -> tuple[str, ...]:
        """What changes when one of the Secrets and ConfigMaps does."""

    async def fresh(self, kind: type[T], key: Key) -> T | None:
        """The object as it is at this moment, or None."""

    async def sources(self, namespace: str, references: Iterable[SourceRef]) -> Sources:
        """The Secrets and ConfigMaps, as they are at this moment; what does not exist is left out."""

    async def services(self, namespace: str) -> Sequence[Service]:
        """The Services of a namespace, as they are at this moment."""

    async def write_status(self, item: Managed, status: ContainerStatus | ResourceStatus) -> None:
        """Write the status, if it differs from the last."""

    async def hold(self, item: Network | Volume) -> None:
        """Put the agent's finalizer on the object."""

    async def discard(self, item: Container) -> None:
        """Delete the Container, provided that it is still the same one."""

    async def release(self, item: Managed) -> None:
        """Take the agent's finalizer from the object, so that it may go."""

    def tell(self, item: Managed, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Record an Event about the object."""


class ApiObjects:
    """The objects over the API server's client and informers."""

    def __init__(self, manager: Manager, recorder: EventRecorder, node: str) -> None:
        self._client: Client = manager.client
        self._recorder = recorder
        self.containers_informer: Informer[Container] = manager.informer(
            Container, field_selector=f"spec.nodeName={node}"
        )
        self.networks_informer: Informer[Network] = manager.informer(Network)
        self.volumes_informer: Informer[Volume] = manager.informer(Volume)
        self.secrets_informer: Informer[Secret] = manager.informer(Secret)
        self.configs_informer: Informer[ConfigMap] = manager.informer(ConfigMap)
        self._written: dict[str, tuple[str, JSON]] = {}
        """By uid: the version that our last write of a status made, and that status. Only while no informer has it."""

    def container(self, key: Key) -> Container | None:
        return self.containers_informer.get(*key)

    def containers(self, namespace: str | None = None) -> Sequence[Container]:
        return self.containers_informer.list(namespace)

    def networks(self) -> Sequence[Network]:
        return self.networks_informer.list()

    def volumes(self) -> Sequence[Volume]:
        return self.volumes_informer.list()

    def network(self, key: Key) -> Network | None:
        return self.networks_informer.get(*key)

    def volume(self, key: Key) -> Volume | None:
        return self.volumes_informer.get(*key)

    def versions(self, namespace: str, references: Iterable[SourceRef]) -> tuple[str, ...]:
        return tuple(self._version(namespace, reference) for reference in sorted(references))

    def _version(self, namespace: str, reference: SourceRef) -> str:
        informer: Informer[Secret] | Informer[ConfigMap] = (
            self.secrets_informer if reference.kind == "Secret" else self.configs_informer
        )
        item = informer.get(namespace, reference.name)
        return "" if item is None else f"{item.metadata.uid} {item.metadata.resource_version}"

    async def fresh(self, kind: type[T], key: Key) -> T | None:
        try:
            return await self._client.get(kind, key.name, key.namespace)
        except NotFound:
            return None

    async def sources(self, namespace: str, references: Iterable[SourceRef]) -> Sources:
        found: dict[SourceRef, Secret | ConfigMap] = {}
        for reference in sorted(references):
            try:
                found[reference] = await self._client.get(_KINDS[reference.kind], reference.name, namespace)
            except NotFound:
                continue
        return found

    async def services(self, namespace: str) -> Sequence[Service]:
        return (await self._client.list(Service, namespace)).items

    async def write_status(self, item: Managed, status: ContainerStatus | ResourceStatus) -> None:
        uid, new = item.metadata.uid or "", status.dump()
        last = self._last_status(item)
        last.pop("ingress", None)  # that is for the ingress to write
        patch = difference(last, new)
        if not patch:
            return
        body: JSON = {"metadata": {"uid": uid}, "status": patch}
        try:
            answer = await self._client.patch(type(item), item.name, body, item.namespace, "status")
        except NotFound:
            return  # gone, and with it whoever would read it
        self._written[uid] = (answer.metadata.resource_version or "", new)

    def _last_status(self, item: Managed) -> JSON:
        """The status that the server has, as far as is known: our own last write may not have come back yet."""
        uid = item.metadata.uid or ""
        version, written = self._written.get(uid, ("", None))
        if written is not None and version != item.metadata.resource_version:
            return dict(written)
        self._written.pop(uid, None)
        return item.status.dump() if item.status else {}

    def seen(self, item: Object) -> None:
        """An informer has this version of the object; to be called for every one."""
        uid = item.metadata.uid or ""
        if uid in self._written and self._written[uid][0] == item.metadata.resource_version:
            del self._written[uid]

    def gone(self, item: Object) -> None:
        """The object is gone."""
        self._written.pop(item.metadata.uid or "", None)

    async def hold(self, item: Network | Volume) -> None:
        if labels.FINALIZER_NODE not in (item.metadata.finalizers or []):
            await self._set_finalizers(item, lambda found: [*found, labels.FINALIZER_NODE])

    async def discard(self, item: Container) -> None:
        try:
            await self._client.delete(Container, item.name, item.namespace, uid=item.metadata.uid)
        except (NotFound, Conflict):
            return

    async def release(self, item: Managed) -> None:
        await self._set_finalizers(item, lambda found: [each for each in found if each != labels.FINALIZER_NODE])

    async def _set_finalizers(self, item: Managed, change: Callable[[list[str]], list[str]]) -> None:
        """Change the finalizers, of this very object and from what they are now, whoever else changes them."""
        current: Managed | None = item
        for _ in range(_ATTEMPTS):
            if current is None or current.metadata.uid != item.metadata.uid:
                return  # gone, or another by now
            found = list(current.metadata.finalizers or [])
            wanted = change(found)
            if wanted == found:
                return
            patch = _finalizers_patch(current, found, wanted)
            try:
                await self._client.patch(type(item), item.name, patch, item.namespace)
            except (Conflict, Invalid):
                current = await self.fresh(type(item), Key(item.namespace, item.name))
            except NotFound:
                return
            else:
                return
        raise Conflict(f"the finalizers of {item.kind} {item.namespace}/{item.name} keep changing")

    def tell(self, item: Managed, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self._recorder.event(item, kind, reason, message)


def _finalizers_patch(item: Managed, found: list[str], wanted: list[str]) -> JSON | list[JSON]:
    """A patch that fails if the finalizers are not what was found. Where there are none that cannot be tested, so there
    the whole object must be what was read.
    """
    if not found:
        metadata = {"uid": item.metadata.uid, "resourceVersion": item.metadata.resource_version, "finalizers": wanted}
        return {"metadata": metadata}
    return [
        {"op": "test", "path": "/metadata/uid", "value": item.metadata.uid},
        {"op": "test", "path": "/metadata/finalizers", "value": found},
        {"op": "replace", "path": "/metadata/finalizers", "value": wanted},
    ]
