"""The harness of hack/bench: both sides in turns, medians, and a verdict."""

from pathlib import Path

import pytest
import yaml

from hack.bench_config import compose_file
from hack.bench_harness import Goal, Job, Result, Row, measure, report


def row(goal: Goal, told: list[str]) -> Row:
    def prepare(folder: Path) -> tuple[Job, Job]:
        assert folder.is_dir()
        return lambda: told.append("fizz"), lambda: told.append("peer")

    return Row("nothing", "does nothing", "the other", goal, prepare, rounds=2)


def test_both_take_turns_and_the_first_round_does_not_count() -> None:
    told: list[str] = []
    result = measure(row(Goal(), told))
    assert told == ["fizz", "peer"] * 3
    assert (len(result.fizz), len(result.peer)) == (2, 2)
    assert len(measure(row(Goal(), []), 5).fizz) == 5


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal(), True),
        (Goal(seconds=2.0), True),
        (Goal(seconds=1.9), False),
        (Goal(ratio=0.5), True),
        (Goal(seconds=2.0, ratio=0.4), False),
    ],
)
def test_a_goal_is_met_by_the_medians(goal: Goal, met: bool) -> None:
    assert Result(row(goal, []), [2.0, 1.0, 9.0], [4.0, 1.0, 5.0]).met is met


def test_the_report_tells_times_ratio_and_verdict() -> None:
    result = Result(row(Goal(seconds=1.0), []), [2.0, 1.0, 9.0], [4.0, 1.0, 5.0])
    assert report([result]).splitlines()[2] == (
        "| nothing | 2.000 s (1.000-9.000) | 4.000 s (1.000-5.000) the other | 0.50 x | 1.0 s at most | MISSED |"
    )


def test_the_files_are_real_compose_files() -> None:
    document = yaml.safe_load(compose_file(3))
    assert list(document["services"]) == ["app0", "app1", "app2"]
    assert document["services"]["app2"]["depends_on"] == ["app1"]
