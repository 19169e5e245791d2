"""Which kinds a server has: its discovery document, read into `Kind`s, and the one that a person means by a name."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

__all__ = ["ACCEPT", "by_name", "by_type", "parse", "stored"]

ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
"""Asks for all groups in one document."""

_STORED: Final = frozenset({"list", "watch", "delete"})


def parse(document: JSON) -> list[Kind]:
    """The kinds of an APIGroupDiscoveryList, in its order: the preferred version of a group comes first."""
    return [
        kind
        for group in document.get("items") or []
        for version in group.get("versions") or []
        for kind in _kinds(group["metadata"].get("name") or "", version)
    ]


def stored(document: JSON) -> list[Kind]:
    """The kinds whose objects can be listed, watched and deleted, each once, in its preferred version."""
    found: dict[tuple[str, str], Kind] = {}
    for group in document.get("items") or []:
        for version in group.get("versions") or []:
            name = group["metadata"].get("name") or ""
            for kind in _kinds(name, version, _STORED):
                found.setdefault((kind.group, kind.plural), kind)
    return list(found.values())


def _kinds(group: str, version: JSON, verbs: Collection[str] = ()) -> Iterator[Kind]:
    for resource in version.get("resources") or []:
        if not set(verbs) <= set(resource.get("verbs") or ()):
            continue
        yield Kind(
            group,
            version["version"],
            resource["responseKind"]["kind"],
            resource["resource"],
            "",
            namespaced=resource.get("scope") != "Cluster",
            short_names=tuple(resource.get("shortNames") or ()),
            categories=tuple(resource.get("categories") or ()),
            status=any(each["subresource"] == "status" for each in resource.get("subresources") or []),
        )


def by_name(kinds: Iterable[Kind], name: str) -> Kind | None:
    """The first kind of that plural, singular, short name or `plural.group`, in any case."""
    wanted = name.lower()
    for kind in kinds:
        if wanted in {kind.plural, kind.singular, kind.resource, f"{kind.singular}.{kind.group}", *kind.short_names}:
            return kind
    return None


def by_type(kinds: Iterable[Kind], api_version: str, kind: str) -> Kind | None:
    """The kind of that type."""
    return next((each for each in kinds if (each.api_version, each.kind) == (api_version, kind)), None)
