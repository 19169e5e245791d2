"""The roles and bindings that are always there, as manifests.

    cluster-admin       everything; bound to system:masters
    admin, edit, view   for a namespace, by RoleBindings; made up by aggregation, so that a custom kind joins them with
                        a ClusterRole labelled rbac.authorization.k8s.io/aggregate-to-edit: "true"
    system:service-account-issuer-discovery
                        the keys that tokens of ServiceAccounts are checked with; bound to all ServiceAccounts
    system:discovery, system:basic-user, system:public-info-viewer
                        what everybody with a token may read and ask, and what everybody may

They are made at every start: what is missing in them is added, unless the object says
`rbac.authorization.kubernetes.io/autoupdate: "false"`; what was added to them stays. Secrets are in edit and admin, not
in view: who reads a Secret holds whatever it opens.

Source: "Default roles and role bindings" of the Kubernetes documentation.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from fizz.apiserver.auth import rbac
from fizz.apiserver.auth.rbac import Rule
from fizz.apiserver.auth.users import ACCOUNTS, AUTHENTICATED, MASTERS, UNAUTHENTICATED
from fizz.schemas.base import JSON
from fizz.schemas.kinds import BUILTIN

__all__ = ["AUTO_UPDATE", "MANIFESTS", "completed"]

AUTO_UPDATE: Final = "rbac.authorization.kubernetes.io/autoupdate"
_GROUP: Final = "rbac.authorization.k8s.io"
_VERSION: Final = f"{_GROUP}/v1"
_AGGREGATE: Final = f"{_GROUP}/aggregate-to-"

_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "deletecollection", "patch", "update")
_OPEN: Final = ("configmaps", "serviceaccounts")
_KINDS: Final = [kind for kind in BUILTIN if kind.group == "fizz.dev" and kind.namespaced]
_FIZZ: Final = tuple(kind.plural for kind in _KINDS)
_STATUS: Final = tuple(f"{kind.plural}/status" for kind in _KINDS if kind.status)
_SCALE: Final = tuple(f"{kind.plural}/scale" for kind in _KINDS if kind.scale)

_INSIDE: Final = ("containers/engine", "containers/log")
_PUBLIC: Final = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_ISSUER: Final = (
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/",
    "/openid/v1/jwks",
    "/openid/v1/jwks/",
)
_DISCOVERY: Final = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", *_PUBLIC)

_VIEW: Final = (
    Rule(_READ, ("",), (*_OPEN, "events", "namespaces")),
    Rule(_READ, ("events.k8s.io",), ("events",)),
    Rule(_READ, ("fizz.dev",), (*_FIZZ, *_STATUS, *_SCALE, *_INSIDE, "nodes", "nodes/images", "nodes/status")),
    Rule(_READ, ("coordination.k8s.io",), ("leases",)),
)
_EDIT: Final = (
    Rule((*_READ, *_WRITE), ("",), ("secrets",)),
    Rule(_WRITE, ("",), ("configmaps", "events", "serviceaccounts")),
    Rule(_WRITE, ("events.k8s.io",), ("events",)),
    Rule(("create",), ("",), ("serviceaccounts/token",)),
    Rule(("impersonate",), ("",), ("serviceaccounts",)),
    Rule(_WRITE, ("fizz.dev",), (*_FIZZ, *_SCALE)),
    Rule(("patch", "update"), ("fizz.dev",), ("releases/status",)),
    Rule(("create",), ("fizz.dev",), ("containers/exec", "containers/restart")),
    Rule(("update",), ("fizz.dev",), ("containers/archive",)),
    Rule(("create",), ("fizz.dev",), ("nodes/build", "nodes/pull", "nodes/push")),
    Rule(_WRITE, ("coordination.k8s.io",), ("leases",)),
)
_ADMIN: Final = (
    Rule((*_READ, *_WRITE), (_GROUP,), ("rolebindings", "roles")),
    Rule(("create",), ("authorization.k8s.io",), ("localsubjectaccessreviews",)),
)


def _meta(name: str, **labels: str) -> JSON:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **labels},
        "annotations": {AUTO_UPDATE: "true"},
    }


def _role(name: str, rules: Iterable[Rule], **labels: str) -> JSON:
    return {
        "apiVersion": _VERSION,
        "kind": "ClusterRole",
        "metadata": _meta(name, **labels),
        "rules": [rule.dump() for rule in rules],
    }


def _part(name: str, rules: Iterable[Rule], *into: str) -> JSON:
    return _role(f"system:aggregate-to-{name}", rules, **{f"{_AGGREGATE}{each}": "true" for each in into})


def _whole(name: str, rules: Iterable[Rule], *labels: str) -> JSON:
    """A role that is made up by aggregation; its rules are those that the parts here have."""
    selectors = [{"matchLabels": {f"{_AGGREGATE}{name}": "true"}}]
    role = _role(name, rbac.compact(rules), **{f"{_AGGREGATE}{each}": "true" for each in labels})
    return {**role, "aggregationRule": {"clusterRoleSelectors": selectors}}


def _binding(name: str, groups: Sequence[str]) -> JSON:
    return {
        "apiVersion": _VERSION,
        "kind": "ClusterRoleBinding",
        "metadata": _meta(name),
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": _GROUP, "kind": "Group", "name": group} for group in groups],
    }


MANIFESTS: Final[tuple[JSON, ...]] = (
    _role("cluster-admin", (Rule(("*",), ("*",), ("*",)), Rule(("*",), urls=("*",)))),
    _part("view", _VIEW, "view"),
    _part("edit", _EDIT, "edit"),
    _part("admin", _ADMIN, "admin"),
    _whole("view", _VIEW, "edit"),
    _whole("edit", (*_EDIT, *_VIEW), "admin"),
    _whole("admin", (*_ADMIN, *_EDIT, *_VIEW)),
    _role("system:discovery", (Rule(("get",), urls=_DISCOVERY),)),
    _role("system:public-info-viewer", (Rule(("get",), urls=_PUBLIC),)),
    _role(
        "system:basic-user",
        (
            Rule(("create",), ("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews")),
            Rule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
        ),
    ),
    _role(
        "system:auth-delegator",
        (
            Rule(("create",), ("authentication.k8s.io",), ("tokenreviews",)),
            Rule(("create",), ("authorization.k8s.io",), ("subjectaccessreviews",)),
        ),
    ),
    _role("system:service-account-issuer-discovery", (Rule(("get",), urls=_ISSUER),)),
    _binding("cluster-admin", (MASTERS,)),
    _binding("system:discovery", (AUTHENTICATED,)),
    _binding("system:basic-user", (AUTHENTICATED,)),
    _binding("system:public-info-viewer", (AUTHENTICATED, UNAUTHENTICATED)),
    _binding("system:service-account-issuer-discovery", (ACCOUNTS,)),
)


def completed(live: JSON, wanted: JSON) -> JSON:
    """The object that is there, with what it lacks of the manifest; itself if it lacks nothing or wants no updates."""
    metadata = live["metadata"]
    if (metadata.get("annotations") or {}).get(AUTO_UPDATE) == "false":
        return live
    new = {
        **live,
        "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), **wanted["metadata"]["labels"]}},
    }
    if "subjects" in wanted:
        present = live.get("subjects") or []
        new["subjects"] = [*present, *(each for each in wanted["subjects"] if each not in present)]
    elif lacking := rbac.missing(_rules(live), _rules(wanted)):
        new["rules"] = [*(live.get("rules") or []), *(rule.dump() for rule in lacking)]
    return live if new == live else new


def _rules(role: JSON) -> list[Rule]:
    return [Rule.load(each) for each in role.get("rules") or ()]
