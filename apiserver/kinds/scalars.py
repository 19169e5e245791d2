"""Checks of single values: texts and numbers against lengths, patterns, formats and bounds.

The words are those of Kubernetes' OpenAPI validation; `in body` is where it says that it looked.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, Path, invalid, render, too_long, type_invalid
from fizz.apiserver.kinds.formats import RANGES, TEXTS
from fizz.apiserver.kinds.nodes import Node, SchemaError
from fizz.apiserver.kinds.patterns import compile_pattern
from fizz.apiserver.kinds.values import show

__all__ = ["Check", "number_check", "sequence", "text_check", "whole_number_check"]

Check = Callable[[Any, Path, list[Cause]], None]
"""Checks a value, given its path, and adds what is wrong to the list."""

_EXACT: Final = 1e-9


def sequence(checks: Sequence[Check | None]) -> Check | None:
    """One check that makes all of these, in order; None if there is none."""
    some = [check for check in checks if check is not None]
    if len(some) < 2:
        return some[0] if some else None

    def check(value: Any, here: Path, causes: list[Cause]) -> None:
        for each in some:
            each(value, here, causes)

    return check


def text_check(node: Node) -> Check | None:
    """Length, pattern and format of a text."""
    return sequence([_length(node), _pattern(node), _format(node)])


def _length(node: Node) -> Check | None:
    least, most = node.min_length, node.max_length
    if least is None and most is None:
        return None

    def check(value: str, here: Path, causes: list[Cause]) -> None:
        length = len(value)
        if most is not None and length > most:
            causes.append(too_long(render(here), most))
        if least is not None and length < least:
            path = render(here)
            causes.append(invalid(path, value, f"{path} in body should be at least {least} chars long"))

    return check


def _pattern(node: Node) -> Check | None:
    pattern = node.pattern
    if not pattern:
        return None
    try:
        found = compile_pattern(pattern)
    except ValueError as problem:
        raise SchemaError(f"{node.where}.pattern".lstrip("."), f"{pattern!r}: {problem}") from problem

    def check(value: str, here: Path, causes: list[Cause]) -> None:
        if not found(value):
            path = render(here)
            causes.append(invalid(path, value, f"{path} in body should match '{pattern}'"))

    return check


def _format(node: Node) -> Check | None:
    name = node.format
    matches = TEXTS.get(name)
    if matches is None:
        return None

    def check(value: str, here: Path, causes: list[Cause]) -> None:
        if not matches(value):
            path = render(here)
            causes.append(type_invalid(path, value, f"{path} in body must be of type {name}: {show(value)}"))

    return check


def number_check(node: Node) -> Check | None:
    """Bounds, multiples and, for integers, the range of the format."""
    return sequence([_range(node), _bounds(node), _multiple(node)])


def whole_number_check(node: Node) -> Check:
    """For a field of type integer that holds a number with a fraction, as `3.0`: it must be a whole one."""
    further = number_check(node)

    def check(value: float, here: Path, causes: list[Cause]) -> None:
        if not value.is_integer():
            path = render(here)
            causes.append(type_invalid(path, "number", f'{path} in body must be of type integer: "number"'))
        elif further is not None:
            further(value, here, causes)

    return check


def _range(node: Node) -> Check | None:
    name = node.format
    if node.type != "integer" or name not in RANGES:
        return None
    least, most = RANGES[name]

    def check(value: float, here: Path, causes: list[Cause]) -> None:
        if not least <= value <= most:
            path = render(here)
            detail = f"Checked value must be of type integer with format {name} in {path}"
            causes.append(invalid(path, value, detail))

    return check


def _bounds(node: Node) -> Check | None:
    least, most, above, below = node.minimum, node.maximum, node.above, node.below
    if least is None and most is None:
        return None

    def check(value: float, here: Path, causes: list[Cause]) -> None:
        if most is not None and (value >= most if below else value > most):
            say = "should be less than" if below else "should be less than or equal to"
            causes.append(_beyond(value, here, say, most))
        if least is not None and (value <= least if above else value < least):
            say = "should be greater than" if above else "should be greater than or equal to"
            causes.append(_beyond(value, here, say, least))

    return check


def _beyond(value: float, here: Path, say: str, bound: float) -> Cause:
    path = render(here)
    return invalid(path, value, f"{path} in body {say} {show(bound)}")


def _multiple(node: Node) -> Check | None:
    factor = node.multiple_of
    if factor is None:
        return None

    def check(value: float, here: Path, causes: list[Cause]) -> None:
        if isinstance(value, int) and isinstance(factor, int):
            wrong = value % factor != 0
        else:
            times = value / factor
            wrong = abs(times - round(times)) > _EXACT * max(1.0, abs(times))
        if wrong:
            path = render(here)
            causes.append(invalid(path, value, f"{path} in body should be a multiple of {show(factor)}"))

    return check
