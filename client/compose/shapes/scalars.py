"""Shapes of single values: texts, flags, numbers, sizes, durations.

Compose takes strings where it wants numbers and booleans, because variables make strings: `"${REPLICAS}"` is read as
the number that the field wants. `yes` and `on` are booleans where a boolean is wanted, and strings elsewhere.
"""

import re
import struct
from typing import Any, Final

from fizz.client.compose.nodes import Moment, Node
from fizz.client.compose.paths import located
from fizz.client.compose.problems import Path, suggestion
from fizz.client.compose.scalars import to_text
from fizz.client.compose.shapes.base import JSON, VARIABLE, Reader, Shape, either, kept
from fizz.schemas.durations import format_duration, parse_duration

__all__ = ["Amount", "Bytes", "Duration", "FileMode", "FilePath", "Flag", "Loose", "Text", "Whole", "parse_size"]

_TRUE: Final = frozenset({"true", "yes", "y", "on"})
_FALSE: Final = frozenset({"false", "no", "n", "off"})
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SIZE: Final = re.compile(r"([0-9.]+(?:[eE][0-9]+)?) ?(?:[bB]|([kKmMgGtTpP])(?:[iI]?[bB])?)?")
_POWERS: Final = {unit: 1024**power for power, unit in enumerate("kmgtp", start=1)}
_OCTAL: Final = re.compile(r"[0-7]+")


class Text(Shape):
    """A string; perhaps of a certain form, or one of some words. `nullable` lets an explicit null mean "none".

    What does not have the form of `pattern` is an error; of `runs`, a blocker, because compose leaves it to the engine.
    """

    def __init__(
        self,
        *,
        choices: tuple[str, ...] = (),
        pattern: str = "",
        runs: str = "",
        form: str = "",
        nullable: bool = False,
    ) -> None:
        self._choices = choices
        self._pattern = re.compile(pattern) if pattern else None
        self._runs = re.compile(runs) if runs else None
        self._form = form
        self._nullable = nullable

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        value = node.value
        if value is None and self._nullable and node.tag is None:
            return node
        if not isinstance(value, str):
            scalar = isinstance(value, int | float | Moment)
            reader.wrong_type(node, path, "a string", "write it in quotes" if scalar else "")
            return None
        if reader.as_written(node):
            return node
        if self._choices and value not in self._choices:
            words = ", ".join(self._choices)
            hint = suggestion(value, list(self._choices))
            reader.error(node, path, f'must be one of {words}, not "{value}"', hint)
            return None
        if self._pattern and not self._pattern.search(value):
            reader.error(node, path, f'must be {self._form}, not "{value}"')
            return None
        if self._runs and not self._runs.search(value):
            reader.refuse(node, path, f'must be {self._form}, not "{value}"')
        return node

    def schema(self) -> JSON:
        written: JSON = {"type": "string"}
        if self._choices:
            written = either({"enum": [*self._choices]}, _variable())
        elif pattern := self._runs or self._pattern:
            written["pattern"] = f"{pattern.pattern}|{VARIABLE}"
        return either(written, nullable=self._nullable)


