"""The line of a file that a problem is in, with a caret under its place, as compilers show it.

        7 |     tty: maybe
          |          ^

Columns of a terminal are not characters: tabs become spaces, and wide characters count twice. Of a long line only the
part around the place is shown.
"""

import unicodedata
from typing import Final

from fizz.client.compose.problems import Problem

__all__ = ["excerpt", "line_of"]

_WIDTH: Final = 100
_BEFORE: Final = 60


def line_of(problem: Problem, source: bytes) -> str | None:
    """The text of the line, without its end; None if the file has no such line."""
    lines = source.decode(errors="replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[problem.line - 1] if 0 < problem.line <= len(lines) else None


def excerpt(problem: Problem, source: bytes) -> list[str]:
    """The line and the caret; nothing if the problem has no place in the file."""
    line = line_of(problem, source)
    if line is None:
        return []
    column = min(max(problem.column, 1) - 1, len(line))
    start = column - _BEFORE if len(line) > _WIDTH and column > _BEFORE else 0
    shown = line[start : start + _WIDTH]
    left, right = "..." if start else "", "..." if start + _WIDTH < len(line) else ""
    number = str(problem.line).rjust(5)
    indent = " " * (len(left) + sum(map(_columns, shown[: column - start])))
    text = "".join(char if char.isprintable() else " " for char in shown).rstrip()
    return [f"{number} | {left}{text}{right}", f"{' ' * len(number)} | {indent}^"]


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
