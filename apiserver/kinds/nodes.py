"""A schema, parsed: every keyword read once, typed and known to make sense, before anything is compiled from it.

Read are the keywords that Kubernetes allows in the schema of a CustomResourceDefinition. Descriptions, titles and
examples say nothing about structure and are left alone; `x-kubernetes-validations` are carried along for `cel`. Whether
a schema is *structural* (a type at every level, no types inside `anyOf` ...) is not asked here: what is not structural
still has a meaning.

A whole object is a schema too, but its apiVersion, kind and metadata do not belong to it: see `parse_object`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import UnionType
from typing import Any, Final

from fizz.schemas.base import JSON
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.structural import structural_schema

__all__ = ["NOTHING", "Node", "SchemaError", "metadata_node", "parse", "parse_object"]

NOTHING: Final[Any] = object()
"""Stands where there is no default; a default may be null."""

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_NUMBER: Final = int | float


class SchemaError(ValueError):
    """A schema that cannot be compiled. `where` is the keyword's path, as `properties[spec].properties[x].pattern`."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}" if where else problem)
        self.where, self.problem = where, problem


@dataclass(frozen=True, slots=True)
class Node:
    """One level of a schema. What a keyword does not say is None, empty or false.

    `open` keeps unknown fields: preserve-unknown-fields, or `additionalProperties: true`.
    """

    where: str = ""
    type: str = ""
    nullable: bool = False
    default: Any = NOTHING
    enum: tuple[Any, ...] | None = None
    format: str = ""

    properties: Mapping[str, "Node"] = field(default_factory=dict)
    additional: "Node | None" = None
    open: bool = False
    embedded: bool = False
    required: tuple[str, ...] = ()
    min_properties: int | None = None
    max_properties: int | None = None

    items: "Node | None" = None
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    unique: bool = False
    min_items: int | None = None
    max_items: int | None = None

    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None

    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    below: bool = False
    multiple_of: float | None = None

    rules: tuple[JSON, ...] = ()

    int_or_string: bool = False
    all_of: tuple["Node", ...] = ()
    any_of: tuple["Node", ...] = ()
    one_of: tuple["Node", ...] = ()
    negated: "Node | None" = None


def parse(schema: Any, where: str = "") -> Node:
    """Read a schema and all that is below it. Raises `SchemaError`."""
    if not isinstance(schema, dict):
        raise SchemaError(where, "must be an object")
    read = _Reader(schema, where)
    kind = read.take("type", str, "")
    if kind and kind not in _TYPES:
        raise SchemaError(read.at("type"), f"must be one of {', '.join(_TYPES)}, not {kind!r}")
    if "$ref" in schema:
        raise SchemaError(read.at("$ref"), "references are not allowed")
    additional = read.take("additionalProperties", bool | dict, False)
    list_type = read.take("x-kubernetes-list-type", str, "")
    if list_type not in {"", "atomic", "set", "map"}:
        raise SchemaError(read.at("x-kubernetes-list-type"), f"must be atomic, set or map, not {list_type!r}")
    list_keys = read.texts("x-kubernetes-list-map-keys")
    if list_type == "map" and not list_keys:
        raise SchemaError(read.at("x-kubernetes-list-map-keys"), "a list of type map needs at least one key")
    multiple_of = read.take("multipleOf", _NUMBER, None)
    if multiple_of is not None and multiple_of <= 0:
        raise SchemaError(read.at("multipleOf"), "must be greater than 0")
    node = Node(
        where=where,
        type=kind,
        nullable=read.take("nullable", bool, False),
        default=schema.get("default", NOTHING),
        enum=read.values("enum"),
        format=read.take("format", str, ""),
        properties={
            name: parse(child, f"{read.at('properties')}[{name}]")
            for name, child in read.take("properties", dict, {}).items()
        },
        additional=parse(additional, read.at("additionalProperties")) if isinstance(additional, dict) else None,
        open=read.take("x-kubernetes-preserve-unknown-fields", bool, False) or additional is True,
        embedded=read.take("x-kubernetes-embedded-resource", bool, False),
        required=read.texts("required"),
        min_properties=read.take("minProperties", int, None),
        max_properties=read.take("maxProperties", int, None),
        items=parse(schema["items"], read.at("items")) if "items" in schema else None,
        list_type=list_type,
        list_keys=list_keys,
        unique=read.take("uniqueItems", bool, False),
        min_items=read.take("minItems", int, None),
        max_items=read.take("maxItems", int, None),
        pattern=read.take("pattern", str, ""),
        min_length=read.take("minLength", int, None),
        max_length=read.take("maxLength", int, None),
        minimum=read.take("minimum", _NUMBER, None),
        maximum=read.take("maximum", _NUMBER, None),
        above=read.take("exclusiveMinimum", bool, False),
        below=read.take("exclusiveMaximum", bool, False),
        multiple_of=multiple_of,
        rules=read.values("x-kubernetes-validations") or (),
        int_or_string=read.take("x-kubernetes-int-or-string", bool, False),
        all_of=read.nodes("allOf"),
        any_of=read.nodes("anyOf"),
        one_of=read.nodes("oneOf"),
        negated=parse(schema["not"], read.at("not")) if "not" in schema else None,
    )
    return _with_envelope(node) if node.embedded else node


