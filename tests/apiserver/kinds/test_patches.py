"""Patches: the RFCs' own examples, and what the RFCs leave to us."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.kinds import patches
from fizz.apiserver.kinds.patches import (
    PatchError,
    PatchFailed,
    PatchTestFailed,
    TooManyOperations,
    json_patch,
    merge_patch,
)
from fizz.apiserver.kinds.values import clone, equal


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    before = clone(target), clone(patch)
    assert merge_patch(target, patch) == result
    assert (target, patch) == before


def test_a_merge_patch_keeps_the_order_of_fields() -> None:
    assert list(merge_patch({"a": 1, "b": 2, "c": 3}, {"d": 4, "b": 5})) == ["a", "b", "c", "d"]


def op(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **more}


@pytest.mark.parametrize(
    ("target", "operations", "result"),
    [  # RFC 6902, appendix A
        pytest.param({"foo": "bar"}, [op("add", "/baz", value="qux")], {"baz": "qux", "foo": "bar"}, id="A.1"),
        pytest.param(
            {"foo": ["bar", "baz"]}, [op("add", "/foo/1", value="qux")], {"foo": ["bar", "qux", "baz"]}, id="A.2"
        ),
        pytest.param({"baz": "qux", "foo": "bar"}, [op("remove", "/baz")], {"foo": "bar"}, id="A.3"),
        pytest.param({"foo": ["bar", "qux", "baz"]}, [op("remove", "/foo/1")], {"foo": ["bar", "baz"]}, id="A.4"),
        pytest.param(
            {"baz": "qux", "foo": "bar"}, [op("replace", "/baz", value="boo")], {"baz": "boo", "foo": "bar"}, id="A.5"
        ),
        pytest.param(
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
            id="A.6",
        ),
        pytest.param(
            {"foo": ["all", "grass", "cows", "eat"]},
            [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
            {"foo": ["all", "cows", "eat", "grass"]},
            id="A.7",
        ),
        pytest.param(
            {"baz": "qux", "foo": ["a", 2, "c"]},
            [op("test", "/baz", value="qux"), op("test", "/foo/1", value=2)],
            {"baz": "qux", "foo": ["a", 2, "c"]},
            id="A.8",
        ),
        pytest.param(
            {"foo": "bar"}, [op("add", "/child", value={"x": {}})], {"foo": "bar", "child": {"x": {}}}, id="A.10"
        ),
        pytest.param(
            {"foo": "bar"}, [op("add", "/baz", value="qux", xyz=123)], {"foo": "bar", "baz": "qux"}, id="A.11"
        ),
        pytest.param({"/": 9, "~1": 10}, [op("test", "/~01", value=10)], {"/": 9, "~1": 10}, id="A.14"),
        pytest.param({"foo": ["bar"]}, [op("add", "/foo/-", value=["x"])], {"foo": ["bar", ["x"]]}, id="A.16"),
        pytest.param({"a": 1}, [op("add", "", value=[1]), op("add", "/0", value=0)], [0, 1], id="whole document"),
        pytest.param({"a": 1}, [op("replace", "", value=2)], 2, id="replace the whole document"),
        pytest.param({"a": [1]}, [op("replace", "/a/0", value=2)], {"a": [2]}, id="replace an item"),
        pytest.param({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}, id="copy"),
        pytest.param({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}, id="move to where it is"),
        pytest.param({"": {"a": 1}}, [op("remove", "//a")], {"": {}}, id="empty name"),
        pytest.param({"a/b": 1, "m~n": 2}, [op("remove", "/a~1b"), op("remove", "/m~0n")], {}, id="escaped names"),
        pytest.param({"a": None}, [op("test", "/a", value=None)], {"a": None}, id="null"),
        pytest.param({}, [], {}, id="nothing"),
    ],
)
def test_json_patches_of_the_rfc(target: Any, operations: list[Any], result: Any) -> None:
    before = clone(target), clone(operations)
    assert json_patch(target, operations) == result
    assert (target, operations) == before


@pytest.mark.parametrize(
    ("operation", "kind", "problem"),
    [
        pytest.param(op("test", "/foo", value=10), PatchTestFailed, "the value is another", id="A.9 test"),
        pytest.param(op("test", "/foo", value=True), PatchTestFailed, "the value is another", id="true is not 1"),
        pytest.param(op("test", "/none", value=1), PatchTestFailed, "there is no 'none'", id="test of nothing"),
        pytest.param(op("add", "/baz/bat", value="x"), PatchFailed, "there is no 'baz'", id="A.12 no parent"),
        pytest.param(op("add", "/list/2", value="x"), PatchFailed, "there is no item 2", id="behind the end"),
        pytest.param(op("add", "/list/01", value="x"), PatchFailed, "no index", id="leading zero"),
        pytest.param(op("add", "/list/+1", value="x"), PatchFailed, "no index", id="sign"),
        pytest.param(op("add", "/foo/a", value="x"), PatchFailed, "nothing below a value", id="below a number"),
        pytest.param(op("add", "/foo/a/b", value="x"), PatchFailed, "nothing below a value", id="far below a number"),
        pytest.param(op("remove", "/list/-"), PatchFailed, "no index", id="remove behind the end"),
        pytest.param(op("remove", "/none"), PatchFailed, "there is no 'none'", id="remove nothing"),
        pytest.param(op("remove", ""), PatchFailed, "whole document", id="remove everything"),
        pytest.param(op("replace", "/none", value=1), PatchFailed, "there is no 'none'", id="replace nothing"),
        pytest.param(op("replace", "/list/1", value=1), PatchFailed, "there is no item 1", id="replace no item"),
        pytest.param(
            {"op": "move", "from": "/object", "path": "/object/a"}, PatchFailed, "into itself", id="move into itself"
        ),
        pytest.param({"op": "move", "from": "/none", "path": "/none"}, PatchFailed, "there is no", id="move nothing"),
        pytest.param({"op": "copy", "path": "/a"}, PatchFailed, "from must be a JSON pointer", id="no source"),
        pytest.param(op("add", "/a"), PatchFailed, "add needs a value", id="no value"),
        pytest.param(op("add", "a", value=1), PatchFailed, "is no JSON pointer", id="relative path"),
        pytest.param(op("add", "/~2", value=1), PatchFailed, "is no JSON pointer", id="bad escape"),
        pytest.param(op("frobnicate", "/a"), PatchFailed, "there is no operation 'frobnicate'", id="unknown operation"),
        pytest.param({"path": "/a"}, PatchFailed, "there is no operation None", id="no operation"),
        pytest.param({"op": "add", "path": 1, "value": 1}, PatchFailed, "path must be", id="path that is no text"),
        pytest.param("add", PatchError, "an operation is an object", id="no object"),
    ],
)
def test_a_patch_that_fails_says_where_and_why(operation: Any, kind: type[PatchError], problem: str) -> None:
    target = {"foo": 1, "list": ["a"], "object": {}}
    with pytest.raises(PatchError, match=r"^operation 1 at '") as caught:
        json_patch(target, [op("add", "/new", value=1), operation])
    assert type(caught.value) is kind
    assert problem in str(caught.value)
    assert caught.value.index == 1
    assert target == {"foo": 1, "list": ["a"], "object": {}}


def test_a_failed_test_does_not_tell_what_is_there() -> None:
    with pytest.raises(PatchTestFailed) as caught:
        json_patch({"data": {"password": "hunter2"}}, [op("test", "/data/password", value="guess")])
    assert "hunter2" not in str(caught.value)


def test_a_patch_is_a_list() -> None:
    with pytest.raises(PatchError, match="is a list of operations"):
        json_patch({}, {"op": "add"})


def test_there_is_an_end_to_operations() -> None:
    patch = [op("test", "", value={})] * patches.OPERATION_LIMIT
    assert json_patch({}, patch) == {}
    with pytest.raises(TooManyOperations, match="10000, got 10001"):
        json_patch({}, [*patch, patch[0]])


def test_copies_cannot_grow_without_end() -> None:
    doubling = [{"op": "copy", "from": "", "path": f"/{index}"} for index in range(40)]
    with pytest.raises(PatchFailed, match="copies more than 3145728 bytes"):
        json_patch({"a": "x" * 1000}, doubling)


@pytest.mark.parametrize(
    "last", [op("test", "", value={}), {"op": "copy", "from": "/a", "path": "/b"}, op("remove", "/z")]
)
def test_a_value_cannot_become_deeper_than_can_be_written(last: Any) -> None:
    deep: Any = 1
    for _ in range(100):
        deep = {"a": deep}
    growing = [op("add", "/a" * (100 * times + 1), value=deep) for times in range(30)]
    with pytest.raises(PatchFailed, match="nested too deeply"):
        json_patch({"z": 1}, [*growing, last])


def test_a_value_too_deep_to_be_copied_is_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(PatchFailed, match="operation 0 at '/a': the value is nested too deeply"):
        json_patch({}, [op("add", "/a", value=deep)])


NAMES = st.sampled_from(["a", "b", "c/d", "~e"])
SCALARS = st.booleans() | st.integers(-3, 3) | st.text(max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=10,
)


def merge_difference(one: Any, other: Any) -> Any:
    """The merge patch that makes `other` of `one`."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return clone(other)
    patch: dict[str, Any] = {name: None for name in one if name not in other}
    for name, value in other.items():
        if name not in one or not equal(one[name], value):
            patch[name] = merge_difference(one.get(name), value)
    return patch


