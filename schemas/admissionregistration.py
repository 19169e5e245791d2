"""The kinds of `admissionregistration.k8s.io/v1`: who is asked before an object is written, and about which objects."""

from typing import Final, Literal

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas.base import Model
from fizz.schemas.meta import Condition, Object
from fizz.schemas.rbac import LabelSelector

__all__ = [
    "ClientConfig",
    "MatchCondition",
    "MutatingWebhookConfiguration",
    "OperationRule",
    "ServiceReference",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
]

_BY_NAME: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
_BY_TYPE: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
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


class NamedRule(OperationRule):
    """Operations on resources, or on some objects of them."""

    resource_names: list[str] | None = Field(
        None, description="The only objects that are meant; none: all of them.", json_schema_extra=_ATOMIC
    )


class MatchResources(Model):
    """Which requests are meant."""

    namespace_selector: LabelSelector | None = Field(
        None, description="Labels of the namespaces; of the object, for a Namespace."
    )
    object_selector: LabelSelector | None = Field(None, description="Labels of the objects.")
    resource_rules: list[NamedRule] | None = Field(
        None, description="Operations on resources; one rule must fit.", json_schema_extra=_ATOMIC
    )
    exclude_resource_rules: list[NamedRule] | None = Field(
        None, description="Operations on resources that are not meant.", json_schema_extra=_ATOMIC
    )
    match_policy: Literal["Equivalent", "Exact"] | None = Field(
        "Equivalent", description="Equivalent: also requests in other versions of a resource that a rule names."
    )


class ParamKind(Model):
    """The kind of the objects that parameterise a policy."""

    api_version: str | None = Field(None, description="Group and version.")
    kind: str | None = Field(None, description="The kind.")


class Validation(Model):
    """An expression in CEL that must be true."""

    expression: str = Field(
        description="Speaks of object, oldObject, request, params, namespaceObject, variables and authorizer."
    )
    message: str | None = Field(None, description="What is said if it is false.")
    reason: str | None = Field(
        None, description="Reason of the refusal: Unauthorized, Forbidden, Invalid or RequestEntityTooLarge."
    )
    message_expression: str | None = Field(None, description="An expression that makes the message.")


class Variable(Model):
    """An expression with a name, for others to use as variables.NAME."""

    name: str = Field(description="Its name.")
    expression: str = Field(description="Its value; worked out when it is needed.")


class AuditAnnotation(Model):
    """What the server's log tells of each request that the policy is about."""

    key: str = Field(description="What it is called.")
    value_expression: str = Field(description="An expression that makes a text; null tells nothing.")


class PolicySpec(Model):
    """What must hold of which requests."""

    param_kind: ParamKind | None = Field(None, description="The kind of the objects that parameterise the policy.")
    match_constraints: MatchResources | None = Field(None, description="Which requests are meant.")
    validations: list[Validation] | None = Field(None, description="What must hold.", json_schema_extra=_ATOMIC)
    failure_policy: Literal["Fail", "Ignore"] | None = Field(
        "Fail", description="What it means that an expression fails: Fail refuses the write, Ignore goes on."
    )
    audit_annotations: list[AuditAnnotation] | None = Field(
        None, description="What the server's log tells.", json_schema_extra=_ATOMIC
    )
    match_conditions: list[MatchCondition] | None = Field(
        None,
        description="Expressions that must all be true for the policy to be about a request.",
        json_schema_extra=_BY_NAME,
    )
    variables: list[Variable] | None = Field(
        None, description="Expressions with names; each may use those before it.", json_schema_extra=_BY_NAME
    )


class ExpressionWarning(Model):
    """What is odd about an expression."""

    field_ref: str = Field(description="Where it stands.")
    warning: str = Field(description="What is odd.")


class TypeChecking(Model):
    """What is odd about a policy's expressions."""

    expression_warnings: list[ExpressionWarning] | None = Field(
        None, description="What is odd.", json_schema_extra=_ATOMIC
    )


class PolicyStatus(Model):
    """What became of a policy."""

    observed_generation: int | None = Field(None, description="The generation that counts.")
    type_checking: TypeChecking | None = Field(None, description="What is odd about its expressions.")
    conditions: list[Condition] | None = Field(None, description="Its state.", json_schema_extra=_BY_TYPE)


class ValidatingAdmissionPolicy(Object):
    """Says in CEL what must hold of objects that are written; counts where a binding names it."""

    api_version: str = "admissionregistration.k8s.io/v1"
    kind: str = "ValidatingAdmissionPolicy"
    spec: PolicySpec = Field(description="What must hold of which requests.")
    status: PolicyStatus | None = Field(None, description="What became of it.")


class ParamRef(Model):
    """The objects that parameterise a policy: one by name, or those that a selector finds."""

    name: str | None = Field(None, description="Name of the object.")
    namespace: str | None = Field(None, description="Its namespace; that of the request if empty.")
    selector: LabelSelector | None = Field(None, description="Labels of the objects; the policy must hold for each.")
    parameter_not_found_action: Literal["Allow", "Deny"] | None = Field(
        None, description="What it means that there are none."
    )


class BindingSpec(Model):
    """Where a policy counts, and what follows if it does not hold."""

    policy_name: str | None = Field(None, description="Name of the policy.")
    param_ref: ParamRef | None = Field(None, description="The objects that parameterise it.")
    match_resources: MatchResources | None = Field(
        None, description="Which of the requests that the policy is about are meant; all of them if absent."
    )
    validation_actions: list[Literal["Deny", "Warn", "Audit"]] | None = Field(
        None,
        description="Deny refuses the write, Warn tells the client, Audit the server's log.",
        json_schema_extra=_ATOMIC,  # a set, but clients' patches replace it as a whole
    )


class ValidatingAdmissionPolicyBinding(Object):
    """Makes a policy count."""

    api_version: str = "admissionregistration.k8s.io/v1"
    kind: str = "ValidatingAdmissionPolicyBinding"
    spec: BindingSpec = Field(description="Where it counts, and what follows.")
