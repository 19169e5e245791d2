"""Durations as text and as nanoseconds, in Go's format, as Compose and Kubernetes write them.

`300ms`, `1m30s`, `1h`, `1.5s`, `-2s`. Units: ns, us (or µs), ms, s, m, h; Compose adds d (24 h) and w (7 d). A bare `0`
needs no unit.
"""

import re
from typing import Final

__all__ = ["format_duration", "parse_duration"]

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)")
_WHOLE: Final = re.compile(rf"[+-]?(?:{_PART.pattern})+")


def parse_duration(text: str) -> int:
    """The length in nanoseconds. Raises `ValueError` naming the text.

    >>> parse_duration("1m30s")
    90000000000
    """
    if text in {"0", "+0", "-0"}:
        return 0
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration; write it like 30s, 1m30s or 500ms")
    total = 0
    for match in _PART.finditer(text):
        number, unit = match.group(1), match.group(2)
        whole, _, fraction = number.partition(".")
        scale = _NANOSECONDS[unit]
        total += int(whole or 0) * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
    return -total if text.startswith("-") else total


def format_duration(nanoseconds: int) -> str:
    """The shortest form that Go would print: hours, minutes, seconds; below a second the largest whole unit.

    >>> format_duration(90_000_000_000)
    '1m30s'
    """
    if nanoseconds == 0:
        return "0s"
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < 1_000_000_000:
        for unit in ("ms", "us", "ns"):
            if left >= _NANOSECONDS[unit]:
                return f"{sign}{_decimal(left, _NANOSECONDS[unit])}{unit}"
    hours, left = divmod(left, _NANOSECONDS["h"])
    minutes, left = divmod(left, _NANOSECONDS["m"])
    seconds = _decimal(left, _NANOSECONDS["s"])
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}s"
    return f"{sign}{minutes}m{seconds}s" if minutes else f"{sign}{seconds}s"


def _decimal(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0") if rest else str(whole)
