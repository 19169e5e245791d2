"""What a decision about a workload looks at: the Deployments, Jobs and Containers of one namespace, read-only."""

from collections.abc import Sequence
from typing import Protocol

from fizz.schemas.apps import Deployment
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.jobs import Job
from fizz.schemas.node import Node
from fizz.schemas.sources import SourceRef

__all__ = ["Workload", "World"]

Workload = Deployment | Job
"""What manages Containers. Where a Deployment and a Job have the same name, others depend on the Deployment."""


class World(Protocol):
    """One namespace as it is known now. It may lag behind the truth; every decision made from it must bear that."""

    def workloads(self) -> Sequence[Workload]:
        """All Deployments and Jobs of the namespace."""

    def workload(self, name: str) -> Workload | None:
        """The Deployment of that name, else the Job, or None."""

    def owned(self, owner: Workload) -> Sequence[Container]:
        """The Containers that it manages, being deleted or not."""

    def container(self, name: str) -> Container | None:
        """The Container of that name, or None."""

    def labelled(self, owner: Workload) -> Sequence[Container]:
        """The Containers that carry the owner's name as a label, whoever manages them."""

    def source(self, ref: SourceRef) -> Secret | ConfigMap | None:
        """The Secret or ConfigMap, or None."""

    def nodes(self) -> Sequence[Node]:
        """All nodes."""

    @property
    def ports_shared(self) -> bool:
        """Whether replicas can share a published port, on every node."""
