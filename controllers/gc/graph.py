"""Who belongs to whom: the ownerReferences of all objects, as a graph. Pure.

An `Item` is what the collector keeps of an object: a few hundred bytes, whatever the object's size. Edges go from
owners' uids to dependents, also where the owner is not known (yet): an edge to an unknown uid is what makes the
collector ask the server.

Events come in the order of revisions, after lists that may be newer than the first of them. So an item that is older
than what is known is ignored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fizz.schemas.base import JSON
from fizz.schemas.kinds import Kind

__all__ = ["Graph", "Item", "Owner", "item_of"]


@dataclass(frozen=True, slots=True)
class Owner:
    """An ownerReference."""

    api_version: str
    kind: str
    name: str
    uid: str
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """What the collector knows of an object."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    version: int = 0
    owners: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()
    deleting: bool = False

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.kind} {place}{self.name}"

    def is_meant_by(self, owner: Owner, namespace: str) -> bool:
        """Whether this is the very object that a reference from that namespace names, and not only its uid."""
        group, _, _ = owner.api_version.rpartition("/")
        return (self.kind.group, self.kind.kind, self.name) == (group, owner.kind, owner.name) and (
            not self.kind.namespaced or self.namespace == namespace
        )


def item_of(kind: Kind, data: JSON) -> Item:
    """What the collector keeps of an object."""
    metadata: Mapping[str, Any] = data["metadata"]
    return Item(
        kind,
        metadata.get("namespace") or "",
        metadata["name"],
        metadata["uid"],
        int(metadata["resourceVersion"]),
        tuple(
            Owner(each["apiVersion"], each["kind"], each["name"], each["uid"], bool(each.get("blockOwnerDeletion")))
            for each in metadata.get("ownerReferences") or ()
        ),
        tuple(metadata.get("finalizers") or ()),
        "deletionTimestamp" in metadata,
    )


class Graph:
    """All items by uid, and who depends on whom."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._dependents: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def get(self, uid: str) -> Item | None:
        """The item of that uid, or None."""
        return self._items.get(uid)

    def dependents(self, uid: str) -> list[Item]:
        """The items that name that uid as an owner."""
        return [self._items[each] for each in self._dependents.get(uid, ())]

    def put(self, item: Item) -> set[str]:
        """Take an item in, unless a newer one is known. The uids whose situation may have changed by it."""
        old = self._items.get(item.uid)
        if old is not None and old.version >= item.version:
            return set()
        self._unlink(old)
        self._items[item.uid] = item
        for owner in item.owners:
            self._dependents.setdefault(owner.uid, {})[item.uid] = None
        return self._touched(old, item)

    def remove(self, uid: str) -> set[str]:
        """Forget an item that is gone. The uids whose situation may have changed by it."""
        old = self._items.pop(uid, None)
        self._unlink(old)
        return self._touched(old, None) - {uid}

    def _unlink(self, old: Item | None) -> None:
        for owner in old.owners if old else ():
            uids = self._dependents.get(owner.uid)
            if uids is not None and old is not None:
                uids.pop(old.uid, None)
                if not uids:
                    del self._dependents[owner.uid]

    def _touched(self, old: Item | None, new: Item | None) -> set[str]:
        """The item itself where the collector has to do with it; its dependents where its own life took a turn; its
        owners where one of them may wait for it.
        """
        touched: set[str] = set()
        some = new or old
        if some is None:
            return touched
        if new and (new.owners or new.deleting):
            touched.add(new.uid)
        turned = old is None or new is None or (old.deleting, old.finalizers) != (new.deleting, new.finalizers)
        if turned:
            touched.update(self._dependents.get(some.uid, ()))
        for owner in {*(old.owners if old else ()), *(new.owners if new else ())}:
            above = self._items.get(owner.uid)
            if above is not None and above.deleting:
                touched.add(above.uid)
        return touched
