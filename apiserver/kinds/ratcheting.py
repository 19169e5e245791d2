"""Which breaches of a schema are new: what was wrong already, in a part that nobody touched, is let through.

A schema that became stricter must not lock the objects that are there. A breach is old if the value that it speaks of
is what it was: the value at its path, or, for what is missing, the object that misses it.

Source: KEP-4008, "CRD Validation Ratcheting".
"""

import re
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, Reason
from fizz.apiserver.kinds.values import equal
from fizz.schemas.base import JSON

__all__ = ["fresh"]

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_NOWHERE: Final[Any] = object()


def fresh(causes: list[Cause], old: JSON, new: JSON) -> list[Cause]:
    """The causes that are not excused by the object as it was."""
    return [cause for cause in causes if not _untouched(cause, old, new)]


def _untouched(cause: Cause, old: JSON, new: JSON) -> bool:
    steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(cause.field)]
    if cause.reason in (Reason.REQUIRED, Reason.DUPLICATE):
        steps = steps[:-1]
    if not steps:
        return False
    before: Any = old
    after: Any = new
    for step in steps:
        after = _down(after, step)
        before = _alike(before, step, after)
    return after is not _NOWHERE and before is not _NOWHERE and equal(before, after)


def _down(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else _NOWHERE
    return value.get(step, _NOWHERE) if isinstance(value, dict) else _NOWHERE


def _alike(value: Any, step: str | int, wanted: Any) -> Any:
    """The same place in the old value; of a list, an equal item wherever it stood."""
    if isinstance(step, int) and isinstance(value, list) and wanted is not _NOWHERE:
        for item in value:
            if equal(item, wanted):
                return item
    return _down(value, step)
