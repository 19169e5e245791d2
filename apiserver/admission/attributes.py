"""What is asked about: one operation on one object, as webhooks and policies see it."""

from dataclasses import dataclass
from typing import Literal

from fizz.apiserver.auth.users import User
from fizz.apiserver.kinds.registry import Resource
from fizz.schemas.base import JSON

__all__ = ["Attributes", "Operation"]

Operation = Literal["CREATE", "UPDATE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Attributes:
    """An operation. `obj` is None when the object goes, `old` when it is new; `namespace` is empty for objects of the
    cluster, and the name itself for a Namespace; `name` is empty while the server has yet to generate it.
    """

    operation: Operation
    resource: Resource
    subresource: str
    namespace: str
    name: str
    obj: JSON | None
    old: JSON | None
    user: User
    options: JSON
    dry_run: bool = False

    @property
    def is_namespace(self) -> bool:
        return (self.resource.group, self.resource.plural) == ("", "namespaces")

    def kind_in(self, resource: Resource) -> JSON:
        """The group, version and kind of the objects, in the version of `resource`."""
        if self.subresource == "scale":
            return {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        return {"group": resource.group, "version": resource.version, "kind": resource.kind}
