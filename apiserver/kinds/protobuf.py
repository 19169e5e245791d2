r"""Objects in Kubernetes' protobuf, decoded: what client-go's typed clients, and so helm and `kubectl create`, send.

    k\0...   the bytes `k8s\0`, then Unknown{1 typeMeta, 2 raw, 3 contentEncoding, 4 contentType}; raw is the object

Messages are said here by hand, one line each, and made into descriptors when the first body comes. A field is written
`number name type`: `s` text, `b` bytes, `i` integer, `t` truth, `T` time, `M` time with microseconds, `<s>` and `<b>` a
map of texts or bytes, or the name of a message; `*` behind it is a list, `?` a field that may be absent (a pointer). A
field that is no pointer is always on the wire: its zero is read as absence.

Custom kinds have no protobuf, here as in Kubernetes; answers are always JSON (clients accept both).
Source: the field numbers of k8s.io/api and k8s.io/apimachinery.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import orjson
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from fizz.apiserver import errors
from fizz.schemas import times
from fizz.schemas.base import JSON

__all__ = ["MEDIA_TYPE", "decode"]

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"
_MAGIC: Final = b"k8s\x00"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_ONE: Final = -62135596800
"""Seconds of Go's zero time, which means: none."""

_MESSAGES: Final = {
    "Unknown": "1 typeMeta TypeMeta, 2 raw b, 3 contentEncoding s, 4 contentType s",
    "TypeMeta": "1 apiVersion s, 2 kind s",
    "Moment": "1 seconds i, 2 nanos i",
    "ObjectMeta": "1 name s, 2 generateName s, 3 namespace s, 4 selfLink s, 5 uid s, 6 resourceVersion s, "
    "7 generation i, 8 creationTimestamp T, 9 deletionTimestamp T, 10 deletionGracePeriodSeconds i?, 11 labels <s>, "
    "12 annotations <s>, 13 ownerReferences OwnerReference*, 14 finalizers s*, 17 managedFields ManagedFieldsEntry*",
    "OwnerReference": "1 kind s, 3 name s, 4 uid s, 5 apiVersion s, 6 controller t?, 7 blockOwnerDeletion t?",
    "ManagedFieldsEntry": "1 manager s, 2 operation s, 3 apiVersion s, 4 time T, 6 fieldsType s, 7 fieldsV1 FieldsV1, "
    "8 subresource s",
    "FieldsV1": "1 raw b",
    "LabelSelector": "1 matchLabels <s>, 2 matchExpressions Requirement*",
    "Requirement": "1 key s, 2 operator s, 3 values s*",
    "DeleteOptions": "1 gracePeriodSeconds i?, 2 preconditions Preconditions?, 3 orphanDependents t?, "
    "4 propagationPolicy s?, 5 dryRun s*, 6 ignoreStoreReadErrorWithClusterBreakingPotential t?",
    "Preconditions": "1 uid s?, 2 resourceVersion s?",
    "Namespace": "1 metadata ObjectMeta, 2 spec NamespaceSpec, 3 status NamespaceStatus",
    "NamespaceSpec": "1 finalizers s*",
    "NamespaceStatus": "1 phase s, 2 conditions NamespaceCondition*",
    "NamespaceCondition": "1 type s, 2 status s, 4 lastTransitionTime T, 5 reason s, 6 message s",
    "Secret": "1 metadata ObjectMeta, 2 data <b>, 3 type s, 4 stringData <s>, 5 immutable t?",
    "ConfigMap": "1 metadata ObjectMeta, 2 data <s>, 3 binaryData <b>, 4 immutable t?",
    "ServiceAccount": "1 metadata ObjectMeta, 2 secrets ObjectReference*, 3 imagePullSecrets LocalObjectReference*, "
    "4 automountServiceAccountToken t?",
    "LocalObjectReference": "1 name s",
    "ObjectReference": "1 kind s, 2 namespace s, 3 name s, 4 uid s, 5 apiVersion s, 6 resourceVersion s, 7 fieldPath s",
    "Event": "1 metadata ObjectMeta, 2 involvedObject ObjectReference, 3 reason s, 4 message s, 5 source EventSource, "
    "6 firstTimestamp T, 7 lastTimestamp T, 8 count i, 9 type s, 10 eventTime M, 11 series EventSeries?, 12 action s, "
    "13 related ObjectReference?, 14 reportingComponent s, 15 reportingInstance s",
    "EventSource": "1 component s, 2 host s",
    "EventSeries": "1 count i, 2 lastObservedTime M",
    "NewEvent": "1 metadata ObjectMeta, 2 eventTime M, 3 series EventSeries?, 4 reportingController s, "
    "5 reportingInstance s, 6 action s, 7 reason s, 8 regarding ObjectReference, 9 related ObjectReference?, "
    "10 note s, 11 type s, 12 deprecatedSource EventSource, 13 deprecatedFirstTimestamp T, "
    "14 deprecatedLastTimestamp T, 15 deprecatedCount i",
    "Lease": "1 metadata ObjectMeta, 2 spec LeaseSpec",
    "LeaseSpec": "1 holderIdentity s?, 2 leaseDurationSeconds i?, 3 acquireTime M, 4 renewTime M, "
    "5 leaseTransitions i?, 6 strategy s?, 7 preferredHolder s?",
    "Role": "1 metadata ObjectMeta, 2 rules PolicyRule*",
    "PolicyRule": "1 verbs s*, 2 apiGroups s*, 3 resources s*, 4 resourceNames s*, 5 nonResourceURLs s*",
    "ClusterRole": "1 metadata ObjectMeta, 2 rules PolicyRule*, 3 aggregationRule AggregationRule?",
    "AggregationRule": "1 clusterRoleSelectors LabelSelector*",
    "RoleBinding": "1 metadata ObjectMeta, 2 subjects Subject*, 3 roleRef RoleRef",
    "Subject": "1 kind s, 2 apiGroup s, 3 name s, 4 namespace s",
    "RoleRef": "1 apiGroup s, 2 kind s, 3 name s",
    "ResourceAttributes": "1 namespace s, 2 verb s, 3 group s, 4 version s, 5 resource s, 6 subresource s, 7 name s, "
    "8 fieldSelector SelectorAttributes?, 9 labelSelector SelectorAttributes?",
    "SelectorAttributes": "1 rawSelector s, 2 requirements Requirement*",
    "NonResourceAttributes": "1 path s, 2 verb s",
    "AccessStatus": "1 allowed t, 2 reason s, 3 evaluationError s, 4 denied t",
    "SelfSubjectAccessReview": "1 metadata ObjectMeta, 2 spec SelfAccessSpec, 3 status AccessStatus",
    "SelfAccessSpec": "1 resourceAttributes ResourceAttributes?, 2 nonResourceAttributes NonResourceAttributes?",
    "SubjectAccessReview": "1 metadata ObjectMeta, 2 spec AccessSpec, 3 status AccessStatus",
    "AccessSpec": "1 resourceAttributes ResourceAttributes?, 2 nonResourceAttributes NonResourceAttributes?, 3 user s, "
    "4 groups s*, 5 extra <Texts>, 6 uid s",
    "Texts": "1 items s*",
    "SelfSubjectRulesReview": "1 metadata ObjectMeta, 2 spec RulesSpec",
    "RulesSpec": "1 namespace s",
    "TokenReview": "1 metadata ObjectMeta, 2 spec TokenReviewSpec",
    "TokenReviewSpec": "1 token s, 2 audiences s*",
    "TokenRequest": "1 metadata ObjectMeta, 2 spec TokenRequestSpec",
    "TokenRequestSpec": "1 audiences s*, 3 boundObjectRef BoundObject?, 4 expirationSeconds i?",
    "BoundObject": "1 kind s, 2 apiVersion s, 3 name s, 4 uid s",
    "SelfSubjectReview": "1 metadata ObjectMeta",
    "MutatingWebhookConfiguration": "1 metadata ObjectMeta, 2 webhooks MutatingWebhook*",
    "ValidatingWebhookConfiguration": "1 metadata ObjectMeta, 2 webhooks ValidatingWebhook*",
    "MutatingWebhook": "1 name s, 2 clientConfig WebhookClient, 3 rules OperationRule*, 4 failurePolicy s?, "
    "5 namespaceSelector LabelSelector?, 6 sideEffects s?, 7 timeoutSeconds i?, 8 admissionReviewVersions s*, "
    "9 matchPolicy s?, 10 reinvocationPolicy s?, 11 objectSelector LabelSelector?, 12 matchConditions MatchCondition*",
    "ValidatingWebhook": "1 name s, 2 clientConfig WebhookClient, 3 rules OperationRule*, 4 failurePolicy s?, "
    "5 namespaceSelector LabelSelector?, 6 sideEffects s?, 7 timeoutSeconds i?, 8 admissionReviewVersions s*, "
    "9 matchPolicy s?, 10 objectSelector LabelSelector?, 11 matchConditions MatchCondition*",
    "WebhookClient": "1 service ServiceReference?, 2 caBundle b, 3 url s?",
    "ServiceReference": "1 namespace s, 2 name s, 3 path s?, 4 port i?",
    "OperationRule": "1 operations s*, 2 rule ResourceRule",
    "ResourceRule": "1 apiGroups s*, 2 apiVersions s*, 3 resources s*, 4 scope s?",
    "MatchCondition": "1 name s, 2 expression s",
    "Scale": "1 metadata ObjectMeta, 2 spec ScaleSpec, 3 status ScaleStatus",
    "ScaleSpec": "1 replicas i",
    "ScaleStatus": "1 replicas i, 2 selector s",
}

