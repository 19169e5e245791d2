"""Values that know where they were written: the tree that a project is while it is loaded.

A `Node` is a scalar, a list of nodes or a mapping of keys to nodes, with the file, line and column of its first
character. A mapping also knows where its keys are. Nodes are never changed: every step of loading makes new ones and
takes the places over, so that a problem found late still points at the text that caused it. Aliases in YAML are
shared nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

__all__ = [
    "BROKEN",
    "KEPT",
    "OVERRIDE",
    "RESET",
    "Mark",
    "Moment",
    "Node",
    "Scalar",
    "Value",
    "broken",
    "empty_mapping",
    "kind_of",
    "plain",
]

RESET: Final = "!reset"
"""Tag of a value that removes what an earlier file says."""
OVERRIDE: Final = "!override"
"""Tag of a value that replaces what an earlier file says, where they would be merged otherwise."""
KEPT: Final = "!kept"
"""Tag of names and values that are kept as they are written, list or mapping; merged they are a list."""
BROKEN: Final = "!broken"
"""Tag of a node whose problem has been told already: whoever meets it says nothing more."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time in YAML, which compose files have no use for: as compose prints it where a text is wanted, and
    as it prints it elsewhere.
    """

    text: str
    rfc3339: str


Scalar = str | int | float | bool | Moment | None
Value: TypeAlias = "Scalar | list[Node] | dict[str, Node]"


class Node:
    """A value and its place. `keys` of a mapping holds the places of its keys; `tag` is `!reset` or `!override`."""

    __slots__ = ("column", "file", "keys", "line", "tag", "value")

    def __init__(
        self,
        value: Value,
        file: str = "",
        line: int = 0,
        column: int = 0,
        *,
        keys: "dict[str, Mark | Node] | None" = None,
        tag: str | None = None,
    ) -> None:
        self.value = value
        self.file = file
        self.line = line
        self.column = column
        self.keys = keys
        self.tag = tag

    def __repr__(self) -> str:
        return f"Node({plain(self)!r} at {self.file}:{self.line}:{self.column})"

    def with_value(self, value: Value) -> "Node":
        """Another value at the same place, under the same tag; `keys` stay if it is a mapping again."""
        keys = self.keys if isinstance(value, dict) else None
        return Node(value, self.file, self.line, self.column, keys=keys, tag=self.tag)

    def mapping(self) -> "dict[str, Node]":
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> "list[Node]":
        """The items of a list; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    def get(self, key: str) -> "Node | None":
        """The value under a key of a mapping, or None."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def key(self, key: str) -> "Mark | Node":
        """The place of a key; the value's place if the key was not written but follows from something."""
        if self.keys and (mark := self.keys.get(key)):
            return mark
        return self.mapping().get(key, self)

    def walk(self, *path: str | int) -> "Iterator[Node]":
        """This node and those on the way to a path, as far as it exists."""
        node = self
        yield node
        for step in path:
            items = node.items()
            following = node.get(step) if isinstance(step, str) else items[step] if step < len(items) else None
            if following is None:
                return
            node = following
            yield node


def empty_mapping(place: "Node | Mark") -> Node:
    """A mapping without entries at a place."""
    return Node({}, place.file, place.line, place.column, keys={})


def broken(place: "Node | Mark") -> Node:
    """What stands for a value that is wrong, so that nobody says that it is missing."""
    return Node(None, place.file, place.line, place.column, tag=BROKEN)


def plain(node: Node) -> Any:
    """The value without its places, as Python holds JSON."""
    match node.value:
        case dict() as mapping:
            return {key: plain(child) for key, child in mapping.items()}
        case list() as items:
            return [plain(child) for child in items]
        case Moment() as moment:
            return moment.rfc3339
        case scalar:
            return scalar


def kind_of(node: Node) -> str:
    """What a value is, in words for messages: `a string`, `the number 5`."""
    match node.value:
        case None:
            return "empty"
        case bool() as value:
            return f"the boolean {str(value).lower()}"
        case str():
            return "a string"
        case int() | float() as value:
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "a date"
