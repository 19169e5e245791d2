"""What to do about one object: pure, from the graph and the server's answers to a list of actions.

An object is collected when it has owners and all of them are gone. The graph may lag behind, so it never suffices for
that: `questions` names the owners that the graph does not know, the shell asks the server for each, and without a clear
answer nothing is deleted.

| what is known of an owner | |
|---|---|
| PRESENT | it is there: the object stays, and references to absent owners are stripped |
| LEAVING | it is being deleted in the foreground and waits for its dependents: the object is deleted |
| ABSENT | the server does not have it, or has another one of that name: the object is deleted |
| UNKNOWN | the server could not be asked, or its answer is not clear: nothing is done |

How an owner is deleted is written in its finalizers, as in Kubernetes:

- none of the two: it goes at once, and what belongs to it is then found to have an absent owner (background);
- `foregroundDeletion`: what blocks it is deleted first (foreground);
- `orphan`: references to it are stripped first, and what belonged to it stays.

A Deployment or Job that carries `fizz.dev/ordered-stop` empties itself, in the order of its dependencies. Until that
finalizer is gone, the collector keeps its hands off what belongs to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from fizz.controllers.gc.graph import Graph, Item, Owner
from fizz.schemas import labels

__all__ = ["FOREGROUND", "ORPHAN", "Action", "Delete", "DropFinalizer", "Presence", "Strip", "plan", "questions"]

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"


class Presence(Enum):
    """What is known of an owner."""

    PRESENT = "present"
    LEAVING = "leaving"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the object, provided that it still is what was seen."""

    item: Item
    policy: Literal["Background", "Foreground", "Orphan"]
    why: str

    def __str__(self) -> str:
        return f"delete {self.item} ({self.policy}): {self.why}"


@dataclass(frozen=True, slots=True)
class Strip:
    """Take the references to some owners off the object."""

    item: Item
    uids: frozenset[str]

    def __str__(self) -> str:
        return f"strip {len(self.uids)} owners off {self.item}"


@dataclass(frozen=True, slots=True)
class DropFinalizer:
    """Take a finalizer off the object: the collector's part of its deletion is done."""

    item: Item
    finalizer: str

    def __str__(self) -> str:
        return f"take {self.finalizer} off {self.item}"


Action = Delete | Strip | DropFinalizer


def questions(graph: Graph, item: Item) -> list[Owner]:
    """The owners of the item that the server must be asked about, because the graph does not know them."""
    return [] if item.deleting else [owner for owner in item.owners if _from_graph(graph, item, owner) is None]


def _from_graph(graph: Graph, item: Item, owner: Owner) -> Presence | None:
    known = graph.get(owner.uid)
    if known is None or not known.is_meant_by(owner, item.namespace):
        return None
    return presence_of(known.deleting, known.finalizers)


def presence_of(deleting: bool, finalizers: Iterable[str]) -> Presence:
    """What an owner that is there is to its dependents."""
    leaving = deleting and FOREGROUND in finalizers and labels.FINALIZER_ORDERED_STOP not in finalizers
    return Presence.LEAVING if leaving else Presence.PRESENT


def plan(graph: Graph, item: Item, answers: Mapping[Owner, Presence]) -> list[Action]:
    """What to do about the item; `answers` are the server's, to `questions`."""
    if item.deleting:
        return _finish(graph, item)
    if not item.owners:
        return []
    found = {owner: _from_graph(graph, item, owner) or answers.get(owner, Presence.UNKNOWN) for owner in item.owners}
    if Presence.UNKNOWN in found.values():
        return []
    if Presence.PRESENT in found.values():
        gone = frozenset(owner.uid for owner, presence in found.items() if presence is not Presence.PRESENT)
        return [Strip(item, gone)] if gone else []
    if Presence.LEAVING in found.values():
        blocks = any(_blocks(each, item) and not each.deleting for each in graph.dependents(item.uid))
        return [Delete(item, "Foreground" if blocks else _policy(item), "its owner is being deleted")]
    names = ", ".join(sorted(f"{owner.kind} {owner.name}" for owner in item.owners))
    return [Delete(item, _policy(item), f"its owner is gone: {names}")]


def _policy(item: Item) -> Literal["Background", "Foreground", "Orphan"]:
    if ORPHAN in item.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in item.finalizers else "Background"


def _blocks(dependent: Item, owner: Item) -> bool:
    return any(each.uid == owner.uid and each.blocks for each in dependent.owners)


def _finish(graph: Graph, item: Item) -> list[Action]:
    """The collector's part in a deletion."""
    if labels.FINALIZER_ORDERED_STOP in item.finalizers:
        return []
    dependents = graph.dependents(item.uid)
    if ORPHAN in item.finalizers:
        stripped: list[Action] = [Strip(dependent, frozenset({item.uid})) for dependent in dependents]
        return stripped or [DropFinalizer(item, ORPHAN)]
    if FOREGROUND in item.finalizers and not any(_blocks(dependent, item) for dependent in dependents):
        return [DropFinalizer(item, FOREGROUND)]
    return []
