"""The harness of hack/bench: both sides in turns, medians, and a verdict."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from hack.bench_apps import app_file
from hack.bench_config import compose_file
from hack.bench_harness import Goal, Jobs, Result, Row, measure, report


def row(goal: Goal, told: list[str]) -> Row:
    @contextmanager
    def prepare(folder: Path) -> Iterator[Jobs]:
        assert folder.is_dir()
        yield lambda: told.append("fizz"), lambda: told.append("peer")
        told.append("end")

    return Row("nothing", "does nothing", "the other", goal, prepare, rounds=2)


def test_both_take_turns_and_the_first_round_does_not_count() -> None:
    told: list[str] = []
    result = measure(row(Goal(), told))
    assert told == [*["fizz", "peer"] * 3, "end"]
    assert (len(result.fizz), len(result.peer)) == (2, 2)
    assert len(measure(row(Goal(), []), 5).fizz) == 5


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal(), True),
        (Goal(most=2.0), True),
        (Goal(most=1.9), False),
        (Goal(ratio=0.5), True),
        (Goal(most=2.0, ratio=0.4), False),
    ],
)
def test_a_goal_is_met_by_the_medians(goal: Goal, met: bool) -> None:
    assert Result(row(goal, []), [2.0, 1.0, 9.0], [4.0, 1.0, 5.0]).met is met


def test_the_report_tells_times_ratio_and_verdict() -> None:
    result = Result(row(Goal(most=1.0), []), [2.0, 1.0, 9.0], [4.0, 1.0, 5.0])
    assert report([result]).splitlines()[2] == (
        "| nothing | 2.000 s (1.000-9.000) | 4.000 s (1.000-5.000) the other | 0.50 x | 1 s at most | MISSED |"
    )


def test_the_files_are_real_compose_files() -> None:
    document = yaml.safe_load(compose_file(3))
    assert list(document["services"]) == ["app0", "app1", "app2"]
    assert document["services"]["app2"]["depends_on"] == ["app1"]


def test_a_job_may_say_its_figure_itself_and_stand_alone() -> None:
    @contextmanager
    def prepare(folder: Path) -> Iterator[Jobs]:
        yield lambda: 120.5, None

    alone = Row("memory", "at rest", "nobody", Goal(most=150), prepare, rounds=2, unit="MB")
    result = measure(alone)

    assert result.fizz == [120.5, 120.5]
    assert report([result]).splitlines()[2] == (
        "| memory | 120.500 MB (120.500-120.500) | nobody |  | 150 MB at most | met |"
    )
    assert not Goal(ratio=1).met(120.5, None)


def test_an_app_of_so_many_services_is_one_that_fizz_reads() -> None:
    read = yaml.safe_load(app_file("bench", 30))

    assert read["name"] == "bench"
    assert len(read["services"]) == 30
    assert read["services"]["app7"] == {"image": "busybox", "command": ["sleep", "infinity"], "init": True}
