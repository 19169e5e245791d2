r"""Files of variables, as compose reads them: `.env`, `--env-file` and `env_file`.

    NAME=value              # spaces around are dropped, and a comment that follows a space
    export NAME: value      # `export` and the colon are memories of shells and YAML
    NAME='as it is'         # may go over several lines; \' is a quote
    NAME="with $VARIABLES"  # may go over several lines; \n \t \" \\ \$ and the like are understood
    NAME                    # no value: taken from the environment, or left out

Variables in values are looked up in the environment first and then among the lines above. With `raw=True` nothing is
understood but `NAME=value`, a line each: that is the `format: raw` of `env_file`.

In: text. Out: a dict, or `DotenvError` with a line. Not in here: which files are read, and who wins.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from fizz.client.compose.interpolate import TemplateError, substitute

__all__ = ["DotenvError", "parse_dotenv", "parse_raw"]

_SPACES: Final = " \t\v\f\r\x85\xa0"
_COMMENT: Final = re.compile(r"\s#")
_ESCAPE: Final = re.compile(r"\\(?:([abfnrtv\"\\$])|0([0-9]{0,3}))")
_OCTAL: Final = re.compile(r"[0-7]{3}")
_ESCAPES: Final = {
    "$": "$$",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    '"': '"',
    "\\": "\\",
}


class DotenvError(ValueError):
    """A file of variables that cannot be read; `line` and `column` count from 1."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def parse_dotenv(
    text: str,
    lookup: Callable[[str], str | None],
    missing: Callable[[str], None] = lambda name: None,
    earlier: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The variables of a file. Raises `DotenvError`.

    `lookup` is the environment, which wins over earlier lines of the file when values are made from variables, and
    these win over `earlier` files. `missing` is told of variables that have no value.
    """
    return _Parser(text, lookup, missing, earlier or {}).parse()


def parse_raw(text: str, lookup: Callable[[str], str | None]) -> dict[str, str]:
    """The variables of a file that is taken literally. Raises `DotenvError`."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        column = len(line) - len(stripped) + 1
        if not name:
            raise DotenvError(number, column, "a variable without a name")
        if any(char.isspace() for char in name):
            raise DotenvError(number, column, f'the name "{name}" contains whitespace')
        if equals:
            found[name] = value
        elif (inherited := lookup(name)) is not None:
            found[name] = inherited
    return found


class _Parser:
    """One pass over the text; `position` is the next character."""

    def __init__(
        self,
        text: str,
        lookup: Callable[[str], str | None],
        missing: Callable[[str], None],
        earlier: Mapping[str, str],
    ) -> None:
        self._text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self._lookup = lookup
        self._missing = missing
        self._earlier = earlier
        self._position = 0
        self._found: dict[str, str] = {}

    def parse(self) -> dict[str, str]:
        while self._skip_to_statement():
            start = self._position
            name, inherits = self._name()
            if " " in name:
                raise self._error(start, f'the name "{name}" contains a space')
            if inherits:
                if (value := self._lookup(name)) is not None:
                    self._found[name] = value
                continue
            self._found[name] = self._value()
        return self._found

    def _error(self, position: int, message: str) -> DotenvError:
        before = self._text[:position]
        return DotenvError(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1, message)

    def _skip_to_statement(self) -> bool:
        text = self._text
        while self._position < len(text):
            if text[self._position].isspace():
                self._position += 1
            elif text[self._position] == "#":
                end = text.find("\n", self._position)
                self._position = len(text) if end < 0 else end
            else:
                return True
        return False

    def _skip_spaces(self) -> None:
        while self._position < len(self._text) and self._text[self._position] in _SPACES:
            self._position += 1

    def _name(self) -> tuple[str, bool]:
        """The name before `=` or `:`, and whether there is no value because the line ends first."""
        text = self._text
        if text.startswith("export", self._position) and text[self._position + 6 : self._position + 7] in {" ", "\t"}:
            self._position += 6
            self._skip_spaces()
        start = self._position
        for index in range(start, len(text)):
            char = text[index]
            if char in "=:\n":
                self._position = index + 1
                name = text[start:index].rstrip()
                if char != "\n":
                    self._skip_spaces()
                return name, char == "\n"
            if not (char.isalnum() or char in "_.-[]" or char in _SPACES):
                raise self._error(index, f'the character "{char}" cannot be in a name')
        self._position = len(text)
        return text[start:].rstrip(), True

    def _value(self) -> str:
        text, start = self._text, self._position
        quote = text[start : start + 1]
        if quote in {"'", '"'} and quote:
            return self._quoted(quote, start)
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        self._position = end
        value = text[start:end]
        if comment := _COMMENT.search(value):
            value = value[: comment.start()]
        return self._expand(value.rstrip(), start)

    def _quoted(self, quote: str, start: int) -> str:
        text = self._text
        index = start + 1
        while index < len(text) and text[index] != quote:
            index += 2 if text[index] == "\\" else 1
        if index >= len(text):
            line = text[start:].split("\n", 1)[0]
            raise self._error(start, f"a quote is not closed: {line}")
        self._position = index + 1
        inner = text[start + 1 : index]
        if quote == "'":
            return re.sub(r"\\(.)", lambda match: "'" if match[1] == "'" else match[0], inner, flags=re.DOTALL)
        return self._expand(_unescape(inner), start)

    def _expand(self, value: str, start: int) -> str:
        def lookup(name: str) -> str | None:
            value = self._lookup(name)
            if value is None:
                value = self._found.get(name, self._earlier.get(name))
            return value

        try:
            return substitute(value, lookup, self._missing)
        except TemplateError as error:
            raise self._error(start, f"the value {error}") from error


def _unescape(text: str) -> str:
    r"""Backslash sequences of a value in double quotes; `\$` becomes `$$`, which interpolation leaves as a dollar."""

    def replace(match: re.Match[str]) -> str:
        letter, octal = match.groups()
        if letter:
            return _ESCAPES[letter]
        return chr(int(octal, 8) & 0xFF) if _OCTAL.fullmatch(octal) else f"\\{octal}"

    return _ESCAPE.sub(replace, text)
