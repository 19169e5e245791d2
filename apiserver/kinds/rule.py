"""A `Rule`: the checks that the values at one place of a schema need, by the class of the value.

A check of None means that a value of the class is right as it is. A class that is not in the table is of the wrong
type. So a plain field costs one look-up:

    {str: None}                       {"type": "string"}
    {str: pattern check}              {"type": "string", "pattern": "^[a-z]+$"}
    {int: None, float: whole?}        {"type": "integer"}
    {int: None, str: None}            {"x-kubernetes-int-or-string": true}
    {dict: check of the properties}   {"type": "object", "properties": ...}
"""

from typing import Any

from fizz.apiserver.kinds.causes import Cause, Path, render, type_invalid
from fizz.apiserver.kinds.scalars import Check, sequence
from fizz.apiserver.kinds.values import TYPES

__all__ = ["Rule"]


class Rule(dict[type, Check | None]):
    """What to check of a value, by its class."""

    def __init__(self, expected: str) -> None:
        super().__init__()
        self._expected = expected
        self._further: Check | None = None

    def __missing__(self, kind: type) -> Check:
        return self._refuse

    def _refuse(self, value: Any, here: Path, causes: list[Cause]) -> None:
        found, path = TYPES[value.__class__], render(here)
        causes.append(type_invalid(path, found, f'{path} in body must be of type {self._expected}: "{found}"'))
        if self._further:
            self._further(value, here, causes)

    def always(self, check: Check) -> None:
        """Make this check of every value, even of one that is of the wrong type."""
        self._further = check
        self.further(check)

    def further(self, check: Check) -> None:
        """Make this check, too, of values of the right type."""
        for kind, present in self.items():
            self[kind] = sequence([present, check])

    def causes(self, value: Any, here: Path) -> list[Cause]:
        """What is wrong with a value."""
        causes: list[Cause] = []
        if check := self[value.__class__]:
            check(value, here, causes)
        return causes
