"""Validation: what is wrong, in the words that Kubernetes' users know."""

from typing import Any

import pytest

from fizz.apiserver.kinds.structural import SchemaError, check_metadata_types, compile_schema
from fizz.schemas.base import JSON


def breaches(schema: JSON, value: Any) -> list[tuple[str, str]]:
    """Reason and text of all that is wrong with a spec."""
    compiled = compile_schema({"type": "object", "properties": {"spec": schema}})
    causes = compiled.validate({"apiVersion": "test/v1", "kind": "Test", "metadata": {}, "spec": value})
    return [(cause.reason.removeprefix("FieldValue"), str(cause)) for cause in causes]


STRING: JSON = {"type": "string"}
INTEGER: JSON = {"type": "integer"}
NAMED: JSON = {"type": "object", "required": ["name"], "properties": {"name": STRING, "port": INTEGER}}


@pytest.mark.parametrize(
    ("schema", "value", "reason", "text"),
    [
        pytest.param(
            INTEGER, "x", "TypeInvalid",
            'spec: Invalid value: "string": spec in body must be of type integer: "string"', id="text for integer",
        ),
        pytest.param(
            INTEGER, 1.5, "TypeInvalid",
            'spec: Invalid value: "number": spec in body must be of type integer: "number"', id="fraction for integer",
        ),
        pytest.param(
            INTEGER, True, "TypeInvalid",
            'spec: Invalid value: "boolean": spec in body must be of type integer: "boolean"', id="boolean for integer",
        ),
        pytest.param(
            STRING, None, "TypeInvalid",
            'spec: Invalid value: "null": spec in body must be of type string: "null"', id="null for string",
        ),
        pytest.param(
            {"type": "number"}, [], "TypeInvalid",
            'spec: Invalid value: "array": spec in body must be of type number: "array"', id="list for number",
        ),
        pytest.param(
            {"type": "boolean"}, 1, "TypeInvalid",
            'spec: Invalid value: "integer": spec in body must be of type boolean: "integer"', id="integer for boolean",
        ),
        pytest.param(
            {"type": "array", "items": STRING}, {}, "TypeInvalid",
            'spec: Invalid value: "object": spec in body must be of type array: "object"', id="object for list",
        ),
        pytest.param(
            {"type": "object"}, "x", "TypeInvalid",
            'spec: Invalid value: "string": spec in body must be of type object: "string"', id="text for object",
        ),
        pytest.param(
            {"x-kubernetes-int-or-string": True}, 0.5, "TypeInvalid",
            'spec: Invalid value: "number": spec in body must be of type integer,string: "number"', id="int or string",
        ),
        pytest.param(
            {"type": "array", "items": INTEGER}, [1, "x"], "TypeInvalid",
            'spec[1]: Invalid value: "string": spec[1] in body must be of type integer: "string"', id="in a list",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": STRING}, {"a": 1}, "TypeInvalid",
            'spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"', id="in a map",
        ),
        pytest.param(NAMED, {}, "Required", "spec.name: Required value", id="required"),
        pytest.param(
            {"type": "array", "items": NAMED}, [{"name": "a"}, {}], "Required", "spec[1].name: Required value",
            id="required in an item",
        ),
        pytest.param(
            {"type": "string", "enum": ["a", "b"]}, "x", "NotSupported",
            'spec: Unsupported value: "x": supported values: "a", "b"', id="enum",
        ),
        pytest.param(
            {"type": "integer", "enum": [1, 2]}, 3, "NotSupported",
            'spec: Unsupported value: 3: supported values: "1", "2"', id="enum of numbers",
        ),
        pytest.param(
            {"type": "string", "maxLength": 2}, "äöü", "TooLong",
            "spec: Too long: may not be more than 2 bytes", id="too long",
        ),
        pytest.param(
            {"type": "string", "minLength": 1}, "", "Invalid",
            'spec: Invalid value: "": spec in body should be at least 1 chars long', id="too short",
        ),
        pytest.param(
            {"type": "string", "pattern": "^a$"}, "a\n", "Invalid",
            'spec: Invalid value: "a\\n": spec in body should match \'^a$\'', id="pattern",
        ),
        pytest.param(
            {"type": "string", "format": "date-time"}, "now", "TypeInvalid",
            'spec: Invalid value: "now": spec in body must be of type date-time: "now"', id="format",
        ),
        pytest.param(
            {"type": "integer", "maximum": 10000}, 10001, "Invalid",
            "spec: Invalid value: 10001: spec in body should be less than or equal to 10000", id="maximum",
        ),
        pytest.param(
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 0, "Invalid",
            "spec: Invalid value: 0: spec in body should be greater than 0", id="exclusive minimum",
        ),
        pytest.param(
            {"type": "number", "maximum": 1, "exclusiveMaximum": True}, 1.0, "Invalid",
            "spec: Invalid value: 1: spec in body should be less than 1", id="exclusive maximum",
        ),
        pytest.param(
            {"type": "number", "minimum": 0.5}, 0.25, "Invalid",
            "spec: Invalid value: 0.25: spec in body should be greater than or equal to 0.5", id="minimum",
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 5}, 7, "Invalid",
            "spec: Invalid value: 7: spec in body should be a multiple of 5", id="multiple",
        ),
        pytest.param(
            {"type": "number", "multipleOf": 0.1}, 0.25, "Invalid",
            "spec: Invalid value: 0.25: spec in body should be a multiple of 0.1", id="multiple of a fraction",
        ),
        pytest.param(
            {"type": "integer", "format": "int32"}, 2**31, "Invalid",
            "spec: Invalid value: 2147483648: Checked value must be of type integer with format int32 in spec",
            id="int32",
        ),
        pytest.param(
            {"type": "array", "items": STRING, "maxItems": 1}, ["a", "b"], "TooMany",
            "spec: Too many: 2: must have at most 1 item", id="too many items",
        ),
        pytest.param(
            {"type": "array", "items": STRING, "minItems": 1}, [], "Invalid",
            "spec: Invalid value: 0: spec in body should have at least 1 items", id="too few items",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": STRING, "maxProperties": 1}, {"a": "", "b": ""}, "TooMany",
            "spec: Too many: 2: must have at most 1 item", id="too many properties",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": STRING, "minProperties": 1}, {}, "Invalid",
            "spec: Invalid value: 0: spec in body should have at least 1 properties", id="too few properties",
        ),
        pytest.param(
            {"type": "array", "items": STRING, "uniqueItems": True}, ["a", "a"], "Invalid",
            "spec: Invalid value: \"\": spec in body shouldn't contain duplicates", id="not unique",
        ),
        pytest.param(
            {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"}, ["a", "b", "a"], "Duplicate",
            'spec[2]: Duplicate value: "a"', id="twice in a set",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}, [{}, {}], "Duplicate",
            "spec[1]: Duplicate value: {}", id="twice in a set of objects",
        ),
        pytest.param(
            {"type": "array", "items": NAMED, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
            [{"name": "a"}, {"name": "b"}, {"name": "a", "port": 1}], "Duplicate",
            'spec[2]: Duplicate value: {"name":"a"}', id="twice in a map",
        ),
        pytest.param(
            {
                "type": "array", "items": NAMED,
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "port"],
            },
            [{"name": "a", "port": 1}, {"name": "a", "port": 2}, {"name": "a", "port": 1}], "Duplicate",
            'spec[2]: Duplicate value: {"name":"a","port":1}', id="twice in a map with two keys",
        ),
        pytest.param(
            {"type": "integer", "not": {"minimum": 5}}, 6, "Invalid",
            'spec: Invalid value: "": "spec" must not validate the schema (not)', id="not",
        ),
        pytest.param(
            {"type": "integer", "oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, "Invalid",
            'spec: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
            id="more than one of",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_as_kubernetes_says_it(schema: JSON, value: Any, reason: str, text: str) -> None:
    assert breaches(schema, value) == [(reason, text)]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param(INTEGER, 3.0, id="a whole number is an integer"),
        pytest.param({"type": "number"}, 3, id="an integer is a number"),
        pytest.param({"type": "integer", "maximum": 3, "format": "int64"}, 3.0, id="a whole number has bounds, too"),
        pytest.param({"x-kubernetes-int-or-string": True}, 80, id="int"),
        pytest.param({"x-kubernetes-int-or-string": True}, "http", id="or string"),
        pytest.param({"x-kubernetes-int-or-string": True, "format": "quantity"}, 0.5, id="quantity"),
        pytest.param({"type": "string", "nullable": True}, None, id="nullable"),
        pytest.param({"type": "string", "format": "unheard-of"}, "x", id="an unknown format is not checked"),
        pytest.param({"type": "number", "multipleOf": 0.1}, 0.3, id="a multiple up to rounding"),
        pytest.param({"x-kubernetes-preserve-unknown-fields": True}, [{"a": None}], id="anything"),
        pytest.param({"type": "integer", "enum": [1.0]}, 1.0, id="enum of a number"),
        pytest.param({"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]}, 1, id="any of"),
        pytest.param({"type": "integer", "oneOf": [{"minimum": 5}, {"maximum": 1}]}, 1, id="one of"),
        pytest.param({"type": "integer", "allOf": [{"minimum": 1}, {"maximum": 1}]}, 1, id="all of"),
        pytest.param({"type": "integer", "not": {"minimum": 5}}, 1, id="not"),
        pytest.param({"type": "array", "x-kubernetes-list-type": "set"}, [1, True, "1"], id="a set of different types"),
        pytest.param({"type": "array", "x-kubernetes-list-type": "atomic"}, [1, 1], id="an atomic list"),
    ],
)
def test_what_is_right_has_no_causes(schema: JSON, value: Any) -> None:
    assert breaches(schema, value) == []


def test_a_value_of_the_wrong_type_is_no_enum_value_either() -> None:
    assert breaches({"type": "string", "enum": ["a"]}, 1) == [
        ("TypeInvalid", 'spec: Invalid value: "integer": spec in body must be of type string: "integer"'),
        ("NotSupported", 'spec: Unsupported value: 1: supported values: "a"'),
    ]


def test_the_nearest_alternative_is_explained() -> None:
    alternatives = [{"required": ["a"], "properties": {"b": {"minimum": 5}}}, {"required": ["c"]}]
    schema: JSON = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    value = {"b": 1}
    assert breaches({**schema, "anyOf": alternatives}, value) == [
        ("Invalid", 'spec: Invalid value: "": "spec" must validate at least one schema (anyOf)'),
        ("Required", "spec.c: Required value"),
    ]
    assert breaches({**schema, "oneOf": alternatives}, value) == [
        ("Invalid", 'spec: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid'),
        ("Required", "spec.c: Required value"),
    ]


def test_all_of_tells_what_each_schema_misses() -> None:
    assert breaches({"type": "integer", "allOf": [{"minimum": 5}, {"maximum": 9}]}, 1) == [
        ("Invalid", 'spec: Invalid value: "": "spec" must validate all the schemas (allOf)'),
        ("Invalid", "spec: Invalid value: 1: spec in body should be greater than or equal to 5"),
    ]
    assert breaches({"type": "integer", "allOf": [{"minimum": 5}]}, 1)[0] == (
        "Invalid",
        'spec: Invalid value: "": "spec" must validate all the schemas (allOf). None validated',
    )


def test_all_breaches_are_told_at_once() -> None:
    found = breaches({"type": "array", "items": NAMED}, [{"port": "x"}, "y", {"name": 1}])
    assert [text.partition(":")[0] for _, text in found] == ["spec[0].name", "spec[0].port", "spec[1]", "spec[2].name"]


def test_there_is_an_end_to_telling() -> None:
    assert len(breaches({"type": "array", "items": INTEGER}, ["x"] * 1000)) == 500


def test_items_of_a_map_that_are_no_objects_are_told_once() -> None:
    schema: JSON = {
        "type": "array", "items": NAMED, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
    }  # fmt: skip
    assert [reason for reason, _ in breaches(schema, [{"name": "a"}, "a"])] == ["TypeInvalid"]


def test_an_embedded_resource_says_what_it_is() -> None:
    schema: JSON = {"type": "object", "x-kubernetes-embedded-resource": True}
    assert breaches(schema, {"apiVersion": "v1", "metadata": {"labels": {"a": 1}}}) == [
        ("Required", "spec.kind: Required value"),
        (
            "TypeInvalid",
            'spec.metadata.labels.a: Invalid value: "integer": '
            'spec.metadata.labels.a in body must be of type string: "integer"',
        ),
    ]


def test_a_kind_may_ask_more_of_names() -> None:
    compiled = compile_schema(
        {"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": {"maxLength": 3}}}}}
    )
    assert [str(cause) for cause in compiled.validate({"metadata": {"name": "long", "labels": 1}})] == [
        "metadata.name: Too long: may not be more than 3 bytes"
    ]


