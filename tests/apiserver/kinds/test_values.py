"""JSON values: shown, compared, copied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.kinds.values import clone, equal, fingerprint, show

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(None, '"null"', id="null"),
        pytest.param(True, "true", id="boolean"),
        pytest.param(3, "3", id="integer"),
        pytest.param(10.0, "10", id="whole number"),
        pytest.param(0.0, "0", id="zero"),
        pytest.param(0.5, "0.5", id="fraction"),
        pytest.param(1234567.5, "1.2345675e+06", id="large number"),
        pytest.param(0.00001, "1e-05", id="small number"),
        pytest.param('a"b', '"a\\"b"', id="text"),
        pytest.param({"b": 1, "a": [True]}, '{"a":[true],"b":1}', id="object"),
    ],
)
def test_values_are_shown_as_go_shows_them(value: object, shown: str) -> None:
    assert show(value) == shown


def test_a_long_value_is_cut() -> None:
    assert show("x" * 5000).endswith("...")
    assert len(show("x" * 5000)) < 1100


def test_true_is_not_one_and_order_of_keys_is_no_difference() -> None:
    assert not equal({"a": True}, {"a": 1})
    assert equal({"a": 1, "b": [2]}, {"b": [2], "a": 1})
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


@given(JSON_VALUES)
def test_a_clone_is_equal_and_shares_nothing(value: object) -> None:
    copy = clone(value)
    assert equal(copy, value)
    _assert_apart(copy, value)


def _assert_apart(one: object, other: object) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        assert one is not other
        for key in one:
            _assert_apart(one[key], other[key])
    if isinstance(one, list) and isinstance(other, list):
        assert one is not other
        for left, right in zip(one, other, strict=True):
            _assert_apart(left, right)
