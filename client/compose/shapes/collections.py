"""Shapes of lists, of mappings with free keys, and of pairs that are written as either."""

import re
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, Literal

from fizz.client.compose.nodes import BROKEN, KEPT, OVERRIDE, RESET, Mark, Node, broken, plain
from fizz.client.compose.problems import Path, Problems
from fizz.client.compose.scalars import to_text
from fizz.client.compose.shapes.base import JSON, STRING, Reader, Shape, either
from fizz.client.compose.shapes.scalars import Loose

__all__ = ["ListOf", "MapOf", "Pairs", "drop_empty", "forbid_duplicates", "merge_lines", "merge_mappings", "read_reset"]

Duplicates = Literal["keep", "drop", "error"]


def read_reset(node: Node) -> Node | None:
    """What `!reset` leaves: a node that says so until files are merged, or None if the node is no such thing."""
    return Node(None, node.file, node.line, node.column, tag=RESET) if node.tag == RESET else None


def merge_mappings(base: Node, over: Node, shape_of: Callable[[str], Shape]) -> Node:
    """Two canonical mappings, key by key: `!reset` removes, `!override` replaces, everything else is merged."""
    old, new = base.mapping(), over.mapping()
    merged = dict(old)
    for key, child in new.items():
        if child.tag == RESET:
            merged.pop(key, None)
        elif key in old and child.tag != OVERRIDE:
            merged[key] = shape_of(key).merge(old[key], child)
        else:
            merged[key] = child
    result = over.with_value(merged)
    result.keys = {**(base.keys or {}), **(over.keys or {})}
    return result


def drop_empty(over: Node, base: Node, shape_of: Callable[[str], Shape]) -> Node:
    """A mapping of a later file without the empty values that leave those of an earlier one as they are."""
    known = base.mapping()
    entries: dict[str, Node] = {}
    for name, child in over.mapping().items():
        below = known.get(name)
        if below is None or below.value is None:
            entries[name] = child
        elif child.value is not None or child.tag is not None or not shape_of(name).yields:
            entries[name] = shape_of(name).without_empty(child, below)
    return over.with_value(entries) if isinstance(over.value, dict) else over


def merge_lines(base: Node, over: Node) -> Node:
    """Two lists of `name=value`, or mappings in place of them, that are kept as they are written: one list."""
    lines: dict[str, Node] = {}
    for node in (*_lines(base), *_lines(over)):
        name = str(node.value).partition("=")[0]
        if node.tag == RESET:
            lines.pop(name, None)
        else:
            lines[name] = node
    return over.with_value([*lines.values()])


def _lines(node: Node) -> list[Node]:
    """The lines of a list as they are, those of a mapping sorted."""
    lines = [
        child.with_value(
            name
            if child.tag == RESET or isinstance(child.value, list | dict | None)
            else f"{name}={to_text(child.value)}"
        )
        for name, child in node.mapping().items()
    ]
    return node.items() or sorted(lines, key=lambda line: str(line.value))


def forbid_duplicates(items: list[Node], path: Path, reader: Reader) -> None:
    """An error for every string that is in a list for a second time."""
    seen: dict[object, int] = {}
    for index, item in enumerate(items):
        if isinstance(item.value, str) and item.value in seen:
            reader.error(item, (*path, index), f'is "{item.value}" again, as in item {seen[item.value]}')
        elif isinstance(item.value, str):
            seen[item.value] = index


