"""The formats that schemas can ask of texts and numbers. A format that is not in here is not checked, as in Kubernetes.

Source: "Validation" in the Kubernetes documentation of CustomResourceDefinitions, and what its checks let through.
"""

import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Final

from fizz.schemas.durations import parse_duration

__all__ = ["RANGES", "TEXTS"]

_TIME: Final = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(z|[+-]\d\d:\d\d)", re.ASCII)
_LONG_DURATION: Final = re.compile(
    r"\s*(\d+\s*(ns|nano|us|µs|micro|ms|milli|s|sec|second|m|min|minute|h|hr|hour|d|day|w|week|wk)s?\s*)+",
    re.ASCII,
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")
_EMAIL: Final = re.compile(r"(?:[^<>]*<)?[^\s@<>\"]+@[^\s@<>\"]+>?")
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_URI: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:\S+|/\S*)")
_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}(?:(?:\1[0-9A-Fa-f]{2}){2})?")


def is_date(text: str) -> bool:
    """`2026-01-31`"""
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False


def is_date_time(text: str) -> bool:
    """RFC 3339: `2026-01-31T09:30:00Z`, with any fraction and offset."""
    day, separator, time = text.lower().partition("t")
    match = _TIME.fullmatch(time) if separator and is_date(day) else None
    return match is not None and match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


def is_duration(text: str) -> bool:
    """Go's durations, and numbers with units in words: `1h30m`, `2 days`."""
    try:
        parse_duration(text)
    except ValueError:
        return _LONG_DURATION.fullmatch(text) is not None
    return True


def is_base64(text: str) -> bool:
    """Base64 with the standard alphabet and padding."""
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return True


def is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def is_ipv6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False


def is_cidr(text: str) -> bool:
    """An address of either family and the length of its prefix; bits behind the prefix may be set."""
    _, slash, length = text.partition("/")
    try:
        return bool(slash) and length.isascii() and length.isdecimal() and bool(ipaddress.ip_interface(text))
    except ValueError:
        return False


def is_hostname(text: str) -> bool:
    """RFC 1123, with or without a last dot."""
    return 0 < len(text) <= 255 and all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


TEXTS: Final[dict[str, Callable[[str], bool]]] = {
    "byte": is_base64,
    "cidr": is_cidr,
    "date": is_date,
    "date-time": is_date_time,
    "datetime": is_date_time,
    "duration": is_duration,
    "email": _matches(_EMAIL),
    "hostname": is_hostname,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "mac": _matches(_MAC),
    "uri": _matches(_URI),
    "uuid": _matches(_UUID),
}
"""Whether a text is of a format."""

RANGES: Final[dict[str, tuple[int, int]]] = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
"""The smallest and the largest integer of a format."""
