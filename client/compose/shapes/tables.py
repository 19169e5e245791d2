"""Mappings with known keys: the tables that the specification is made of.

A `Table` knows all keys that the specification has, whether Fizz honours each and how; a key that it does not have is
an error with a guess at what was meant. Keys that begin with `x-` are free.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from fizz.client.compose.nodes import BROKEN, Node, broken, plain
from fizz.client.compose.problems import Path, path_text, suggestion
from fizz.client.compose.shapes.base import JSON, Opaque, Reader, Shape, either
from fizz.client.compose.shapes.collections import ListOf, MapOf, drop_empty, merge_mappings, read_reset

__all__ = ["Key", "Support", "Table", "ignored", "is_misspelt", "later", "missing", "refused", "yes"]

_OPAQUE = Opaque()


class Support(StrEnum):
    """Whether Fizz honours a key."""

    YES = "yes"
    LATER = "not yet"
    MISSING = "not available yet"
    REFUSED = "refused"
    IGNORED = "no effect"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table. `note` says for the guide how it is honoured; `keep` prints it even if it is zero or empty.

    `since` is the first version of the engine that can do it, or, by value, that can do that; empty: all can.
    """

    shape: Shape
    support: Support = Support.YES
    note: str = ""
    keep: bool = False
    since: str | Mapping[str, str] = ""

    @property
    def how(self) -> str:
        """The note, and which engines."""
        if isinstance(self.since, str):
            engines = f"engine {self.since}" if self.since else ""
        else:
            engines = ", ".join(f"{value}: engine {version}" for value, version in self.since.items())
        return "; ".join(filter(None, (self.note, engines)))


def yes(shape: Shape, note: str = "", *, keep: bool = False, since: str | Mapping[str, str] = "") -> Key:
    """A key that is honoured."""
    return Key(shape, Support.YES, note, keep, since)


def later(shape: Shape, note: str = "", *, keep: bool = False) -> Key:
    """A key that is read and printed, but has no effect so far: using it gets a warning."""
    return Key(shape, Support.LATER, note, keep)


def missing(shape: Shape, note: str = "") -> Key:
    """A key of Fizz's own whose feature is not built yet: using it is an error, because nothing else knows it."""
    return Key(shape, Support.MISSING, note)


def refused(shape: Shape, note: str, *, keep: bool = False) -> Key:
    """A key that is read and printed, but with which nothing is run: turning the project into resources fails."""
    return Key(shape, Support.REFUSED, note, keep)


def ignored(shape: Shape, note: str, *, keep: bool = False) -> Key:
    """A key that has no effect by design."""
    return Key(shape, Support.IGNORED, note, keep)


