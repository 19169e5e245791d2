"""What a URL asks for.

    /api/v1/...                           the core group
    /apis/GROUP/VERSION/...               every other group
        PLURAL                            a collection: of the cluster, or of all namespaces
        PLURAL/NAME[/SUBRESOURCE]         an object of the cluster
        namespaces/NS/PLURAL              a collection in a namespace
        namespaces/NS/PLURAL/NAME[/SUB]   an object in a namespace

`/api/v1/watch/...` and `/apis/GROUP/VERSION/watch/...` are the old form of a watch of the same resources.

`namespaces/NAME/status` and `namespaces/NAME/finalize` are subresources of a Namespace, not collections in it.
"""

from dataclasses import dataclass, replace
from typing import Final

__all__ = ["Target", "parse"]

_OF_NAMESPACES: Final = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class Target:
    """A collection (name is None) or an object. `namespace` None means: of the cluster, or of all namespaces."""

    group: str
    version: str
    plural: str
    namespace: str | None = None
    name: str | None = None
    subresource: str = ""
    watch: bool = False
    """Whether the URL itself asks for a watch."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


def parse(path: str) -> Target | None:
    """The target of a decoded path, or None where the path is no resource's."""
    match path.strip("/").split("/"):
        case ["api", version, "watch", *rest] if rest:
            return _watched(_resource("", version, rest))
        case ["apis", group, version, "watch", *rest] if rest:
            return _watched(_resource(group, version, rest))
        case ["api", version, *rest]:
            return _resource("", version, rest)
        case ["apis", group, version, *rest]:
            return _resource(group, version, rest)
    return None


def _watched(target: Target | None) -> Target | None:
    return None if target is None else replace(target, watch=True)


def _resource(group: str, version: str, parts: list[str]) -> Target | None:
    if not all(parts):
        return None
    match parts:
        case ["namespaces", name, sub] if group == "" and sub in _OF_NAMESPACES:
            return Target(group, version, "namespaces", None, name, sub)
        case ["namespaces", namespace, plural]:
            return Target(group, version, plural, namespace)
        case ["namespaces", namespace, plural, name]:
            return Target(group, version, plural, namespace, name)
        case ["namespaces", namespace, plural, name, sub]:
            return Target(group, version, plural, namespace, name, sub)
        case [plural]:
            return Target(group, version, plural)
        case [plural, name]:
            return Target(group, version, plural, None, name)
        case [plural, name, sub]:
            return Target(group, version, plural, None, name, sub)
    return None
