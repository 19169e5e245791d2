"""Variables in compose files: `${NAME:-default}` and its relatives, replaced in every string value.

| written | NAME is set | empty | not set |
|---|---|---|---|
| `$NAME` `${NAME}` | its value | nothing | nothing, with a warning |
| `${NAME:-word}` | its value | word | word |
| `${NAME-word}` | its value | nothing | word |
| `${NAME:?word}` | its value | error | error |
| `${NAME?word}` | its value | nothing | error |
| `${NAME:+word}` | word | nothing | nothing |
| `${NAME+word}` | word | word | nothing |

`$$` is a dollar sign, and so is `$` before anything else. The word may hold variables again; it is looked at only if it
is used. A line break inside of braces is an error in compose, so it is one here. Keys are never replaced.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fizz.client.compose.nodes import Node, broken
from fizz.client.compose.problems import Path, Problems

__all__ = ["Interpolator", "Lookup", "TemplateError", "Variable", "substitute", "variables_in"]

_NAME: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_OPERATOR: Final = re.compile(r":?[-?+]")
_BRACE: Final = re.compile(r"\$\{|\}|\n")
_MAX_NESTING: Final = 50

Lookup = Callable[[str], str | None]
"""The value of a variable; None if it is not set."""


class TemplateError(ValueError):
    """A string with variables that cannot be replaced; the message says why."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that a project asks for."""

    name: str
    default: str = ""
    alternative: str = ""
    required: bool = False

    @property
    def says_more(self) -> bool:
        """Whether something is said of it besides its name."""
        return bool(self.default or self.alternative or self.required)


@dataclass(frozen=True, slots=True)
class _Expression:
    """`${name operator word}` taken apart; `end` is the index behind the closing brace."""

    name: str
    operator: str
    word: str
    end: int


def substitute(
    text: str,
    lookup: Lookup,
    missing: Callable[[str], None] = lambda name: None,
    nesting: int = 0,
) -> str:
    """The text with its variables replaced. Raises `TemplateError`. `missing` is told of variables without a value."""
    if "$" not in text:
        return text
    if nesting > _MAX_NESTING:
        raise TemplateError(f"has variables nested deeper than {_MAX_NESTING} levels")
    parts: list[str] = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        parts.append(text[position:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            position = dollar + 2
        elif following == "{":
            expression = _expression(text, dollar)
            parts.append(_evaluate(expression, lookup, missing, nesting))
            position = expression.end
        elif match := _NAME.match(text, dollar + 1):
            value = lookup(match.group())
            if value is None:
                missing(match.group())
            parts.append(value or "")
            position = match.end()
        else:
            parts.append("$")
            position = dollar + 1
    parts.append(text[position:])
    return "".join(parts)


def variables_in(text: str, nesting: int = 0) -> Iterator[Variable]:
    """All variables of a text, those in words included. What cannot be understood is passed over."""
    position = 0
    while nesting <= _MAX_NESTING and (dollar := text.find("$", position)) >= 0:
        position = dollar + 2
        if text.startswith("${", dollar):
            with suppress(TemplateError):
                found = _expression(text, dollar)
                position, kind, word = found.end, found.operator[-1:], found.word
                yield Variable(
                    found.name,
                    default=word if kind == "-" else "",
                    alternative=word if kind == "+" else "",
                    required=kind == "?",
                )
                yield from variables_in(word, nesting + 1)
        elif match := _NAME.match(text, dollar + 1):
            yield Variable(match.group())
            position = match.end()
        elif not text.startswith("$$", dollar):
            position = dollar + 1


def _expression(text: str, start: int) -> _Expression:
    depth = 0
    position = start
    while True:
        brace = _BRACE.search(text, position)
        if brace is None:
            raise TemplateError(f'has a variable without closing brace: "{_excerpt(text[start:])}"')
        position = brace.end()
        if brace.group() == "\n":
            raise TemplateError("has a line break inside of ${...}")
        depth += 1 if brace.group() == "${" else -1
        if depth == 0:
            break
    inner = text[start + 2 : position - 1]
    name = _NAME.match(inner)
    operator = _OPERATOR.match(inner, name.end()) if name else None
    if name is None or (operator is None and name.end() != len(inner)):
        raise TemplateError(f'has "{_excerpt(text[start:position])}", which is no variable that compose can replace')
    if operator is None:
        return _Expression(name.group(), "", "", position)
    return _Expression(name.group(), operator.group(), inner[operator.end() :], position)


def _evaluate(
    expression: _Expression,
    lookup: Lookup,
    missing: Callable[[str], None],
    nesting: int,
) -> str:
    name, operator, word = expression.name, expression.operator, expression.word
    kind = operator[-1:]
    value = lookup(name)
    # With a colon, an empty value counts as none.
    there = value is not None and not (operator.startswith(":") and value == "")
    if kind == "+":
        return substitute(word, lookup, missing, nesting + 1) if there else ""
    if there and value is not None:
        return value
    match kind:
        case "-":
            return substitute(word, lookup, missing, nesting + 1)
        case "?":
            reason = substitute(word, lookup, missing, nesting + 1)
            raise TemplateError(f"needs the variable {name}" + (f": {reason}" if reason else ", which has no value"))
    missing(name)
    return ""


def _excerpt(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


class Interpolator:
    """Replaces the variables in trees of nodes, and remembers which variables there were."""

    def __init__(self, environment: Mapping[str, str], problems: Problems) -> None:
        self.environment = environment
        self.variables: dict[str, Variable] = {}
        self._problems = problems

    def node(self, node: Node, path: Path = ()) -> Node:
        """The node with all variables in its strings replaced; the same node if there are none."""
        match node.value:
            case str() as text:
                return self._scalar(node, text, path) if "$" in text else node
            case dict() as mapping:
                done = {key: self.node(child, (*path, key)) for key, child in mapping.items()}
                return node if all(done[key] is child for key, child in mapping.items()) else node.with_value(done)
            case list() as items:
                new = [self.node(child, (*path, index)) for index, child in enumerate(items)]
                return node if all(a is b for a, b in zip(new, items, strict=True)) else node.with_value(new)
        return node

    def collect(self, node: Node) -> None:
        """Remember the variables in a tree, whether they are replaced or not."""
        match node.value:
            case str() as text if "$" in text:
                for variable in variables_in(text):
                    known = self.variables.get(variable.name)
                    if known is None or not known.says_more:
                        self.variables[variable.name] = variable
            case dict() as mapping:
                for child in mapping.values():
                    self.collect(child)
            case list() as items:
                for child in items:
                    self.collect(child)

    def text(self, node: Node, text: str, path: Path) -> str | None:
        """One string with its variables replaced; None if that cannot be done, which has been told."""

        def missing(name: str) -> None:
            self._problems.warn(node, f"the variable {name} is not set; it counts as empty")

        try:
            return substitute(text, self.environment.get, missing)
        except TemplateError as error:
            hint = "write $$ for a dollar sign" if str(error).startswith("has ") else ""
            self._problems.error(node, str(error), path=path, hint=hint)
            return None

    def _scalar(self, node: Node, text: str, path: Path) -> Node:
        done = self.text(node, text, path)
        return broken(node) if done is None else node.with_value(done)
