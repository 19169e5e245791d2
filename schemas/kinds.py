"""The kinds that Fizz is built with: what they are called, where they live, how they are shown.

A `Kind` says the same of a built-in kind that a CustomResourceDefinition says of a custom one, so that the server
treats both alike. `BUILTIN` is the whole table. Models are named here and imported when asked for, so that a command
line that only needs names starts fast.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from fizz.schemas.meta import Object

__all__ = ["ALL_VERBS", "BUILTIN", "Column", "Kind", "Scale", "by_kind", "by_model", "find"]


ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
"""What can be done with objects that are stored, as discovery names it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table (as additionalPrinterColumns of a CRD). `priority` above 0 shows in wide tables only."""

    name: str
    path: str
    type: str = "string"
    description: str = ""
    priority: int = 0
    format: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the scale subresource finds its numbers, as JSON paths."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ".status.selector"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object. `module` of this room holds its model; `selectable` are its field selectors besides name and
    namespace. `verbs` are what can be done with it: a kind that can only be created is a question, which is answered
    and never stored.
    """

    group: str
    version: str
    kind: str
    plural: str
    module: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    status: bool = False
    scale: Scale | None = None
    selectable: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS

    @property
    def model(self) -> "type[Object]":
        """The typed view of the kind's objects."""
        return cast("type[Object]", getattr(import_module(f"fizz.schemas.{self.module}"), self.kind))

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`secrets`, or `deployments.fizz.dev`: how the resource is named where the group matters."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_EVENT_FIELDS: Final = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)
_NEW_EVENT_FIELDS: Final = (
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
)
_RBAC: Final = ("rbac.authorization.k8s.io", "v1")
_AUTHENTICATION: Final = ("authentication.k8s.io", "v1")
_AUTHORIZATION: Final = ("authorization.k8s.io", "v1")
_ADMISSION: Final = ("admissionregistration.k8s.io", "v1")
_ASKED: Final = ("create",)
_BINDING: Final = (
    Column("Role", "ref(.roleRef)"),
    Column("Age", ".metadata.creationTimestamp", "date"),
    Column("Users", "subjects(.subjects,User)", priority=1),
    Column("Groups", "subjects(.subjects,Group)", priority=1),
    Column("ServiceAccounts", "subjects(.subjects,ServiceAccount)", priority=1),
)
_AGE: Final = Column("Age", ".metadata.creationTimestamp", "date")
_WEBHOOKS: Final = (Column("Webhooks", "length(.webhooks)", "integer"), _AGE)
_FIZZ: Final = ("fizz.dev", "v1")
_APPS: Final = ("all", "fizz")

