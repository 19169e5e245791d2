"""Conditions as values: set one in a list without moving the time of those that did not change."""

from datetime import datetime
from typing import Literal

from fizz.schemas.meta import Condition

__all__ = ["find", "is_true", "set_condition"]


def find(conditions: list[Condition] | None, kind: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((condition for condition in conditions or [] if condition.type == kind), None)


def is_true(conditions: list[Condition] | None, kind: str) -> bool:
    """Whether the condition of that type is there and True."""
    condition = find(conditions, kind)
    return condition is not None and condition.status == "True"


def set_condition(
    conditions: list[Condition] | None,
    kind: str,
    status: Literal["True", "False", "Unknown"],
    *,
    now: datetime,
    reason: str,
    message: str = "",
    generation: int | None = None,
) -> list[Condition]:
    """A new list with the condition set; `lastTransitionTime` moves only if the status does."""
    old = find(conditions, kind)
    moved = old is None or old.status != status
    new = Condition(
        type=kind,
        status=status,
        observed_generation=generation,
        last_transition_time=now if moved or old is None else old.last_transition_time,
        reason=reason,
        message=message,
    )
    others = list(conditions or [])
    if old is None:
        return [*others, new]
    return [new if condition is old else condition for condition in others]
