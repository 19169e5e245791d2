"""Which kinds there are, built-in ones and custom ones that come and go; where their objects are, what selects them.

    key     /core/secrets/blog/password        /core/namespaces//blog        /fizz.dev/deployments/blog/web
    prefix  /core/secrets/blog/                /core/secrets/                /core/namespaces/

A resource is one kind in one version. All versions of a kind share its keys.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

import orjson

from fizz.apiserver.kinds import codec, events
from fizz.apiserver.kinds.managed.typed import TypedSchema
from fizz.apiserver.kinds.structural import Compiled, compile_schema
from fizz.schemas.base import JSON
from fizz.schemas.kinds import ALL_VERBS, BUILTIN, Column, Kind, Scale
from fizz.schemas.structural import structural_schema

__all__ = ["Conversion", "Registry", "Resource", "key", "prefix", "version_priority"]

_STORED_ELSEWHERE: Final[dict[tuple[str, str], Any]] = {
    ("events.k8s.io", "Event"): {
        "storage_group": "",
        "from_stored": events.from_core,
        "to_stored": events.to_core,
    }
}
"""Built-in kinds that are other names for the objects of another one."""
_PUT_CREATES: Final = frozenset({"coordination.k8s.io", "events.k8s.io", "rbac.authorization.k8s.io"})
_ALWAYS_SELECTABLE: Final = frozenset({"metadata.name", "metadata.namespace"})
_VERSION: Final = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?")
_STABILITY: Final = {None: 0, "beta": 1, "alpha": 2}

Getter = Callable[[JSON], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A webhook that converts between the versions of a custom kind: how it is reached (`WebhookClientConfig`), and the
    version, as `group/version`, that objects are stored in.
    """

    client: JSON
    storage: str


@dataclass(frozen=True, eq=False)
class Resource:
    """One kind in one version: what discovery says of it, and what the server needs to serve it.

    `selectable` are the field selectors that it knows, metadata.name and metadata.namespace among them. `builtin`
    kinds may be updated without a resourceVersion, custom ones may not. `verbs` are what can be done with it; what can
    only be created is answered and never stored. `make_schema` is called once, when the schema
    is first needed: making those of the built-in kinds takes longer than to say what they are.

    `warning` is told to everyone who uses the version; of a `terminating` kind nothing new is made. Objects are stored
    under `storage_group` where that is another group's; `from_stored` (which may change what it is given) and
    `to_stored` make them of this version, and back. Where there is a `conversion`, that holds for values that a webhook
    has brought to this version before.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    list_kind: str
    make_schema: Callable[[], JSON] = field(repr=False)
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = False
    scale: Scale | None = None
    columns: tuple[Column, ...] = ()
    selectable: frozenset[str] = _ALWAYS_SELECTABLE
    builtin: bool = False
    warning: str = ""
    terminating: bool = False
    storage_group: str | None = None
    from_stored: Callable[[JSON], JSON] | None = field(default=None, repr=False)
    to_stored: Callable[[JSON], JSON] | None = field(default=None, repr=False)
    verbs: tuple[str, ...] = ALL_VERBS
    conversion: Conversion | None = None

    @classmethod
    def of(cls, kind: Kind) -> Self:
        """The resource of a built-in kind."""
        return cls(
            group=kind.group,
            version=kind.version,
            kind=kind.kind,
            plural=kind.plural,
            singular=kind.singular,
            list_kind=f"{kind.kind}List",
            make_schema=lambda: structural_schema(kind.model),
            short_names=kind.short_names,
            categories=kind.categories,
            namespaced=kind.namespaced,
            status=kind.status,
            scale=kind.scale,
            columns=kind.columns,
            selectable=_ALWAYS_SELECTABLE | frozenset(kind.selectable),
            builtin=True,
            verbs=kind.verbs,
            **_STORED_ELSEWHERE.get((kind.group, kind.kind), {}),
        )

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def put_creates(self) -> bool:
        """Whether a PUT of what is not there makes it, as Kubernetes has it for a few kinds."""
        return self.builtin and (self.group in _PUT_CREATES or (self.group, self.kind) == ("", "Event"))

    @property
    def stored(self) -> bool:
        """Whether its objects are kept. The others are questions, which are answered and forgotten."""
        return "get" in self.verbs

    @property
    def name(self) -> str:
        """`secrets`, or `deployments.fizz.dev`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @cached_property
    def schema(self) -> JSON:
        """The structural schema; treat it as frozen."""
        return self.make_schema()

    @cached_property
    def compiled(self) -> Compiled:
        """The schema at work. Raises `SchemaError`."""
        return compile_schema(self.schema)

    @cached_property
    def typed(self) -> TypedSchema:
        """What the schema says about merging and ownership of fields."""
        return TypedSchema(self.schema, status=self.status)

    def load(self, value: bytes, revision: int) -> JSON:
        """A stored value as an object of this version."""
        obj = codec.load(value, revision)
        return obj if self.from_stored is None else self.from_stored(obj)

    def dump(self, obj: JSON) -> bytes:
        """The value that is stored of an object of this version."""
        return codec.dump(obj if self.to_stored is None else self.to_stored(obj))

    def sent(self, value: bytes, revision: int) -> bytes:
        """A stored value as the JSON that is sent; decoded only if it must be."""
        if self.from_stored is None:
            return codec.splice_version(value, revision)
        return orjson.dumps(self.load(value, revision))

    def key(self, namespace: str | None, name: str) -> str:
        """Where an object is kept."""
        return key(self, namespace, name)

    def prefix(self, namespace: str | None = None) -> str:
        """What the keys of all objects begin with, or of those of one namespace."""
        return prefix(self, namespace)

    def fields(self, obj: JSON) -> dict[str, str]:
        """What field selectors see of an object; what is absent is the empty text."""
        return {path: _text(get(obj)) for path, get in self._getters}

    @cached_property
    def _getters(self) -> list[tuple[str, Getter]]:
        special = _SPECIAL_FIELDS.get((self.group, self.kind), {})
        return [(path, special.get(path) or _getter(path)) for path in sorted(self.selectable)]