_KINDS: Final = {
    "": ("Namespace", "Secret", "ConfigMap", "ServiceAccount", "Event"),
    "coordination.k8s.io": ("Lease",),
    "rbac.authorization.k8s.io": ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    "authorization.k8s.io": (
        "SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview", "SelfSubjectRulesReview",
    ),
    "authentication.k8s.io": ("TokenReview", "TokenRequest", "SelfSubjectReview"),
    "autoscaling": ("Scale",),
    "admissionregistration.k8s.io": ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
    "events.k8s.io": ("Event",),
}  # fmt: skip
_SAME: Final = {
    ("events.k8s.io", "Event"): "NewEvent",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "RoleBinding",
    ("authorization.k8s.io", "LocalSubjectAccessReview"): "SubjectAccessReview",
}


def decode(body: bytes) -> JSON:
    """The object that a protobuf body holds. Raises `BadRequest`, or `UnsupportedMediaType` for a kind without it."""
    if not body.startswith(_MAGIC):
        raise errors.BadRequest("the body of the request is not valid protobuf: it does not begin with k8s\\0")
    envelope = _read("Unknown", body[len(_MAGIC) :])
    api_version, kind = envelope.typeMeta.apiVersion, envelope.typeMeta.kind
    group = api_version.rpartition("/")[0]
    if kind == "DeleteOptions":
        name = "DeleteOptions"
    elif kind in _KINDS.get(group, ()):
        name = _SAME.get((group, kind), kind)
    else:
        raise errors.UnsupportedMediaType(
            f"objects of {api_version} {kind} are not read as protobuf; send application/json"
        )
    if envelope.contentEncoding:
        raise errors.UnsupportedMediaType(f"the content encoding {envelope.contentEncoding} is not read")
    return {"apiVersion": api_version, "kind": kind, **_plain(name, _read(name, envelope.raw))}


