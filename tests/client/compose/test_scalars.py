"""Plain YAML scalars mean what compose's YAML library makes of them."""

from typing import Any

import pytest

from fizz.client.compose.nodes import Moment
from fizz.client.compose.scalars import resolve, resolve_as, to_text

NOTHING: list[str] = ["", "~", "null", "Null", "NULL"]


@pytest.mark.parametrize("text", NOTHING, ids=repr)
def test_ways_to_write_nothing(text: str) -> None:
    assert resolve(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("True", True), ("FALSE", False),
        ("yes", "yes"), ("On", "On"), ("n", "n"),
        ("0", 0), ("12", 12), ("-1", -1), ("+1", 1), ("1_000", 1000),
        ("010", 8), ("-012", -10), ("0o17", 15), ("0x1F", 31), ("-0x10", -16), ("0b11", 3), ("00", 0),
        ("08", 8.0), ("1.", 1.0), (".5", 0.5), ("+.5", 0.5), ("1e3", 1000.0), ("1E+5", 100000.0), ("1_0.5", 10.5),
        ("18446744073709551615", 18446744073709551615), ("18446744073709551616", 18446744073709551616.0),
        ("-9223372036854775808", -9223372036854775808),
        ("1e400", "1e400"), ("0x", "0x"), ("0o8", "0o8"), ("1e2.5", "1e2.5"), ("_1", "_1"), ("=", "="),
        ("1:30", "1:30"),
        ("1.2.3", "1.2.3"), ("-", "-"), (".", "."), ("127.0.0.1", "127.0.0.1"), ("2024-13-01", "2024-13-01"),
    ],
    ids=str,
)  # fmt: skip
def test_a_plain_scalar(text: str, value: Any) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "printed", "standard"),
    [
        ("2024-01-01", "2024-01-01 00:00:00 +0000 UTC", "2024-01-01T00:00:00Z"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.1 -0500 -0500", "2001-12-14T21:59:43.1-05:00"),
        ("2001-12-14 21:59:43", "2001-12-14 21:59:43 +0000 UTC", "2001-12-14T21:59:43Z"),
    ],
    ids=["date", "zone", "space"],
)
def test_a_date_is_a_moment(text: str, printed: str, standard: str) -> None:
    assert resolve(text) == Moment(printed, standard)


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [("str", "12", "12"), ("int", "3", 3), ("float", "3", 3.0), ("bool", "true", True), ("null", "", None)],
    ids=lambda each: str(each),
)
def test_a_tag_says_what_a_scalar_is(tag: str, text: str, value: Any) -> None:
    assert resolve_as(tag, text) == value


@pytest.mark.parametrize(("tag", "text"), [("int", "x"), ("bool", "1"), ("null", "x"), ("float", "true")])
def test_a_tag_that_does_not_fit_is_refused(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match=tag):
        resolve_as(tag, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"), (7, "7"), ("x", "x"),
        (1.0, "1"), (1.5, "1.5"), (-0.0, "-0"), (100000.0, "100000"), (1234567.0, "1.234567e+06"), (1e21, "1e+21"),
        (1e-8, "1e-08"), (0.0001, "0.0001"), (0.00001, "1e-05"), (123456.789, "123456.789"), (1.5e100, "1.5e+100"),
    ],
    ids=str,
)  # fmt: skip
def test_numbers_become_text_as_in_go(value: Any, text: str) -> None:
    assert to_text(value) == text
