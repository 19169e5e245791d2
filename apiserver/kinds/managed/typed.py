"""What a schema says about merging: which parts of an object are owned field by field, and which as one.

A structural schema is compiled once into a tree of `Node`s; `compare` and `merge` walk objects along it.

| schema | node | owned by |
|---|---|---|
| object | MAP | each field; a field that `properties` names is *named*, any other is an *item* of a map |
| object, x-kubernetes-map-type: atomic | LEAF | the whole |
| array, x-kubernetes-list-type: map | LIST with keys | each item, found by its key fields |
| array, x-kubernetes-list-type: set | LIST without keys | each item, found by its value |
| any other array (atomic) | LEAF | the whole |
| scalar, int-or-string | LEAF | the value |
| nothing said, x-kubernetes-preserve-unknown-fields | deduced | maps field by field, lists as one |

Named fields and items differ where something is removed (see `merge`) and in what an applier owns: items are owned
themselves, named fields only by what is in them.

Metadata has the same rules for every kind, whatever its schema says. What the server alone writes is not tracked:
apiVersion, kind, and in metadata the name, uid, versions, times and managedFields itself.

Source: "Server-Side Apply" in the Kubernetes documentation, and KEP-555.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

import orjson

from fizz.schemas.base import JSON

__all__ = ["LEAF", "LIST", "MAP", "Node", "Shape", "TypedSchema", "element"]


class Shape(Enum):
    """How a value is walked."""

    LEAF = "leaf"
    MAP = "map"
    LIST = "list"


LEAF: Final = Shape.LEAF
MAP: Final = Shape.MAP
LIST: Final = Shape.LIST


class Node:
    """What the schema says of one place in an object.

    `fields` are the named fields of a MAP; None marks a field that nobody owns. `rest` is for all other fields, `item`
    for the items of a LIST, whose key fields `keys` holds with their default values, sorted by name. A value that does
    not have the node's shape is walked as a LEAF. `loose` says that booleans and numbers may meet somewhere below, so
    that Python's True == 1 must not count as equality.
    """

    __slots__ = ("fields", "item", "keys", "loose", "nullable", "rest", "shape")

    def __init__(
        self,
        shape: Shape,
        *,
        fields: Mapping[str, "Node | None"] | None = None,
        rest: "Node | None" = None,
        item: "Node | None" = None,
        keys: Iterable[tuple[str, Any]] = (),
        nullable: bool = False,
        loose: bool = False,
    ) -> None:
        self.shape = shape
        self.fields: dict[str, Node | None] = dict(fields or {})
        self.rest = rest
        self.item: Node = item or self
        self.keys = tuple((name, orjson.dumps(name).decode() + ":", default) for name, default in sorted(keys))
        self.nullable = nullable
        self.loose = loose


def _deduced() -> Node:
    node = Node(MAP, nullable=True, loose=True)
    node.rest = node
    return node


_DEDUCED: Final = _deduced()
_SCALAR: Final = Node(LEAF)
_STRINGS: Final = Node(MAP, rest=_SCALAR)
_SYSTEM: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
)
_METADATA: Final = Node(
    MAP,
    fields={
        **dict.fromkeys(_SYSTEM),
        "generateName": _SCALAR,
        "labels": _STRINGS,
        "annotations": _STRINGS,
        "finalizers": Node(LIST, item=_SCALAR),
        "ownerReferences": Node(LIST, item=_SCALAR, keys=[("uid", None)]),
    },
    rest=_DEDUCED,
)


class TypedSchema:
    """A kind's schema, compiled. Make one per kind and version, and a new one when its definition changes.

    `schema` is the structural schema of the whole object. `status` says that the kind has a status subresource:
    then writes to the object leave the status alone, and writes to the status leave all else alone.
    """

    def __init__(self, schema: JSON, *, status: bool = False) -> None:
        whole = _compile(schema)
        own: dict[str, Node | None] = {**whole.fields, "apiVersion": None, "kind": None, "metadata": _METADATA}
        self._whole = Node(MAP, fields=own, rest=whole.rest)
        self._main, self._status = self._whole, self._whole
        if status:
            self._main = Node(MAP, fields={**own, "status": None}, rest=whole.rest)
            self._status = Node(MAP, fields={"status": own.get("status", whole.rest)})

    def root(self, subresource: str) -> Node:
        """What is tracked in a write to the object (""), to its status, or through another subresource."""
        return {"": self._main, "status": self._status}.get(subresource, self._whole)


def _compile(schema: JSON) -> Node:
    nullable = bool(schema.get("nullable"))
    match schema.get("type"):
        case "object":
            return _compile_object(schema, nullable)
        case "array":
            return _compile_array(schema, nullable)
        case None if not schema.get("x-kubernetes-int-or-string"):
            return _DEDUCED
    return Node(LEAF, nullable=True) if nullable else _SCALAR


def _compile_object(schema: JSON, nullable: bool) -> Node:
    fields = {name: _compile(child) for name, child in (schema.get("properties") or {}).items()}
    values = schema.get("additionalProperties")
    rest = _compile(values) if isinstance(values, dict) else _DEDUCED
    closed = bool(fields) and not values and not schema.get("x-kubernetes-preserve-unknown-fields")
    loose = (rest.loose and not closed) or any(child.loose for child in fields.values())
    if schema.get("x-kubernetes-map-type") == "atomic":
        return Node(LEAF, nullable=nullable, loose=loose)
    return Node(MAP, fields=fields, rest=rest, nullable=nullable, loose=loose)


def _compile_array(schema: JSON, nullable: bool) -> Node:
    items = schema.get("items") or {}
    item = _compile(items)
    match schema.get("x-kubernetes-list-type"):
        case "set":
            return Node(LIST, item=Node(LEAF, loose=item.loose), nullable=nullable, loose=item.loose)
        case "map":
            properties = items.get("properties") or {}
            names = schema.get("x-kubernetes-list-map-keys") or []
            keys = [(name, properties.get(name, {}).get("default")) for name in names]
            return Node(LIST, item=item, keys=keys, nullable=nullable, loose=item.loose)
    return Node(LEAF, nullable=nullable, loose=item.loose)


def element(node: Node, item: Any) -> str | None:
    """The path element that finds the item in a list of this node, as `k:{"name":"http"}` or `v:"x"`.

    None if the item cannot be found again: it lacks a key, or is not of the kind that the list holds.
    """
    try:
        if not node.keys:
            return None if item is None else "v:" + orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()
        if not isinstance(item, dict):
            return None
        parts = []
        for name, prefix, default in node.keys:
            value = item.get(name, default)
            if value is None or isinstance(value, dict | list):
                return None
            parts.append(prefix + orjson.dumps(value).decode())
    except TypeError:  # not JSON after all: an integer beyond 64 bits
        return None
    return f"k:{{{','.join(parts)}}}"