class Table(Shape):
    """A mapping with known keys.

    `short` turns a string into the mapping that it stands for. `required` keys are asked for by `missing`, after files
    are merged. `finish` looks at the whole, canonical mapping and may replace it. `nullable` lets null stand for
    "nothing said". In a `lenient` table an unknown key is only a warning, because compose does not look there. `owner`
    is who knows the keys.
    """

    def __init__(
        self,
        keys: Mapping[str, Key],
        *,
        short: Callable[[Node, Path, Reader], Node | None] | None = None,
        required: tuple[str, ...] = (),
        finish: Callable[[Node, Path, Reader], Node | None] | None = None,
        nullable: bool = False,
        extensions: bool = True,
        lenient: bool = False,
        wanted: str = "a mapping",
        owner: str = "compose",
    ) -> None:
        self.keys = dict(keys)
        self.required = required
        self._short = short
        self._finish = finish
        self._nullable = nullable
        self._extensions = extensions
        self._lenient = lenient
        self._wanted = wanted
        self._owner = owner

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if isinstance(node.value, str) and self._short:
            long = self._short(node, path, reader)
            if long is None:
                return None
            node = long
        if node.value is None and self._nullable and node.tag is None:
            return node
        if not isinstance(node.value, dict):
            reader.wrong_type(node, path, self._wanted)
            return None
        result: dict[str, Node] = {}
        for name, child in node.value.items():
            key = self.keys.get(name)
            if key is None:
                if self._extensions and name.startswith("x-"):
                    result[name] = child
                elif (reset := read_reset(child)) is not None:
                    result[name] = reset
                else:
                    self._unknown(name, node, path, reader)
                    if not self._lenient:
                        result[name] = broken(child)
            else:
                result[name] = read_reset(child) or self._read_key(name, key, node, path, reader) or broken(child)
        whole = node.with_value(result)
        return self._finish(whole, path, reader) if self._finish else whole

    def merge(self, base: Node, over: Node) -> Node:
        if over.value is None or base.value is None:
            return base if over.value is None else over
        return merge_mappings(base, over, lambda name: self.keys[name].shape if name in self.keys else _OPAQUE)

    def without_empty(self, over: Node, base: Node) -> Node:
        return drop_empty(over, base, lambda name: self.keys[name].shape if name in self.keys else _OPAQUE)

    def dump(self, node: Node) -> Any:
        if not isinstance(node.value, dict):
            return plain(node)  # nothing, or a short form whose variables are left as they are
        children = node.value
        result: dict[str, Any] = {}
        for name in sorted(children):
            key = self.keys.get(name)
            if key is None:
                result[name] = _OPAQUE.dump(children[name])
                continue
            value = key.shape.dump(children[name])
            if value is not None and (key.keep or value or not _is_empty(value)):
                result[name] = value
        return result

    def schema(self) -> JSON:
        written: JSON = {"type": "object", "properties": {name: _described(key) for name, key in self.keys.items()}}
        if self._extensions:
            written["patternProperties"] = {"^x-": {}}
        if not self._lenient:
            written["additionalProperties"] = False
        return either(written, *([{"type": "string"}] if self._short else []), nullable=self._nullable)

    def missing(self, node: Node, path: Path, reader: Reader) -> None:
        """Tell of required keys that are not there, in this mapping and in all below it."""
        for name in self.required if isinstance(node.value, dict) else ():
            if node.get(name) is None and not is_misspelt(node, name, self.keys):
                reader.error(node, path, f'must have the key "{name}"')
        children = node.mapping()
        for name, shape in self._demanding.items():
            if name in children:
                _missing_below(shape, children[name], (*path, name), reader)

    def attributes(self, path: Path = (), support: Support = Support.YES) -> Iterator[tuple[str, Support, str]]:
        """Every key below, as the guide lists them: path, whether it is honoured, and how."""
        for name, key in self.keys.items():
            here, own = (*path, name), key.support if support is Support.YES else support
            yield path_text(here), own, key.how
            yield from _attributes_below(key.shape, here, own)

    @cached_property
    def _demanding(self) -> dict[str, Shape]:
        """The keys below which something is required."""
        return {name: key.shape for name, key in self.keys.items() if _demands(key.shape)}

    def _read_key(self, name: str, key: Key, node: Node, path: Path, reader: Reader) -> Node | None:
        child, here = node.mapping()[name], (*path, name)
        if key.support is Support.LATER:
            reader.warn(node.key(name), here, "is not supported yet")
        elif key.support is Support.REFUSED:
            reader.warn(node.key(name), here, "is read and printed, but nothing is run with it")
        elif key.support is Support.MISSING:
            reader.error(node.key(name), here, "is not available yet", "remove it, or wait for a later version of Fizz")
        reader.muted += key.support is not Support.YES
        value = key.shape.read(child, here, reader)
        reader.muted -= key.support is not Support.YES
        return value

    def _unknown(self, name: str, node: Node, path: Path, reader: Reader) -> None:
        tell = reader.warn if self._lenient else reader.error
        tell(node.key(name), (*path, name), f"is not a key that {self._owner} knows", suggestion(name, [*self.keys]))


def is_misspelt(node: Node, name: str, known: Container[str]) -> bool:
    """Whether a key that is not known has been told, with the guess that it is this one: then nothing is missing."""
    unknown = [key for key, child in node.mapping().items() if child.tag == BROKEN and key not in known]
    return any(suggestion(key, [name]) for key in unknown)


def _described(key: Key) -> JSON:
    schema = key.shape.schema()
    words = [key.note] if key.note else []
    if key.support is not Support.YES:
        words.insert(0, {Support.IGNORED: "No effect"}.get(key.support, key.support.value.capitalize()))
    return {"description": ": ".join(words), **schema} if words else schema


def _is_empty(value: Any) -> bool:
    return value is False or value == 0 or value in ("", [], {})


def _demands(shape: Shape) -> bool:
    match shape:
        case Table():
            return bool(shape.required or shape._demanding)
        case MapOf(item=item) | ListOf(item=item):
            return _demands(item)
    return False


def _missing_below(shape: Shape, node: Node, path: Path, reader: Reader) -> None:
    match shape:
        case Table():
            shape.missing(node, path, reader)
        case MapOf(item=item):
            for name, child in node.mapping().items():
                _missing_below(item, child, (*path, name), reader)
        case ListOf(item=item):
            for index, child in enumerate(node.items()):
                _missing_below(item, child, (*path, index), reader)


def _attributes_below(shape: Shape, path: Path, support: Support) -> Iterator[tuple[str, Support, str]]:
    match shape:
        case Table():
            yield from shape.attributes(path, support)
        case MapOf(item=item):
            yield from _attributes_below(item, (*path, "*"), support)
        case ListOf(item=item):
            yield from _attributes_below(item, (*path[:-1], f"{path[-1]}[]"), support)
