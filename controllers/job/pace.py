"""When a Job's containers are tried again, and when its time is over. Pure: formulas over times.

A clock that is set back makes nobody wait longer than a whole delay; one that is set forward makes delays and deadlines
come earlier, as there is no telling it from time that has passed.
"""

from datetime import datetime, timedelta
from typing import Final

from fizz.schemas.durations import parse_duration
from fizz.schemas.jobs import JobSpec

__all__ = ["retry_delay", "until"]

_FIRST_DELAY: Final = timedelta(seconds=10)
_LONGEST_DELAY: Final = timedelta(minutes=6)


def retry_delay(spec: JobSpec, failures: int) -> timedelta:
    """How long after its last failure what has failed so often is tried again.

    Ten seconds, twenty, forty ... up to six minutes; Kubernetes' figures. A first delay that is longer stays as it is.
    """
    first = _FIRST_DELAY
    if spec.retry_delay is not None:
        first = timedelta(microseconds=parse_duration(spec.retry_delay) / 1000)
    return min(first * 2.0 ** min(failures - 1, 32), max(_LONGEST_DELAY, first)) if failures else timedelta()


def until(start: datetime | None, length: timedelta, now: datetime) -> timedelta:
    """What is left of a length of time that began at `start`; nothing if that is not known."""
    if start is None:
        return timedelta()
    return min(max(start + length - now, timedelta()), length)
