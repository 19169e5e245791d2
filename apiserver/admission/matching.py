"""Which requests a webhook or policy is about: rules over operations and resources, selectors over labels.

    rule      operations [CREATE], groups ["apps.io"], versions ["*"], resources ["shops", "shops/status"], scope "*"
    request   UPDATE of shops/status in apps.io/v1                       fits

A resource is asked for in its own version first. With matchPolicy Equivalent, its other versions come next: a rule that
names v1 alone fits a request in v2, and its webhook is shown the object in v1.

Source: `rules` and `matchPolicy` in the Kubernetes documentation of dynamic admission control.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from fizz.apiserver.admission.attributes import Attributes
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON
from fizz.schemas.selectors import LabelSelector, load_labels

__all__ = ["Criteria", "Rule", "is_exempt", "labels_of"]

_ALL: Final = "*"
_EXEMPT: Final = "admissionregistration.k8s.io"


def is_exempt(resource: Resource) -> bool:
    """Whether nobody is asked about a resource: a webhook that refuses all could never be taken away again."""
    return resource.group == _EXEMPT


@dataclass(frozen=True, slots=True)
class Rule:
    """Operations on resources; `names` are the only objects that are meant, none: all of them."""

    operations: frozenset[str]
    groups: frozenset[str]
    versions: frozenset[str]
    resources: frozenset[str]
    scope: str = _ALL
    names: frozenset[str] = frozenset()

    @classmethod
    def load(cls, rule: JSON) -> Self:
        """Read the wire form."""
        operations, groups, versions, resources, names = (
            frozenset(rule.get(field) or ())
            for field in ("operations", "apiGroups", "apiVersions", "resources", "resourceNames")
        )
        return cls(operations, groups, versions, resources, rule.get("scope") or _ALL, names)

    def covers(self, operation: str, resource: Resource, subresource: str) -> bool:
        """Whether the rule is about the operation; names are not looked at."""
        return (
            _has(self.operations, operation)
            and _has(self.groups, resource.group)
            and _has(self.versions, resource.version)
            and self._names(resource.plural, subresource)
            and self.scope in (_ALL, "Namespaced" if resource.namespaced else "Cluster")
        )

    def _names(self, plural: str, subresource: str) -> bool:
        if not subresource:
            return not self.resources.isdisjoint((plural, _ALL, "*/*", f"{plural}/*"))
        return not self.resources.isdisjoint((f"{plural}/{subresource}", f"{plural}/*", f"*/{subresource}", "*/*"))


def _has(values: frozenset[str], wanted: str) -> bool:
    return wanted in values or _ALL in values


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a webhook or policy is about."""

    rules: tuple[Rule, ...]
    namespaces: LabelSelector
    objects: LabelSelector
    equivalent: bool = True
    excluded: tuple[Rule, ...] = ()

    @classmethod
    def load(cls, source: JSON, rules: Iterable[JSON], excluded: Iterable[JSON] = ()) -> Self:
        """Read the selectors and the matchPolicy of the wire form. Raises `ValueError`."""
        return cls(
            tuple(map(Rule.load, rules)),
            load_labels(source.get("namespaceSelector") or {}),
            load_labels(source.get("objectSelector") or {}),
            (source.get("matchPolicy") or "Equivalent") == "Equivalent",
            tuple(map(Rule.load, excluded)),
        )

    def seen_as(
        self, registry: Registry, operation: str, resource: Resource, subresource: str
    ) -> tuple[Resource, tuple[Rule, ...]] | None:
        """The version in which an operation on a resource fits, and the rules that it fits; None if it does not."""
        candidates = [resource]
        if self.equivalent:
            candidates += _equivalents(registry, resource)
        if any(not rule.names and rule.covers(operation, each, subresource) for rule in self.excluded
               for each in candidates):  # fmt: skip
            return None
        for each in candidates:
            if found := tuple(rule for rule in self.rules if rule.covers(operation, each, subresource)):
                return each, found
        return None

    def selects(self, asked: Attributes, rules: Sequence[Rule], namespace: JSON | None) -> bool:
        """Whether names and labels fit too; `namespace` is the Namespace of the object, if it has one."""
        if not any(not rule.names or asked.name in rule.names for rule in rules):
            return False
        for rule in self.excluded:
            if asked.name in rule.names and rule.covers(asked.operation, asked.resource, asked.subresource):
                return False
        if self.namespaces and (asked.is_namespace or asked.resource.namespaced):
            home = (asked.obj or asked.old) if asked.is_namespace else namespace
            if not self.namespaces.matches(labels_of(home)):
                return False
        if not self.objects:
            return True
        return any(each is not None and self.objects.matches(labels_of(each)) for each in (asked.obj, asked.old))


def _equivalents(registry: Registry, resource: Resource) -> list[Resource]:
    """The same objects in other versions and groups."""
    prefix = resource.prefix()
    return [each for each in registry.resources() if each is not resource and each.stored and each.prefix() == prefix]


def labels_of(obj: JSON | None) -> Mapping[str, str]:
    """The labels of an object, which nobody has checked yet."""
    metadata: Any = (obj or {}).get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return {key: value for key, value in labels.items() if isinstance(value, str)} if isinstance(labels, dict) else {}
