"""What a schema is to the language's type checker: objects are protobuf messages, made as descriptors only.

| schema | type |
|---|---|
| object with properties | a message whose fields are the properties, by their escaped names |
| object with additionalProperties | map(string, T) |
| array | list(T) |
| string; format byte, date(-time), duration | string; bytes, timestamp, duration |
| integer, number, boolean | int, double, bool |
| int-or-string, unknown fields kept, nothing said | dyn |

Protobuf has no lists of lists and no maps of lists: their inner types are dyn, so that a mistake there shows only when
the rule runs. Source: the table of types under "Validation rules" in the documentation of CustomResourceDefinitions.
"""

import re
from typing import Any, Final

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

from fizz.apiserver.kinds.nodes import Node

__all__ = ["Types", "base_pool", "escape", "is_object"]

_KEYWORDS: Final = frozenset({
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
    "let", "loop", "package", "namespace", "return", "var", "void", "while",
})  # fmt: skip
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPES: Final = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))
_PACKAGE: Final = "schema"
_FIELD: Final = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {"integer": _FIELD.TYPE_INT64, "number": _FIELD.TYPE_DOUBLE, "boolean": _FIELD.TYPE_BOOL}
_WELL_KNOWN: Final = {
    "date": "google.protobuf.Timestamp",
    "date-time": "google.protobuf.Timestamp",
    "datetime": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
}
_DYN: Final = "google.protobuf.Value"


def escape(name: str) -> str | None:
    """How expressions write a property, or None for one that they cannot reach.

    >>> escape("x-y"), escape("namespace"), escape("a__b"), escape("1st")
    ('x__dash__y', '__namespace__', 'a__underscores__b', None)
    """
    if name in _KEYWORDS:
        return f"__{name}__"
    for raw, written in _ESCAPES:
        name = name.replace(raw, written)
    return name if _IDENTIFIER.fullmatch(name) else None


def is_object(node: Node) -> bool:
    """Whether the node is an object with fields that are named."""
    return node.type == "object" and node.additional is None


def base_pool() -> Any:
    """A new pool that knows protobuf's own types."""
    pool = descriptor_pool.DescriptorPool()
    for module in (struct_pb2, duration_pb2, timestamp_pb2, any_pb2, wrappers_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    return pool


class Types:
    """The types of one schema: `signature(node)` names a node's type; `pool` knows all messages then."""

    def __init__(self, root: Node) -> None:
        self._file = descriptor_pb2.FileDescriptorProto(name="schema.proto", package=_PACKAGE, syntax="proto3")
        for module in (struct_pb2, duration_pb2, timestamp_pb2):
            self._file.dependency.append(module.DESCRIPTOR.name)
        self._names: dict[int, str] = {}
        self._kept: list[Node] = []  # so that no two nodes have the same id
        self._visit(root)
        from fizz.apiserver.kinds.cel.functions import pool

        self.pool = pool(fresh=True)
        self.pool.AddSerializedFile(self._file.SerializeToString())

    def signature(self, node: Node) -> str:
        """The type's name, as `list<map<string, schema.M3>>`."""
        if node.int_or_string or node.type == "":
            return "dyn"
        if node.type == "array":
            return f"list<{self.signature(node.items) if node.items else 'dyn'}>"
        if node.type == "object":
            return f"map<string, {self.signature(node.additional)}>" if node.additional else self._message(node)
        if node.type == "string":
            return "bytes" if node.format == "byte" else _WELL_KNOWN.get(node.format, "string")
        return {"integer": "int", "number": "double", "boolean": "bool"}[node.type]

    def type(self, node: Node) -> Any:
        """The type itself."""
        from cel_expr_python import cel

        if node.type == "array":
            return cel.Type.List(self.type(node.items) if node.items else cel.Type.DYN)
        if node.type == "object" and node.additional:
            return cel.Type.Map(cel.Type.STRING, self.type(node.additional))
        plain = {
            "dyn": cel.Type.DYN, "bytes": cel.Type.BYTES, "string": cel.Type.STRING, "int": cel.Type.INT,
            "double": cel.Type.DOUBLE, "bool": cel.Type.BOOL,
            _WELL_KNOWN["date"]: cel.Type.TIMESTAMP, _WELL_KNOWN["duration"]: cel.Type.DURATION,
        }  # fmt: skip
        signature = self.signature(node)
        return plain.get(signature) or cel.Type(signature)

    def _message(self, node: Node) -> str:
        return f"{_PACKAGE}.{self._names[id(node)]}"

    def _visit(self, node: Node) -> None:
        for child in (*node.properties.values(), *filter(None, (node.items, node.additional))):
            self._visit(child)
        if not is_object(node):
            return
        name = f"M{len(self._names)}"
        self._names[id(node)] = name
        self._kept.append(node)
        message = self._file.message_type.add(name=name)
        for number, (field, child) in enumerate(node.properties.items(), 1):
            written = escape(field)
            if written is not None:
                self._field(message, written, number, child)

    def _field(self, message: Any, name: str, number: int, node: Node) -> None:
        if node.type == "object" and node.additional:
            entry = message.nested_type.add(name=f"E{number}Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
            self._plain(entry, "value", 2, node.additional, _FIELD.LABEL_OPTIONAL)
            at = f".{_PACKAGE}.{message.name}.{entry.name}"
            message.field.add(
                name=name, number=number, type=_FIELD.TYPE_MESSAGE, type_name=at, label=_FIELD.LABEL_REPEATED
            )
        elif node.type == "array":
            self._plain(message, name, number, node.items or Node(), _FIELD.LABEL_REPEATED)
        else:
            self._plain(message, name, number, node, _FIELD.LABEL_OPTIONAL)

    def _plain(self, message: Any, name: str, number: int, node: Node, label: Any) -> None:
        kind, at = _FIELD.TYPE_MESSAGE, f".{_DYN}"
        if node.int_or_string:
            pass
        elif node.type in _SCALARS:
            kind, at = _SCALARS[node.type], ""
        elif node.type == "string" and node.format in _WELL_KNOWN:
            at = f".{_WELL_KNOWN[node.format]}"
        elif node.type == "string":
            kind, at = (_FIELD.TYPE_BYTES if node.format == "byte" else _FIELD.TYPE_STRING), ""
        elif is_object(node):
            at = f".{self._message(node)}"
        field = message.field.add(name=name, number=number, type=kind, label=label)
        if at:
            field.type_name = at
