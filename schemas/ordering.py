"""Orders that follow from dependencies."""

from collections.abc import Iterable, Mapping

__all__ = ["dependencies_first", "dependents_first"]


def dependencies_first(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """The names, each behind all that it depends on; of equals, the first by name comes first.

    Names that only occur as a dependency are left out. Members of a circle come in some order, always the same.

    >>> dependencies_first({"proxy": ["web"], "web": ["db", "cache"], "db": [], "cache": []})
    ['cache', 'db', 'web', 'proxy']
    """
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in depends_on:
            return
        seen.add(name)
        for other in sorted(depends_on[name]):
            visit(other)
        order.append(name)

    for name in sorted(depends_on):
        visit(name)
    return order


def dependents_first(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """The opposite order: that in which things are stopped."""
    return dependencies_first(depends_on)[::-1]
