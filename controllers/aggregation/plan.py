"""Which rules an aggregated ClusterRole has: those of all ClusterRoles that one of its selectors selects.

    admin   selects aggregate-to-admin: "true"      gets the rules of system:aggregate-to-admin, and of edit,
    edit    selects aggregate-to-edit: "true"       which bears the label, too, once edit has got its own

Roles are taken by name and rules in their order, each once, so that the result depends on nothing else. A role never
takes its own rules: what it had is not a reason to have it.

Source: "Aggregated ClusterRoles" of the Kubernetes documentation.
"""

from collections.abc import Iterable, Mapping

from fizz.schemas.rbac import ClusterRole, LabelSelector, LabelSelectorRequirement, PolicyRule

__all__ = ["aggregated", "selects"]


def aggregated(role: ClusterRole, roles: Iterable[ClusterRole]) -> list[PolicyRule] | None:
    """The rules that the role shall have; None if it is not aggregated, or has them already."""
    if role.aggregation_rule is None:
        return None
    selectors = role.aggregation_rule.cluster_role_selectors or []
    rules: list[PolicyRule] = []
    for each in sorted(roles, key=lambda other: other.name):
        if each.name != role.name and any(selects(selector, each.labels) for selector in selectors):
            rules += [rule for rule in each.rules or [] if rule not in rules]
    return None if rules == (role.rules or []) else rules


def selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Whether all conditions hold. A selector without conditions selects everything."""
    exact = selector.match_labels or {}
    return all(labels.get(key) == value for key, value in exact.items()) and all(
        _holds(condition, labels) for condition in selector.match_expressions or []
    )


def _holds(condition: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(condition.key), condition.values or []
    match condition.operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False  # an operator that nobody knows must not widen a role
