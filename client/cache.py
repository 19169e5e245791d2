"""What an informer knows: the objects by namespace and name, and who else can be asked for quickly.

Pure: no server, no clock. Indexes are kept for owners, and for those labels that somebody has asked for.
"""

from collections.abc import Iterator, Mapping
from typing import Generic

from fizz.client.objects import Key, O, key_of, labels_of, owner_uids

__all__ = ["Cache"]


class Cache(Mapping[Key, O], Generic[O]):
    """Objects by key. What it gives out is shared by all who read: copy before changing anything."""

    def __init__(self) -> None:
        self._objects: dict[Key, O] = {}
        self._namespaces: dict[str, dict[Key, None]] = {}
        self._owners: dict[str, dict[Key, None]] = {}
        self._labels: dict[str, dict[str, dict[Key, None]]] = {}

    def __getitem__(self, key: Key) -> O:
        return self._objects[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def put(self, item: O) -> O | None:
        """Take the object in; the one that it replaces."""
        old = self.remove(key := key_of(item))
        self._objects[key] = item
        self._namespaces.setdefault(key.namespace, {})[key] = None
        for uid in owner_uids(item):
            self._owners.setdefault(uid, {})[key] = None
        labels = labels_of(item)
        for name, index in self._labels.items():
            if name in labels:
                index.setdefault(labels[name], {})[key] = None
        return old

    def remove(self, key: Key) -> O | None:
        """Forget the object; what was known of it."""
        old = self._objects.pop(key, None)
        if old is None:
            return None
        _discard(self._namespaces, key.namespace, key)
        for uid in owner_uids(old):
            _discard(self._owners, uid, key)
        labels = labels_of(old)
        for name, index in self._labels.items():
            if name in labels:
                _discard(index, labels[name], key)
        return old

    def in_namespace(self, namespace: str) -> list[O]:
        """The objects of a namespace."""
        return self._all(self._namespaces.get(namespace))

    def by_owner(self, uid: str) -> list[O]:
        """The objects that have an ownerReference with that uid."""
        return self._all(self._owners.get(uid))

    def by_label(self, name: str, value: str) -> list[O]:
        """The objects with that label. The first question about a label makes its index."""
        if name not in self._labels:
            index: dict[str, dict[Key, None]] = {}
            for key, item in self._objects.items():
                labels = labels_of(item)
                if name in labels:
                    index.setdefault(labels[name], {})[key] = None
            self._labels[name] = index
        return self._all(self._labels[name].get(value))

    def _all(self, keys: Mapping[Key, None] | None) -> list[O]:
        return [self._objects[key] for key in keys or ()]


def _discard(index: dict[str, dict[Key, None]], value: str, key: Key) -> None:
    keys = index.get(value)
    if keys is not None:
        keys.pop(key, None)
        if not keys:
            del index[value]