class FilePath(Text):
    """A path on this machine; a relative one starts from the folder of the project."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        text = super().read(node, path, reader)
        if text is None or not isinstance(text.value, str) or not text.value:
            return text
        return text.with_value(located(reader.base, reader.home, text.value))


class Loose(Shape):
    """A string where numbers (and, if asked for, dates, booleans and null) are taken too and become strings."""

    def __init__(self, *, booleans: bool = False, null: str | None = None, whole: bool = False) -> None:
        self._booleans = booleans
        self._null = null
        self._whole = whole

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        match node.value:
            case str():
                return node
            case None if self._null is not None and node.tag is None:
                return node.with_value(self._null)
            case bool() | Moment() as value if self._booleans:
                return node.with_value(to_text(value))
            case bool():
                pass
            case int() as value:
                return node.with_value(str(value))
            case float() as value if not self._whole:
                return node.with_value(to_text(value))
        reader.wrong_type(node, path, "a string or a number")
        return None

    def schema(self) -> JSON:
        kinds = ["string", "integer" if self._whole else "number"]
        kinds += ["boolean"] if self._booleans else []
        return {"type": [*kinds, "null"] if self._null is not None else kinds}


class Flag(Shape):
    """true or false. `strict` takes no strings."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        match node.value:
            case bool():
                return node
            case str() as text if not self._strict:
                if reader.as_written(node):
                    return node
                if text.lower() in _TRUE:
                    return node.with_value(True)
                if text.lower() in _FALSE:
                    return node.with_value(False)
                reader.error(node, path, f'must be true or false, not "{text}"')
                return None
        reader.wrong_type(node, path, "true or false")
        return None

    def schema(self) -> JSON:
        words = "|".join("".join(f"[{char.upper()}{char}]" for char in word) for word in sorted(_TRUE | _FALSE))
        return either({"type": "boolean"}, *([] if self._strict else [_text(words)]))


class Whole(Shape):
    """A whole number in a range. `floats` lets a fraction in and cuts it off, with a warning, as compose does.
    `strings=False` is for the few fields that variables cannot set, `exact` for those that take no float at all, not
    even a whole one. Outside of `runs` no engine takes it.
    """

    def __init__(
        self,
        minimum: int | None = None,
        maximum: int | None = None,
        *,
        floats: bool = False,
        exact: bool = False,
        strings: bool = True,
        runs: tuple[int, int] | None = None,
    ) -> None:
        self._exact = exact
        self._minimum = minimum
        self._maximum = maximum
        self._runs = runs
        self._floats = floats
        self._strings = strings

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        value = self._number(node, path, reader)
        if value is None:
            return node if reader.as_written(node) else None
        low, high = self._minimum, self._maximum
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"at least {low}" if high is None else f"from {low} to {high}"
            reader.error(node, path, f"must be {bounds}, not {value}")
            return None
        if self._runs and not self._runs[0] <= value <= self._runs[1]:
            reader.refuse(node, path, f"must be from {self._runs[0]} to {self._runs[1]}, not {value}")
        return node.with_value(value)

    def schema(self) -> JSON:
        number: JSON = {"type": "number" if self._floats else "integer"}
        low, high = self._runs or (self._minimum, self._maximum)
        number |= {} if low is None else {"minimum": low}
        number |= {} if high is None else {"maximum": high}
        return either(number, *([_text(_WHOLE.pattern)] if self._strings else []))

    def _number(self, node: Node, path: Path, reader: Reader) -> int | None:
        match node.value:
            case bool():
                pass
            case int() as value:
                return value
            case float() if self._exact:
                pass
            case float() as value if abs(value) < 1e18 and (self._floats or value == int(value)):
                if value != int(value):
                    reader.warn(node, path, f"must be a whole number; {value} counts as {int(value)}")
                return int(value)
            case str() as text if self._strings:
                if _WHOLE.fullmatch(text) and len(text) < 25:
                    return int(text)
                if not reader.as_written(node):
                    reader.error(node, path, f'must be a whole number, not "{text}"')
                return None
        reader.wrong_type(node, path, "a whole number")
        return None


class Amount(Shape):
    """A number that may have a fraction. `single` keeps about seven digits of it, as compose does for processors."""

    def __init__(self, *, single: bool = False) -> None:
        self._single = single

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        match node.value:
            case bool():
                pass
            case int() | float() as value if abs(value) < 1e18:
                return node.with_value(self._rounded(float(value)))
            case str() as text:
                if _NUMBER.fullmatch(text) and abs(float(text)) < 1e18:
                    return node.with_value(self._rounded(float(text)))
                if reader.as_written(node):
                    return node
                reader.error(node, path, f'must be a number, not "{text}"')
                return None
        reader.wrong_type(node, path, "a number")
        return None

    def schema(self) -> JSON:
        return either({"type": "number"}, _text(_NUMBER.pattern))

    def dump(self, node: Node) -> Any:
        value = node.value
        return int(value) if isinstance(value, float) and value == int(value) else value

    def _rounded(self, value: float) -> float:
        """The number with the fewest digits that is the same in single precision."""
        if not self._single:
            return value
        packed = struct.pack("f", value)
        (exact,) = struct.unpack("f", packed)
        shorter = (float(f"{exact:.{digits}g}") for digits in range(1, 10))
        return next((short for short in shorter if struct.pack("f", short) == packed), value)


