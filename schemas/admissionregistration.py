"""The kinds of `admissionregistration.k8s.io/v1`: who is asked before an object is written, and about which objects."""

from typing import Final, Literal

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas.base import Model
from fizz.schemas.meta import Object
from fizz.schemas.rbac import LabelSelector

__all__ = [
    "ClientConfig",
    "MatchCondition",
    "MutatingWebhookConfiguration",
    "OperationRule",
    "ServiceReference",
    "ValidatingWebhookConfiguration",
]

_BY_NAME: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
_ATOMIC: Final[JsonDict] = {"x-kubernetes-list-type": "atomic"}
_INT32: Final[JsonDict] = {"format": "int32"}
_BYTES: Final[JsonDict] = {"format": "byte"}


class ServiceReference(Model):
    """A Service of `fizz.dev` whose containers answer."""

    namespace: str = Field(description="Its namespace.")
    name: str = Field(description="Its name; the certificate must be for NAME.NAMESPACE.svc.")
    path: str | None = Field(None, description="Path of the URL.")
    port: int | None = Field(443, description="Port of the Service.", json_schema_extra=_INT32)


class ClientConfig(Model):
    """Where a webhook answers: by url or by service."""

    url: str | None = Field(None, description="https://HOST[:PORT]/PATH, as the API server reaches it.")
    service: ServiceReference | None = Field(None, description="A Service whose containers answer.")
    ca_bundle: str | None = Field(
        None,
        description="Certificates (PEM) that vouch for the webhook's; those of the system if empty.",
        json_schema_extra=_BYTES,
    )


class OperationRule(Model):
    """Operations on resources. `*` stands for all."""

    operations: list[str] | None = Field(
        None, description="CREATE, UPDATE, DELETE, CONNECT or `*`.", json_schema_extra=_ATOMIC
    )
    api_groups: list[str] | None = Field(
        None, description="Groups; the empty text is the core group.", json_schema_extra=_ATOMIC
    )
    api_versions: list[str] | None = Field(None, description="Versions.", json_schema_extra=_ATOMIC)
    resources: list[str] | None = Field(
        None,
        description="Plurals, as deployments or deployments/status; `*` is all, `*/*` those below them, too, `*/scale` "
        "that of all.",
        json_schema_extra=_ATOMIC,
    )
    scope: str | None = Field("*", description="Cluster, Namespaced or `*`.")


class MatchCondition(Model):
    """An expression in CEL that must be true for a request to be asked about."""

    name: str = Field(description="What it is called in errors.")
    expression: str = Field(description="Speaks of object, oldObject, request and authorizer.")


class _Webhook(Model):
    """Somebody who is asked."""

    name: str = Field(description="Its full name, as pods.example.com.")
    client_config: ClientConfig = Field(description="Where it answers.")
    rules: list[OperationRule] | None = Field(
        None, description="What it is asked about; one rule must fit.", json_schema_extra=_ATOMIC
    )
    failure_policy: Literal["Fail", "Ignore"] | None = Field(
        "Fail", description="What an answer means that does not come: Fail refuses the write, Ignore goes on."
    )
    match_policy: Literal["Equivalent", "Exact"] | None = Field(
        "Equivalent", description="Equivalent: also requests in other versions of a resource that a rule names."
    )
    namespace_selector: LabelSelector | None = Field(
        None, description="Labels of the namespaces that it is asked about; of the object, for a Namespace."
    )
    object_selector: LabelSelector | None = Field(None, description="Labels of the objects that it is asked about.")
    side_effects: Literal["None", "NoneOnDryRun"] | None = Field(
        None, description="Whether asking has effects outside; dry runs ask those alone that have none then."
    )
    timeout_seconds: int | None = Field(
        10, description="How long to wait for the answer, 1 to 30 seconds.", json_schema_extra=_INT32
    )
    admission_review_versions: list[str] | None = Field(
        None, description="Versions of AdmissionReview that it reads; v1 must be one.", json_schema_extra=_ATOMIC
    )
    match_conditions: list[MatchCondition] | None = Field(
        None, description="Expressions that must all be true.", json_schema_extra=_BY_NAME
    )


class ValidatingWebhook(_Webhook):
    """Somebody who may refuse a write."""


class MutatingWebhook(_Webhook):
    """Somebody who may change what is written."""

    reinvocation_policy: Literal["Never", "IfNeeded"] | None = Field(
        "Never", description="IfNeeded: ask once more if others changed the object afterwards."
    )


class ValidatingWebhookConfiguration(Object):
    """Asks webhooks whether objects may be written."""

    api_version: str = "admissionregistration.k8s.io/v1"
    kind: str = "ValidatingWebhookConfiguration"
    webhooks: list[ValidatingWebhook] | None = Field(
        None, description="Who is asked, all at the same time.", json_schema_extra=_BY_NAME
    )


class MutatingWebhookConfiguration(Object):
    """Asks webhooks what to change in objects before they are written."""

    api_version: str = "admissionregistration.k8s.io/v1"
    kind: str = "MutatingWebhookConfiguration"
    webhooks: list[MutatingWebhook] | None = Field(
        None, description="Who is asked, one after the other.", json_schema_extra=_BY_NAME
    )