class ListOf(Shape):
    """A list of items of one shape.

    `single` lets one item stand for a list of it. `key` tells items apart (else their whole content does): of two with
    the same key the later one takes the earlier one's place. That holds for the items of two files; `duplicates` says
    what happens within one: `drop` does the same, `keep` keeps them, and of equal strings `error` allows only one.
    `joined` keeps those of two files, too.
    `expand` turns an item in its short form into any number of canonical ones, and gives None for any other form. A
    `kept` single item stays one where the reader keeps values.
    """

    def __init__(
        self,
        item: Shape,
        *,
        single: bool = False,
        key: Callable[[Node], Hashable] | None = None,
        duplicates: Duplicates = "drop",
        expand: Callable[[Node, Path, Reader], list[Node] | None] | None = None,
        kept: bool = False,
        joined: bool = False,
    ) -> None:
        self.item = item
        self._joined = joined
        self._single = single
        self._key = key
        self._duplicates = duplicates
        self._expand = expand
        self._kept = kept

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if self._single and isinstance(node.value, str):
            if self._kept and reader.keeps:
                return node
            child = self.item.read(node, path, reader)
            return None if child is None else Node([child], node.file, node.line, node.column, tag=node.tag)
        if not isinstance(node.value, list):
            hint = f'write ["{node.value}"]' if isinstance(node.value, str) and node.value.isprintable() else ""
            reader.wrong_type(node, path, "a list or a string" if self._single else "a list", hint)
            return None
        items: list[Node] = []
        expand = self._expand if self._can_expand(node.value, reader) else None
        for index, child in enumerate(node.value):
            here = (*path, index)
            if self._expand and (not expand or reader.as_written(child)) and isinstance(child.value, str | int):
                items.append(child)
                continue
            short = self._expand(child, here, reader) if self._expand else None
            if short is not None:
                items.extend(short)
            elif (item := self.item.read(child, here, reader)) is not None:
                items.append(item)
        if self._duplicates == "error":
            forbid_duplicates(node.value, path, reader)
        return node.with_value(self._unique(items) if self._duplicates == "drop" else [*items])

    def _can_expand(self, items: list[Node], reader: Reader) -> bool:
        """Where values are kept and one short form holds a variable, or is wrong, all of them stay."""
        if not (reader.keeps and self._expand):
            return True
        if any(map(reader.as_written, items)):
            return False
        trial = Reader(Problems())
        for item in items:
            self._expand(item, (), trial)
        return not trial.problems.errors

    def schema(self) -> JSON:
        item = self.item.schema()
        if self._expand:  # a short form stands for several items
            item = either(item, {"type": ["string", "integer"]})
        listed: JSON = {"type": "array", "items": item}
        return either(listed, STRING) if self._single else listed

    def merge(self, base: Node, over: Node) -> Node:
        items = [*_as_items(base), *_as_items(over)]
        return over.with_value([*items] if self._joined else self._unique(items))

    def dump(self, node: Node) -> Any:
        return [self.item.dump(child) for child in node.items()]

    def _unique(self, items: list[Node]) -> list[Node]:
        places: dict[Hashable, int] = {}
        result: list[Node] = []
        for item in items:
            key = self._key(item) if self._key else repr(plain(item))
            if key in places:
                result[places[key]] = item
            else:
                places[key] = len(result)
                result.append(item)
        return result


def _as_items(node: Node) -> list[Node]:
    return [node] if isinstance(node.value, str) else node.items()


class MapOf(Shape):
    """A mapping of names to values of one shape. `from_list` lets a list of names stand for it: each name gets what the
    function makes of its node. `nullable` lets null stand for an empty mapping.
    """

    def __init__(
        self,
        item: Shape,
        *,
        names: str = "",
        form: str = "a name of letters, digits, dots, dashes and underscores",
        from_list: Callable[[Node], Node] | None = None,
    ) -> None:
        self.item = item
        self._names = re.compile(names) if names else None
        self._form = form
        self._from_list = from_list

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        listed = isinstance(node.value, list) and self._from_list is not None
        if isinstance(node.value, list) and self._from_list:
            node = self._of_list(node, path, reader, self._from_list)
        if not isinstance(node.value, dict):
            reader.wrong_type(node, path, "a mapping or a list" if self._from_list else "a mapping")
            return None
        result: dict[str, Node] = {}
        for name, child in node.value.items():
            here = (*path, name)
            if self._names and not listed and not self._names.fullmatch(name):
                reader.error(node.key(name), here, f"must have {self._form}")
            else:
                result[name] = read_reset(child) or self.item.read(child, here, reader) or broken(child)
        return node.with_value(result)

    def schema(self) -> JSON:
        written: JSON = {"type": "object", "additionalProperties": self.item.schema()}
        if self._names:
            written["propertyNames"] = {"pattern": f"^(?:{self._names.pattern})$"}
        return either(written, {"type": "array", "items": STRING}) if self._from_list else written

    def merge(self, base: Node, over: Node) -> Node:
        return merge_mappings(base, over, lambda name: self.item)

    def without_empty(self, over: Node, base: Node) -> Node:
        return drop_empty(over, base, lambda name: self.item)

    def dump(self, node: Node) -> Any:
        children = node.mapping()
        return {name: self.item.dump(children[name]) for name in sorted(children)}

    def _of_list(self, node: Node, path: Path, reader: Reader, make: Callable[[Node], Node]) -> Node:
        names: dict[str, Node] = {}
        keys: dict[str, Mark | Node] = {}
        for index, item in enumerate(node.items()):
            if not isinstance(item.value, str):
                reader.wrong_type(item, (*path, index), "a string")
            elif item.value in names:
                reader.error(item, (*path, index), f'is "{item.value}" again')
            else:
                names[item.value], keys[item.value] = make(item), item
        return Node(names, node.file, node.line, node.column, keys=keys, tag=node.tag)


