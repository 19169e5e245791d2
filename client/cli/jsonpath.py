"""JSONPath templates as kubectl knows them: `{.items[*].metadata.name}`, with text around and between the braces.

Known: fields (`.spec.image`, `['odd.name']`), `..field`, indexes and slices (`[0]`, `[-1]`, `[1:3]`, `[*]`), filters
(`[?(@.type=="Ready")]`, also `!= < <= > >=`, and `[?(@.name)]` for "has it"), `{range ...} {end}`, `{"\\n"}`. Braces
may be left out around a single path. Several results are written with spaces between them; what is not there, not at
all.

Source: "JSONPath Support" of the Kubernetes documentation.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

__all__ = ["JsonPathError", "evaluate"]

_PART: Final = re.compile(r"\{([^{}\"']*(?:\"(?:[^\"\\]|\\.)*\"[^{}\"']*|'[^']*'[^{}\"']*)*)\}")
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
    """The template cannot be understood; the message shows where."""


def evaluate(template: str, data: Any) -> str:
    """The template with its paths replaced by what they find. Raises `JsonPathError`."""
    if "{" not in template:
        template = "{" + template + "}"
    parts = _split(template)
    written, rest = _render(parts, data)
    if rest:
        raise JsonPathError(f"{template!r}: {{end}} without {{range}}")
    return written


def _split(template: str) -> list[tuple[bool, str]]:
    """The template as (is in braces, text)."""
    parts: list[tuple[bool, str]] = []
    position = 0
    for match in _PART.finditer(template):
        parts.append((False, template[position : match.start()]))
        parts.append((True, match.group(1).strip()))
        position = match.end()
    tail = template[position:]
    if "{" in tail:
        raise JsonPathError(f"{template!r}: a brace is not closed")
    return [*parts, (False, tail)]


def _render(parts: Sequence[tuple[bool, str]], data: Any) -> tuple[str, Sequence[tuple[bool, str]]]:
    """What the parts write, up to an `{end}`; and the parts from there on."""
    written: list[str] = []
    while parts:
        (is_path, text), parts = parts[0], parts[1:]
        if not is_path:
            written.append(text)
        elif text == "end":
            return "".join(written), [(True, "end"), *parts]
        elif text.startswith("range"):
            rest: Sequence[tuple[bool, str]] = ()
            for item in [*_find(text.removeprefix("range").strip(), data), None]:
                piece, rest = _render(parts, item)
                if not rest:
                    raise JsonPathError(f"{{{text}}} has no {{end}}")
                written.append(piece if item is not None else "")
            parts = rest[1:]
        elif text[:1] in {'"', "'"}:
            written.append(_literal(text))
        else:
            written.append(" ".join(_text(item) for item in _find(text, data)))
    return "".join(written), ()


def _literal(text: str) -> str:
    try:
        return str(json.loads(text if text.startswith('"') else json.dumps(text[1:-1]).replace("\\\\", "\\")))
    except ValueError as problem:
        raise JsonPathError(f"{text} is no text in quotes") from problem


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _find(path: str, data: Any) -> list[Any]:
    found = [data]
    for step in _steps(path):
        found = [result for item in found for result in step(item)]
    return found


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
        return _literal(text)
    try:
        return json.loads(text)
    except ValueError as problem:
        raise JsonPathError(f"{text} is neither a number nor a text in quotes") from problem
