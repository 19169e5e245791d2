"""The kinds of `rbac.authorization.k8s.io/v1`: who may do what, as rules, and whom they are given to."""

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.meta import Object

__all__ = [
    "AggregationRule",
    "ClusterRole",
    "ClusterRoleBinding",
    "LabelSelector",
    "LabelSelectorRequirement",
    "PolicyRule",
    "Role",
    "RoleBinding",
    "RoleRef",
    "Subject",
]


class PolicyRule(Model):
    """Verbs that may be done to resources, or to paths that are no resources'."""

    verbs: list[str] = Field(description="What may be done, as get or create; `*` is everything.")
    api_groups: list[str] | None = Field(
        None, description="Groups of the resources; the empty text is the core group, `*` all groups."
    )
    resources: list[str] | None = Field(
        None, description="Plurals, as deployments or deployments/status; `*` is all, `*/scale` that of all."
    )
    resource_names: list[str] | None = Field(None, description="The only objects that are meant; none: all of them.")
    non_resource_urls: list[str] | None = Field(
        None, alias="nonResourceURLs", description="Paths, as /version; `*` at the end is any rest. Not in Roles."
    )


class Role(Object):
    """Rules for one namespace."""

    api_version: str = "rbac.authorization.k8s.io/v1"
    kind: str = "Role"
    rules: list[PolicyRule] | None = Field(None, description="What may be done.")


class LabelSelectorRequirement(Model):
    """One condition on a label."""

    key: str = Field(description="The label.")
    operator: str = Field(description="In, NotIn, Exists or DoesNotExist.")
    values: list[str] | None = Field(None, description="For In and NotIn.")


class LabelSelector(Model):
    """Objects by their labels; all conditions must hold."""

    match_labels: dict[str, str] | None = Field(None, description="Labels with exactly these values.")
    match_expressions: list[LabelSelectorRequirement] | None = Field(None, description="Other conditions.")


class AggregationRule(Model):
    """Which other ClusterRoles this one is made of."""

    cluster_role_selectors: list[LabelSelector] | None = Field(
        None, description="The rules of all ClusterRoles that one of these selects are taken."
    )


class ClusterRole(Object):
    """Rules for the cluster, or for any namespace that a RoleBinding grants them in."""

    api_version: str = "rbac.authorization.k8s.io/v1"
    kind: str = "ClusterRole"
    rules: list[PolicyRule] | None = Field(None, description="What may be done; with an aggregationRule, made from it.")
    aggregation_rule: AggregationRule | None = Field(None, description="Which other ClusterRoles make up the rules.")


class Subject(Model):
    """A user, a group or a ServiceAccount."""

    kind: str = Field(description="User, Group or ServiceAccount.")
    api_group: str | None = Field(
        None, description="rbac.authorization.k8s.io for User and Group, empty for ServiceAccount."
    )
    name: str = Field(description="Its name.")
    namespace: str | None = Field(None, description="The namespace of a ServiceAccount.")


class RoleRef(Model):
    """The role that is given. Cannot be changed."""

    api_group: str | None = Field(None, description="rbac.authorization.k8s.io.")
    kind: str = Field(description="Role or ClusterRole.")
    name: str = Field(description="Its name.")


class RoleBinding(Object):
    """Gives a Role, or a ClusterRole within this namespace, to subjects."""

    api_version: str = "rbac.authorization.k8s.io/v1"
    kind: str = "RoleBinding"
    subjects: list[Subject] | None = Field(None, description="Whom it is given to.")
    role_ref: RoleRef = Field(description="What is given; cannot be changed.")


class ClusterRoleBinding(Object):
    """Gives a ClusterRole, everywhere, to subjects."""

    api_version: str = "rbac.authorization.k8s.io/v1"
    kind: str = "ClusterRoleBinding"
    subjects: list[Subject] | None = Field(None, description="Whom it is given to.")
    role_ref: RoleRef = Field(description="What is given; cannot be changed.")
