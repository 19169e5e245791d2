"""Quantities, durations, times and names: read, written, refused."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.schemas import times
from fizz.schemas.durations import format_duration, parse_duration
from fizz.schemas.names import check_label_key, check_label_value, check_namespace_name, check_subdomain, to_name
from fizz.schemas.quantity import format_binary, parse_quantity

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("300ms", 300_000_000),
        ("1m30s", 90 * SECOND),
        ("1.5h", 5400 * SECOND),
        (".5s", SECOND // 2),
        ("-2s", -2 * SECOND),
        ("1d", 86_400 * SECOND),
        ("1us", 1000),
        ("1µs", 1000),
    ],
)
def test_a_duration_is_read(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "5", "1x", "s", "1s2", "1 s", "--1s"])
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (90 * SECOND, "1m30s"), (3600 * SECOND, "1h0m0s"), (1_500_000, "1.5ms"), (1500 * 1_000_000, "1.5s")],
)
def test_a_duration_is_written_as_go_writes_it(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_a_written_duration_reads_back(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", Decimal("0.5")),
        ("64Mi", Decimal(64 * 2**20)),
        ("1G", Decimal(10**9)),
        ("1e3", Decimal(1000)),
        ("1E", Decimal(10**18)),
        (2, Decimal(2)),
        (0.5, Decimal("0.5")),
        ("-1", Decimal(-1)),
    ],
)
def test_a_quantity_is_read(text: str | float, value: Decimal) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize("text", ["", "Mi", "1MB", "1 G", "ten", "1mi"])
def test_what_is_no_quantity_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_quantity(text)


@given(st.integers(min_value=0, max_value=2**62))
def test_a_number_of_bytes_survives_its_binary_form(size: int) -> None:
    assert parse_quantity(format_binary(size)) == size


@pytest.mark.parametrize(
    "text",
    ["2026-01-31T09:30:00Z", "2026-01-31T10:30:00+01:00", "2026-01-31T09:30:00.000000+00:00", "2026-01-31T09:30:00"],
)
def test_any_rfc_3339_time_is_read_as_utc(text: str) -> None:
    assert times.parse(text) == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def test_times_are_written_with_z() -> None:
    moment = datetime(2026, 1, 31, 9, 30, 0, 1234, tzinfo=UTC)
    assert times.format_seconds(moment) == "2026-01-31T09:30:00Z"
    assert times.format_micro(moment) == "2026-01-31T09:30:00.001234Z"


@pytest.mark.parametrize("name", ["web", "web-1", "a.b.c", "0"])
def test_good_names_pass(name: str) -> None:
    assert check_subdomain(name) is None


@pytest.mark.parametrize("name", ["", "Web", "-web", "web-", "we_b", "a..b", "x" * 254])
def test_bad_names_are_told_why(name: str) -> None:
    assert check_subdomain(name)


def test_namespaces_have_no_dots_and_63_characters_at_most() -> None:
    assert check_namespace_name("a.b")
    assert check_namespace_name("x" * 64) == "must be no more than 63 characters"
    assert check_namespace_name("x" * 63) is None


@pytest.mark.parametrize("key", ["a", "A.b_c-d", "example.com/name"])
def test_good_label_keys_pass(key: str) -> None:
    assert check_label_key(key) is None


@pytest.mark.parametrize("key", ["", "/a", "a/", "Example.com/a", "a/b/c", "-a", "x" * 64])
def test_bad_label_keys_are_told_why(key: str) -> None:
    assert check_label_key(key)


def test_label_values_may_be_empty_but_not_long() -> None:
    assert check_label_value("") is None
    assert check_label_value("x" * 64)
    assert check_label_value("a b")


@given(st.text(max_size=100))
def test_any_text_becomes_a_name_and_always_the_same(text: str) -> None:
    name = to_name(text)
    assert check_namespace_name(name) is None
    assert to_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"), [("web", "web"), ("db_data", "db--data"), ("a-b_c", "a-b--c"), ("My.App", "my-app-feaec")]
)
def test_a_name_stays_readable(text: str, name: str) -> None:
    assert to_name(text) == name


_NEAR_NAMES = st.text(alphabet="ab-_.A", max_size=6)


@given(_NEAR_NAMES, _NEAR_NAMES)
def test_two_texts_never_share_a_name(left: str, right: str) -> None:
    assert (to_name(left) == to_name(right)) == (left == right)
