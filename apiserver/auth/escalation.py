"""Nobody may give what they do not hold: what is asked before a role or a binding is written.

- A role may only hold rules that its writer holds, unless the writer may `escalate` it.
- A binding may only give a role all of whose rules its writer holds, unless the writer may `bind` that role.
- An aggregated ClusterRole may hold anything one day, so its writer must hold everything.
- A Secret that is a token (see `tokens`) may stand for any user, so only system:masters may write it.

A write that changes none of that is let through: labels may be changed by whoever may update the object.

Source: "Privilege escalation prevention and bootstrapping" of the Kubernetes documentation.
"""

from collections.abc import Sequence
from typing import Final

from fizz.apiserver import errors
from fizz.apiserver.auth import rbac, tokens
from fizz.apiserver.auth.access import Access
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.index import RoleRef, role_ref
from fizz.apiserver.auth.rbac import Rule
from fizz.apiserver.auth.users import User
from fizz.apiserver.kinds.registry import Resource
from fizz.schemas.base import JSON

__all__ = ["check"]

_GROUP: Final = "rbac.authorization.k8s.io"
_EVERYTHING: Final = (Rule(("*",), ("*",), ("*",)), Rule(("*",), urls=("*",)))


async def check(access: Access, user: User, resource: Resource, old: JSON | None, new: JSON) -> None:
    """Raises `Forbidden` if the user may not make `new` of `old` (None for a creation), or `NotFound` for the role of a
    binding that is not there and that the user may not bind unseen.
    """
    if user.is_master:
        return
    match resource.group, resource.plural:
        case (group, "roles" | "clusterroles") if group == _GROUP:
            await _check_role(access, user, resource, old, new)
        case (group, "rolebindings" | "clusterrolebindings") if group == _GROUP:
            await _check_binding(access, user, resource, old, new)
        case "", "secrets" if tokens.is_token(new) or (old is not None and tokens.is_token(old)):
            name = new["metadata"]["name"]
            raise errors.Forbidden(f'secrets "{name}" is forbidden: only system:masters may write tokens of users')


async def _check_role(access: Access, user: User, resource: Resource, old: JSON | None, new: JSON) -> None:
    rules_change = old is None or (old.get("rules") or []) != (new.get("rules") or [])
    aggregation_changes = (old or {}).get("aggregationRule") != new.get("aggregationRule")
    if not rules_change and not aggregation_changes:
        return
    metadata = new["metadata"]
    namespace, name = metadata.get("namespace") or "", metadata["name"]
    if (await access.decide(user, _action("escalate", resource.plural, namespace, name))).allowed:
        return
    if new.get("aggregationRule") or (aggregation_changes and old is not None):
        await _check_holds(access, user, namespace, _EVERYTHING, resource, name)
    rules = [Rule.load(each) for each in new.get("rules") or ()]
    await _check_holds(access, user, namespace, rules, resource, name)


async def _check_binding(access: Access, user: User, resource: Resource, old: JSON | None, new: JSON) -> None:
    if old is not None and all((old.get(key) or []) == (new.get(key) or []) for key in ("roleRef", "subjects")):
        return
    ref = role_ref(new)
    namespace, name = new["metadata"].get("namespace") or "", new["metadata"]["name"]
    plural = f"{ref.kind.lower()}s"
    if (await access.decide(user, _action("bind", plural, namespace, ref.name))).allowed:
        return
    await _check_holds(access, user, namespace, await _rules_of(access, ref, plural), resource, name)


async def _rules_of(access: Access, ref: RoleRef, plural: str) -> Sequence[Rule]:
    rules = await access.role(ref)
    if rules is None:
        raise errors.NotFound.of(f"{plural}.{_GROUP}", ref.name)
    return rules


async def _check_holds(
    access: Access, user: User, namespace: str, wanted: Sequence[Rule], resource: Resource, name: str
) -> None:
    try:
        lacking = rbac.missing(await access.rules(user, namespace), wanted)
    except rbac.TooManyParts as problem:
        raise errors.Forbidden(f'{resource.name} "{name}" is forbidden: {problem}; grant `escalate`') from problem
    if not lacking:
        return
    groups = ", ".join(f'"{group}"' for group in user.groups)
    said = "\n".join(map(str, lacking))
    raise errors.Forbidden(
        f'{resource.name} "{name}" is forbidden: user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC '
        f"permissions not currently held:\n{said}",
        details={"name": name, "group": resource.group, "kind": resource.plural},
    )


def _action(verb: str, plural: str, namespace: str, name: str) -> Action:
    return Action(verb, _GROUP, "v1", plural, namespace=namespace, name=name)
