"""Which fields a value has, and which differ between two versions of an object.

A *written* set is what a create or update claims: every leaf, every item, and every container that came into being.
An *applied* set is what an applier claims: the same without the containers that the schema names, because to apply
`spec.replicas` says nothing of `spec`.

    labels: {app: web}   written   f:labels: {".": {}, "f:app": {}}
                         applied   f:labels: {"f:app": {}}

Empty containers are leaves: they are owned like a value. An item that cannot be found again (a key is missing) and a
second item with the key of an earlier one are passed over: validation keeps both out of stored objects.
"""

from typing import Any, NamedTuple

from fizz.apiserver.kinds.managed.fieldset import FieldSet
from fizz.apiserver.kinds.managed.typed import LEAF, LIST, MAP, Node, element
from fizz.apiserver.kinds.values import equal
from fizz.schemas.base import JSON

__all__ = ["Difference", "applied_fields", "diff"]


class Difference(NamedTuple):
    """What happened between two versions of an object: fields that were added or have another value, and fields that
    are gone.
    """

    changed: FieldSet
    removed: FieldSet


def diff(root: Node, old: JSON, new: JSON) -> Difference:
    """What a writer did who found `old` and left `new`."""
    result = Difference({}, {})
    _diff_map(root, old, new, result)
    return result


def applied_fields(root: Node, applied: JSON) -> FieldSet:
    """What an applier claims who applies this configuration."""
    result = _fields(root, applied, written=False)
    if not result.get("f:metadata"):
        result.pop("f:metadata", None)  # nothing in it is tracked, and nobody owns metadata itself
    return result


def _fields(node: Node, value: Any, *, written: bool) -> FieldSet:
    """The fields below a value; empty for a leaf. Whether the value itself is a member is the caller's to say."""
    result: FieldSet = {}
    if node.shape is MAP and isinstance(value, dict):
        fields, rest = node.fields, node.rest
        for key, item in value.items():
            child = fields.get(key, rest)
            if child is None:
                continue
            if child.shape is LEAF or not item:
                result["f:" + key] = {}
                continue
            below = _fields(child, item, written=written)
            if below and (written or key not in fields):
                below["."] = {}
            result["f:" + key] = below
    elif node.shape is LIST and isinstance(value, list):
        for item in value:
            found = element(node, item)
            if found is not None and found not in result:
                result[found] = _item_fields(node.item, item, written=written)
    return result


def _item_fields(node: Node, value: Any, *, written: bool) -> FieldSet:
    below = _fields(node, value, written=written)
    if below:
        below["."] = {}
    return below


def _diff_map(node: Node, old: JSON, new: JSON, result: Difference) -> None:
    fields, rest = node.fields, node.rest
    for key, value in new.items():
        child = fields.get(key, rest)
        if child is None:
            continue
        if key not in old:
            result.changed["f:" + key] = _item_fields(child, value, written=True)
            continue
        before = old[key]
        if before is not value and not _same(child, before, value):
            _diff_value(child, "f:" + key, before, value, result)
    for key, before in old.items():
        if key not in new and (child := fields.get(key, rest)) is not None:
            result.removed["f:" + key] = _item_fields(child, before, written=True)


def _diff_list(node: Node, old: list[Any], new: list[Any], result: Difference) -> None:
    before, after = _by_element(node, old), _by_element(node, new)
    for found, value in after.items():
        if found not in before:
            result.changed[found] = _item_fields(node.item, value, written=True)
        elif not _same(node.item, before[found], value):
            _diff_value(node.item, found, before[found], value, result)
    for found, value in before.items():
        if found not in after:
            result.removed[found] = _item_fields(node.item, value, written=True)


def _by_element(node: Node, items: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for item in items:
        found = element(node, item)
        if found is not None:
            result.setdefault(found, item)
    return result


def _diff_value(node: Node, found: str, before: Any, value: Any, result: Difference) -> None:
    """Two values that differ, at the element `found` of their parent."""
    below = Difference({}, {})
    if node.shape is MAP and isinstance(before, dict) and isinstance(value, dict):
        _diff_map(node, before, value, below)
    elif node.shape is LIST and isinstance(before, list) and isinstance(value, list):
        _diff_list(node, before, value, below)
    else:
        below.removed.update(_fields(node, before, written=True))
        result.changed[found] = _item_fields(node, value, written=True)
    if below.changed:
        result.changed[found] = below.changed
    if below.removed:
        result.removed[found] = below.removed


def _same(node: Node, before: Any, value: Any) -> bool:
    return equal(before, value) if node.loose else bool(before == value)
