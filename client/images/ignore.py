r"""Which files a pattern list leaves out: `.dockerignore`, and `ignore` and `include` of `develop.watch`. Pure.

    # a comment
    node_modules          that file or folder, with all that is in it
    *.log                 in the root only; * and ? stop at a /
    **/*.tmp              anywhere; ** stands for any number of folders
    docs/[a-c]*           ranges as in a shell
    !docs/README.md       what an earlier line left out is in again

The last line that matches a path, or a folder that it is in, decides. A leading / and spaces around a line mean
nothing, `.` and `..` are resolved, `\` takes the meaning from the next character.

Source: ".dockerignore file" in Docker's documentation of the build context; Go's path/filepath.Match and Clean.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["Ignore", "IgnoreError"]

_SPECIAL_IN_REGEX: Final = frozenset(".$(){}+|^")
_WILDCARDS: Final = frozenset("*?[\\")


class IgnoreError(ValueError):
    """A line is no pattern; the message names it."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    negated: bool
    matches: Callable[[str], object]


class Ignore:
    """Patterns, as they are written. Raises `IgnoreError`."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [found for written in patterns if (found := _pattern(written))]

    def but(self, *paths: str) -> "Ignore":
        """The same, with these paths in whatever the patterns say."""
        other = Ignore(())
        other._patterns = [*self._patterns, *(_Pattern(path, True, path.__eq__) for path in paths)]
        return other

    @classmethod
    def of_file(cls, content: bytes) -> "Ignore":
        """The patterns of a `.dockerignore`. Raises `IgnoreError`."""
        lines = content.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape").splitlines()
        return cls(_of_line(line) for line in lines if not line.startswith("#"))

    def __bool__(self) -> bool:
        return bool(self._patterns)

    @cached_property
    def has_exceptions(self) -> bool:
        """Whether something that is left out may be in again, so that ignored folders must be looked into."""
        return any(pattern.negated for pattern in self._patterns)

    def __call__(self, path: str) -> bool:
        """Whether a path, relative with `/` between its parts, is left out."""
        steps = path.split("/")
        candidates = [path, *("/".join(steps[:count]) for count in range(1, len(steps)))]
        ignored = False
        for pattern in self._patterns:
            if pattern.negated == ignored and any(map(pattern.matches, candidates)):
                ignored = not pattern.negated
        return ignored


def _of_line(line: str) -> str:
    """A line of the file as a pattern: without spaces, and relative."""
    text = line.strip()
    negated = text.startswith("!")
    if negated:
        text = text[1:].strip()
    if text:
        text = _clean(text)
        text = text[1:] if len(text) > 1 and text.startswith("/") else text
    return f"!{text}" if negated else text


def _clean(path: str) -> str:
    """The shortest form of a path, as Go's filepath.Clean has it."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _pattern(written: str) -> _Pattern | None:
    text = written.strip()
    if not text:
        return None
    text = _clean(text)
    negated = text.startswith("!")
    if negated:
        text = text[1:]
        if not text:
            raise IgnoreError('"!" alone excepts nothing; write !PATH')
    _check(text)
    return _Pattern(text, negated, _matcher(text))


def _check(text: str) -> None:
    """Raise `IgnoreError` where Go finds a pattern malformed: a `[` without end, an empty range, a `\\` at the end."""
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 1
            if position >= len(text):
                raise IgnoreError(f'"{text}" ends with a \\ that takes the meaning from nothing')
        elif char == "[":
            position = _range_end(text, position)
        position += 1


def _range_end(text: str, start: int) -> int:
    """Where the range ends that begins there."""
    position = start + 1
    if text[position : position + 1] == "^":
        position += 1
    first = position
    while position < len(text):
        if text[position] == "]" and position > first:
            return position
        if text[position] in "]-":
            break
        position = _range_char(text, position)
        if text[position : position + 1] == "-":
            if text[position + 1 : position + 2] in {"", "]", "-"}:
                break
            position = _range_char(text, position + 1)
    raise IgnoreError(f'"{text}" has a [ that is not a range like [a-z]')


def _range_char(text: str, position: int) -> int:
    """Behind the character there, which may be written with a backslash."""
    return position + (2 if text[position] == "\\" else 1)


def _matcher(text: str) -> Callable[[str], object]:
    if not _WILDCARDS & set(text):
        return text.__eq__
    ending = text.removeprefix("**")
    if ending and ending != text and not _WILDCARDS & set(ending):  # docker compares ends here, not folders
        return lambda path: path.endswith(ending) or f"/{path}" == ending
    return re.compile(_regex(text), re.DOTALL).fullmatch


def _regex(text: str) -> str:
    parts: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "*" and text[position : position + 1] == "*":
            position += 1
            if text[position : position + 1] == "/":
                position += 1
            parts.append("(?:.*/)?" if position < len(text) else ".*")
        elif char == "*":
            parts.append("[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "\\":
            parts.append(re.escape(text[position : position + 1]))
            position += 1
        elif char == "[":
            end = _range_end(text, position - 1)
            parts.append(text[position - 1 : end + 1].replace("[[", r"[\["))
            position = end + 1
        else:
            parts.append(f"\\{char}" if char in _SPECIAL_IN_REGEX else re.escape(char))
    return "".join(parts)
