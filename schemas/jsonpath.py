"""JSON paths as Kubernetes writes them: where in an object a value is.

Known: fields (`.spec.image`, `['odd.name']`), `..field`, indexes and slices (`[0]`, `[-1]`, `[1:3]`, `[*]`), filters
(`[?(@.type=="Ready")]`, also `!= < <= > >=`, and `[?(@.name)]` for "has it").

    >>> find_all = compile_path(".spec.ports[*].port")
    >>> find_all({"spec": {"ports": [{"port": 80}, {"port": 443}]}})
    [80, 443]

Source: "JSONPath Support" of the Kubernetes documentation.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

__all__ = ["JsonPathError", "compile_path", "literal"]

_STEP: Final = re.compile(
    r"""(?P<deep>\.\.)?(?:\.?(?P<name>[\w-]+)|\.?(?P<star>\*))
      | \[\s*'(?P<quoted>[^']*)'\s*\]
      | \[\s*(?P<all>\*)\s*\]
      | \[\s*\?\(\s*(?P<filter>.*?)\s*\)\s*\]
      | \[\s*(?P<index>-?\d*(?::-?\d*)?)\s*\]
      | (?P<dot>\.)""",
    re.VERBOSE,
)
_FILTER: Final = re.compile(r"@(?P<path>[^=!<>]*?)\s*(?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<value>.+))?")
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}

_Step = Callable[[Any], Iterator[Any]]


class JsonPathError(ValueError):
    """The path, or the template that it stands in, cannot be understood; the message shows where."""


@lru_cache(maxsize=1024)
def compile_path(path: str) -> Callable[[Any], list[Any]]:
    """A function that gives all that a path finds in an object. Raises `JsonPathError`."""
    steps = _steps(path)

    def find_all(data: Any) -> list[Any]:
        found = [data]
        for step in steps:
            found = [result for item in found for result in step(item)]
        return found

    return find_all


def literal(text: str) -> str:
    """The text that stands in quotes. Raises `JsonPathError`."""
    try:
        return str(json.loads(text if text.startswith('"') else json.dumps(text[1:-1]).replace("\\\\", "\\")))
    except ValueError as problem:
        raise JsonPathError(f"{text} is no text in quotes") from problem


def _steps(path: str) -> list[_Step]:
    text = path.removeprefix("$").removeprefix("@")
    steps: list[_Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if not match or match.end() == position:
            raise JsonPathError(f"{path!r} cannot be understood from {text[position:]!r} on")
        position = match.end()
        found = match.groupdict()
        name = found["name"] if found["name"] is not None else found["quoted"]
        if name is not None:
            steps.append(_deep(name) if found["deep"] else _field(name))
        elif found["star"] or found["all"]:
            steps.append(_each)
        elif found["filter"] is not None:
            steps.append(_where(found["filter"]))
        elif found["index"] is not None:
            steps.append(_index(found["index"], path))
    return steps


def _field(name: str) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _deep(name: str) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]
        for child in _each(value):
            yield from step(child)

    return step


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _index(text: str, path: str) -> _Step:
    first, colon, last = text.partition(":")
    if not colon and not first:
        raise JsonPathError(f"{path!r}: [] needs a number, a slice, * or a filter")

    def step(value: Any) -> Iterator[Any]:
        if not isinstance(value, list):
            return
        if colon:
            yield from value[int(first) if first else None : int(last) if last else None]
        elif -len(value) <= int(first) < len(value):
            yield value[int(first)]

    return step


def _where(condition: str) -> _Step:
    match = _FILTER.fullmatch(condition)
    if not match:
        raise JsonPathError(f'{condition!r} is no filter; write it like @.type=="Ready"')
    path, operator, written = match.group("path"), match.group("operator"), match.group("value")
    steps = _steps(path.strip())
    wanted = _value(written.strip()) if operator else None

    def holds(item: Any) -> bool:
        found = [item]
        for each in steps:
            found = [result for one in found for result in each(one)]
        if not operator:
            return bool(found)
        try:
            return any(_OPERATORS[operator](value, wanted) for value in found)
        except TypeError:
            return False

    return lambda value: (item for item in _each(value) if holds(item))


def _value(text: str) -> Any:
    if text[:1] in {'"', "'"}:
        return literal(text)
    try:
        return json.loads(text)
    except ValueError as problem:
        raise JsonPathError(f"{text} is neither a number nor a text in quotes") from problem