def _read(name: str, data: bytes) -> Any:
    message = message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"kubernetes.{name}"))()
    try:
        message.ParseFromString(data)
    except DecodeError as problem:
        raise errors.BadRequest(f"the body of the request is not valid protobuf: {problem}") from problem
    return message


def _plain(name: str, message: Any) -> JSON:
    """A message as JSON has it."""
    result: JSON = {}
    for _, field, kind, mark in _fields(name):
        value = _value(kind, mark, field, message)
        if value is not None:
            result[field] = value
    return result


def _value(kind: str, mark: str, field: str, message: Any) -> Any:
    found = getattr(message, field)
    if kind.startswith("<"):
        inner = kind[1:-1]
        return {key: _one(inner, each) for key, each in found.items()} or None
    if mark == "*":
        return [_one(kind, each) for each in found] or None
    if not message.HasField(field):
        return None
    value = _one(kind, found)
    if mark == "?" or field == "metadata":
        return value
    return value or None


def _one(kind: str, value: Any) -> Any:
    match kind:
        case "s" | "i" | "t":
            return value
        case "b":
            return base64.b64encode(value).decode()
        case "T" | "M":
            return _moment(value, times.format_seconds if kind == "T" else times.format_micro)
        case "FieldsV1":
            return _json(value.raw)
        case "Texts":
            return list(value.items)
        case "OperationRule":  # JSON has the rule's fields beside the operations
            plain = _plain(kind, value)
            return {**plain.pop("rule", {}), **plain}
    return _plain(kind, value)


def _moment(value: Any, write: Callable[[datetime], str]) -> str | None:
    if (not value.seconds and not value.nanos) or value.seconds <= _YEAR_ONE:
        return None
    try:
        return write(_EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000))
    except OverflowError as problem:
        raise errors.BadRequest("the body of the request has a time that is none") from problem


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as problem:
        raise errors.BadRequest(f"metadata.managedFields: fieldsV1 is not valid JSON: {problem}") from problem


@cache
def _fields(name: str) -> tuple[tuple[int, str, str, str], ...]:
    """The fields of a message: number, name, type, and the mark behind the type."""
    found = []
    for field in _MESSAGES[name].split(", "):
        number, label, kind = field.split(" ")
        mark = kind[-1] if kind[-1] in "*?" else ""
        found.append((int(number), label, kind.removesuffix(mark), mark))
    return tuple(found)


@cache
def _pool() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="kubernetes-api.proto", package="kubernetes", syntax="proto2")
    for name in _MESSAGES:
        message = file.message_type.add(name=name)
        for number, label, kind, mark in _fields(name):
            _add_field(message, number, label, kind, repeated=mark == "*")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(message: Any, number: int, name: str, kind: str, *, repeated: bool) -> None:
    types = descriptor_pb2.FieldDescriptorProto
    scalars = {"s": types.TYPE_STRING, "b": types.TYPE_BYTES, "i": types.TYPE_INT64, "t": types.TYPE_BOOL}
    label = types.LABEL_REPEATED if repeated or kind.startswith("<") else types.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, label=label)
    if kind.startswith("<"):
        entry = message.nested_type.add(name=f"{name[0].upper()}{name[1:]}Entry")
        entry.options.map_entry = True
        _add_field(entry, 1, "key", "s", repeated=False)
        _add_field(entry, 2, "value", kind[1:-1], repeated=False)
        field.type, field.type_name = types.TYPE_MESSAGE, f".kubernetes.{message.name}.{entry.name}"
    elif kind in scalars:
        field.type = scalars[kind]
    else:
        field.type = types.TYPE_MESSAGE
        field.type_name = f".kubernetes.{'Moment' if kind in {'T', 'M'} else kind}"
