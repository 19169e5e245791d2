"""The kinds of `authorization.k8s.io/v1`: may they? They are asked and answered, and never stored."""

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.meta import Object
from fizz.schemas.rbac import LabelSelectorRequirement

__all__ = [
    "FieldSelectorAttributes",
    "LabelSelectorAttributes",
    "LocalSubjectAccessReview",
    "NonResourceAttributes",
    "NonResourceRule",
    "ResourceAttributes",
    "ResourceRule",
    "SelfSubjectAccessReview",
    "SelfSubjectAccessReviewSpec",
    "SelfSubjectRulesReview",
    "SelfSubjectRulesReviewSpec",
    "SubjectAccessReview",
    "SubjectAccessReviewSpec",
    "SubjectAccessReviewStatus",
    "SubjectRulesReviewStatus",
]


class FieldSelectorAttributes(Model):
    """Narrows a request to objects by their fields. Roles do not know of it."""

    raw_selector: str | None = Field(None, description="The selector as text.")
    requirements: list[LabelSelectorRequirement] | None = Field(None, description="The selector as conditions.")


class LabelSelectorAttributes(Model):
    """Narrows a request to objects by their labels. Roles do not know of it."""

    raw_selector: str | None = Field(None, description="The selector as text.")
    requirements: list[LabelSelectorRequirement] | None = Field(None, description="The selector as conditions.")


class ResourceAttributes(Model):
    """A request for resources."""

    namespace: str | None = Field(None, description="The namespace; none: the cluster, or all namespaces.")
    verb: str | None = Field(None, description="What is done, as get; `*` is everything.")
    group: str | None = Field(None, description="The group; `*` is all.")
    version: str | None = Field(None, description="The version; `*` is all.")
    resource: str | None = Field(None, description="The plural; `*` is all.")
    subresource: str | None = Field(None, description="The subresource; none: the object itself.")
    name: str | None = Field(None, description="The object; none: all of them.")
    field_selector: FieldSelectorAttributes | None = Field(None, description="Narrows the request by fields.")
    label_selector: LabelSelectorAttributes | None = Field(None, description="Narrows the request by labels.")


class NonResourceAttributes(Model):
    """A request for a path that is no resource's."""

    path: str | None = Field(None, description="The path, as /version.")
    verb: str | None = Field(None, description="The HTTP method, in small letters.")


class SelfSubjectAccessReviewSpec(Model):
    """The request in question: one of the two."""

    resource_attributes: ResourceAttributes | None = Field(None, description="A request for resources.")
    non_resource_attributes: NonResourceAttributes | None = Field(None, description="A request for a path.")


class SubjectAccessReviewSpec(SelfSubjectAccessReviewSpec):
    """The request in question, and whose it is."""

    user: str | None = Field(None, description="The user's name.")
    groups: list[str] | None = Field(None, description="The user's groups.")
    uid: str | None = Field(None, description="The user's uid.")
    extra: dict[str, list[str]] | None = Field(None, description="What else is known of the user.")


class SubjectAccessReviewStatus(Model):
    """The answer."""

    allowed: bool = Field(False, description="True if the request is allowed.")
    denied: bool | None = Field(None, description="True if it is refused, whatever else may allow it.")
    reason: str | None = Field(None, description="Why.")
    evaluation_error: str | None = Field(None, description="What could not be looked at.")


class SubjectAccessReview(Object):
    """Asks whether somebody may do something. Answered, never stored."""

    api_version: str = "authorization.k8s.io/v1"
    kind: str = "SubjectAccessReview"
    spec: SubjectAccessReviewSpec = Field(description="The request in question, and whose it is.")
    status: SubjectAccessReviewStatus | None = Field(None, description="The answer.")


class LocalSubjectAccessReview(Object):
    """Asks whether somebody may do something in this namespace. Answered, never stored."""

    api_version: str = "authorization.k8s.io/v1"
    kind: str = "LocalSubjectAccessReview"
    spec: SubjectAccessReviewSpec = Field(description="The request in question, and whose it is.")
    status: SubjectAccessReviewStatus | None = Field(None, description="The answer.")


class SelfSubjectAccessReview(Object):
    """Asks whether one may do something oneself. Answered, never stored."""

    api_version: str = "authorization.k8s.io/v1"
    kind: str = "SelfSubjectAccessReview"
    spec: SelfSubjectAccessReviewSpec = Field(description="The request in question.")
    status: SubjectAccessReviewStatus | None = Field(None, description="The answer.")


class SelfSubjectRulesReviewSpec(Model):
    """Where."""

    namespace: str | None = Field(None, description="The namespace in question.")


class ResourceRule(Model):
    """Verbs that may be done to resources."""

    verbs: list[str] = Field(description="What may be done.")
    api_groups: list[str] | None = Field(None, description="Groups of the resources.")
    resources: list[str] | None = Field(None, description="Plurals.")
    resource_names: list[str] | None = Field(None, description="The only objects that are meant.")


class NonResourceRule(Model):
    """Verbs that may be done to paths."""

    verbs: list[str] = Field(description="What may be done.")
    non_resource_urls: list[str] | None = Field(None, alias="nonResourceURLs", description="Paths.")


class SubjectRulesReviewStatus(Model):
    """All that one may do."""

    resource_rules: list[ResourceRule] = Field(default_factory=list, description="What may be done to resources.")
    non_resource_rules: list[NonResourceRule] = Field(default_factory=list, description="What may be done to paths.")
    incomplete: bool = Field(False, description="True if there may be more.")
    evaluation_error: str | None = Field(None, description="What could not be looked at.")


class SelfSubjectRulesReview(Object):
    """Asks for all that one may do in a namespace. Answered, never stored."""

    api_version: str = "authorization.k8s.io/v1"
    kind: str = "SelfSubjectRulesReview"
    spec: SelfSubjectRulesReviewSpec = Field(description="Where.")
    status: SubjectRulesReviewStatus | None = Field(None, description="The answer.")
