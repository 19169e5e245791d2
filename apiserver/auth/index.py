"""Who holds which rules: all roles and bindings, indexed by the subjects of the bindings.

A question costs a few look-ups, however many roles there are: the bindings of the user's name and of each group, in the
cluster and in the namespace asked about. The index is told of every object that comes, changes or goes; it never asks.

A ServiceAccount is the user `system:serviceaccount:NAMESPACE:NAME`, so that it needs no place of its own. A binding
whose role is not there (yet) grants nothing, and is named in the refusal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.rbac import Rule, allows
from fizz.apiserver.auth.users import User, account_name
from fizz.schemas.base import JSON

__all__ = ["Decision", "Grant", "Index", "RoleRef", "role_ref"]

_CLUSTER: Final = ""
_SubjectKey = tuple[str, str]
_BindingKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RoleRef:
    """Which role a binding gives; `namespace` is empty for a ClusterRole."""

    namespace: str
    name: str

    @property
    def kind(self) -> str:
        return "Role" if self.namespace else "ClusterRole"


@dataclass(frozen=True, slots=True)
class _Binding:
    namespace: str
    name: str
    subjects: frozenset[_SubjectKey]
    ref: RoleRef


@dataclass(frozen=True, slots=True)
class Grant:
    """Rules that somebody holds, and by which binding; `rules` is None where the role is not there."""

    binding: str
    ref: RoleRef
    subject: _SubjectKey
    rules: tuple[Rule, ...] | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an action is allowed, and by what, or what was looked for and not found."""

    allowed: bool
    reason: str = ""


class Index:
    """All roles and bindings. Used from the event loop only."""

    def __init__(self) -> None:
        self._roles: dict[RoleRef, tuple[Rule, ...]] = {}
        self._bindings: dict[_BindingKey, _Binding] = {}
        self._by_subject: dict[tuple[str, _SubjectKey], dict[_BindingKey, _Binding]] = {}

    def put(self, obj: JSON) -> None:
        """A Role, ClusterRole, RoleBinding or ClusterRoleBinding as it is now."""
        namespace, name = obj["metadata"].get("namespace") or _CLUSTER, obj["metadata"]["name"]
        if "roleRef" not in obj:
            rules = tuple(Rule.load(each) for each in obj.get("rules") or ())
            self._roles[RoleRef(namespace, name)] = rules
            return
        self._remove_binding(namespace, name)
        binding = _Binding(namespace, name, _subjects(obj, namespace), role_ref(obj))
        self._bindings[(namespace, name)] = binding
        for subject in binding.subjects:
            self._by_subject.setdefault((namespace, subject), {})[(namespace, name)] = binding

    def remove(self, obj: JSON) -> None:
        """One of them is gone; `obj` is how it was last."""
        namespace, name = obj["metadata"].get("namespace") or _CLUSTER, obj["metadata"]["name"]
        if "roleRef" in obj:
            self._remove_binding(namespace, name)
        else:
            self._roles.pop(RoleRef(namespace, name), None)

    def _remove_binding(self, namespace: str, name: str) -> None:
        binding = self._bindings.pop((namespace, name), None)
        for subject in binding.subjects if binding else ():
            here = self._by_subject[(namespace, subject)]
            del here[(namespace, name)]
            if not here:
                del self._by_subject[(namespace, subject)]

    def role(self, ref: RoleRef) -> tuple[Rule, ...] | None:
        """The rules of a role, or None if it is not there."""
        return self._roles.get(ref)

    def grants(self, user: User, namespace: str) -> Iterator[Grant]:
        """What the user is given: in the cluster, and in the namespace unless that is empty."""
        subjects = [("User", user.name), *(("Group", group) for group in user.groups)]
        for scope in (_CLUSTER, namespace) if namespace else (_CLUSTER,):
            for subject in subjects:
                for binding in self._by_subject.get((scope, subject), {}).values():
                    yield Grant(_shown(binding), binding.ref, subject, self._roles.get(binding.ref))

    def rules(self, user: User, namespace: str) -> list[Rule]:
        """All rules that the user holds there, each once."""
        found: dict[Rule, None] = {}
        for grant in self.grants(user, namespace):
            found.update(dict.fromkeys(grant.rules or ()))
        return list(found)

    def decide(self, user: User, action: Action) -> Decision:
        """Whether the user may."""
        lost: dict[str, None] = {}
        for grant in self.grants(user, action.namespace):
            if grant.rules is None:
                lost[f'{grant.ref.kind.lower()}.rbac.authorization.k8s.io "{grant.ref.name}" not found'] = None
                continue
            if any(allows(rule, action) for rule in grant.rules):
                kind, name = grant.subject
                return Decision(
                    True,
                    f'RBAC: allowed by {grant.binding} of {grant.ref.kind} "{grant.ref.name}" to {kind} "{name}"',
                )
        return Decision(False, f"RBAC: {', '.join(lost)}" if lost else "")


def role_ref(binding: JSON) -> RoleRef:
    """Which role a binding's object gives."""
    reference = binding["roleRef"]
    namespace = binding["metadata"].get("namespace") or _CLUSTER
    return RoleRef(namespace if reference["kind"] == "Role" else _CLUSTER, reference["name"])


def _subjects(binding: JSON, namespace: str) -> frozenset[_SubjectKey]:
    found: set[_SubjectKey] = set()
    for subject in binding.get("subjects") or ():
        kind, name = subject["kind"], subject["name"]
        if kind == "ServiceAccount":
            kind, name = "User", account_name(subject.get("namespace") or namespace, name)
        found.add((kind, name))
    return frozenset(found)


def _shown(binding: _Binding) -> str:
    if binding.namespace:
        return f'RoleBinding "{binding.name}/{binding.namespace}"'
    return f'ClusterRoleBinding "{binding.name}"'
