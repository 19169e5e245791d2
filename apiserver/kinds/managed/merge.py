"""What applying does to an object: check the configuration, merge it in, take out what its applier gave up.

**Merging** follows the schema: maps field by field, keyed lists and sets item by item, all else as one value that the
applied one replaces. In lists, the applied items stand in the order in which they are applied, and every item that
only the live list has keeps its place before the applied item that it stood before:

    live [a, x, b]    applied [b, c, a]    merged [x, b, c, a]
    live [a, b]       applied [c]          merged [a, b, c]

**Pruning** removes what the applier owned and did not apply again, where nobody else owns it:

- an item (of a list, or of a map) goes, with all that is in it, if nobody else owns the item itself;
- a named field goes, with all that is in it, if nobody else owns it or anything in it. So values that nobody owns,
  as defaults, go with the field that they belong to.
"""

from collections import deque
from typing import Any

from fizz.apiserver.kinds.managed.fieldset import FieldSet, display, is_member
from fizz.apiserver.kinds.managed.typed import LEAF, LIST, MAP, Node, element
from fizz.schemas.base import JSON

__all__ = ["TypedError", "checked", "merge", "prune"]


class TypedError(ValueError):
    """A configuration that cannot be merged, because its form is not what the schema says.

    `path` is the place, as `.spec.ports`, and `reason` says what is wrong there.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path, self.reason = path, reason


def checked(root: Node, applied: JSON) -> JSON:
    """The configuration without nulls where the schema allows none (they say nothing), fit to be merged.

    Raises `TypedError` for lists whose items lack keys or share them, and for maps and lists that are neither.
    """
    return _checked_map(root, applied, ())


def _checked_map(node: Node, value: JSON, path: tuple[str, ...]) -> JSON:
    result: JSON = {}
    for key, item in value.items():
        child = node.fields.get(key, node.rest)
        if child is None:
            result[key] = item
        elif item is not None:
            result[key] = _checked(child, item, (*path, f"f:{key}"))
        elif child.nullable:
            result[key] = None
    return result


def _checked(node: Node, value: Any, path: tuple[str, ...]) -> Any:
    if node.shape is MAP and isinstance(value, dict):
        return _checked_map(node, value, path)
    if node.shape is LIST and isinstance(value, list):
        return _checked_list(node, value, path)
    if node.shape is LEAF or node.nullable:  # what is deduced may be anything
        return value
    raise TypedError(display(path), f"expected {'map' if node.shape is MAP else 'list'}, got {_kind(value)}")


def _checked_list(node: Node, value: list[Any], path: tuple[str, ...]) -> list[Any]:
    result: list[Any] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        found = element(node, item)
        if found is None:
            raise TypedError(display(path), f"element {index}: {_unfindable(node, item)}")
        if found in seen:
            raise TypedError(display(path), f"duplicate entries for key {display((found,))}")
        seen.add(found)
        result.append(_checked(node.item, item, (*path, found)))
    return result


def _unfindable(node: Node, item: Any) -> str:
    if not node.keys:
        return f"a set cannot hold {_kind(item)}"
    if not isinstance(item, dict):
        return f"associative list with keys may not have non-map elements, got {_kind(item)}"
    for name, _, default in node.keys:
        value = item.get(name, default)
        if value is None:
            return f"associative list with keys has an element that omits key field {name!r} and has no default for it"
        if isinstance(value, dict | list):
            return f'key field "{name}" is {_kind(value)}, which cannot be a key'
    return "a key field is a number that is too large to be a key"


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
    return "map"


def merge(root: Node, live: JSON, applied: JSON) -> JSON:
    """The live object with the configuration merged in. What is not tracked stays as it is live."""
    result = dict(live)
    for key, value in applied.items():
        child = root.fields.get(key, root.rest)
        if key not in live:
            result[key] = value
        elif child is not None:
            result[key] = _merge_value(child, live[key], value)
    return result


def _merge_value(node: Node, live: Any, applied: Any) -> Any:
    if node.shape is MAP and isinstance(live, dict) and isinstance(applied, dict):
        return merge(node, live, applied)
    if node.shape is LIST and isinstance(live, list) and isinstance(applied, list):
        return _merge_list(node, live, applied)
    return applied


def _merge_list(node: Node, live: list[Any], applied: list[Any]) -> list[Any]:
    standing = [(element(node, item), item) for item in live]
    known = dict(reversed(standing))
    wanted = {found: item for item in applied if (found := element(node, item)) is not None}
    result: list[Any] = []
    position = 0
    shared = deque(found for found in wanted if found in known)
    for found, item in wanted.items():
        upcoming = shared[0] if shared else None
        while position < len(standing) and (upcoming is None or standing[position][0] != upcoming):
            if standing[position][0] not in wanted:
                result.append(standing[position][1])
            position += 1
        if found == upcoming:
            shared.popleft()
            result.append(_merge_value(node.item, known[found], item))
        else:
            result.append(item)
    result.extend(item for found, item in standing[position:] if found not in wanted)
    return result


def prune(root: Node, merged: JSON, last: FieldSet, kept: FieldSet) -> JSON:
    """The merged object without what `last` (the applier's set so far) has and `kept` (what anyone owns now) lacks."""
    return _prune_map(root, merged, last, {"f:metadata": {}, **kept})  # metadata itself never goes


def _prune(node: Node, value: Any, last: FieldSet, kept: FieldSet) -> Any:
    if node.shape is MAP and isinstance(value, dict):
        return _prune_map(node, value, last, kept)
    if node.shape is LIST and isinstance(value, list):
        return _prune_list(node, value, last, kept)
    return value


def _prune_map(node: Node, value: JSON, last: FieldSet, kept: FieldSet) -> JSON:
    result = dict(value)
    for found, below in last.items():
        key = found[2:]
        child = node.fields.get(key, node.rest)
        if found[:2] != "f:" or key not in value or child is None:
            continue
        others = kept.get(found)
        if others is None if key in node.fields else _is_given_up(below, others):
            del result[key]
        elif below:
            result[key] = _prune(child, value[key], below, others or {})
    return result


def _prune_list(node: Node, value: list[Any], last: FieldSet, kept: FieldSet) -> list[Any]:
    result = []
    for item in value:
        found = element(node, item)
        below = None if found is None else last.get(found)
        if found is None or below is None:
            result.append(item)
        elif not _is_given_up(below, kept.get(found)):
            result.append(_prune(node.item, item, below, kept.get(found) or {}))
    return result


def _is_given_up(below: FieldSet, others: FieldSet | None) -> bool:
    """Whether an item that the applier owned is owned by nobody now."""
    return is_member(below) and (others is None or not is_member(others))
