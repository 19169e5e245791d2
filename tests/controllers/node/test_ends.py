"""Who ended a container."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fizz.controllers.node.ends import Ends, looks_stopped
from fizz.controllers.node.engine import EngineContainer, EngineEvent
from fizz.schemas.container import ContainerStatus

START = datetime(2026, 1, 1, tzinfo=UTC)
RAN = EngineContainer("c", "web", {}, "running", started_at=START)
ENDED = replace(RAN, state="exited", finished_at=START + timedelta(minutes=1))
RUNNING = ContainerStatus(phase="Running", container_id="c")


def happened(*events: tuple[str, int, float], known: EngineContainer | None = RAN) -> Ends:
    """`Ends` after events: action, signal, second."""
    ends = Ends()
    for action, number, second in events:
        ends.take(EngineEvent("container", action, "c", START + timedelta(seconds=second), signal=number), known)
    return ends


SEEN: list[tuple[str, list[tuple[str, int, float]], bool]] = [
    ("by itself", [("die", 0, 1)], False),
    ("docker stop", [("kill", 15, 1), ("die", 0, 2), ("stop", 0, 2)], True),
    ("docker stop, before the last event", [("kill", 15, 1), ("die", 0, 2)], True),
    ("docker kill", [("kill", 9, 1), ("die", 0, 1)], True),
    ("a signal that does not end", [("kill", 1, 1), ("die", 0, 2)], False),
    ("asked long before", [("kill", 15, 1), ("die", 0, 3600)], False),
    ("stopped with patience", [("kill", 15, 1), ("die", 0, 600), ("stop", 0, 600)], True),
    ("stopped with patience, by a newer engine", [("kill", 15, 1), ("stop", 0, 600), ("die", 0, 600)], True),
    ("restarted since", [("kill", 15, 1), ("die", 0, 2), ("stop", 0, 2), ("start", 0, 3), ("die", 0, 4)], False),
]


@pytest.mark.parametrize(("events", "outside"), [row[1:] for row in SEEN], ids=[row[0] for row in SEEN])
def test_what_was_seen_decides(events: list[tuple[str, int, float]], outside: bool) -> None:
    assert happened(*events).from_outside(replace(ENDED, exit_code=0), RUNNING) is outside


def test_the_containers_own_stop_signal_counts() -> None:
    winch = replace(RAN, stop_signal="SIGWINCH")

    assert happened(("kill", 28, 1), ("die", 0, 2), known=winch).from_outside(ENDED, RUNNING)
    assert not happened(("kill", 28, 1), ("die", 0, 2)).from_outside(ENDED, RUNNING)


def test_a_container_that_is_not_known_yet_is_judged_all_the_same() -> None:
    assert happened(("kill", 15, 1), ("die", 0, 2), known=None).from_outside(ENDED, RUNNING)


def test_what_ran_when_the_engine_was_lost_was_ended_by_that() -> None:
    ends = Ends()
    ends.lost(["c", "other"])
    ends.back([ENDED, replace(RAN, id="other")])

    assert ends.from_outside(ENDED, RUNNING)
    assert not ends.from_outside(replace(ENDED, id="later"), RUNNING)


def test_what_ended_by_itself_before_the_engine_was_lost_stays_so() -> None:
    ends = happened(("die", 0, 1))
    ends.lost(["c"])
    ends.back([ENDED])

    assert not ends.from_outside(ENDED, RUNNING)


UNSEEN: list[tuple[str, EngineContainer, bool]] = [
    ("done", ENDED, False),
    ("failed", replace(ENDED, exit_code=1), False),
    ("terminated", replace(ENDED, exit_code=143), True),
    ("killed", replace(ENDED, exit_code=137), True),
    ("killed for want of memory", replace(ENDED, exit_code=137, oom_killed=True), False),
    ("lost by the engine", replace(ENDED, exit_code=255), True),
    ("by its own stop signal", replace(ENDED, exit_code=131, stop_signal="SIGQUIT"), True),
    ("by another signal", replace(ENDED, exit_code=131), False),
    ("a signal without a name", replace(ENDED, exit_code=143, stop_signal="77"), True),
]


@pytest.mark.parametrize(("container", "outside"), [row[1:] for row in UNSEEN], ids=[row[0] for row in UNSEEN])
def test_what_nobody_saw_is_told_from_the_exit_code(container: EngineContainer, outside: bool) -> None:
    assert looks_stopped(container) is outside
    assert Ends().from_outside(container, RUNNING) is outside


def test_what_ran_before_the_host_booted_was_ended_by_that() -> None:
    assert Ends(START + timedelta(hours=1)).from_outside(ENDED, RUNNING)
    assert not Ends(START - timedelta(hours=1)).from_outside(ENDED, RUNNING)


def test_an_end_that_an_earlier_life_of_the_agent_recorded_is_not_judged_again() -> None:
    killed = replace(ENDED, exit_code=137)

    assert not Ends().from_outside(killed, ContainerStatus(phase="Failed", container_id="c"))
    assert Ends().from_outside(killed, ContainerStatus(phase="Failed", container_id="earlier"))
    assert Ends().from_outside(killed, None)
