"""From JSON to what `self` stands for: fields by their escaped names, texts of some formats as times and bytes, and
numbers of fractions as fractions. Fields that the schema does not name cannot be reached by a rule.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

from google.protobuf import duration_pb2, timestamp_pb2

from fizz.apiserver.kinds.cel.types import escape, is_object
from fizz.apiserver.kinds.nodes import Node
from fizz.schemas import durations, times

__all__ = ["Bind", "binder"]

Bind = Callable[[Any], Any]


def binder(node: Node) -> Bind:
    """The function that makes values of a node. A value that does not fit is bound as it is."""
    if node.int_or_string or not node.type:
        return _same
    match node.type:
        case "object" if is_object(node):
            return _fields(node)
        case "object" if node.additional:
            inner = binder(node.additional)
            return _same if inner is _same else _each_value(inner)
        case "array" if node.items:
            inner = binder(node.items)
            return _same if inner is _same else _each_item(inner)
        case "number":
            return _fraction
        case "string":
            return _FORMATS.get(node.format, _same)
    return _same


def _same(value: Any) -> Any:
    return value


def _fraction(value: Any) -> Any:
    return float(value) if value.__class__ is int else value


def _fields(node: Node) -> Bind:
    known = [(name, written, binder(child)) for name, child in node.properties.items() if (written := escape(name))]

    def bind(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        return {
            written: None if value[name] is None else inner(value[name])
            for name, written, inner in known
            if name in value
        }

    return bind


def _each_value(inner: Bind) -> Bind:
    return lambda value: {key: inner(each) for key, each in value.items()} if isinstance(value, dict) else value


def _each_item(inner: Bind) -> Bind:
    return lambda value: [inner(each) for each in value] if isinstance(value, list) else value


def _bytes(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value


def _timestamp(value: Any) -> Any:
    try:
        moment = times.parse(value if "T" in value or "t" in value else f"{value}T00:00:00Z")
    except ValueError:
        return value
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(moment)
    return message


def _duration(value: Any) -> Any:
    try:
        nanoseconds = durations.parse_duration(value)
    except ValueError:
        return value
    message = duration_pb2.Duration()
    message.FromNanoseconds(nanoseconds)
    return message


_FORMATS: Final[dict[str, Bind]] = {
    "byte": _bytes,
    "date": _timestamp,
    "date-time": _timestamp,
    "datetime": _timestamp,
    "duration": _duration,
}
