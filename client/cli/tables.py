"""Tables as text, and the few words that they are made of. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

__all__ = ["age", "cell", "table"]


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns as wide as they must be, three spaces apart, no lines; the last column is not padded."""
    lines = [[*map(cell, header)], *([*map(cell, row)] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    return "\n".join(
        "   ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None or value == "":
        return "<none>"
    return "<none>" if value == [] else str(value)


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that says enough: 45s, 12m, 5h, 3d."""
    if moment is None:
        return "<unknown>"
    seconds = max(0, int((now.astimezone(UTC) - moment).total_seconds()))
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "m"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86_400}d"
