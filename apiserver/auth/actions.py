"""What somebody wants to do: a verb on resources, or on a path that is no resource's.

Action("get", group="fizz.dev", resource="deployments", namespace="blog", name="web")
Action("create", resource="serviceaccounts", subresource="token", namespace="blog", name="ci")
Action("get", path="/version")
"""

from dataclasses import dataclass

from fizz.apiserver import errors
from fizz.apiserver.auth.users import User
from fizz.schemas.base import JSON

__all__ = ["Action", "refusal"]


@dataclass(frozen=True, slots=True)
class Action:
    """A request as roles see it. `path` is set for paths that are no resource's, and then nothing else is.

    An empty namespace is the cluster, or all namespaces; an empty name is all objects, or none yet.
    """

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str | None = None

    @property
    def full_resource(self) -> str:
        """`deployments`, or `deployments/status`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def __str__(self) -> str:
        if self.path is not None:
            return f'{self.verb} path "{self.path}"'
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        return f'{self.verb} resource "{self.full_resource}" in API group "{self.group}" {where}'


def refusal(user: User, action: Action, reason: str = "") -> errors.Forbidden:
    """What the user hears."""
    because = f": {reason}" if reason else ""
    said = f'User "{user.name}" cannot {action}{because}'
    if action.path is not None:
        return errors.Forbidden(f"forbidden: {said}")
    named = f"{action.resource}.{action.group}" if action.group else action.resource
    which = f'{named} "{action.name}"' if action.name else named
    details: JSON = {"name": action.name, "group": action.group, "kind": action.resource}
    return errors.Forbidden(
        f"{which} is forbidden: {said}", details={key: value for key, value in details.items() if value}
    )
