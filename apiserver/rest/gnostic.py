"""`/openapi/v2` in protobuf, which is how kubectl asks for it: the schemas of all kinds, without the paths.

Who reads this form reads only the schemas (`kubectl explain --output plaintext-openapiv2`, and patches of Go clients).
The messages are few and are written here byte by byte: a field is its number and wire type, then its value.

Source: the message `openapi.v2.Document` of gnostic, OpenAPIv2.proto; "Encoding" of the protobuf documentation.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fizz.schemas.base import JSON

__all__ = ["ASKED", "MEDIA_TYPE", "document"]

MEDIA_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
ASKED: Final = ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", MEDIA_TYPE)
"""How it is asked for: the first one is no media type (`@`), so answers bear the second."""
_TEXTS: Final = {"$ref": 1, "format": 2, "title": 3, "description": 4, "pattern": 13}
_COUNTS: Final = {
    "maxLength": 11,
    "minLength": 12,
    "maxItems": 14,
    "minItems": 15,
    "maxProperties": 17,
    "minProperties": 18,
}


def document(swagger: JSON) -> bytes:
    """The document of a Swagger 2.0 document."""
    info = _text(1, swagger["info"]["title"]) + _text(2, swagger["info"]["version"])
    return _text(1, swagger["swagger"]) + _bytes(2, info) + _bytes(9, _named(1, swagger["definitions"]))


def _named(number: int, schemas: Mapping[str, JSON]) -> bytes:
    """Schemas by name, each a field of that number."""
    return b"".join(_bytes(number, _text(1, name) + _bytes(2, _schema(schema))) for name, schema in schemas.items())


def _schema(schema: JSON) -> bytes:
    parts = [_text(number, str(schema[key])) for key, number in _TEXTS.items() if schema.get(key)]
    parts += [_number(number, int(schema[key])) for key, number in _COUNTS.items() if schema.get(key)]
    if "default" in schema:
        parts.append(_bytes(5, _any(schema["default"])))
    parts += [_text(19, each) for each in schema.get("required") or ()]
    parts += [_bytes(20, _any(each)) for each in schema.get("enum") or ()]
    match schema.get("additionalProperties"):
        case bool() as flag:
            parts.append(_bytes(21, _number(2, int(flag))))
        case dict() as values:
            parts.append(_bytes(21, _bytes(1, _schema(values))))
    if kind := schema.get("type"):
        parts.append(_bytes(22, _text(1, kind)))
    if items := schema.get("items"):
        parts.append(_bytes(23, _bytes(1, _schema(items))))
    parts += [_bytes(24, _schema(each)) for each in schema.get("allOf") or ()]
    if properties := schema.get("properties"):
        parts.append(_bytes(25, _named(1, properties)))
    parts += [_bytes(31, _text(1, key) + _bytes(2, _any(schema[key]))) for key in _extensions(schema)]
    return b"".join(parts)


def _extensions(schema: JSON) -> Iterable[str]:
    return (key for key in schema if key.startswith("x-"))


def _any(value: Any) -> bytes:
    """A value as YAML, of which JSON is a part."""
    return _text(2, json.dumps(value))


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """A number that is not negative, seven bits a byte, the lowest first."""
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
