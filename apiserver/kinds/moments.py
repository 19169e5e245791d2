"""Times as built-in kinds store them: in UTC with `Z`, whole seconds or microseconds, however they were sent."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from fizz.schemas import times
from fizz.schemas.base import JSON

__all__ = ["micro", "normalised", "seconds"]


def seconds(text: str) -> str:
    """`2026-01-31T10:30:00.5+01:00` becomes `2026-01-31T09:30:00Z`."""
    return _written(text, times.format_seconds)


def micro(text: str) -> str:
    """`2026-01-31T10:30:00.5+01:00` becomes `2026-01-31T09:30:00.500000Z`."""
    return _written(text, times.format_micro)


def _written(text: str, form: Callable[[datetime], str]) -> str:
    try:
        return form(times.parse(text.upper()))
    except (ValueError, OverflowError):  # right by its format, but no moment: an offset of 99 hours
        return text


def normalised(part: JSON, fields: Iterable[tuple[str, Callable[[str], str]]]) -> JSON:
    """The part with these of its fields, where they are there, written so; the same part if they are already."""
    changed: dict[str, Any] = {}
    for name, write in fields:
        value = part.get(name)
        if value is not None and (written := write(value)) != value:
            changed[name] = written
    return {**part, **changed} if changed else part
