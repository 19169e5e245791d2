"""Cleaning: nulls, defaults and unknown fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.kinds.structural import compile_schema
from fizz.apiserver.kinds.values import clone
from fizz.schemas.base import JSON


def spec(schema: JSON) -> JSON:
    """The schema of a kind whose spec has the schema."""
    return {"type": "object", "properties": {"spec": schema}}


def obj(value: Any) -> JSON:
    return {"apiVersion": "test/v1", "kind": "Test", "metadata": {"name": "a"}, "spec": value}


CLOSED: JSON = {"type": "object", "properties": {"a": {"type": "integer"}}}
PORTS: JSON = {
    "type": "object",
    "properties": {
        "ports": {"type": "array", "items": {"type": "object", "properties": {"port": {"type": "integer"}}}},
    },
}


@pytest.mark.parametrize(
    ("schema", "before", "after", "unknown"),
    [
        pytest.param(CLOSED, {"a": 1, "b": 2}, {"a": 1}, ["spec.b"], id="unknown field"),
        pytest.param(
            PORTS,
            {"ports": [{"port": 1}, {"port": 2, "odd": 1}]},
            {"ports": [{"port": 1}, {"port": 2}]},
            ["spec.ports[1].odd"],
            id="unknown field in an item",
        ),
        pytest.param(
            {**CLOSED, "x-kubernetes-preserve-unknown-fields": True},
            {"a": 1, "b": {"c": None}},
            {"a": 1, "b": {"c": None}},
            [],
            id="preserved",
        ),
        pytest.param(
            {"x-kubernetes-preserve-unknown-fields": True, "properties": {"a": CLOSED}},
            {"a": {"x": 1}, "b": 1},
            {"a": {}, "b": 1},
            ["spec.a.x"],
            id="preserved, with a known field",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": CLOSED},
            {"x": {"b": 1}, "y": None},
            {"x": {}},
            ["spec.x.b"],
            id="values of a map",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
            {"x": None},
            {"x": None},
            [],
            id="nullable values of a map",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": True}, {"x": None}, {"x": None}, [], id="anything in a map"
        ),
        pytest.param({"type": "object"}, {"x": 1}, {}, ["spec.x"], id="an object without properties"),
        pytest.param(CLOSED, {"a": None}, {}, [], id="null"),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}},
            {"a": None},
            {"a": "x"},
            [],
            id="null gives way to the default",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "string", "default": "x", "nullable": True}}},
            {"a": None},
            {"a": None},
            [],
            id="null stays where it may be",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "string"}}, ["a", None], ["a", None], [], id="null in a list stays"
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {
                    "a": {
                        "type": "object",
                        "default": {},
                        "properties": {"b": {"type": "integer", "default": 1}, "c": {"type": "integer"}},
                    }
                },
            },
            {},
            {"a": {"b": 1}},
            [],
            id="a default is completed",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"a": {"type": "object", "properties": {"b": {"type": "integer", "default": 1}}}},
            },
            {},
            {},
            [],
            id="no default below what is not there",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "integer", "default": 1}}}},
            [{}, {"b": 2}, "odd"],
            [{"b": 1}, {"b": 2}, "odd"],
            [],
            id="defaults in items",
        ),
        pytest.param(CLOSED, "text", "text", [], id="the wrong type is left to validation"),
        pytest.param(
            {"x-kubernetes-preserve-unknown-fields": True, "properties": {"a": CLOSED}, "items": CLOSED},
            [{"b": 1}],
            [{}],
            ["spec[0].b"],
            id="an object or a list",
        ),
    ],
)
def test_objects_are_cleaned(schema: JSON, before: Any, after: Any, unknown: list[str]) -> None:
    subject = obj(before)
    assert compile_schema(spec(schema)).clean(subject) == unknown
    assert subject == obj(after)


def test_apiversion_kind_and_metadata_need_no_schema() -> None:
    compiled = compile_schema({"type": "object"})
    subject: JSON = {
        "apiVersion": "test/v1",
        "kind": "Test",
        "metadata": {"name": "a", "creationTimestamp": None, "selfLink": "/x", "odd": 1, "labels": {"a": "b"}},
        "spec": {},
    }
    assert sorted(compiled.clean(subject)) == ["metadata.odd", "spec"]
    assert subject == {
        "apiVersion": "test/v1",
        "kind": "Test",
        "metadata": {"name": "a", "selfLink": "/x", "labels": {"a": "b"}},
    }


def test_an_embedded_resource_keeps_its_envelope() -> None:
    compiled = compile_schema(spec({"type": "object", "x-kubernetes-embedded-resource": True}))
    inner = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "odd": 1}, "spec": {}}
    subject = obj(inner)
    assert sorted(compiled.clean(subject)) == ["spec.metadata.odd", "spec.spec"]
    assert subject["spec"] == {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}


def test_pruning_alone_sets_no_defaults_and_keeps_nulls() -> None:
    schema: JSON = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string", "default": "x"}}}
    subject = obj({"a": None, "odd": 1})
    assert compile_schema(spec(schema)).prune(subject) == ["spec.odd"]
    assert subject == obj({"a": None})


def test_defaulting_alone_keeps_unknown_fields() -> None:
    schema: JSON = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string", "default": "x"}}}
    subject = obj({"a": None, "odd": 1, "none": None})
    compile_schema(spec(schema)).default(subject)
    assert subject == obj({"b": "x", "odd": 1, "none": None})


def test_a_default_is_copied_for_every_object() -> None:
    schema: JSON = {
        "type": "object",
        "properties": {"a": {"type": "array", "default": [], "items": {"type": "string"}}},
    }
    compiled = compile_schema(spec(schema))
    first, second = obj({}), obj({})
    compiled.clean(first)
    compiled.clean(second)
    first["spec"]["a"].append("x")
    assert second["spec"]["a"] == []


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=2),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=8,
)
LEAVES = st.one_of(
    st.fixed_dictionaries({"type": st.just("string")}, optional={"default": st.just("x"), "nullable": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("integer")}, optional={"default": st.just(1), "nullable": st.booleans()}),
    st.just({"x-kubernetes-preserve-unknown-fields": True}),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": below}),
        st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": below}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(NAMES, below, max_size=3)},
            optional={"x-kubernetes-preserve-unknown-fields": st.booleans(), "default": st.just({})},
        ),
    ),
    max_leaves=6,
)


@given(SCHEMAS, VALUES)
def test_cleaning_twice_is_cleaning_once(schema: JSON, value: Any) -> None:
    compiled = compile_schema(spec(schema))
    subject = obj(value)
    compiled.clean(subject)
    again = clone(subject)
    assert compiled.clean(again) == []
    assert again == subject


@given(SCHEMAS, VALUES)
def test_one_walk_does_what_three_do_one_after_the_other(schema: JSON, value: Any) -> None:
    compiled = compile_schema(spec(schema))
    together, apart = obj(clone(value)), obj(clone(value))
    unknown = compiled.clean(together)
    compiled.default(apart)
    assert sorted(compiled.prune(apart)) == sorted(unknown)
    assert apart == together
