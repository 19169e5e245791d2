"""Sets of fields, in the form in which they travel: `fieldsV1` of a managedFields entry.

FieldsV1 is a tree of *elements*. An element names one step into an object, by its first two characters:

    f:<name>          the field of a map
    k:{"name":"x"}    the item of a keyed list that has these values in its key fields
    v:"x"             the item of a set
    i:3               the item at an index (nobody writes these; they are read)

A path is a member of the set if its node is `{}`, or has a key `.` beside its children:

    {"f:data": {".": {}, "f:motd": {}}}      the members are .data and .data.motd
    {"f:data": {"f:motd": {}}}               the member is .data.motd alone

Because this tree is already the best structure to unite and subtract, sets are never turned into another one: an
entry that did not change goes back to the store as it came. Trees are never changed in place, and parts of one may be
shared by others. `{}` at the root is the empty set. A tree is *canonical* when keys inside elements are sorted and
written without spaces, no node lacks members below it, and a lone `.` is written `{}`; `parse` makes it so, and
all other functions expect it and keep it.
"""

from collections.abc import Iterator
from typing import Any, Final

import orjson

__all__ = [
    "FieldSet",
    "FieldSetError",
    "difference",
    "display",
    "has",
    "intersection",
    "is_member",
    "parse",
    "paths",
    "union",
]

FieldSet = dict[str, Any]
"""A set of fields as a FieldsV1 tree (of `FieldSet`s, all the way down)."""

_SELF: Final = "."


class FieldSetError(ValueError):
    """What came as fieldsV1 is none."""


def parse(tree: object) -> FieldSet:
    """Read fieldsV1 from outside into canonical form. Raises `FieldSetError`.

    Elements of a kind that is not known are left out, as Kubernetes does, for they may be a later version's.
    """
    try:
        return _parse(tree)
    except RecursionError:
        raise FieldSetError("fieldsV1 is nested too deeply") from None


def _parse(tree: object) -> FieldSet:
    if not isinstance(tree, dict):
        raise FieldSetError(f"a node of fieldsV1 is an object, not {type(tree).__name__}")
    result: FieldSet = {}
    for element, below in tree.items():
        if element == _SELF:
            result[_SELF] = {}
        elif (canonical := _element(element)) is not None:
            child, known = _parse(below), result.get(canonical)
            result[canonical] = child if known is None else _unite(known, child)
    return {} if len(result) == 1 and _SELF in result else result


def _element(element: str) -> str | None:
    if len(element) < 2 or element[1] != ":":
        raise FieldSetError(f"{element!r} is no element of a path; it begins with f:, k:, v: or i:")
    reader = _READERS.get(element[:2])
    if reader is None:
        return None
    try:
        return element[:2] + reader(element[2:])
    except ValueError as problem:
        raise FieldSetError(f"{element!r} is no element of a path: {problem}") from problem


def _field(text: str) -> str:
    return text


def _value(text: str) -> str:
    return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS).decode()


def _key(text: str) -> str:
    if not isinstance(orjson.loads(text), dict):
        raise ValueError("a key is an object")
    return _value(text)


def _index(text: str) -> str:
    return str(int(text))


_READERS: Final = {"f:": _field, "k:": _key, "v:": _value, "i:": _index}


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """All members of either."""
    if not one or not other:
        return one or other
    return _merge(one, other)


def _merge(one: FieldSet, other: FieldSet) -> FieldSet:
    result = dict(one)
    for element, theirs in other.items():
        ours = result.get(element)
        result[element] = theirs if ours is None else _unite(ours, theirs)
    return result


def _unite(one: FieldSet, other: FieldSet) -> FieldSet:
    """The union of two nodes that are not roots, where `{}` means that the node itself is a member."""
    if not one:
        return other if not other or _SELF in other else {_SELF: {}, **other}
    if not other:
        return one if _SELF in one else {_SELF: {}, **one}
    return _merge(one, other)


def difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """The members of `one` that are not members of `other`; `one` itself, if all stay.

    Only equal paths meet: taking `.data` away leaves `.data.motd`.
    """
    if not one or not other:
        return one
    return _subtract(one, other) or {}


def _subtract(one: FieldSet, other: FieldSet) -> FieldSet | None:
    result: FieldSet | None = None
    for element in one.keys() & other.keys():
        left = None if element == _SELF else _subtract_node(one[element], other[element])
        if left is not one[element]:
            result = dict(one) if result is None else result
            if left is None:
                del result[element]
            else:
                result[element] = left
    if result is None:
        return one
    return _tidy(result)


def _subtract_node(one: FieldSet, other: FieldSet) -> FieldSet | None:
    if not one:
        return None if not other or _SELF in other else one
    if not other:
        return _tidy({key: below for key, below in one.items() if key != _SELF}) if _SELF in one else one
    return _subtract(one, other)


def _tidy(node: FieldSet) -> FieldSet | None:
    if not node:
        return None
    return {} if len(node) == 1 and _SELF in node else node


def intersection(one: FieldSet, other: FieldSet) -> FieldSet:
    """The members of both."""
    result: FieldSet = {}
    for element, ours in one.items():
        theirs = other.get(element)
        if theirs is not None and (both := _intersect(ours, theirs)) is not None:
            result[element] = both
    return result


def _intersect(one: FieldSet, other: FieldSet) -> FieldSet | None:
    result = intersection(one, other)
    result.pop(_SELF, None)
    if not is_member(one) or not is_member(other):
        return result or None
    return {_SELF: {}, **result} if result else result


def is_member(node: FieldSet) -> bool:
    """Whether a node that is not the root is itself a member, besides what is below it."""
    return not node or _SELF in node


def has(fields: FieldSet, *path: str) -> bool:
    """Whether the path, given as elements, is a member: `has(fields, "f:data", "f:motd")`."""
    node = fields
    for element in path:
        below = node.get(element)
        if below is None:
            return False
        node = below
    return bool(path) and is_member(node)


def paths(fields: FieldSet) -> Iterator[tuple[str, ...]]:
    """All members as tuples of elements, parents before children."""
    for element, below in fields.items():
        if element != _SELF:
            if is_member(below):
                yield (element,)
            for rest in paths(below):
                yield (element, *rest)


def display(path: tuple[str, ...]) -> str:
    """A path as people read it in conflicts: `.spec.ports[name="http"].port`, `.metadata.finalizers[="x"]`."""
    return "".join(_display(element[:2], element[2:]) for element in path)


def _display(kind: str, text: str) -> str:
    match kind:
        case "f:":
            return f".{text}"
        case "k:":
            fields = ((name, orjson.dumps(value).decode()) for name, value in orjson.loads(text).items())
            return f"[{','.join(f'{name}={value}' for name, value in fields)}]"
        case "v:":
            return f"[={text}]"
    return f"[{text}]"
