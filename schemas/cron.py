"""When a schedule comes due: cron expressions of five fields, in a time zone. Pure; times in and out are instants.

    minute  hour  day-of-month  month  day-of-week        30 2 * * MON-FRI   at 2:30 on working days

`@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly` stand for what they say.

What happens where clocks are put forward and back is Debian cron's rule. A time of day (neither minute nor hour begins
with a star) comes due once on every day that has it: at the end of the gap if the clock skips it, the first time if the
clock shows it twice. Whatever recurs through the hours follows real time. In Berlin, 2026:

    30 2 * * *     29 March: 03:00, as there is no 02:30      25 October: once, at the first 02:30
    */30 * * * *   29 March: 01:30, 03:00, 03:30              25 October: 02:00, 02:30, 02:00, 02:30, 03:00

Source: crontab(5) of Debian; "CronJob" of the Kubernetes documentation, for what is refused and in which words.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Final, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

__all__ = ["MANY", "BadSchedule", "BadTimeZone", "Due", "Schedule", "time_zone"]

MANY: Final = 100
"""So many missed times are counted; of more it is only said that they are more."""

_MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIELDS: Final = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day-of-month", "1 to 31"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day-of-week", "0 to 7, or SUN to SAT"),
)
_DAYS: Final = (2, 4)
_START: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_WINDOW: Final = timedelta(hours=1)


class BadSchedule(ValueError):
    """Not a cron expression; the message says which part is wrong and what it may be."""


class BadTimeZone(ValueError):
    """Not the name of a time zone; the message says what is."""


@dataclass(frozen=True, slots=True)
class Due:
    """The latest time that has come, and how many have come since the last look: `MANY` + 1 stands for more."""

    latest: datetime
    count: int


def time_zone(name: str | None) -> ZoneInfo:
    """The zone of an IANA name; UTC if there is none. Raises `BadTimeZone`."""
    if name is None:
        return ZoneInfo("UTC")
    if name and name.lower() != "local":
        with suppress(ValueError, KeyError, OSError):  # ill-formed; not found; a folder of zones, as Europe
            return ZoneInfo(name)
    raise BadTimeZone(f"unknown time zone {name!r}; it must be an IANA name, as Europe/Berlin or Etc/UTC")


@dataclass(frozen=True, slots=True)
class Schedule:
    """An expression that has been checked, in its time zone."""

    expression: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str | None = None) -> Self:
        """Read an expression. Raises `BadSchedule` or `BadTimeZone`."""
        return cls(_checked(text), time_zone(zone))

    def after(self, moment: datetime) -> Iterator[datetime]:
        """All times after the moment, in order; none for an expression that never comes due again."""
        last = moment.astimezone(UTC)
        times = CronSim(self.expression, last.astimezone(self.zone))
        for found in times:
            instant = found.astimezone(UTC)
            if instant > last:  # in an hour that comes twice, the library begins with its first time
                yield instant
                last = instant

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after the moment; None if there is none within fifty years."""
        return next(self.after(moment), None)

    def due(self, since: datetime, now: datetime) -> Due | None:
        """What has come due after `since`, `now` included."""
        found = list(islice(self._between(since, now), MANY + 1))
        if len(found) <= MANY:
            return Due(found[-1], len(found)) if found else None
        window = _FIRST_WINDOW
        while not (late := list(self._between(max(since, now - window), now))):
            window *= 2
        return Due(late[-1], MANY + 1)

    def explain(self) -> str:
        """The expression as a sentence: `At 02:30 every day`."""
        return CronSim(self.expression, _START).explain()

    def _between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        return takewhile(lambda moment: moment <= until, self.after(since))


def _checked(text: str) -> str:
    """The five fields. Raises `BadSchedule`."""
    written = text.strip()
    if "TZ=" in written:
        raise BadSchedule("cannot use TZ or CRON_TZ in the schedule; give the time zone beside it")
    if written.startswith("@"):
        if written.lower() in _MACROS:
            return _MACROS[written.lower()]
        more = "; for equal intervals write them in fields, as */5 * * * *" if written.startswith("@every") else ""
        raise BadSchedule(f"{written!r} is not one of {', '.join(_MACROS)}{more}")
    fields = ["*" if field == "?" and place in _DAYS else field for place, field in enumerate(written.split())]
    if len(fields) != len(_FIELDS):
        raise BadSchedule(
            f"a cron expression has five fields (minute, hour, day of the month, month, day of the week), "
            f"{written!r} has {len(fields)}"
        )
    for place, (field, (name, range_)) in enumerate(zip(fields, _FIELDS, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[place] = field
        if not _is_good(" ".join(alone)):
            raise BadSchedule(f"{field!r} is no {name}: {range_}, with * , - and /")
    expression = " ".join(fields)
    if not _is_good(expression):
        raise BadSchedule(f"{written!r} never comes due: no such month has such a day")
    return expression


def _is_good(expression: str) -> bool:
    try:
        CronSim(expression, _START)
    except (CronSimError, ValueError):  # ValueError: an empty side of a range
        return False
    return True