def key(resource: Resource, namespace: str | None, name: str) -> str:
    """Where an object is kept; cluster-scoped objects have no namespace, whatever is said."""
    scope = namespace or "" if resource.namespaced else ""
    return f"/{_home(resource)}/{resource.plural}/{scope}/{name}"


def prefix(resource: Resource, namespace: str | None = None) -> str:
    """What the keys of a kind begin with, or, of a namespaced one, those in a namespace."""
    everywhere = f"/{_home(resource)}/{resource.plural}/"
    return f"{everywhere}{namespace}/" if namespace and resource.namespaced else everywhere


def _home(resource: Resource) -> str:
    group = resource.group if resource.storage_group is None else resource.storage_group
    return group or "core"


def _getter(path: str) -> Getter:
    names = path.split(".")

    def get(obj: JSON) -> Any:
        value: Any = obj
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return get


def _event_source(obj: JSON) -> Any:
    return _getter("source.component")(obj) or obj.get("reportingComponent")


_SPECIAL_FIELDS: Final[dict[tuple[str, str], dict[str, Getter]]] = {("", "Event"): {"source": _event_source}}
"""Selectors that do not read the field that they name."""


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return str(value)


def version_priority(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as Kubernetes prefers them: v2, v1, v2beta1, v1beta2, v1beta1, v1alpha1, then others by name."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (3, 0, 0, version)
    major, stability, minor = match.groups()
    return (_STABILITY[stability], -int(major), -int(minor or 0), version)


class Registry:
    """All resources that are served. `changes` counts what was added and removed, for whoever keeps what it made of
    them. Used from the event loop only.
    """

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_plural: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self.changes = 0
        for resource in resources:
            self.add(resource)

    @classmethod
    def builtin(cls) -> Self:
        """The kinds that Fizz is built with."""
        return cls(Resource.of(kind) for kind in BUILTIN)

    def add(self, resource: Resource) -> None:
        """Serve a resource, in place of one of the same group, version and plural. Raises `ValueError` if its kind is
        taken by another resource, or its plural by a built-in kind, with which it would share its objects.
        """
        if not resource.builtin and any(
            each.builtin and each.plural == resource.plural for each in self.resources(resource.group)
        ):
            raise ValueError(f"{resource.name} is built in")
        place = (resource.group, resource.version, resource.plural)
        taken = self.by_kind(resource.api_version, resource.kind)
        if taken and taken.plural != resource.plural:
            raise ValueError(f"{resource.api_version} {resource.kind} is already served as {taken.plural}")
        self.remove(self._by_plural.get(place))
        self._by_plural[place] = resource
        self._by_kind[(resource.api_version, resource.kind)] = resource
        self.changes += 1

    def remove(self, resource: Resource | None) -> None:
        """Serve a resource no longer. What is not served, or None, is ignored."""
        if resource is None:
            return
        place = (resource.group, resource.version, resource.plural)
        if self._by_plural.get(place) is resource:
            del self._by_plural[place], self._by_kind[(resource.api_version, resource.kind)]
            self.changes += 1

    def lookup(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at a place in the URL space."""
        return self._by_plural.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of an object's type."""
        return self._by_kind.get((api_version, kind))

    def preferred(self, group: str, plural: str) -> Resource | None:
        """The resource in the version that is preferred."""
        found = [resource for resource in self.resources(group) if resource.plural == plural]
        return min(found, key=lambda resource: version_priority(resource.version), default=None)

    def groups(self) -> list[str]:
        """All groups, the core group (empty) first, by name."""
        return sorted({resource.group for resource in self._by_plural.values()})

    def versions(self, group: str) -> list[str]:
        """The versions of a group, the preferred one first."""
        found = {resource.version for resource in self._by_plural.values() if resource.group == group}
        return sorted(found, key=version_priority)

    def resources(self, group: str | None = None, version: str | None = None) -> list[Resource]:
        """The resources of a group and version, or all, in the order in which they were added."""
        return [
            resource
            for resource in self._by_plural.values()
            if group in (None, resource.group) and version in (None, resource.version)
        ]
