"""Who writes a policy or a binding must be allowed to read the parameters that it names: a policy may say in its
messages what it read there.

    policy    get on all objects of its paramKind
    binding   get on the object that it names, or list on those that its selector finds

Source: the authorization of ValidatingAdmissionPolicy and its binding in the Kubernetes API server.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from fizz.apiserver import errors
from fizz.apiserver.auth.access import Access
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.users import User
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON

__all__ = ["check"]

_GROUP: Final = "admissionregistration.k8s.io"


async def check(
    access: Access,
    registry: Registry,
    user: User,
    resource: Resource,
    old: JSON | None,
    new: JSON,
    policy: Callable[[str], Awaitable[JSON | None]],
) -> None:
    """Raises `Forbidden` if the user may not read the parameters; `policy` finds a policy by its name."""
    if user.is_master or resource.group != _GROUP or (old is not None and old.get("spec") == new.get("spec")):
        return
    match resource.plural:
        case "validatingadmissionpolicies" if kind := new["spec"].get("paramKind"):
            verb, place, said = "get", {}, "all objects of the referenced paramKind"
        case "validatingadmissionpolicybindings" if ref := new["spec"].get("paramRef"):
            found = await policy(new["spec"]["policyName"])
            kind = ((found or {}).get("spec") or {}).get("paramKind") or {}
            verb, said = ("get", "the referenced object") if ref.get("name") else ("list", "the referenced objects")
            place = {"namespace": ref.get("namespace") or "", "name": ref.get("name") or ""}
        case _:
            return
    known = registry.by_kind(kind.get("apiVersion", ""), kind.get("kind", ""))
    group, version, plural = (known.group, known.version, known.plural) if known else ("*", "*", "*")
    if known and not known.namespaced:
        place.pop("namespace", None)
    decision = await access.decide(user, Action(verb, group, version, plural, **place))
    if not decision.allowed:
        name = new["metadata"]["name"]
        shown = f"(kind={kind.get('kind', '')}, apiVersion={kind.get('apiVersion', '')})"
        raise errors.Forbidden(
            f'{resource.name} "{name}" is forbidden: user {user.name} must have "{verb}" permission on {said} {shown}',
            details={"name": name, "group": resource.group, "kind": resource.plural},
        )
