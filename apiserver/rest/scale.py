"""The scale subresource: `autoscaling/v1 Scale` as a view of two fields of an object.

Source: "Scale subresource" in the Kubernetes documentation of CustomResourceDefinitions.
"""

from dataclasses import replace
from typing import Any, Final

from fizz.apiserver import errors
from fizz.apiserver.kinds.registry import Resource
from fizz.schemas.base import JSON
from fizz.schemas.kinds import Column, Scale

__all__ = ["applied", "read", "shown", "write"]

_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


_COLUMNS: Final = (
    Column("Desired", ".spec.replicas", "integer", "Number of desired replicas"),
    Column("Available", ".status.replicas", "integer", "Number of actual replicas"),
    Column("Age", ".metadata.creationTimestamp", "date"),
)


def shown(resource: Resource) -> Resource:
    """How the Scale of the resource's objects is shown in tables."""
    return replace(resource, columns=_COLUMNS, builtin=True)


def applied(resource: Resource, item: JSON, scale: JSON) -> JSON:
    """The configuration of the object that applies what a Scale applies. Raises as `write` does, and `BadRequest` for a
    Scale that is not of autoscaling/v1.
    """
    if (scale.get("apiVersion"), scale.get("kind")) != ("autoscaling/v1", "Scale"):
        raise errors.BadRequest("what is applied to scale must be a Scale of autoscaling/v1")
    write(resource, item, scale)
    wanted: JSON = {"apiVersion": resource.api_version, "kind": resource.kind}
    wanted["metadata"] = {"name": item["metadata"]["name"]}
    replicas = (scale.get("spec") or {}).get("replicas")
    return wanted if replicas is None else _set(wanted, _paths(resource).spec_replicas, replicas)


def read(resource: Resource, item: JSON) -> JSON:
    """The Scale of an object. Raises `NotFound` where the kind has none."""
    paths = _paths(resource)
    metadata = {key: item["metadata"][key] for key in _KEPT if key in item["metadata"]}
    status: JSON = {"replicas": _get(item, paths.status_replicas) or 0}
    if selector := _get(item, paths.selector):
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": _get(item, paths.spec_replicas) or 0},
        "status": status,
    }


def write(resource: Resource, item: JSON, scale: JSON) -> JSON:
    """The object with the replicas that the Scale wants. Raises `NotFound` where the kind has none, `BadRequest` for
    what is no Scale, and `Invalid` for fewer than none.
    """
    path = _paths(resource).spec_replicas
    spec = scale.get("spec")
    replicas = spec.get("replicas", 0) if isinstance(spec, dict) else None if spec else 0
    if scale.get("kind") not in (None, "Scale") or not isinstance(replicas, int) or isinstance(replicas, bool):
        raise errors.BadRequest("the body must be a Scale of autoscaling/v1 with a number at spec.replicas")
    if replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        causes = [errors.cause("FieldValueInvalid", message, "spec.replicas")]
        raise errors.Invalid.of("Scale", "autoscaling", item["metadata"]["name"], causes)
    return _set(item, path, replicas)


def _paths(resource: Resource) -> Scale:
    if resource.scale is None:
        raise errors.NotFound.path()
    return resource.scale


def _get(item: JSON, path: str) -> Any:
    value: Any = item
    for part in path.strip(".").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _set(item: JSON, path: str, value: Any) -> JSON:
    first, _, rest = path.strip(".").partition(".")
    return {**item, first: _set(item.get(first) or {}, rest, value) if rest else value}
