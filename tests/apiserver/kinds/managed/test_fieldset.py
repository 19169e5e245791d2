"""Sets of fields: their form on the wire, and the operations on them as sets of paths."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.kinds.managed import fieldset
from fizz.apiserver.kinds.managed.fieldset import FieldSet, FieldSetError

Path = tuple[str, ...]
Paths = frozenset[Path]

_ELEMENTS = st.sampled_from(
    ["f:a", "f:b", "f:", 'k:{"name":"x"}', 'k:{"port":80,"protocol":"TCP"}', 'v:"x"', "v:1", "i:0"]
)
_PATHS = st.frozensets(st.lists(_ELEMENTS, min_size=1, max_size=4).map(tuple), max_size=8)


def build(paths: Paths) -> FieldSet:
    """A set made by uniting single paths."""
    result: FieldSet = {}
    for path in paths:
        single: FieldSet = {}
        for element in reversed(path):
            single = {element: single}
        result = fieldset.union(result, single)
    return result


def members(fields: FieldSet) -> Paths:
    return frozenset(fieldset.paths(fields))


@given(_PATHS)
def test_a_set_has_the_paths_that_it_was_made_of_and_no_others(paths: Paths) -> None:
    fields = build(paths)
    assert members(fields) == paths
    assert all(fieldset.has(fields, *path) for path in paths)
    assert all(fieldset.has(fields, *path[:length]) == (path[:length] in paths) for path in paths for length in (1, 2))


@given(_PATHS)
def test_parse_reads_back_what_was_written(paths: Paths) -> None:
    fields = build(paths)
    assert fieldset.parse(fields) == fields


@given(_PATHS, _PATHS)
def test_operations_are_those_of_sets_of_paths(one: Paths, other: Paths) -> None:
    left, right = build(one), build(other)
    assert members(fieldset.union(left, right)) == one | other
    assert members(fieldset.difference(left, right)) == one - other
    assert members(fieldset.intersection(left, right)) == one & other
    assert (left, right) == (build(one), build(other)), "arguments stay as they were"


@given(_PATHS, _PATHS)
def test_results_are_canonical(one: Paths, other: Paths) -> None:
    left, right = build(one), build(other)
    for result in (fieldset.union(left, right), fieldset.difference(left, right), fieldset.intersection(left, right)):
        assert result == build(members(result))


@given(_PATHS, _PATHS)
def test_difference_returns_the_same_object_if_nothing_is_taken(one: Paths, other: Paths) -> None:
    left = build(one)
    assert (fieldset.difference(left, build(other)) is left) == (not one & other)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param({}, {}, id="empty"),
        pytest.param({"f:a": {".": {}}}, {"f:a": {}}, id="a lone dot is a leaf"),
        pytest.param({"f:a": {".": {}, "f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}, id="a member with children"),
        pytest.param({'k:{"b": 1, "a": "x"}': {}}, {'k:{"a":"x","b":1}': {}}, id="keys are sorted and compact"),
        pytest.param({'v: "x"': {}}, {'v:"x"': {}}, id="values are compact"),
        pytest.param({"i:07": {}}, {"i:7": {}}, id="indexes are numbers"),
        pytest.param({"x:new": {"f:a": {}}, "f:b": {}}, {"f:b": {}}, id="unknown kinds of elements are left out"),
        pytest.param({"f:a": {"x:new": {}}}, {"f:a": {}}, id="what holds only unknown elements is a leaf"),
        pytest.param(
            {'k:{"a":1,"b":2}': {"f:x": {}}, 'k:{"b":2,"a":1}': {"f:y": {}}},
            {'k:{"a":1,"b":2}': {"f:x": {}, "f:y": {}}},
            id="two spellings of an element are one",
        ),
    ],
)
def test_parse_makes_sets_canonical(written: FieldSet, read: FieldSet) -> None:
    assert fieldset.parse(written) == read


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param([], id="a list"),
        pytest.param({"f:a": None}, id="a null below"),
        pytest.param({"f": {}}, id="too short an element"),
        pytest.param({"spec": {}}, id="no kind of element"),
        pytest.param({"k:[]": {}}, id="a key that is no object"),
        pytest.param({"k:{": {}}, id="a broken key"),
        pytest.param({"v:x": {}}, id="a broken value"),
        pytest.param({"i:x": {}}, id="a broken index"),
    ],
)
def test_parse_refuses_what_is_no_set(tree: Any) -> None:
    with pytest.raises(FieldSetError):
        fieldset.parse(tree)


def test_parse_refuses_a_tree_that_is_deeper_than_the_stack() -> None:
    tree: FieldSet = {}
    for _ in range(5000):
        tree = {"f:a": tree}
    with pytest.raises(FieldSetError, match="too deeply"):
        fieldset.parse(tree)


def test_nobody_owns_the_root() -> None:
    assert not fieldset.has({"f:a": {}})
    assert not fieldset.has({})


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("f:data", "f:k"), ".data.k"),
        (("f:spec", "f:ports", 'k:{"name":"http"}', "f:port"), '.spec.ports[name="http"].port'),
        (("f:spec", 'k:{"port":80,"protocol":"TCP"}'), '.spec[port=80,protocol="TCP"]'),
        (("f:metadata", "f:finalizers", 'v:"x"'), '.metadata.finalizers[="x"]'),
        (("f:a", "i:3"), ".a[3]"),
    ],
    ids=["fields", "a key", "two keys", "a value", "an index"],
)
def test_paths_are_shown_as_people_read_them(path: Path, shown: str) -> None:
    assert fieldset.display(path) == shown