class Pairs(Shape):
    """Names and texts, written as a mapping or as a list of `name=value`. A name alone has the value `absent`.

    `tight` forbids spaces at the end of names in a list. `duplicates` says whether a list may have the same line twice.
    """

    def __init__(self, *, absent: str | None = "", tight: bool = False, duplicates: Duplicates = "drop") -> None:
        self._absent = absent
        self._tight = tight
        self._duplicates = duplicates
        self._value = Loose(booleans=True)

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if reader.keeps:
            checked = self.read(node, path, replace(reader, keeps=False))
            return None if checked is None else self._as_written(node)
        match node.value:
            case dict() as mapping:
                written = dict(mapping)
                keys = dict(node.keys or {})
            case list() as items:
                if self._duplicates == "error":
                    forbid_duplicates(items, path, reader)
                written, keys = self._split(items, path, reader)
            case _:
                reader.wrong_type(node, path, "a mapping, or a list of name=value")
                return None
        result: dict[str, Node] = {}
        for name, child in written.items():
            if (reset := read_reset(child)) is not None:
                result[name] = reset
                continue
            if self._tight and name != name.rstrip():
                # Compose takes such names from a mapping, but not from a list.
                tell = reader.error if isinstance(node.value, list) else reader.warn
                tell(keys.get(name, child), path, f'has the name "{name}", which ends with a space')
            if child.value is None and child.tag != BROKEN:
                result[name] = child.with_value(self._absent)
            elif (text := self._value.read(child, (*path, name), reader)) is not None:
                result[name] = text
        return Node(result, node.file, node.line, node.column, keys=keys, tag=node.tag)

    def schema(self) -> JSON:
        values = {"type": ["string", "number", "boolean", "null"]}
        return either({"type": "object", "additionalProperties": values}, {"type": "array", "items": STRING})

    def merge(self, base: Node, over: Node) -> Node:
        if base.tag == KEPT:
            return merge_lines(base, over)
        return merge_mappings(base, over, lambda name: self._value)

    def dump(self, node: Node) -> Any:
        children = node.mapping()
        return {name: children[name].value for name in sorted(children)}

    @staticmethod
    def _as_written(node: Node) -> Node:
        result = merge_lines(node, node) if isinstance(node.value, list) else node.with_value(node.value)
        result.tag = node.tag or KEPT
        return result

    def _split(self, items: list[Node], path: Path, reader: Reader) -> tuple[dict[str, Node], dict[str, Mark | Node]]:
        written: dict[str, Node] = {}
        keys: dict[str, Mark | Node] = {}
        for index, item in enumerate(items):
            if not isinstance(item.value, str):
                reader.wrong_type(item, (*path, index), "a string like name=value")
                continue
            name, equals, value = item.value.partition("=")
            written[name] = item.with_value(value if equals else None)
            keys[name] = item
        return written, keys
