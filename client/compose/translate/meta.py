"""Names and labels of the resources of a project."""

from dataclasses import dataclass
from typing import Self

from fizz.client.compose.project import Project
from fizz.schemas import labels
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.names import to_label_value, to_name

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The project as its resources know it: its name as written, and the namespace that they live in."""

    project: str
    namespace: str

    @classmethod
    def of(cls, project: Project) -> Self:
        """The scope of a project."""
        return cls(project.name, to_name(project.name))

    def labels(self, service: str | None = None) -> dict[str, str]:
        """What every resource carries, and those of a service besides."""
        own = {} if service is None else {labels.SERVICE: to_label_value(service)}
        return {labels.MANAGED_BY: "fizz", labels.PROJECT: to_label_value(self.project), **own}

    def meta(self, name: str, service: str | None = None) -> ObjectMeta:
        """Metadata of a resource that is called so in the file."""
        return ObjectMeta(name=to_name(name), namespace=self.namespace, labels=self.labels(service))
