"""Label and field selectors: parse their text once, match many objects.

    >>> parse_labels("tier in (web, api), !legacy").matches({"tier": "web"})
    True

Source: "Labels and Selectors" and "Field Selectors" of the Kubernetes documentation. Field selectors know `=`, `==`
and `!=`; a backslash escapes `\\`, `,` and `=` in their values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fizz.schemas.names import check_label_key, check_label_value
from fizz.schemas.types import JSON

__all__ = [
    "FieldSelector",
    "LabelSelector",
    "Operator",
    "Requirement",
    "load_labels",
    "parse_fields",
    "parse_labels",
]


class Operator(StrEnum):
    """What a requirement asks of a label."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    NOT_EXISTS = "!"
    GREATER = ">"
    LESS = "<"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. `values` is empty for exists and not exists, one integer for `>` and `<`."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.NOT_EXISTS:
                return value is None
            case Operator.GREATER | Operator.LESS:
                if value is None or not _INTEGER.fullmatch(value):
                    return False
                (bound,) = self.values
                return int(value) > int(bound) if self.operator is Operator.GREATER else int(value) < int(bound)


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements must hold; no requirement matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        return all(requirement.matches(labels or {}) for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """`terms` are (path, value, equal); all must hold. An absent field is the empty text."""

    terms: tuple[tuple[str, str, bool], ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        return all((fields.get(path, "") == value) is equal for path, value, equal in self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(path for path, _, _ in self.terms)

    def exact(self, path: str) -> str | None:
        """The value that the selector pins `path` to, or None if it does not."""
        return next((value for term, value, equal in self.terms if term == path and equal), None)


_INTEGER: Final = re.compile(r"[+-]?\d+")
_TOKEN: Final = re.compile(r"\s*(==|!=|=|!|>|<|\(|\)|,|[^\s=!<>(),]+)")


def parse_labels(text: str) -> LabelSelector:
    """Read a label selector. Raises `ValueError` saying what stands in the wrong place."""
    tokens = _tokens(text)
    requirements: list[Requirement] = []
    while tokens:
        requirements.append(_requirement(tokens))
        if tokens:
            if tokens.pop(0) != ",":
                raise ValueError(f"unable to parse requirement: expected ',' between requirements in {text!r}")
            if not tokens:
                raise ValueError(f"unable to parse requirement: {text!r} ends with ','")
    return LabelSelector(tuple(requirements))


_WRITTEN: Final = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.NOT_EXISTS,
}


def load_labels(selector: JSON) -> LabelSelector:
    """Read a label selector from its structured form, `matchLabels` and `matchExpressions`. Raises `ValueError` naming
    the field that is wrong, as `matchExpressions[0].operator: ...`.
    """
    requirements: list[Requirement] = []
    for key, value in (selector.get("matchLabels") or {}).items():
        if problem := check_label_key(key) or check_label_value(value):
            raise ValueError(f"matchLabels: {problem}")
        requirements.append(Requirement(key, Operator.IN, frozenset({value})))
    for index, entry in enumerate(selector.get("matchExpressions") or ()):
        place = f"matchExpressions[{index}]"
        operator, values = _WRITTEN.get(entry["operator"]), entry.get("values") or []
        if operator is None:
            raise ValueError(f"{place}.operator: not a valid selector operator")
        if bool(values) is not (operator in {Operator.IN, Operator.NOT_IN}):
            said = "may not be specified" if values else "must be specified"
            raise ValueError(f"{place}.values: {said} when `operator` is '{entry['operator']}'")
        if problem := next(filter(None, (check_label_key(entry["key"]), *map(check_label_value, values))), None):
            raise ValueError(f"{place}: {problem}")
        requirements.append(Requirement(entry["key"], operator, frozenset(values)))
    return LabelSelector(tuple(requirements))


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if not match:
            raise ValueError(f"unable to parse requirement: unexpected {stripped[position]!r} in {text!r}")
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def _requirement(tokens: list[str]) -> Requirement:
    if tokens[0] == "!":
        tokens.pop(0)
        return Requirement(_key(tokens), Operator.NOT_EXISTS)
    key = _key(tokens)
    if not tokens or tokens[0] == ",":
        return Requirement(key, Operator.EXISTS)
    match operator := tokens.pop(0):
        case "=" | "==":
            return Requirement(key, Operator.IN, frozenset({_value(tokens)}))
        case "!=":
            return Requirement(key, Operator.NOT_IN, frozenset({_value(tokens)}))
        case ">" | "<":
            bound = _value(tokens)
            if not _INTEGER.fullmatch(bound):
                raise ValueError(
                    f"unable to parse requirement: for {operator!r} the value must be an integer, not {bound!r}"
                )
            return Requirement(key, Operator(operator), frozenset({bound}))
        case "in" | "notin":
            return Requirement(key, Operator(operator), _values(tokens))
    raise ValueError(f"unable to parse requirement: found {operator!r}, expected: in, notin, =, ==, !=, >, <")


def _key(tokens: list[str]) -> str:
    key = tokens.pop(0) if tokens else ""
    if problem := check_label_key(key):
        raise ValueError(f"unable to parse requirement: invalid label key {key!r}: {problem}")
    return key


def _value(tokens: list[str]) -> str:
    value = "" if not tokens or tokens[0] == "," else tokens.pop(0)
    if problem := check_label_value(value):
        raise ValueError(f"unable to parse requirement: invalid label value {value!r}: {problem}")
    return value


def _values(tokens: list[str]) -> frozenset[str]:
    if not tokens or tokens.pop(0) != "(":
        raise ValueError("unable to parse requirement: expected '(' after in or notin")
    if tokens and tokens[0] == ")":
        raise ValueError("unable to parse requirement: for 'in', 'notin' operators, values set can't be empty")
    values: set[str] = set()
    while True:
        value = "" if tokens and tokens[0] in {",", ")"} else (tokens.pop(0) if tokens else "")
        if problem := check_label_value(value):
            raise ValueError(f"unable to parse requirement: invalid label value {value!r}: {problem}")
        values.add(value)
        match tokens.pop(0) if tokens else "":
            case ",":
                continue
            case ")":
                return frozenset(values)
            case other:
                raise ValueError(f"unable to parse requirement: expected ',' or ')', found {other!r}")


def parse_fields(text: str) -> FieldSelector:
    """Read a field selector. Raises `ValueError` naming the term that is none."""
    terms: list[tuple[str, str, bool]] = []
    for term in re.split(r"(?<!\\),", text):
        if not term.strip():
            continue
        match = re.fullmatch(r"\s*([^=!\s]+)\s*(==|!=|=)((?:[^\\=,]|\\[\\,=])*)", term)
        if not match:
            raise ValueError(f"invalid selector: '{text}'; can't understand '{term}': write path=value or path!=value")
        path, operator, value = match.groups()
        terms.append((path, re.sub(r"\\([\\,=])", r"\1", value), operator != "!="))
    return FieldSelector(tuple(terms))
