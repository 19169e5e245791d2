r"""Regular expressions of schemas: written for RE2 (as Kubernetes reads them), run by Python's `re`.

The two languages look alike and differ in small things, each of which would let a wrong value in or keep a right one
out. This is what is translated, and what is refused because RE2 refuses it:

    $            end of the text only; Python's also matches before a last newline      \Z
    \z           end of the text                                                        \Z
    \d \w \s \b  ASCII only                                                             re.ASCII
    [[:alpha:]]  classes of POSIX                                                       [a-zA-Z]
    \x{1F600}    a character by its number                                              \U0001f600
    \Q...\E      literal text                                                           escaped
    (?<n>...)    a named group                                                          (?P<n>...)
    a(?i)b|c     flags from here to the end of the group, across alternatives           a(?i:b)|(?i:c)
    {,3}         literal; Python reads it as {0,3}                                      \{,3}
    (?=a) (?!a) (?<=a) (?>a) a*+ \1      look-around, atomic, possessive, back-references: refused

Not supported, and said so: `\p{...}` and the flag U. Patterns that backtrack without end are not guarded against.

Source: the syntax page of RE2.
"""

import re
import warnings
from collections.abc import Callable
from typing import Final

__all__ = ["compile_pattern"]

_POSIX: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_NAMED: Final = re.compile(r"\(\?P?<([A-Za-z_]\w*)>", re.ASCII)
_REPEAT: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_NUMBERED: Final = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_POSIX_CLASS: Final = re.compile(r"\[:(\^?)(\w+):\]")
_MOST_REPEATS: Final = 1000


def compile_pattern(pattern: str) -> Callable[[str], object]:
    """A function that finds the pattern anywhere in a text; what it returns is true if it did. Raises `ValueError`."""
    translated = _Translation(pattern).run()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of set operations that `re` may get one day
            return re.compile(translated, re.ASCII).search
    except (re.error, OverflowError, RecursionError) as problem:
        raise ValueError(str(problem)) from problem


class _Group:
    """An open group: the flags set inside it so far, as the openings that carry them on, and whether `m` is on."""

    __slots__ = ("multiline", "openings")

    def __init__(self, multiline: bool) -> None:
        self.openings: list[str] = []
        self.multiline = multiline


class _Translation:
    """One pass over a pattern, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: list[str] = []
        self._groups = [_Group(multiline=False)]

    def run(self) -> str:
        while self._at < len(self._pattern):
            match self._pattern[self._at]:
                case "\\":
                    self._out.append(self._escape(in_class=False))
                case "[":
                    self._class()
                case "(":
                    self._open()
                case ")":
                    self._close()
                case "|":
                    group = self._groups[-1]
                    self._take(")" * len(group.openings) + "|" + "".join(group.openings))
                case "$":
                    self._take("$" if self._groups[-1].multiline else r"\Z")
                case "*" | "+" | "?" | "{":
                    self._repeat()
                case character:
                    self._take(character)
        if len(self._groups) != 1:
            raise ValueError("missing closing )")
        return "".join(self._out) + ")" * len(self._groups[0].openings)

    def _take(self, translated: str, length: int = 1) -> None:
        self._out.append(translated)
        self._at += length

    def _escape(self, *, in_class: bool) -> str:
        if self._at + 1 == len(self._pattern):
            raise ValueError("trailing backslash at end of expression")
        character = self._pattern[self._at + 1]
        if character == "x":
            match = _NUMBERED.match(self._pattern, self._at)
            number = int(match.group(1) or match.group(2), 16) if match else 0x110000
            if match is None or number > 0x10FFFF:
                raise ValueError(r"invalid escape sequence: \x")
            self._at = match.end()
            return rf"\U{number:08x}"
        if character == "Q" and not in_class:
            end = self._pattern.find(r"\E", self._at)
            literal = self._pattern[self._at + 2 : end if end >= 0 else None]
            self._at = end + 2 if end >= 0 else len(self._pattern)
            return re.escape(literal)
        self._at += 2
        if character in "dDsSwWafnrtv0" or not (character.isalnum() or character == "_"):
            return "\\" + character
        if not in_class and character in "AbBz":
            return r"\Z" if character == "z" else "\\" + character
        if character in "pP":
            raise ValueError(rf"\{character} (Unicode classes) is not supported")
        raise ValueError(rf"invalid escape sequence: \{character}")

    def _class(self) -> None:
        start = self._at
        self._take("[")
        if self._ahead("^"):
            self._take("^")
        if self._ahead("]"):
            self._take(r"\]")
        while self._at < len(self._pattern):
            match self._pattern[self._at]:
                case "]":
                    self._take("]")
                    return
                case "\\":
                    self._out.append(self._escape(in_class=True))
                case "[":
                    self._posix()
                case character:
                    self._take(character)
        raise ValueError(f"missing closing ]: {self._pattern[start:]}")

    def _posix(self) -> None:
        match = _POSIX_CLASS.match(self._pattern, self._at)
        if match is None:
            self._take(r"\[")
            return
        negated, name = match.groups()
        if negated or name not in _POSIX:
            raise ValueError(f"invalid character class range: {match.group()}")
        self._take(_POSIX[name], len(match.group()))

    def _open(self) -> None:
        inside = _Group(self._groups[-1].multiline)
        if not self._ahead("(?"):
            self._take("(")
        elif match := _NAMED.match(self._pattern, self._at):
            self._take(f"(?P<{match.group(1)}>", len(match.group()))
        elif (match := _FLAGS.match(self._pattern, self._at)) and "U" not in match.group():
            on, off, end = match.groups()
            if end == ")":
                self._set_flags(on, off or "", len(match.group()))
                return
            inside.multiline = _switched(inside.multiline, on, off or "")
            self._take(match.group(), len(match.group()))
        else:
            raise ValueError(f"invalid or unsupported Perl syntax: {self._pattern[self._at : self._at + 4]}")
        self._groups.append(inside)

    def _set_flags(self, on: str, off: str, length: int) -> None:
        if not on and not off:
            raise ValueError("missing argument to repetition operator: ?")
        group = self._groups[-1]
        group.multiline = _switched(group.multiline, on, off)
        group.openings.append(f"(?{on}{off}:")
        self._take(group.openings[-1], length)

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise ValueError("unexpected )")
        self._take(")" * (len(self._groups.pop().openings) + 1))

    def _repeat(self) -> None:
        length = 1
        if self._ahead("{"):
            match = _REPEAT.match(self._pattern, self._at)
            if match is None:
                self._take(r"\{")
                return
            if any(int(count) > _MOST_REPEATS for count in match.groups() if count):
                raise ValueError(f"invalid repeat count: {match.group()}")
            length = len(match.group())
        self._take(self._pattern[self._at : self._at + length], length)
        if self._ahead("?"):
            self._take("?")
        if self._at < len(self._pattern) and self._pattern[self._at] in "*+?":
            raise ValueError(f"invalid nested repetition operator: {self._pattern[self._at - length : self._at + 1]}")

    def _ahead(self, text: str) -> bool:
        return self._pattern.startswith(text, self._at)


def _switched(multiline: bool, on: str, off: str) -> bool:
    return (multiline or "m" in on) and "m" not in off
