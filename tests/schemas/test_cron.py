from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.schemas.cron import MANY, BadSchedule, BadTimeZone, Due, Schedule, time_zone


def local(schedule: Schedule, start: str, count: int) -> list[str]:
    """The next times as a clock on the wall shows them."""
    moment = datetime.fromisoformat(start).replace(tzinfo=schedule.zone)
    found = islice(schedule.after(moment.astimezone(UTC)), count)
    return [each.astimezone(schedule.zone).strftime("%m-%d %H:%M") for each in found]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        pytest.param("30 2 * * *", ["01-31 02:30", "02-01 02:30"], id="daily"),
        pytest.param("@daily", ["02-01 00:00", "02-02 00:00"], id="macro"),
        pytest.param("@HOURLY", ["01-31 02:00", "01-31 03:00"], id="macro in capitals"),
        pytest.param("*/20 * * * *", ["01-31 01:20", "01-31 01:40"], id="steps"),
        pytest.param("0 9 * * mon-fri", ["02-02 09:00", "02-03 09:00"], id="working days"),
        pytest.param("0 0 ? * 7", ["02-01 00:00", "02-08 00:00"], id="question mark and Sunday as 7"),
        pytest.param("0 0 1 * fri", ["02-01 00:00", "02-06 00:00"], id="a day of either sort"),
        pytest.param("0 0 29 2 *", ["02-29 00:00", "02-29 00:00"], id="leap days"),
        pytest.param("0 0 L * *", ["02-28 00:00", "03-31 00:00"], id="last day"),
    ],
)
def test_expressions_come_due_when_crontab_says(text: str, times: list[str]) -> None:
    assert local(Schedule.parse(text), "2026-01-31T01:10:00", 2) == times


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("61 * * * *", "'61' is no minute: 0 to 59"),
        ("* 24 * * *", "'24' is no hour"),
        ("* * 0 * *", "'0' is no day-of-month"),
        ("* * * XYZ *", "'XYZ' is no month: 1 to 12, or JAN to DEC"),
        ("* * * * 8", "'8' is no day-of-week"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("5-1 * * * *", "'5-1' is no minute"),
        ("* * * *", "has 4"),
        ("0 * * * * *", "has 6"),
        ("", "has 0"),
        ("0 0 30 2 *", "never comes due"),
        ("@every 5m", "for equal intervals write them in fields, as */5 * * * *"),
        ("@reboot", "'@reboot' is not one of @yearly"),
        ("TZ=UTC 0 0 * * *", "cannot use TZ or CRON_TZ"),
        ("CRON_TZ=UTC 0 0 * * *", "cannot use TZ or CRON_TZ"),
        ("٣ * * * *", "is no minute"),
    ],
    ids=str,
)
def test_what_is_no_expression_is_refused_with_the_part_that_is_wrong(text: str, says: str) -> None:
    with pytest.raises(BadSchedule, match=r".") as caught:
        Schedule.parse(text)

    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["Europe", "Foo/Bar", "", "Local", "../etc/passwd", "x" * 300, "\0", "zone.tab"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadTimeZone, match="unknown time zone"):
        time_zone(name)


@pytest.mark.parametrize(
    ("text", "start", "times"),
    [
        pytest.param(
            "30 2 * * *",
            "2026-03-28T12:00",
            ["03-29 03:00", "03-30 02:30"],
            id="a time that is skipped",
        ),
        pytest.param(
            "*/30 * * * *", "2026-03-29T01:10", ["03-29 01:30", "03-29 03:00", "03-29 03:30"], id="through the gap"
        ),
        pytest.param("30 2 * * *", "2026-10-24T12:00", ["10-25 02:30", "10-26 02:30"], id="a time that is twice, once"),
        pytest.param(
            "*/30 * * * *",
            "2026-10-25T01:40",
            ["10-25 02:00", "10-25 02:30", "10-25 02:00", "10-25 02:30", "10-25 03:00"],
            id="through both hours",
        ),
        pytest.param("0 3 * * *", "2026-03-28T12:00", ["03-29 03:00", "03-30 03:00"], id="right behind the gap"),
        pytest.param("0,30 2,3 * * *", "2026-03-28T12:00", ["03-29 03:00", "03-29 03:30"], id="no time comes twice"),
    ],
)
def test_clocks_that_are_put_forward_and_back_are_treated_as_by_debian_cron(
    text: str, start: str, times: list[str]
) -> None:
    assert local(Schedule.parse(text, "Europe/Berlin"), start, len(times)) == times


def test_in_the_second_of_two_equal_hours_the_first_is_over() -> None:
    schedule = Schedule.parse("30 2 * * *", "Europe/Berlin")
    second = datetime(2026, 10, 25, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)

    assert schedule.next_after(second) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_of_what_is_due_the_latest_is_told_and_how_many_there_are() -> None:
    hourly = Schedule.parse("@hourly")
    since = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)

    assert hourly.due(since, since + timedelta(minutes=29)) is None
    assert hourly.due(since, since + timedelta(minutes=30)) == Due(datetime(2026, 1, 31, 10, tzinfo=UTC), 1)
    assert hourly.due(since, since + timedelta(hours=5)) == Due(datetime(2026, 1, 31, 14, tzinfo=UTC), 5)


def test_of_very_many_only_the_latest_is_looked_for() -> None:
    since, now = datetime(2016, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, 9, 30, 30, tzinfo=UTC)

    assert Schedule.parse("* * * * *").due(since, now) == Due(now.replace(second=0), MANY + 1)
    assert Schedule.parse("0 12 1 * *").due(since, now) == Due(datetime(2026, 1, 1, 12, tzinfo=UTC), MANY + 1)


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Gaza"]
)
FIELDS = st.tuples(
    st.sampled_from(["*", "*/7", "0", "30", "15,45"]),
    st.sampled_from(["*", "*/5", "0", "2", "1-3"]),
    st.sampled_from(["*", "1", "*/10"]),
    st.sampled_from(["*", "3,10", "4"]),
    st.sampled_from(["*", "0", "5-7"]),
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(FIELDS, ZONES, st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)), st.integers(0, 30 * 24 * 60))
def test_times_only_go_forward_and_what_is_due_is_the_same_however_one_looks(
    text: str, zone: str, start: datetime, minutes: int
) -> None:
    schedule, since = Schedule.parse(text, zone), start.replace(tzinfo=UTC)
    now = since + timedelta(minutes=minutes)
    times = list(islice(schedule.after(since), 40))
    due = schedule.due(since, now)

    assert times == sorted(set(times))
    assert all(moment > since for moment in times)
    came = [moment for moment in times if moment <= now]
    if len(came) < len(times):
        assert due == (Due(came[-1], len(came)) if came else None)
    else:
        assert due is not None
        assert due.latest <= now < (schedule.next_after(due.latest) or now + timedelta(1))
