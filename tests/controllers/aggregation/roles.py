"""ClusterRoles to try aggregation with."""

from typing import Any

from fizz.schemas.rbac import ClusterRole


def rule(verb: str) -> dict[str, Any]:
    return {"verbs": [verb], "apiGroups": [""], "resources": ["maps"]}


def role(name: str, *verbs: str, labels: dict[str, str] | None = None, select: Any = None) -> ClusterRole:
    body: dict[str, Any] = {"metadata": {"name": name, "labels": labels}, "rules": [rule(verb) for verb in verbs]}
    if select is not None:
        body["aggregationRule"] = {"clusterRoleSelectors": select}
    return ClusterRole.load(body)