def difference(one: Any, other: Any, path: str = "") -> list[dict[str, Any]]:
    """A JSON patch that makes `other` of `one`."""
    if isinstance(one, dict) and isinstance(other, dict):
        escaped = {name: name.replace("~", "~0").replace("/", "~1") for name in {**one, **other}}
        gone = [op("remove", f"{path}/{escaped[name]}") for name in one if name not in other]
        new = [op("add", f"{path}/{escaped[name]}", value=other[name]) for name in other if name not in one]
        both = [
            step
            for name in one
            if name in other
            for step in difference(one[name], other[name], f"{path}/{escaped[name]}")
        ]
        return gone + new + both
    if isinstance(one, list) and isinstance(other, list):
        shorter = [op("remove", f"{path}/{len(other)}")] * max(0, len(one) - len(other))
        both = [
            step
            for index, pair in enumerate(zip(one, other, strict=False))
            for step in difference(*pair, f"{path}/{index}")
        ]
        return shorter + both + [op("add", f"{path}/-", value=value) for value in other[len(one) :]]
    return [] if equal(one, other) else [op("replace", path, value=other)]


@given(VALUES, VALUES)
def test_a_merge_patch_makes_what_its_difference_says(one: Any, other: Any) -> None:
    assert equal(merge_patch(one, merge_difference(one, other)), other)


@given(VALUES, VALUES)
def test_a_json_patch_makes_what_its_difference_says(one: Any, other: Any) -> None:
    before = clone(one)
    patch = difference(one, other)
    assert equal(json_patch(one, patch), other)
    assert one == before


@given(VALUES, VALUES)
def test_a_merge_patch_twice_is_the_patch_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
