"""Objects as the client holds them: a model, or plain JSON where the kind has none. Asking either the same questions.

`Key` names an object within its kind. `Resource` is a kind together with the way in which its JSON becomes what the
caller wants: `resource_of(Deployment)` makes Deployments, `resource_of(kind)` leaves the JSON as it is.

A kind that Fizz is not built with may have a model, too: a subclass of `Object` with defaults for `api_version` and
`kind`. Its plural is the kind in lower case and an s, unless the class says otherwise:

    class Proxy(Object):
        plural: ClassVar[str] = "proxies"
        api_version: str = "example.com/v1"
        kind: str = "Proxy"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast, overload
from urllib.parse import quote

from fizz.client.errors import Unreadable
from fizz.schemas import kinds
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

if TYPE_CHECKING:
    from pydantic import ValidationError

    from fizz.schemas.meta import Object

__all__ = [
    "Key",
    "O",
    "Resource",
    "T",
    "key_of",
    "labels_of",
    "owner_uids",
    "resource_of",
    "to_json",
    "type_of",
    "uid_of",
    "version_of",
]

T = TypeVar("T", bound="Object")
"""A model."""

O = TypeVar("O", bound="Object | JSON")  # noqa: E741 - reads well beside T
"""A model, or JSON."""


class Key(NamedTuple):
    """Names an object within its kind. `namespace` is empty for cluster-scoped kinds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Resource(Generic[O]):
    """A kind, and how its JSON becomes an O. `load` raises `Unreadable`."""

    kind: Kind
    load: Callable[[JSON], O]

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL's path: of all objects, those of a namespace, one, or a subresource of one.

        Raises `ValueError` for one object of a namespaced kind without its namespace.
        """
        kind = self.kind
        parts = ["apis", kind.group, kind.version] if kind.group else ["api", kind.version]
        if kind.namespaced and namespace:
            parts += ["namespaces", namespace]
        elif kind.namespaced and name:
            raise ValueError(f"{kind.kind} {name!r} lives in a namespace; say which")
        parts.append(kind.plural)
        parts += [part for part in (name, subresource) if part]
        return "/" + "/".join(quote(part, safe="") for part in parts)


def _same(data: JSON) -> JSON:
    return data


@cache
def _model_resource(model: type[Object]) -> Resource[Object]:
    from pydantic import ValidationError

    def load(data: JSON) -> Object:
        try:
            return model.load(data)
        except ValidationError as problem:
            raise _unreadable(data, problem) from problem

    return Resource(_kind_of_model(model), load)


def _kind_of_model(model: type[Object]) -> Kind:
    try:
        return kinds.by_model(model)
    except KeyError:
        group, _, version = str(model.model_fields["api_version"].default).rpartition("/")
        name = str(model.model_fields["kind"].default)
        plural = str(getattr(model, "plural", f"{name.lower()}s"))
        namespaced = bool(getattr(model, "namespaced", True))
        return Kind(group, version, name, plural, "", namespaced=namespaced)


def _unreadable(data: JSON, problem: ValidationError) -> Unreadable:
    first = problem.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" and {problem.error_count() - 1} more" if problem.error_count() > 1 else ""
    return Unreadable(f"{data.get('kind', 'object')} {key_of(data)}: {where}: {first['msg']}{more}")


@overload
def resource_of(target: type[T]) -> Resource[T]: ...
@overload
def resource_of(target: Kind) -> Resource[JSON]: ...
@overload
def resource_of(target: type[T] | Kind) -> Resource[T] | Resource[JSON]: ...
def resource_of(target: type[T] | Kind) -> Resource[T] | Resource[JSON]:
    """The resource that a model class or a kind stands for."""
    if isinstance(target, Kind):
        return Resource(target, _same)
    return cast("Resource[T]", _model_resource(target))


def to_json(item: Object | JSON) -> JSON:
    """The wire form."""
    return item if isinstance(item, dict) else item.dump()


def _metadata(item: JSON) -> Mapping[str, Any]:
    return item.get("metadata") or {}


def type_of(item: Object | JSON) -> tuple[str, str]:
    """(apiVersion, kind)."""
    if not isinstance(item, dict):
        return item.api_version, item.kind
    return str(item.get("apiVersion") or ""), str(item.get("kind") or "")


def key_of(item: Object | JSON) -> Key:
    """The object's key."""
    if not isinstance(item, dict):
        return Key(item.namespace, item.name)
    metadata = _metadata(item)
    return Key(metadata.get("namespace") or "", metadata.get("name") or "")


def uid_of(item: Object | JSON) -> str:
    """The object's uid; empty if the server has not given one yet."""
    return (_metadata(item).get("uid") if isinstance(item, dict) else item.metadata.uid) or ""


def version_of(item: Object | JSON) -> str:
    """The object's resourceVersion; empty if the server has not given one yet."""
    if not isinstance(item, dict):
        return item.metadata.resource_version or ""
    return _metadata(item).get("resourceVersion") or ""


def labels_of(item: Object | JSON) -> Mapping[str, str]:
    """The object's labels."""
    return _metadata(item).get("labels") or {} if isinstance(item, dict) else item.labels


def owner_uids(item: Object | JSON) -> Iterator[str]:
    """The uids of the objects that this one belongs to."""
    if not isinstance(item, dict):
        return (reference.uid for reference in item.metadata.owner_references or [])
    return (reference["uid"] for reference in _metadata(item).get("ownerReferences") or [])
