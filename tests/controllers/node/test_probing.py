"""Probes in virtual time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.client.objects import Key
from fizz.controllers.node.probing import Course, Kind, Outcome, Run, Schedule
from fizz.schemas.probes import Probe

WEB = Key("shop", "web")
RUN = Run("c1", datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
AGAIN = Run("c1", datetime(2026, 1, 31, 9, 40, tzinfo=UTC))
GOOD, BAD = Outcome(True), Outcome(False, "refused")


def probe(**fields: object) -> Probe:
    return Probe.load({"tcpSocket": {"port": 80}, **fields})


class Patient:
    """One container whose probes go as the test says, and a clock."""

    def __init__(self, probes: dict[Kind, Probe], *, was_healthy: bool = False, run: Run = RUN) -> None:
        self.schedule, self.now, self.made = Schedule(), 0.0, list[tuple[float, Kind]]()
        self.schedule.follow(WEB, run, probes, self.now, was_healthy=was_healthy)

    def until(self, moment: float, outcome: Callable[[Kind], Outcome]) -> Iterator[float]:
        """Make all probes until then; gives the times at which somebody has to look."""
        while (due := self.schedule.next()) is not None and due <= moment:
            self.now = due
            for turn in self.schedule.due(due):
                self.made.append((due, turn.kind))
                if self.schedule.done(turn, outcome(turn.kind), due):
                    yield due
        self.now = moment

    def health(self, run: Run = RUN) -> str | None:
        return self.schedule.findings(WEB, run).health


@pytest.mark.parametrize(
    ("outcomes", "passed"),
    [
        pytest.param("ff", None, id="too few failures say nothing yet"),
        pytest.param("fff", False, id="three failures in a row"),
        pytest.param("ffsff", None, id="a success begins the count anew"),
        pytest.param("s", None, id="too few successes"),
        pytest.param("ss", True, id="two successes in a row"),
        pytest.param("ssff", True, id="it stays as it was until the threshold"),
        pytest.param("fffs", False, id="one success after a failure is not enough"),
        pytest.param("fffss", True, id="two are"),
    ],
)
def test_thresholds(outcomes: str, passed: bool | None) -> None:
    course = Course()
    for each in outcomes:
        course = course.after(probe(failureThreshold=3, successThreshold=2), GOOD if each == "s" else BAD)
    assert course.passed is passed


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5), st.integers(1, 5))
def test_what_holds_is_what_was_last_seen_often_enough_in_a_row(seen: list[bool], good: int, bad: int) -> None:
    course = Course()
    for each in seen:
        course = course.after(probe(failureThreshold=bad, successThreshold=good), GOOD if each else BAD)
    expected = None
    for end in range(len(seen)):
        tail = seen[: end + 1]
        if tail[-good:] == [True] * good:
            expected = True
        elif tail[-bad:] == [False] * bad:
            expected = False
    assert course.passed is expected


def test_probes_come_after_the_delay_and_then_once_a_period() -> None:
    patient = Patient({"readiness": probe(initialDelaySeconds=3, periodSeconds=5)})

    assert patient.health() == "starting"
    assert list(patient.until(20, lambda _: GOOD)) == [3]
    assert [moment for moment, _ in patient.made] == [3, 8, 13, 18]
    assert patient.health() == "healthy"


def test_a_readiness_probe_that_fails_is_no_reason_to_restart() -> None:
    patient = Patient({"readiness": probe(failureThreshold=3)})

    assert list(patient.until(40, lambda _: BAD)) == [20]
    found = patient.schedule.findings(WEB, RUN)
    assert (found.health, found.dead, found.message) == ("unhealthy", False, "its readiness probe fails: refused")


def test_a_liveness_probe_alone_begins_healthy_and_its_failure_is_death() -> None:
    patient = Patient({"liveness": probe(failureThreshold=2)})

    assert patient.health() == "healthy"
    assert list(patient.until(30, lambda _: BAD)) == [10]
    found = patient.schedule.findings(WEB, RUN)
    assert (found.health, found.dead) == ("unhealthy", True)


def test_the_others_wait_for_the_startup_probe() -> None:
    probes: dict[Kind, Probe] = {
        "startup": probe(periodSeconds=1, failureThreshold=30),
        "liveness": probe(initialDelaySeconds=2),
        "readiness": probe(initialDelaySeconds=20),
    }
    patient = Patient(probes)
    starts = iter([BAD] * 5 + [GOOD])

    looked = list(patient.until(30, lambda kind: next(starts) if kind == "startup" else GOOD))

    assert [each for each in patient.made if each[1] == "startup"] == [(each, "startup") for each in range(6)]
    assert patient.made[6] == (5, "liveness")  # its delay, which counts from the start, was over
    assert [each for each in patient.made if each[1] == "readiness"] == [(20, "readiness"), (30, "readiness")]
    assert looked == [20]
    assert patient.health() == "healthy"


def test_a_startup_probe_that_never_succeeds_is_death() -> None:
    patient = Patient({"startup": probe(periodSeconds=1, failureThreshold=4), "readiness": probe()})

    assert list(patient.until(9, lambda _: BAD)) == [3]
    assert patient.schedule.findings(WEB, RUN).dead


def test_another_run_begins_anew() -> None:
    patient = Patient({"liveness": probe(failureThreshold=1), "readiness": probe()})
    list(patient.until(1, lambda _: BAD))

    patient.schedule.follow(WEB, AGAIN, {"readiness": probe()}, 1, was_healthy=False)

    assert patient.health(RUN) is None
    assert patient.health(AGAIN) == "starting"
    assert list(patient.until(2, lambda _: GOOD)) == [1]


def test_what_was_healthy_when_the_agent_ended_stays_so_until_it_fails() -> None:
    probes: dict[Kind, Probe] = {"startup": probe(), "readiness": probe(initialDelaySeconds=60), "liveness": probe()}
    patient = Patient(probes, was_healthy=True)

    assert patient.health() == "healthy"
    assert list(patient.until(25, lambda kind: BAD if kind == "readiness" else GOOD)) == [20]
    assert "startup" not in {kind for _, kind in patient.made}


def test_the_same_again_changes_nothing_and_an_outcome_that_comes_too_late_is_dropped() -> None:
    patient = Patient({"readiness": probe()})
    (turn,) = patient.schedule.due(0)
    patient.schedule.follow(WEB, RUN, {"readiness": probe()}, 5, was_healthy=False)
    assert patient.schedule.next() is None, "the one that is under way is the only one"

    patient.schedule.forget(WEB)

    assert not patient.schedule.done(turn, GOOD, 6)
    assert patient.schedule.next() is None


def test_a_probe_that_could_not_be_made_comes_again_in_its_time() -> None:
    patient = Patient({"readiness": probe(periodSeconds=7)})
    (turn,) = patient.schedule.due(0)

    patient.schedule.put_off(turn, 1)

    assert patient.schedule.next() == 8
    assert patient.health() == "starting"


def test_a_thousand_containers_cost_one_turn_each_in_a_period() -> None:
    schedule = Schedule()
    probes: dict[Kind, Probe] = {"readiness": probe()}
    for index in range(1000):
        schedule.follow(Key("shop", f"web-{index}"), RUN, probes, index / 100, was_healthy=False)

    made, now = 0, 0.0
    while (due := schedule.next()) is not None and due < 20:
        now = due
        for turn in schedule.due(now):
            made += 1
            schedule.done(turn, GOOD, now)

    assert made == 2000


def test_defaults_are_those_of_kubernetes() -> None:
    made = Probe.load({"tcpSocket": {"port": 80}})
    times = (made.initial_delay_seconds, made.period_seconds, made.timeout_seconds)
    assert (*times, made.success_threshold, made.failure_threshold) == (0, 10, 1, 1, 3)
