"""allOf, anyOf, oneOf and not: checks made of rules.

Where no alternative holds, what is wrong by the nearest one is told too.
"""

from collections.abc import Sequence
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, Path, invalid, render
from fizz.apiserver.kinds.rule import Rule
from fizz.apiserver.kinds.scalars import Check

__all__ = ["all_of", "any_of", "negated", "one_of"]

_ALL: Final = "must validate all the schemas (allOf)"
_ANY: Final = "must validate at least one schema (anyOf)"
_ONE: Final = "must validate one and only one schema (oneOf)"
_NOT: Final = "must not validate the schema (not)"


def _fewest(failures: list[list[Cause]]) -> list[Cause]:
    """What is wrong by the alternative that comes nearest: most probably that is the one that was meant."""
    return min(failures, key=lambda causes: len(causes))


def _composite(here: Path, say: str) -> Cause:
    path = render(here)
    return invalid(path, "", f'"{path}" {say}')


def all_of(rules: Sequence[Rule]) -> Check | None:
    """All rules must hold; None without rules."""

    def check(value: Any, here: Path, causes: list[Cause]) -> None:
        failures = [found for rule in rules if (found := rule.causes(value, here))]
        if failures:
            causes.append(_composite(here, _ALL + (". None validated" if len(failures) == len(rules) else "")))
            causes.extend(cause for found in failures for cause in found)

    return check if rules else None


def any_of(rules: Sequence[Rule]) -> Check | None:
    """At least one rule must hold; None without rules."""

    def check(value: Any, here: Path, causes: list[Cause]) -> None:
        failures = [rule.causes(value, here) for rule in rules]
        if all(failures):
            causes.append(_composite(here, _ANY))
            causes.extend(_fewest(failures))

    return check if rules else None


def one_of(rules: Sequence[Rule]) -> Check | None:
    """Exactly one rule must hold; None without rules."""

    def check(value: Any, here: Path, causes: list[Cause]) -> None:
        failures = [rule.causes(value, here) for rule in rules]
        valid = failures.count([])
        if valid == 0:
            causes.append(_composite(here, f"{_ONE}. Found none valid"))
            causes.extend(_fewest(failures))
        elif valid > 1:
            causes.append(_composite(here, f"{_ONE}. Found {valid} valid alternatives"))

    return check if rules else None


def negated(rule: Rule) -> Check:
    """The rule must fail."""

    def check(value: Any, here: Path, causes: list[Cause]) -> None:
        if not rule.causes(value, here):
            causes.append(_composite(here, _NOT))

    return check
