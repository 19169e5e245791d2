"""RFC 3339 times with nanoseconds, which Python's datetime cannot hold: what the engine writes before log lines."""

from datetime import datetime

from fizz.schemas import times

__all__ = ["just_after", "to_unix"]


def _split(text: str) -> tuple[int, int]:
    """Whole seconds since 1970, and nanoseconds."""
    moment = times.parse(text)
    fraction = text.partition(".")[2]
    digits = fraction[: len(fraction) - len(fraction.lstrip("0123456789"))]
    return int(moment.replace(microsecond=0).timestamp()), int(digits[:9].ljust(9, "0") or 0)


def to_unix(text: str) -> str:
    """As the engine wants times in queries.

    >>> to_unix("1970-01-01T00:01:00.5Z")
    '60.500000000'
    """
    seconds, nanoseconds = _split(text)
    return f"{seconds}.{nanoseconds:09d}"


def just_after(text: str) -> str:
    """The next nanosecond.

    >>> just_after("1970-01-01T00:00:59.999999999Z")
    '1970-01-01T00:01:00.000000000Z'
    """
    seconds, nanoseconds = _split(text)
    seconds, nanoseconds = divmod(seconds * 1_000_000_000 + nanoseconds + 1, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, tz=times.parse(text).tzinfo)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"
