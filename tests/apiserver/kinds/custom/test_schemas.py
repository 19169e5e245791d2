"""Schemas of definitions: whatever somebody sends is judged, never stumbled over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.kinds.cel.definitions import check_rules
from fizz.apiserver.kinds.custom.schemas import check_schema, prune_schema
from fizz.apiserver.kinds.structural import compile_schema

JSON = dict[str, Any]

_KEYWORDS = (
    "type", "format", "default", "maximum", "minimum", "exclusiveMaximum", "maxLength", "minLength", "pattern",
    "maxItems", "uniqueItems", "multipleOf", "enum", "maxProperties", "required", "nullable", "items", "properties",
    "additionalProperties", "allOf", "anyOf", "oneOf", "not", "$ref", "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-validations", "odd",
)  # fmt: skip
_scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.sampled_from(
    ["", "a", "string", "object", "array", "integer", "map", "set", "[", "self.a > 1", "self ==", "oldSelf == self"]
)  # fmt: skip


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from((*_KEYWORDS, "a", "b", "metadata", "apiVersion", "rule", "message", "reason", "fieldPath"))
    return st.dictionaries(keys, inner, max_size=4)


_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=2) | _objects(inner), max_leaves=12)


_likely = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean"])},
        optional={
            "default": _scalars,
            "enum": st.lists(_scalars, max_size=2),
            "maxLength": st.integers(-1, 3),
            "pattern": st.sampled_from(["a", "^a$", "("]),
            "x-kubernetes-validations": st.lists(st.fixed_dictionaries({"rule": _scalars}), max_size=1),
        },
    ),
    lambda inner: (
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2)},
            optional={"required": st.just(["a"]), "anyOf": st.lists(inner, max_size=1), "default": _scalars},
        )
        | st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner},
            optional={
                "x-kubernetes-list-type": st.sampled_from(["map", "set", "atomic"]),
                "maxItems": st.integers(0, 9),
            },
        )
        | st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": inner})
    ),
    max_leaves=6,
)


@given(_values)
def test_anything_can_be_judged(schema: Any) -> None:
    pruned = prune_schema(schema, "s", [])
    if not check_schema(pruned, "s"):
        check_rules(pruned, "s")


@given(_likely, _values)
def test_what_is_found_good_can_be_worked_with(spec: JSON, value: Any) -> None:
    schema = prune_schema({"type": "object", "properties": {"spec": spec}}, "s", [])
    if check_schema(schema, "s") or check_rules(schema, "s"):
        return
    compiled = compile_schema(schema)
    obj = {"spec": value}
    compiled.clean(obj)
    compiled.judge(obj, None, compiled.validate(obj))


@pytest.mark.parametrize(
    ("field", "place", "words"),
    [
        ({"type": "string", "$ref": "#/x"}, "$ref", "not supported"),
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "uniqueItems", "cannot be set to true"),
        ({"type": "object", "additionalProperties": False}, "additionalProperties", "cannot be set to false"),
        ({"type": "null"}, "type", "use nullable"),
        ({"type": "odd"}, "type", "supported values"),
        ({"type": "string", "x-kubernetes-int-or-string": True}, "type", "must be empty"),
        ({"type": "object", "x-kubernetes-embedded-resource": True}, "properties", "must not be empty"),
        ({"type": "string", "x-kubernetes-preserve-unknown-fields": True}, "type", "must be object"),
        ({"type": "string", "x-kubernetes-map-type": "atomic"}, "type", "must be object"),
        ({"type": "object", "properties": {}, "not": {"properties": {"a": {}}}}, "not.properties[a]", "not defined"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_kubernetes_does_not_allow_is_named(field: JSON, place: str, words: str) -> None:
    causes = check_schema({"type": "object", "properties": {"f": field}}, "s")
    assert any(each.field == f"s.properties[f].{place}" and words in each.message for each in causes), causes


def test_keys_of_list_maps_are_there_and_needed() -> None:
    item: JSON = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "object"}}}
    keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b", "c"]}
    causes = check_schema({"type": "object", "properties": {"f": {"type": "array", "items": item, **keys}}}, "s")
    assert [each.field.removeprefix("s.properties[f].") for each in causes] == [
        "items.properties[a].default",
        "items.properties[b].type",
        "items.properties[b].default",
        "x-kubernetes-list-map-keys",
    ]


def test_int_or_string_may_say_so_in_the_old_way() -> None:
    either = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
    assert check_schema({"type": "object", "properties": {"f": either}}, "s") == []
    assert check_schema({"type": "object", "properties": {"f": {**either, "anyOf": [{"type": "boolean"}]}}}, "s")