BUILTIN: Final[tuple[Kind, ...]] = (
    Kind(
        "", "v1", "Namespace", "namespaces", "core",
        namespaced=False, short_names=("ns",), status=True, selectable=("status.phase",),
        columns=(Column("Status", ".status.phase"), _AGE),
        verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
    ),
    Kind(
        "", "v1", "Secret", "secrets", "core",
        selectable=("type",),
        columns=(Column("Type", ".type"), Column("Data", "length(.data)", "integer"), _AGE),
    ),
    Kind(
        "", "v1", "ConfigMap", "configmaps", "core",
        short_names=("cm",),
        columns=(Column("Data", "length(.data,.binaryData)", "integer"), _AGE),
    ),
    Kind(
        "", "v1", "ServiceAccount", "serviceaccounts", "core",
        short_names=("sa",),
        columns=(Column("Secrets", "length(.secrets)", "integer"), _AGE),
    ),
    Kind(
        "", "v1", "Event", "events", "core",
        short_names=("ev",), selectable=_EVENT_FIELDS,
        columns=(
            Column("Last Seen", ".series.lastObservedTime,.lastTimestamp,.eventTime,.firstTimestamp", "date"),
            Column("Type", ".type"),
            Column("Reason", ".reason"),
            Column("Object", "object(.involvedObject)"),
            Column("Subobject", ".involvedObject.fieldPath", priority=1),
            Column("Source", "source(.source,.reportingComponent,.reportingInstance)", priority=1),
            Column("Message", ".message"),
            Column("First Seen", ".firstTimestamp,.eventTime", "date", priority=1),
            Column("Count", ".series.count,.count", "integer", priority=1),
            Column("Name", ".metadata.name", priority=1),
        ),
    ),
    Kind(
        "events.k8s.io", "v1", "Event", "events", "events",
        short_names=("ev",), selectable=_NEW_EVENT_FIELDS,
        columns=(
            Column(
                "Last Seen",
                ".series.lastObservedTime,.deprecatedLastTimestamp,.eventTime,.deprecatedFirstTimestamp",
                "date",
            ),
            Column("Type", ".type"),
            Column("Reason", ".reason"),
            Column("Object", "object(.regarding)"),
            Column("Subobject", ".regarding.fieldPath", priority=1),
            Column("Source", "source(.deprecatedSource,.reportingController,.reportingInstance)", priority=1),
            Column("Message", ".note"),
            Column("First Seen", ".deprecatedFirstTimestamp,.eventTime", "date", priority=1),
            Column("Count", ".series.count,.deprecatedCount", "integer", priority=1),
            Column("Name", ".metadata.name", priority=1),
        ),
    ),
    Kind(
        "coordination.k8s.io", "v1", "Lease", "leases", "coordination",
        columns=(Column("Holder", ".spec.holderIdentity"), _AGE),
    ),
    Kind(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "apiextensions",
        namespaced=False, short_names=("crd", "crds"), categories=("api-extensions",), status=True,
        columns=(Column("Created At", ".metadata.creationTimestamp"),),
    ),
    Kind(
        *_RBAC, "Role", "roles", "rbac",
        columns=(Column("Created At", ".metadata.creationTimestamp"),),
    ),
    Kind(*_RBAC, "RoleBinding", "rolebindings", "rbac", columns=_BINDING),
    Kind(
        *_RBAC, "ClusterRole", "clusterroles", "rbac",
        namespaced=False, columns=(Column("Created At", ".metadata.creationTimestamp"),),
    ),
    Kind(*_RBAC, "ClusterRoleBinding", "clusterrolebindings", "rbac", namespaced=False, columns=_BINDING),
    Kind(
        *_ADMISSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "admissionregistration",
        namespaced=False, categories=("api-extensions",), columns=_WEBHOOKS,
    ),
    Kind(
        *_ADMISSION, "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "admissionregistration",
        namespaced=False, categories=("api-extensions",), columns=_WEBHOOKS,
    ),
    Kind(
        *_ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "admissionregistration",
        namespaced=False, categories=("api-extensions",), status=True,
        columns=(
            Column("Validations", "length(.spec.validations)", "integer"),
            Column("ParamKind", "path(.spec.paramKind.apiVersion,.spec.paramKind.kind)"),
            _AGE,
        ),
    ),
    Kind(
        *_ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "admissionregistration",
        namespaced=False, categories=("api-extensions",),
        columns=(
            Column("PolicyName", ".spec.policyName"),
            Column("ParamRef", "path(.spec.paramRef.namespace,.spec.paramRef.name)"),
            _AGE,
        ),
    ),
    Kind(*_AUTHENTICATION, "TokenReview", "tokenreviews", "authentication", namespaced=False, verbs=_ASKED),
    Kind(*_AUTHENTICATION, "SelfSubjectReview", "selfsubjectreviews", "authentication", namespaced=False, verbs=_ASKED),
    Kind(
        *_AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", "authorization",
        namespaced=False, verbs=_ASKED,
    ),
    Kind(*_AUTHORIZATION, "LocalSubjectAccessReview", "localsubjectaccessreviews", "authorization", verbs=_ASKED),
    Kind(
        *_AUTHORIZATION, "SelfSubjectAccessReview", "selfsubjectaccessreviews", "authorization",
        namespaced=False, verbs=_ASKED,
    ),
    Kind(
        *_AUTHORIZATION, "SelfSubjectRulesReview", "selfsubjectrulesreviews", "authorization",
        namespaced=False, verbs=_ASKED,
    ),
    Kind(
        *_FIZZ, "Deployment", "deployments", "apps",
        short_names=("deploy",), categories=_APPS, status=True, scale=Scale(),
        columns=(
            Column("Ready", "ratio(.status.readyReplicas,.spec.replicas)"),
            Column("Up-To-Date", ".status.updatedReplicas", "integer"),
            Column("Available", '.status.conditions[?(@.type=="Available")].status'),
            _AGE,
            Column("Image", ".spec.template.spec.image", priority=1),
        ),
    ),
    Kind(
        *_FIZZ, "Job", "jobs", "jobs",
        categories=_APPS, status=True,
        columns=(
            Column("Status", "state(.status.conditions,Complete,Failed,FailureTarget,Suspended)"),
            Column("Completions", "completions(.spec,.status)"),
            Column("Duration", 'duration(.status.startTime,.status.completionTime,'
                   '.status.conditions[?(@.type=="Failed")].lastTransitionTime)'),
            _AGE,
            Column("Image", ".spec.template.spec.image", priority=1),
        ),
    ),
    Kind(
        *_FIZZ, "CronJob", "cronjobs", "jobs",
        short_names=("cj",), categories=_APPS, status=True,
        columns=(
            Column("Schedule", ".spec.schedule"),
            Column("Timezone", ".spec.timeZone"),
            Column("Suspend", ".spec.suspend", "boolean"),
            Column("Active", "length(.status.active)", "integer"),
            Column("Last Schedule", "since(.status.lastScheduleTime)"),
            _AGE,
            Column("Image", ".spec.jobTemplate.spec.template.spec.image", priority=1),
        ),
    ),
    Kind(
        *_FIZZ, "Container", "containers", "container",
        short_names=("co",), categories=_APPS, status=True, selectable=("spec.nodeName", "status.phase"),
        columns=(
            Column("Phase", ".status.phase"),
            Column("Health", ".status.health"),
            Column("Reason", ".status.reason"),
            Column("Restarts", ".status.restartCount", "integer"),
            _AGE,
            Column("Node", ".spec.nodeName", priority=1),
            Column("Engine-Name", ".status.containerName", priority=1),
            Column("Image", ".spec.image", priority=1),
        ),
    ),
    Kind(
        *_FIZZ, "Service", "services", "apps",
        short_names=("svc",), categories=_APPS,
        columns=(Column("Deployment", ".spec.deployment"), Column("Ports", "ports(.spec.ports)"), _AGE),
    ),
    Kind(
        *_FIZZ, "Network", "networks", "apps",
        short_names=("net",), categories=("fizz",), status=True,
        columns=(Column("Phase", ".status.phase"), Column("Engine-Name", ".status.name"), _AGE),
    ),
    Kind(
        *_FIZZ, "Volume", "volumes", "apps",
        short_names=("vol",), categories=("fizz",), status=True,
        columns=(
            Column("Phase", ".status.phase"),
            Column("Engine-Name", ".status.name"),
            Column("Reclaim", ".spec.reclaimPolicy"),
            _AGE,
        ),
    ),
    Kind(
        *_FIZZ, "Release", "releases", "releases",
        short_names=("rel",), categories=("fizz",), status=True,
        columns=(
            Column("Phase", ".status.phase"),
            Column("Origin", ".spec.origin", "integer", "The release that it went back to."),
            Column("Author", ".spec.author"),
            Column("Message", ".spec.message"),
            _AGE,
            Column("Deployed", ".status.deployedAt", "date", priority=1),
            Column("Created-By", ".spec.createdBy", priority=1),
            Column("Digest", ".spec.digest", priority=1),
        ),
    ),
    Kind(
        *_FIZZ, "Node", "nodes", "node",
        namespaced=False, short_names=("no",), categories=("fizz",), status=True,
        columns=(
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            Column("Engine", ".status.engine.version"),
            _AGE,
        ),
    ),
)  # fmt: skip

_BY_KIND: Final = {(kind.api_version, kind.kind): kind for kind in BUILTIN}


@cache
def by_model(model: "type[Object]") -> Kind:
    """The kind that a model is the view of. Raises `KeyError` for a model of no built-in kind."""
    fields = model.model_fields
    return _BY_KIND[(fields["api_version"].default, fields["kind"].default)]


def by_kind(api_version: str, kind: str) -> Kind | None:
    """The built-in kind of that type, or None."""
    return _BY_KIND.get((api_version, kind))


def find(name: str) -> Kind | None:
    """The built-in kind that a person means: plural, singular, short name or `plural.group`, in any case."""
    wanted = name.lower()
    for kind in BUILTIN:
        if wanted in {kind.plural, kind.singular, kind.resource, f"{kind.singular}.{kind.group}", *kind.short_names}:
            return kind
    return None
