"""The line with the problem, and a caret under its place."""

import pytest

from fizz.client.compose import Problem, Severity
from fizz.client.compose.excerpts import excerpt


def problem(line: int, column: int) -> Problem:
    return Problem(Severity.ERROR, "a.yaml", line, column, "is wrong")


@pytest.mark.parametrize(
    ("source", "column", "shown"),
    [
        ("key: maybe", 6, ["    1 | key: maybe", "      |      ^"]),
        ("k: \tx", 5, ["    1 | k:  x", "      |     ^"]),
        ("世界: x", 5, ["    1 | 世界: x", "      |       ^"]),
        ("e\u0301a: x", 6, ["    1 | e\u0301a: x", "      |     ^"]),
        ("short", 40, ["    1 | short", "      |      ^"]),
        ("windows\r\nline", 1, ["    1 | windows", "      | ^"]),
        ("a\x1b[31mb", 1, ["    1 | a [31mb", "      | ^"]),
        ("", 1, ["    1 | ", "      | ^"]),
    ],
)
def test_the_caret_stands_under_the_place(source: str, column: int, shown: list[str]) -> None:
    assert excerpt(problem(1, column), source.encode()) == shown


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    line, caret = excerpt(problem(1, 301), (300 * "a" + "!" + 300 * "b").encode())
    assert line.startswith("    1 | ...aaa")
    assert line.endswith("bbb...")
    assert line[caret.index("^")] == "!"


def test_what_has_no_place_in_the_file_has_no_excerpt() -> None:
    assert excerpt(problem(0, 0), b"a") == excerpt(problem(3, 1), b"a") == []


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert excerpt(problem(1, 2), b"a\xffb")[1].endswith(" ^")