def test_the_envelope_is_not_required_by_a_schema() -> None:
    compiled = compile_schema({"type": "object", "required": ["metadata", "apiVersion", "spec"]})
    assert [str(cause) for cause in compiled.validate({})] == ["spec: Required value"]


def test_the_types_of_metadata_are_checked_apart() -> None:
    assert check_metadata_types({"name": "a", "finalizers": ["x", "x"], "labels": {"a": "b"}}) == []
    assert [cause.field for cause in check_metadata_types({"labels": [], "ownerReferences": [{"uid": "1"}]})] == [
        "metadata.labels",
        "metadata.ownerReferences[0].apiVersion",
        "metadata.ownerReferences[0].kind",
        "metadata.ownerReferences[0].name",
    ]
    assert [cause.field for cause in check_metadata_types("x")] == ["metadata"]


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        pytest.param({"type": "text"}, "properties[spec].type", id="unknown type"),
        pytest.param({"type": 1}, "properties[spec].type", id="type of the type"),
        pytest.param({"type": "string", "pattern": "("}, "properties[spec].pattern", id="pattern"),
        pytest.param({"$ref": "#/x"}, "properties[spec].$ref", id="reference"),
        pytest.param({"type": "integer", "minimum": "1"}, "properties[spec].minimum", id="bound that is no number"),
        pytest.param({"type": "integer", "minimum": True}, "properties[spec].minimum", id="bound that is a boolean"),
        pytest.param({"type": "integer", "multipleOf": 0}, "properties[spec].multipleOf", id="multiple of nothing"),
        pytest.param({"type": "object", "required": [1]}, "properties[spec].required", id="required that is no name"),
        pytest.param({"items": []}, "properties[spec].items", id="items that are no schema"),
        pytest.param({"anyOf": [{"type": "odd"}]}, "properties[spec].anyOf[0].type", id="in an alternative"),
        pytest.param(
            {"type": "array", "x-kubernetes-list-type": "bag"},
            "properties[spec].x-kubernetes-list-type",
            id="list type",
        ),
        pytest.param(
            {"type": "array", "x-kubernetes-list-type": "map"},
            "properties[spec].x-kubernetes-list-map-keys",
            id="map without keys",
        ),
        pytest.param({"type": "string", "default": 1}, "properties[spec].default", id="default of the wrong type"),
        pytest.param(
            {"type": "object", "default": {}, "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            "properties[spec].default",
            id="default that misses a field",
        ),
    ],
)
def test_a_schema_that_makes_no_sense_is_refused_when_it_is_compiled(schema: JSON, where: str) -> None:
    with pytest.raises(SchemaError) as caught:
        compile_schema({"type": "object", "properties": {"spec": schema}})
    assert caught.value.where == where
    assert str(caught.value).startswith(f"{where}: ")
