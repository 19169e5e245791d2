"""What is wrong with a compose file: problems with an exact place, collected so that all are told at once.

A problem is one line: `compose.yaml:7:5: services.web.tty must be true or false, not "maybe"`. An error keeps the
project from being used, a warning does not; a blocker lets it be printed, as compose does, but not be run. `Problems`
collects them while a project is loaded; it drops repetitions, because an anchor that is used by ten services is wrong
in one place only.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["Path", "Place", "Problem", "Problems", "Severity", "TranslateError", "path_text", "suggestion"]

Path = tuple[str | int, ...]
"""Where something is in the project, as keys and list indexes: `("services", "web", "ports", 0)`."""


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    BLOCKER = "blocker"
    WARNING = "warning"


class Place(Protocol):
    """Anything that knows where it was written: a node, or a `Mark`. Lines and columns count from 1; 0 is unknown."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is and what to do."""

    severity: Severity
    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def format(self) -> str:
        """One line, as compilers write it; without a place if there is none."""
        place = f"{self.file}:{self.line}:{self.column}: " if self.line else (f"{self.file}: " if self.file else "")
        kind = "warning: " if self.severity is Severity.WARNING else ""
        return f"{place}{kind}{self.message}" + (f"; {self.hint}" if self.hint else "")


class TranslateError(Exception):
    """A project that is valid cannot become resources, because contents are missing; `problems` says which."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(problem.format() for problem in problems))
        self.problems = problems


class Problems:
    """Collects problems in the order in which they are found, and the `sources` that they are in, by file name."""

    def __init__(self) -> None:
        self.sources: dict[str, bytes] = {}
        self._found: dict[tuple[str, int, int, str], Problem] = {}
        self._errors = 0

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return self._errors

    def error(self, place: Place | None, text: str, *, path: Path = (), hint: str = "") -> None:
        """Something that keeps the project from being used. With a path, the message is the path and the text."""
        self._add(Severity.ERROR, place, text, path, hint)

    def refuse(self, place: Place | None, text: str, *, path: Path = (), hint: str = "") -> None:
        """Something that compose prints, but that no engine runs."""
        self._add(Severity.BLOCKER, place, text, path, hint)

    def warn(self, place: Place | None, text: str, *, path: Path = (), hint: str = "") -> None:
        """Something that the author should know."""
        self._add(Severity.WARNING, place, text, path, hint)

    def all(self) -> tuple[Problem, ...]:
        """File by file in the order of loading, in each from top to bottom."""
        files = {file: rank for rank, file in enumerate(dict.fromkeys(key[0] for key in self._found))}
        return tuple(sorted(self._found.values(), key=lambda p: (files[p.file], p.line, p.column)))

    def _add(self, severity: Severity, place: Place | None, text: str, path: Path, hint: str) -> None:
        file, line, column = (place.file, place.line, place.column) if place else ("", 0, 0)
        # At one place the same text is the same problem, whichever path led to it.
        key = (file, line, column, text if line else f"{path}{text}")
        if key in self._found:
            return
        message = f"{path_text(path)} {text}" if path else text
        self._found[key] = Problem(severity, file, line, column, _one_line(message), _one_line(hint))
        self._errors += severity is Severity.ERROR


def path_text(path: Path) -> str:
    """`services.web.ports[0]`"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def suggestion(word: str, known: list[str]) -> str:
    """`did you mean "image"?` if one of the known words is close to this one, else nothing."""
    from difflib import get_close_matches  # needed only when something is wrong

    close = get_close_matches(word.lower(), known, n=1, cutoff=0.65)
    parts = [each for each in known if word.lower() in each.split("_")] if len(word) > 3 else []
    found = close or (parts if len(parts) == 1 else [])
    return f'did you mean "{found[0]}"?' if found else ""


def _one_line(text: str) -> str:
    """A message is one line whatever was found in the file."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
