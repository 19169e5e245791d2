"""Objects as bytes: what is stored, and what comes in.

A stored value is the object's JSON with apiVersion, kind and metadata first and without resourceVersion, which only
the store's revision says. So an object can be sent without being decoded: its version is spliced in as text.

    {"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},...}                          as stored at revision 7
    {"apiVersion":"v1","kind":"Secret","metadata":{"resourceVersion":"7","name":"a"},...}    as sent

The first `"metadata":{` of a value is always the right one: before it stand only the texts of apiVersion and kind, and
a quote inside a text is written `\\"`.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

import orjson

from fizz.apiserver import errors
from fizz.apiserver.kinds.causes import Path, render
from fizz.schemas.base import JSON

__all__ = ["decode", "dump", "duplicate_keys", "load", "splice_version"]

_METADATA: Final = b'"metadata":{'
_DEEPEST: Final = 200
_SURELY_SHALLOW: Final = 100


def dump(obj: JSON) -> bytes:
    """The value to store. Raises `BadRequest` if the object cannot be written, being too deep or holding no JSON."""
    metadata = obj.get("metadata") or {}
    if "resourceVersion" in metadata:
        metadata = {name: value for name, value in metadata.items() if name != "resourceVersion"}
    ordered = {"apiVersion": obj.get("apiVersion", ""), "kind": obj.get("kind", ""), "metadata": metadata}
    try:
        return orjson.dumps({**ordered, **obj, "metadata": metadata})
    except TypeError as problem:
        raise errors.BadRequest(f"the object cannot be written as JSON: {problem}") from problem


def load(value: bytes, revision: int) -> JSON:
    """The object of a stored value, with its resourceVersion."""
    obj: JSON = orjson.loads(value)
    obj["metadata"] = {"resourceVersion": str(revision), **obj["metadata"]}
    return obj


def splice_version(value: bytes, revision: int) -> bytes:
    """A stored value with its resourceVersion, without decoding it."""
    at = value.index(_METADATA) + len(_METADATA)
    comma = b"" if value[at : at + 1] == b"}" else b","
    return b'%b"resourceVersion":"%d"%b%b' % (value[:at], revision, comma, value[at:])


def decode(text: bytes) -> Any:
    """The JSON that somebody sent. Raises `BadRequest` if it is none, or is deeper than 200 levels."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise errors.BadRequest(f"couldn't read the body as JSON: {problem}") from problem
    if text.count(b"{") + text.count(b"[") > _SURELY_SHALLOW and _depth(value) > _DEEPEST:
        raise errors.BadRequest(f"the body is nested deeper than {_DEEPEST} levels")
    return value


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level:
        depth += 1
        below = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [each for group in below for each in group]
    return depth


def duplicate_keys(text: bytes, value: Any) -> list[str]:
    """The paths of keys that occur twice in an object of a JSON text, as `spec.replicas`. `value` is what `decode` made
    of the text (the last one of two equal keys wins there, without a word).

    Texts without duplicates are told by counting: each key has a colon, so the value that lost a key is written with
    fewer colons than the text had, unless the text hides some as `\\u003a`.
    """
    if b"\\u003" not in text and text.count(b":") == orjson.dumps(value).count(b":"):
        return []
    doubled: dict[int, list[str]] = {}
    kept: list[JSON] = []  # so that no two objects have the same id

    def collect(pairs: list[tuple[str, Any]]) -> JSON:
        obj = dict(pairs)
        kept.append(obj)
        if len(obj) < len(pairs):
            doubled[id(obj)] = _doubled(name for name, _ in pairs)
        return obj

    found: list[str] = []
    _report(json.loads(text, object_pairs_hook=collect), None, doubled, found)
    return found


def _doubled(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    found: list[str] = []
    for name in names:
        if name in seen and name not in found:
            found.append(name)
        seen.add(name)
    return found


def _report(value: Any, here: Path, doubled: dict[int, list[str]], found: list[str]) -> None:
    if isinstance(value, dict):
        found.extend(render(here, name) for name in doubled.get(id(value), ()))
        for name, each in value.items():
            _report(each, (here, name), doubled, found)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _report(each, (here, index), doubled, found)
