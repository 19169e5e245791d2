import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fizz.client.cli.supervisor import Child, wait_after


def test_the_first_crash_is_mended_at_once_and_later_ones_ever_more_slowly() -> None:
    assert [wait_after(crashes) for crashes in (1, 2, 3, 4, 20)] == [0.0, 0.5, 1.0, 2.0, 10.0]


def test_a_minute_of_good_work_ends_the_row_of_crashes() -> None:
    child = Child("x")
    dues: list[float | None] = []
    for start, end in ((0.0, 1.0), (1.0, 2.0), (3.0, 4.0), (10.0, 71.0)):
        child.has_started(start)
        child.has_ended(-9, end)
        dues.append(child.due)

    assert dues == [1.0, 2.5, 5.0, 71.0]


@pytest.mark.parametrize(
    ("code", "lived", "refused"),
    [
        pytest.param(1, 1.0, True, id="an error at once"),
        pytest.param(0, 1.0, False, id="a clean end"),
        pytest.param(-9, 1.0, False, id="killed"),
        pytest.param(1, 60.0, False, id="an error later"),
    ],
)
def test_an_error_right_after_the_first_start_is_not_repeated(code: int, lived: float, refused: bool) -> None:
    child = Child("x")
    child.has_started(0.0)
    child.has_ended(code, lived)

    assert child.refused is refused
    assert (child.due is None) is refused


def test_only_the_first_start_can_be_refused() -> None:
    child = Child("x")
    child.has_started(0.0)
    child.has_ended(-9, 1.0)
    child.has_started(1.0)
    child.has_ended(1, 1.5)

    assert not child.refused
    assert child.due is not None


MAIN = """
    import sys
    from fizz.client.cli.supervisor import Say, supervise
    child = [sys.executable, "-S", "-c", sys.argv[1]]
    sys.exit(supervise({"one": child, "two": child}, {}, Say(as_json=True)))
"""


class Supervised:
    """A supervisor over two small programs. Reads what it logs, line by line."""

    def __init__(self, program: str) -> None:
        source = str(Path(__file__).parents[3] / "src")
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(MAIN), textwrap.dedent(program)],
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": source},
        )

    def until(self, event: str) -> dict[str, object]:
        assert self.process.stderr
        for line in self.process.stderr:
            said: dict[str, object] = json.loads(line)
            if said["event"] == event:
                return said
        raise AssertionError(f"it ended without saying {event!r}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr
        with self.process.stderr as rest:
            rest.read()
        return self.process.wait(10)


def test_what_is_killed_comes_back_and_all_end_together() -> None:
    supervised = Supervised("import signal; signal.pause()")
    first = supervised.until("started")
    supervised.until("started")
    os.kill(int(str(first["pid"])), signal.SIGKILL)
    crash = supervised.until("ended by itself")
    again = supervised.until("started")

    assert (crash["process"], crash["code"]) == ("one", -9)
    assert again["process"] == "one"
    assert supervised.end() == 0


def test_children_end_with_a_supervisor_that_was_killed() -> None:
    supervised = Supervised("import signal; signal.pause()")
    for _ in range(2):
        supervised.until("started")
    supervised.process.kill()
    supervised.process.wait(10)

    assert supervised.process.stderr
    with supervised.process.stderr as pipe:
        pipe.read()  # its end comes when no child is left that could write


def test_a_program_that_refuses_to_work_ends_everything() -> None:
    supervised = Supervised("import sys; sys.exit(3)")
    said = supervised.until("ended by itself")
    assert supervised.process.stderr
    with supervised.process.stderr as rest:
        rest.read()

    assert said["code"] == 3
    assert supervised.process.wait(10) == 1
