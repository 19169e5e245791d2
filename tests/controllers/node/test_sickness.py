from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.controllers.node.engine import EngineContainer
from fizz.controllers.node.sickness import HEALTHY, Record, restarts_unhealthy, verdict
from fizz.schemas.container import ContainerSpec

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
ALWAYS = ContainerSpec.load({"image": "x", "restartPolicy": {"name": "always"}})


def sick(**changes: Any) -> EngineContainer:
    found: dict[str, Any] = {"id": "c1", "name": "web", "image_id": "i", "labels": {}, "state": "running"}
    return EngineContainer(**{**found, "health": "unhealthy", **changes})


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, False, id="no policy"),
        pytest.param({"restartPolicy": {"name": "no"}}, False, id="the policy no"),
        pytest.param({"restartPolicy": {"name": "on-failure"}}, True, id="a policy that restarts"),
        pytest.param({"restartUnhealthy": True}, True, id="asked for"),
        pytest.param({"restartPolicy": {"name": "always"}, "restartUnhealthy": False}, False, id="not wanted"),
    ],
)
def test_who_is_restarted_when_it_crashes_is_when_it_is_unhealthy_unless_it_says_otherwise(
    spec: dict[str, Any], expected: bool
) -> None:
    assert restarts_unhealthy(ContainerSpec.load({"image": "x", **spec})) is expected


@pytest.mark.parametrize("changes", [{"health": "healthy"}, {"health": "starting"}, {"state": "paused"}])
def test_only_what_runs_and_is_unhealthy_is_restarted(changes: dict[str, Any]) -> None:
    assert verdict(ALWAYS, sick(**changes), HEALTHY, NOW) is None


def test_the_pauses_double_up_to_five_minutes() -> None:
    record, now, pauses = HEALTHY, NOW, []
    for _ in range(8):
        made = verdict(ALWAYS, sick(), record, now)
        assert made is not None
        pauses.append(made.wait.total_seconds())
        record, now = Record(made.record.restarts, made.at), made.at

    assert pauses == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_stable_time_begins_the_count_anew() -> None:
    record = Record(5, NOW)

    soon = verdict(ALWAYS, sick(), record, NOW + timedelta(minutes=5))
    late = verdict(ALWAYS, sick(), record, NOW + timedelta(minutes=13))

    assert soon is not None
    assert late is not None
    assert (soon.record.restarts, late.record.restarts) == (6, 1)


def test_a_clock_that_was_set_back_makes_nobody_wait_longer() -> None:
    made = verdict(ALWAYS, sick(), Record(2, NOW), NOW - timedelta(days=365))

    assert made is not None
    assert made.wait == timedelta(seconds=20)


def test_a_clock_that_was_set_forward_begins_the_count_anew() -> None:
    made = verdict(ALWAYS, sick(), Record(7, NOW), NOW + timedelta(days=365))

    assert made is not None
    assert (made.is_due, made.record.restarts) == (True, 1)


def test_the_wait_is_said_in_words() -> None:
    made = verdict(ALWAYS, sick(), Record(2, NOW), NOW)

    assert str(made) == "its health check fails; it was restarted 2 times and is again at 09:30:20 UTC"


@given(restarts=st.integers(0, 1000), seconds=st.integers(0, 5000))
def test_nobody_waits_longer_than_five_minutes_and_nobody_is_restarted_too_early(restarts: int, seconds: int) -> None:
    record = Record(restarts, NOW if restarts else None)
    now = NOW + timedelta(seconds=seconds)

    made = verdict(ALWAYS, sick(), record, now)

    assert made is not None
    assert timedelta() <= made.wait <= timedelta(minutes=5)
    assert made.at >= now or made.is_due