class Bytes(Shape):
    """A size: a number of bytes, or a number with a unit of 1024: `64m`, `1.5gb`, `512KiB`. -1 stands for no limit."""

    def __init__(self, *, numbers: bool = True, floats: bool = True, minimum: int = -(1 << 63)) -> None:
        self._numbers = numbers
        self._floats = floats
        self._minimum = minimum

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        match node.value:
            case bool():
                pass
            case float() as value if not self._floats and abs(value) < 1 << 63 and value != int(value):
                pass
            case int() | float() as value if self._numbers and self._minimum <= value < 1 << 63:
                return node.with_value(int(value))
            case str() as text:
                size = parse_size(text)
                if size is not None:
                    return node.with_value(size)
                if reader.as_written(node):
                    return node
                reader.error(node, path, f'must be a size like 64m or 1.5gb, not "{text}"')
                return None
        reader.wrong_type(node, path, "a size like 64m", "" if self._numbers else "write it in quotes")
        return None

    def schema(self) -> JSON:
        return either(_text(f"-1|{_SIZE.pattern}"), *([{"type": "number"}] if self._numbers else []))

    def dump(self, node: Node) -> Any:
        return str(node.value) if node.value else None


class Duration(Shape):
    """A span of time: `30s`, `1m30s`, `500ms`, `1d`."""

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if not isinstance(node.value, str):
            bare = isinstance(node.value, int) and not isinstance(node.value, bool)
            hint = f'write "{node.value}s" if these are seconds' if bare else ""
            reader.wrong_type(node, path, "a duration like 30s or 1m30s", hint)
            return None
        if reader.as_written(node):
            return node
        try:
            length = parse_duration(node.value)
        except ValueError:
            reader.error(node, path, f'must be a duration like 30s or 1m30s, not "{node.value}"')
            return None
        if abs(length) >= 1 << 63:
            reader.error(node, path, f'must be a duration below 292 years, not "{node.value}"')
            return None
        return node.with_value(format_duration(length).replace("us", "µs"))

    def schema(self) -> JSON:
        return {"type": "string"}


class FileMode(Shape):
    """Permissions of a file: a number, or a string in octal. Printed in octal."""

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        match node.value:
            case bool():
                pass
            case int() as value if 0 <= value < 1 << 32:
                return node
            case str() as text:
                if _OCTAL.fullmatch(text) and len(text) < 11:
                    return node.with_value(int(text, 8))
                if reader.as_written(node):
                    return node
                reader.error(node, path, f'must be permissions in octal like 0440, not "{text}"')
                return None
        reader.wrong_type(node, path, "permissions in octal like 0440")
        return None

    def schema(self) -> JSON:
        return either({"type": "integer", "minimum": 0}, _text(_OCTAL.pattern))

    def dump(self, node: Node) -> Any:
        return f"0{node.value:o}" if isinstance(node.value, int) else node.value


def _text(pattern: str) -> JSON:
    """A text of that form, or with a variable."""
    return {"type": "string", "pattern": f"^(?:{pattern})$|{VARIABLE}"}


def _variable() -> JSON:
    return {"type": "string", "pattern": VARIABLE}


def parse_size(text: str) -> int | None:
    """The number of bytes that a text like `64m` stands for; None if it is no such text."""
    if text == "-1":
        return -1
    match = _SIZE.fullmatch(text)
    if not match:
        return None
    number, unit = match.groups()
    try:
        size = float(number) * _POWERS.get((unit or "").lower(), 1)
    except (ValueError, OverflowError):
        return None
    return int(size) if size < 1 << 63 else None
