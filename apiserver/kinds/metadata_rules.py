"""What metadata may hold: names, labels, annotations, owners, finalizers, in Kubernetes' words.

Source: the validation of ObjectMeta in the Kubernetes API machinery; "Object Names and IDs".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, invalid, required, too_long
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import show
from fizz.schemas import names
from fizz.schemas.base import JSON

__all__ = ["ANNOTATIONS_LIMIT", "advice", "check_content"]

ANNOTATIONS_LIMIT: Final = 256 * 1024
"""Bytes of all keys and values of annotations together."""

_NAMES: Final = {
    ("", "Namespace"): names.check_namespace_name,
    ("fizz.dev", "Service"): names.check_namespace_name,
    "rbac.authorization.k8s.io": names.check_path_segment,
}
"""Kinds and groups whose names follow rules of their own: labels of host names, as `system:discovery`; all others are
subdomains."""

_STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_UNQUALIFIED: Final = "name is neither a standard finalizer name nor is it fully qualified"
_BANNED_OWNERS: Final = {("v1", "Event")}


def check_content(metadata: JSON, resource: Resource) -> list[Cause]:
    """What is wrong with the metadata of a complete object, whose types have been checked."""
    causes = _name(metadata, resource)
    if labels := metadata.get("labels"):
        causes += _labels(labels)
    if annotations := metadata.get("annotations"):
        causes += _annotations(annotations)
    if owners := metadata.get("ownerReferences"):
        causes += _owners(owners)
    if finalizers := metadata.get("finalizers"):
        causes += _finalizers(finalizers)
        if _is_of_kubernetes(resource):
            causes += [
                invalid(f"metadata.finalizers[{index}]", name, _UNQUALIFIED)
                for index, name in enumerate(finalizers)
                if _is_unqualified(name) and not names.check_label_key(name)
            ]
    return causes


def advice(resource: Resource, obj: JSON, old: JSON | None) -> list[str]:
    """What the author of an object of a custom kind should do otherwise: finalizers that anybody else may use, too."""
    if resource.builtin:
        return []
    before = (old or {}).get("metadata", {}).get("finalizers") or ()
    return [
        f"metadata.finalizers: {show(name)}: prefer a domain-qualified finalizer name including a path (/) "
        "to avoid accidental conflicts with other finalizer writers"
        for name in obj["metadata"].get("finalizers") or ()
        if _is_unqualified(name) and name not in before
    ]


def _is_of_kubernetes(resource: Resource) -> bool:
    return resource.builtin and not resource.group.endswith("fizz.dev") and resource.group != "apiextensions.k8s.io"


def _is_unqualified(finalizer: str) -> bool:
    return "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS


def _name(metadata: JSON, resource: Resource) -> list[Cause]:
    causes: list[Cause] = []
    check = _NAMES.get(resource.group) or _NAMES.get((resource.group, resource.kind)) or names.check_name
    prefix = metadata.get("generateName")
    if prefix and (problem := check(f"{prefix[:-1]}a" if prefix.endswith("-") else prefix)):
        causes.append(invalid("metadata.generateName", prefix, problem))
    name = metadata.get("name")
    if not name:
        causes.append(required("metadata.name", "name or generateName is required"))
    elif problem := check(name):
        causes.append(invalid("metadata.name", name, problem))
    namespace = metadata.get("namespace")
    if not resource.namespaced:
        return causes
    if not namespace:
        causes.append(required("metadata.namespace"))
    elif problem := names.check_namespace_name(namespace):
        causes.append(invalid("metadata.namespace", namespace, problem))
    return causes


def _labels(labels: Mapping[str, str]) -> list[Cause]:
    causes: list[Cause] = []
    for key, value in labels.items():
        if problem := names.check_label_key(key):
            causes.append(invalid("metadata.labels", key, problem))
        if problem := names.check_label_value(value):
            causes.append(invalid("metadata.labels", value, problem))
    return causes


def _annotations(annotations: Mapping[str, str]) -> list[Cause]:
    causes = [
        invalid("metadata.annotations", key, problem)
        for key in annotations
        if (problem := names.check_label_key(key.lower()))
    ]
    characters = sum(len(key) + len(value) for key, value in annotations.items())
    if characters * 4 > ANNOTATIONS_LIMIT and _size(annotations) > ANNOTATIONS_LIMIT:
        causes.append(too_long("metadata.annotations", ANNOTATIONS_LIMIT))
    return causes


def _size(texts: Mapping[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in texts.items())


def _owners(owners: Sequence[Mapping[str, Any]]) -> list[Cause]:
    field = "metadata.ownerReferences"
    causes: list[Cause] = []
    controller = ""
    for owner in owners:
        version = owner["apiVersion"].rpartition("/")[2]
        if not version:
            causes.append(invalid(f"{field}.apiVersion", owner["apiVersion"], "version must not be empty"))
        causes += [
            invalid(f"{field}.{name}", "", "must not be empty") for name in ("kind", "name", "uid") if not owner[name]
        ]
        if (owner["apiVersion"], owner["kind"]) in _BANNED_OWNERS:
            problem = f"{owner['apiVersion']}, Kind={owner['kind']} is disallowed from being an owner"
            causes.append(invalid(field, owner, problem))
        if owner.get("controller"):
            this = f"{owner['kind']}/{owner['name']}"
            if controller:
                problem = 'Only one reference can have Controller set to true. Found "true" in references for'
                causes.append(invalid(field, owners, f"{problem} {controller} and {this}"))
            controller = controller or this
    return causes


def _finalizers(finalizers: Sequence[str]) -> list[Cause]:
    field = "metadata.finalizers"
    causes = [invalid(field, name, problem) for name in finalizers if (problem := names.check_label_key(name))]
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        problem = "finalizer orphan and foregroundDeletion cannot be both set"
        causes.append(invalid(field, finalizers, problem))
    return causes
