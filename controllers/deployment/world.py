"""What a decision about a Deployment looks at: the Deployments and Containers of one namespace, read-only."""

from collections.abc import Sequence
from typing import Protocol

from fizz.schemas.apps import Deployment
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.sources import SourceRef

__all__ = ["World"]


class World(Protocol):
    """One namespace as it is known now. It may lag behind the truth; every decision made from it must bear that."""

    def deployments(self) -> Sequence[Deployment]:
        """All Deployments of the namespace."""

    def deployment(self, name: str) -> Deployment | None:
        """The Deployment of that name, or None."""

    def owned(self, deployment: Deployment) -> Sequence[Container]:
        """The Containers that the Deployment manages, being deleted or not."""

    def labelled(self, deployment: Deployment) -> Sequence[Container]:
        """The Containers that carry the Deployment's name as a label, whoever manages them."""

    def container(self, name: str) -> Container | None:
        """The Container of that name, or None."""

    def source(self, ref: SourceRef) -> Secret | ConfigMap | None:
        """The Secret or ConfigMap, or None."""

    @property
    def ports_shared(self) -> bool:
        """Whether replicas can share a published port, on every node."""
