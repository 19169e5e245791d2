import io
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.table import Table

from fizz.client.cli.progress import Lines, _Live, progress


def test_plain_lines_tell_changes_only() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    for states in ({"a": "waiting"}, {"a": "waiting", "b": "ready"}, {"a": "ready", "b": "ready"}):
        lines.show(states)
    lines.say("done")

    assert stream.getvalue() == "a waiting\nb ready\na ready\ndone\n"


def test_a_live_table_keeps_what_was_shown_and_marks_what_is_done() -> None:
    drawn: list[Table] = []
    said: list[str] = []
    redraw: Callable[[Table], None] = drawn.append
    live = _Live(said.append, redraw)
    live.show({"deployment/db": "working: creating"})
    live.show({"deployment/db": "ready"})
    live.show({"network/default": "failed: taken"})
    live.say("a line")

    console = Console(file=io.StringIO(), width=80)
    console.print(drawn[-1])
    assert isinstance(console.file, io.StringIO)
    first, second = console.file.getvalue().splitlines()
    assert first.split()[:3] == ["✔", "deployment/db", "ready"]
    assert second.split()[:4] == ["✘", "network/default", "failed:", "taken"]
    assert said == ["a line"]


def test_where_output_is_no_terminal_lines_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as screen:
        screen.show({"a": "ready"})

    assert capsys.readouterr().out == "a ready\n"
