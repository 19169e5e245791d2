"""A namespace as informers know it: the world of plans, and who has to look when something in it changes."""

from collections.abc import Iterator, Sequence

from fizz.client.api import Client, NotFound
from fizz.client.controller import Key, Manager
from fizz.controllers.workloads.template import belongs_to, controller_of, label_of
from fizz.controllers.workloads.world import Workload
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.jobs import Job
from fizz.schemas.meta import Object
from fizz.schemas.node import Node
from fizz.schemas.sources import SourceRef

__all__ = ["Namespace", "Namespaces", "Sources", "version_of"]


class Sources:
    """Secrets and ConfigMaps, as they are known and as they are."""

    def __init__(self, manager: Manager) -> None:
        self._client = manager.client
        self.secrets, self.configs = manager.informer(Secret), manager.informer(ConfigMap)

    def get(self, namespace: str, ref: SourceRef) -> Secret | ConfigMap | None:
        """The object as the informer has it."""
        return (self.secrets if ref.kind == "Secret" else self.configs).get(namespace, ref.name)

    async def is_known(self, namespace: str, ref: SourceRef) -> bool:
        """Whether the object is as the informer has it."""
        known = self.get(namespace, ref)
        kind = Secret if ref.kind == "Secret" else ConfigMap
        return await version_of(self._client, kind, ref.name, namespace) == (
            known.metadata.resource_version if known else None
        )


async def version_of(client: Client, kind: type[Object], name: str, namespace: str) -> str | None:
    """The version that the object has now; None if it is not there."""
    try:
        return (await client.get(kind, name, namespace)).metadata.resource_version
    except NotFound:
        return None


class Namespaces:
    """All namespaces, by the manager's informers."""

    def __init__(self, manager: Manager) -> None:
        self.deployments = manager.informer(Deployment)
        self.jobs = manager.informer(Job)
        self.containers = manager.informer(Container)
        self.nodes = manager.informer(Node)
        self.sources = Sources(manager)

    def __getitem__(self, name: str) -> "Namespace":
        return Namespace(self, name)

    def concerned(self, changed: Workload) -> Iterator[Workload]:
        """Who has to look when it changes: itself, those that depend on it (they may start now), and if it stops
        those that it depends on (they may stop now).
        """
        view = self[changed.namespace]
        yield changed
        for other in view.workloads():
            if any(each.name == changed.name for each in other.spec.depends_on or []):
                yield other
        stopped = isinstance(changed, Deployment) and changed.spec.desired_state == "Stopped"
        if changed.metadata.deletion_timestamp is not None or stopped:
            found = (view.workload(each.name) for each in changed.spec.depends_on or [])
            yield from (each for each in found if each is not None)

    def owner_of(self, container: Container) -> Workload | None:
        """The workload that manages the Container, or by its labels once did."""
        owner = controller_of(container)
        name = owner.name if owner else container.labels.get(labels.DEPLOYMENT)
        if name and (owner is None or owner.kind == "Deployment"):
            return self.deployments.get(container.namespace, name)
        name = owner.name if owner else container.labels.get(labels.JOB)
        return self.jobs.get(container.namespace, name) if name else None

    @staticmethod
    def keys(workloads: Iterator[Workload], kind: type[Workload]) -> Iterator[Key]:
        """The keys of those of one kind."""
        return (Key(each.namespace, each.name) for each in workloads if isinstance(each, kind))


class Namespace:
    """One of them."""

    def __init__(self, all_: Namespaces, name: str) -> None:
        self._all, self._name = all_, name

    def workloads(self) -> Sequence[Workload]:
        return [*self._all.deployments.list(self._name), *self._all.jobs.list(self._name)]

    def workload(self, name: str) -> Workload | None:
        return self._all.deployments.get(self._name, name) or self._all.jobs.get(self._name, name)

    def owned(self, owner: Workload) -> Sequence[Container]:
        return [item for item in self._all.containers.by_owner(owner.metadata.uid or "") if belongs_to(item, owner)]

    def labelled(self, owner: Workload) -> Sequence[Container]:
        label = labels.DEPLOYMENT if isinstance(owner, Deployment) else labels.JOB
        found = self._all.containers.by_label(label, label_of(owner.name))
        return [item for item in found if item.namespace == self._name]

    def container(self, name: str) -> Container | None:
        return self._all.containers.get(self._name, name)

    def source(self, ref: SourceRef) -> Secret | ConfigMap | None:
        return self._all.sources.get(self._name, ref)

    def nodes(self) -> Sequence[Node]:
        return self._all.nodes.list()

    @property
    def ports_shared(self) -> bool:
        ingresses = [node.status.ingress if node.status else None for node in self._all.nodes.list()]
        return all(ingress is not None and ingress.mode == "nftables" for ingress in ingresses)
