"""JSON merge patch and JSON patch: what a value becomes. Neither value nor patch is changed, or shared with the result.

    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": None}})
    {'a': 1, 'b': {'d': 3}}
    >>> json_patch({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}])
    {'a': [1, 2, 3]}

Errors:

    PatchError             the patch cannot be read
    ├── TooManyOperations  it is longer than anybody needs
    └── PatchFailed        it can be read, but not be applied to this value
        └── PatchTestFailed    a `test` operation found another value

Source: RFC 7386, RFC 6901, RFC 6902.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

from fizz.apiserver.kinds.values import clone, equal

__all__ = [
    "OPERATION_LIMIT",
    "PatchError",
    "PatchFailed",
    "PatchTestFailed",
    "TooManyOperations",
    "json_patch",
    "merge_patch",
]

OPERATION_LIMIT: Final = 10_000
"""Operations that one JSON patch may have."""
COPY_LIMIT: Final = 3 * 1024 * 1024
"""Bytes that the `copy` operations of one JSON patch may make together; each could double the value otherwise."""

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")
_TOO_DEEP: Final = "the value is nested too deeply"
_VALUED: Final = ("add", "replace", "test")
_SOURCED: Final = ("move", "copy")


class PatchError(ValueError):
    """The patch cannot be read. `index` is the operation that is meant, None where it is the patch as a whole."""

    def __init__(self, problem: str, index: int | None = None, path: str = "") -> None:
        place = "" if index is None else f"operation {index} at {path!r}: "
        super().__init__(place + problem)
        self.problem, self.index, self.path = problem, index, path


class TooManyOperations(PatchError):
    """The patch is longer than anybody needs."""


class PatchFailed(PatchError):
    """The patch can be read, but not be applied to this value."""


class PatchTestFailed(PatchFailed):
    """A `test` operation found another value than it says."""


def merge_patch(target: Any, patch: Any) -> Any:
    """The target after an RFC 7386 merge patch."""
    if not isinstance(patch, dict):
        return clone(patch)
    present = target if isinstance(target, dict) else {}
    result = {}
    for name, value in present.items():
        if name not in patch:
            result[name] = clone(value)
        elif patch[name] is not None:
            result[name] = merge_patch(value, patch[name])
    for name, value in patch.items():
        if value is not None and name not in present:
            result[name] = merge_patch(None, value)
    return result


def json_patch(target: Any, operations: Any) -> Any:
    """The target after an RFC 6902 patch: all of its operations, or a `PatchError`."""
    if not isinstance(operations, list):
        raise PatchError("a JSON patch is a list of operations")
    if len(operations) > OPERATION_LIMIT:
        raise TooManyOperations(
            f"The allowed maximum operations in a JSON patch is {OPERATION_LIMIT}, got {len(operations)}"
        )
    application = _Application(clone(target))
    for index, operation in enumerate(operations):
        path = str(operation.get("path")) if isinstance(operation, dict) else ""
        try:
            application.do(operation)
        except PatchError as problem:
            raise type(problem)(problem.problem, index, path) from None
        except RecursionError:
            raise PatchFailed(_TOO_DEEP, index, path) from None
    _size(application.value)
    return application.value


class _Application:
    """A value and the operations done to it so far."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._copied = 0

    def do(self, operation: Any) -> None:
        """Do one operation."""
        if not isinstance(operation, dict):
            raise PatchError("an operation is an object")
        name = operation.get("op")
        path = _pointer(operation, "path")
        if name in _VALUED and "value" not in operation:
            raise PatchFailed(f"{name} needs a value")
        match name:
            case "add":
                self._add(path, clone(operation["value"]))
            case "remove":
                self._take(path)
            case "replace":
                self._replace(path, clone(operation["value"]))
            case "move":
                self._move(_pointer(operation, "from"), path)
            case "copy":
                self._copy(_pointer(operation, "from"), path)
            case "test":
                self._test(path, operation["value"])
            case _:
                raise PatchFailed(f"there is no operation {name!r}; write add, remove, replace, move, copy or test")

    def _add(self, path: Sequence[str], value: Any) -> None:
        if not path:
            self.value = value
            return
        parent, last = self._parent(path)
        if isinstance(parent, list):
            parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
        else:
            parent[last] = value

    def _take(self, path: Sequence[str]) -> Any:
        if not path:
            raise PatchFailed("the whole document cannot be removed")
        parent, last = self._parent(path)
        _child(parent, last)
        return parent.pop(_index(last, len(parent))) if isinstance(parent, list) else parent.pop(last)

    def _replace(self, path: Sequence[str], value: Any) -> None:
        if not path:
            self.value = value
            return
        parent, last = self._parent(path)
        _child(parent, last)
        if isinstance(parent, list):
            parent[_index(last, len(parent))] = value
        else:
            parent[last] = value

    def _move(self, source: Sequence[str], path: Sequence[str]) -> None:
        if len(source) < len(path) and list(path[: len(source)]) == list(source):
            raise PatchFailed("a value cannot be moved into itself")
        if list(source) == list(path):
            self._get(source)
        else:
            self._add(path, self._take(source))

    def _copy(self, source: Sequence[str], path: Sequence[str]) -> None:
        value = self._get(source)
        self._copied += _size(value)
        if self._copied > COPY_LIMIT:
            raise PatchFailed(f"the patch copies more than {COPY_LIMIT} bytes")
        self._add(path, clone(value))

    def _test(self, path: Sequence[str], value: Any) -> None:
        try:
            found = self._get(path)
        except PatchFailed as problem:
            raise PatchTestFailed(f"the test failed: {problem.problem}") from problem
        if _size(found) and not equal(found, value):
            raise PatchTestFailed("the test failed: the value is another")  # not which: it may be a secret

    def _get(self, path: Sequence[str]) -> Any:
        value = self.value
        for token in path:
            value = _child(value, token)
        return value

    def _parent(self, path: Sequence[str]) -> tuple[Any, str]:
        parent = self._get(path[:-1])
        if not isinstance(parent, dict | list):
            raise PatchFailed(f"there is nothing below a value, for {path[-1]!r}")
        return parent, path[-1]


def _size(value: Any) -> int:
    """Bytes of the value as JSON. Raises `PatchFailed` if it is too deep to be written; any operation may add depth."""
    try:
        return len(orjson.dumps(value))
    except TypeError as problem:
        raise PatchFailed(_TOO_DEEP) from problem


def _pointer(operation: dict[str, Any], member: str) -> list[str]:
    """The tokens of a JSON pointer (RFC 6901)."""
    text = operation.get(member)
    if not isinstance(text, str):
        raise PatchFailed(f"{member} must be a JSON pointer")
    if (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise PatchFailed(f"{member} {text!r} is no JSON pointer")
    return [token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:]]


def _child(value: Any, token: str) -> Any:
    if isinstance(value, dict):
        if token not in value:
            raise PatchFailed(f"there is no {token!r}")
        return value[token]
    if isinstance(value, list):
        return value[_index(token, len(value))]
    raise PatchFailed(f"there is nothing below a value, for {token!r}")


def _index(token: str, end: int) -> int:
    if not _INDEX.fullmatch(token):
        raise PatchFailed(f"{token!r} is no index of a list")
    if int(token) >= end:
        raise PatchFailed(f"there is no item {token}; the list ends before")
    return int(token)
