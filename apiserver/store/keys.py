"""Which keys there are, and which of them a prefix selects.

A key is `/<group>/<resource>/<namespace>/<name>`. The store asks only that it begins with `/`, does not end with one,
and is short enough to be indexed. Keys are ordered by code points, which is the order of their UTF-8 bytes.

    >>> Selector("/fizz.dev/deployments/blog/").matches("/fizz.dev/deployments/blog/web")
    True
    >>> Selector("/fizz.dev/deployments/blog/web").matches("/fizz.dev/deployments/blog/web-2")
    False
    >>> prefixes("/core/namespaces//blog")
    ['/', '/core/', '/core/namespaces/', '/core/namespaces//', '/core/namespaces//blog']
"""

from collections.abc import Collection
from typing import Final

__all__ = ["MAX_KEY_BYTES", "Selector", "check_key", "check_prefix", "prefixes"]

MAX_KEY_BYTES: Final = 503
"""LMDB indexes keys of 511 bytes at most, and the expiry index puts 8 bytes before the key."""


def check_key(key: str) -> None:
    """Raises ValueError for what cannot be a key."""
    if not key.startswith("/") or key.endswith("/"):
        raise ValueError(f"{key[:80]!r} is not a key: it begins with '/' and ends with a name")
    _check_length(key)


def check_prefix(prefix: str) -> None:
    """Raises ValueError for what is neither a prefix nor a key."""
    if not prefix.startswith("/"):
        raise ValueError(f"{prefix[:80]!r} is not a prefix: it begins with '/'")
    _check_length(prefix)


def _check_length(key: str) -> None:
    if len(key) > MAX_KEY_BYTES or len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"{key[:80]!r}... is longer than {MAX_KEY_BYTES} bytes")


def prefixes(key: str) -> list[str]:
    """Every prefix that selects the key, from the widest to the key itself."""
    found = []
    end = key.find("/") + 1
    while end:
        found.append(key[:end])
        end = key.find("/", end) + 1
    found.append(key)
    return found


class Selector:
    """The keys below any of some prefixes. A prefix that does not end with `/` selects the key that it is."""

    __slots__ = ("_branches", "_keys", "prefixes")

    def __init__(self, *prefixes: str) -> None:
        for prefix in prefixes:
            check_prefix(prefix)
        self.prefixes = prefixes
        self._branches = tuple(prefix for prefix in prefixes if prefix.endswith("/"))
        self._keys = frozenset(prefixes) - frozenset(self._branches)

    def matches(self, key: str) -> bool:
        return key.startswith(self._branches) or key in self._keys

    def overlaps(self, branches: Collection[str]) -> bool:
        """Can a key be selected that lies below one of these prefixes (which end with `/`)?"""
        return any(
            own.startswith(branch) or (own.endswith("/") and branch.startswith(own))
            for own in self.prefixes
            for branch in branches
        )