class _Reader:
    """Reads the keywords of one level, by type."""

    def __init__(self, schema: JSON, where: str) -> None:
        self._schema, self._where = schema, where

    def at(self, keyword: str) -> str:
        return f"{self._where}.{keyword}" if self._where else keyword

    def take(self, keyword: str, kind: type | UnionType, absent: Any) -> Any:
        """The keyword's value, which must be of the kind (null is absence; a boolean is no number)."""
        value = self._schema.get(keyword)
        if value is None:
            return absent
        if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, _NUMBER)):
            raise SchemaError(self.at(keyword), f"{value!r} has the wrong type")
        return value

    def values(self, keyword: str) -> tuple[Any, ...] | None:
        found = self.take(keyword, list, None)
        return None if found is None else tuple(found)

    def texts(self, keyword: str) -> tuple[str, ...]:
        found = self.values(keyword) or ()
        if not all(isinstance(each, str) for each in found):
            raise SchemaError(self.at(keyword), "must be a list of strings")
        return found

    def nodes(self, keyword: str) -> tuple[Node, ...]:
        return tuple(
            parse(each, f"{self.at(keyword)}[{index}]") for index, each in enumerate(self.values(keyword) or ())
        )


def parse_object(schema: JSON) -> tuple[Node, Node]:
    """The schema of a kind, as two: what cleaning has to know, and what checking has to.

    To cleaning, metadata has the fields that all metadata has. To checking, apiVersion, kind and metadata are not
    there (`metadata` the module checks them), except that a kind may ask more of metadata.name and generateName.
    """
    root = parse(schema)
    own = {name: node for name, node in root.properties.items() if name not in _ENVELOPE}
    clean = replace(root, properties={**own, **_envelope()}, required=())
    required = tuple(name for name in root.required if name not in _ENVELOPE)
    if "metadata" in root.properties:
        asked = root.properties["metadata"].properties
        names = {name: node for name, node in asked.items() if name in _NAMES and _asks(node)}
        if names:
            own["metadata"] = Node(where=root.properties["metadata"].where, properties=names)
    return clean, replace(root, properties=own, required=required, embedded=False)


_ENVELOPE: Final = ("apiVersion", "kind", "metadata")
_NAMES: Final = ("name", "generateName")


def _asks(node: Node) -> bool:
    return node != Node(where=node.where, type=node.type)


def _with_envelope(node: Node) -> Node:
    required = (*node.required, *(name for name in ("apiVersion", "kind") if name not in node.required))
    return replace(node, properties={**node.properties, **_envelope()}, required=required)


def _envelope() -> dict[str, Node]:
    return {"apiVersion": Node(type="string"), "kind": Node(type="string"), "metadata": metadata_node()}


@cache
def metadata_node() -> Node:
    """The metadata of any object. selfLink is known, so that nobody is warned of it; it is dropped nevertheless. Lists
    may hold an entry twice; that is tidied up, not refused.
    """
    known = structural_schema(ObjectMeta)
    fields = {
        name: {keyword: value for keyword, value in field.items() if keyword != "x-kubernetes-list-type"}
        for name, field in known["properties"].items()
    }
    return parse({**known, "properties": {**fields, "selfLink": {"type": "string"}}})
