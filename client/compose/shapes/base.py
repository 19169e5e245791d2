"""What all shapes have in common, and what they need to know while they read."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, Final, TypeVar

from fizz.client.compose.nodes import BROKEN, Node, kind_of, plain
from fizz.client.compose.problems import Path, Place, Problems

__all__ = ["JSON", "STRING", "VARIABLE", "Opaque", "Reader", "Shape", "either", "kept"]

JSON = dict[str, Any]
S = TypeVar("S")
Read = Callable[[S, Node, Path, "Reader"], Node | None]

STRING: Final[JSON] = {"type": "string"}
VARIABLE: Final = r"\$"
"""Pattern of a text that holds a variable, and so may become anything."""


def either(*schemas: JSON, nullable: bool = False) -> JSON:
    """One of several schemas, or null."""
    options = [*schemas, *([{"type": "null"}] if nullable else [])]
    return options[0] if len(options) == 1 else {"anyOf": options}


@dataclass(slots=True)
class Reader:
    """Where problems go, and from where relative paths start: `base`, or nowhere if they shall stay as they are. Where
    variables stay (not `interpolated`), it may be that single values stay as they are written, too (`keeps`).
    """

    problems: Problems
    base: str = ""
    home: str = ""
    interpolated: bool = True
    keeps: bool = False
    muted: int = field(default=0)

    def error(self, place: Place, path: Path, text: str, hint: str = "") -> None:
        """Something that is wrong."""
        self.problems.error(place, text, path=path, hint=hint)

    def refuse(self, place: Place, path: Path, text: str, hint: str = "") -> None:
        """Something that compose prints, but that no engine runs."""
        self.problems.refuse(place, text, path=path, hint=hint)

    def warn(self, place: Place, path: Path, text: str, hint: str = "") -> None:
        """Something that the author should know; nothing inside of a part that has no effect anyway."""
        if not self.muted:
            self.problems.warn(place, text, path=path, hint=hint)

    def wrong_type(self, node: Node, path: Path, wanted: str, hint: str = "") -> None:
        """The message for a value of the wrong type. A value whose problem is known already gets none."""
        if node.tag == BROKEN:
            return
        if node.value is None:
            self.error(node, path, f"must be {wanted}, but it is empty", hint or "remove the key, or give it a value")
        else:
            self.error(node, path, f"must be {wanted}, not {kind_of(node)}", hint)

    def as_written(self, node: Node) -> bool:
        """Whether the value is a string with variables that are meant to stay, so that it cannot be checked."""
        return not self.interpolated and isinstance(node.value, str) and "$" in node.value


def kept(read: "Read[S]") -> "Read[S]":
    """For the `read` of shapes of single values, which stay as they are written if the reader `keeps` them."""

    @wraps(read)
    def wrapper(self: S, node: Node, path: Path, reader: Reader) -> Node | None:
        if reader.keeps and isinstance(node.value, str):
            return node
        result = read(self, node, path, reader)
        return node if reader.keeps and result is not None else result

    return wrapper


class Shape(ABC):
    """A type of value. Shapes are made once, hold no state and are shared.

    `yields` is whether an empty value in a later file leaves the earlier file's as it is.
    """

    yields: ClassVar[bool] = True

    @abstractmethod
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        """The node in canonical form, or None if it is wrong, which the reader has been told."""

    @abstractmethod
    def schema(self) -> JSON:
        """What may be written, as JSON Schema. Short forms are in it; what follows from several values is not."""

    def merge(self, base: Node, over: Node) -> Node:
        """What a later file (`over`) makes of an earlier one's value, both canonical. Mostly: it replaces it."""
        return over

    def without_empty(self, over: Node, base: Node) -> Node:
        """What a later file says, as it is written, without the empty values that leave `base` as it is."""
        return over

    def dump(self, node: Node) -> Any:
        """The canonical value as plain data, as `fizz config` prints it."""
        return plain(node)


class Opaque(Shape):
    """Anything at all, as under `x-` keys. Mappings are merged key by key; a list gets what it does not have yet; null
    leaves what is there.
    """

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        return None if node.tag == BROKEN else node

    def schema(self) -> JSON:
        return {}

    def merge(self, base: Node, over: Node) -> Node:
        match base.value, over.value:
            case dict() as old, dict() as new:
                merged = {key: self.merge(old[key], child) if key in old else child for key, child in new.items()}
                result = over.with_value({**old, **merged})
                result.keys = {**(base.keys or {}), **(over.keys or {})}
                return result
            case list() as first, list() as second:
                known = {repr(plain(item)) for item in first}
                new = {text: item for item in second if (text := repr(plain(item))) not in known}
                return over.with_value([*first, *new.values()])
            case _, None:
                return base
        return over
