"""Bytes to objects and back."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver import errors
from fizz.apiserver.kinds import codec
from fizz.schemas.base import JSON

OBJECT: JSON = {
    "spec": {"metadata": {"x": 1}},
    "metadata": {"name": "a", "resourceVersion": "3", "annotations": {'"metadata":{': "x"}},
    "kind": "Test",
    "apiVersion": 'odd "metadata":{ v1',
}


def test_a_stored_value_begins_with_what_the_object_is_and_has_no_version() -> None:
    value = codec.dump(OBJECT)
    assert list(orjson.loads(value)) == ["apiVersion", "kind", "metadata", "spec"]
    assert b"resourceVersion" not in value
    assert OBJECT["metadata"]["resourceVersion"] == "3"


def test_the_version_is_spliced_into_the_objects_own_metadata() -> None:
    value = codec.dump(OBJECT)
    sent = orjson.loads(codec.splice_version(value, 12))
    assert sent["metadata"] == {**OBJECT["metadata"], "resourceVersion": "12"}
    assert sent["spec"] == OBJECT["spec"]
    assert sent == codec.load(value, 12)


def test_empty_metadata_takes_a_version_too() -> None:
    assert orjson.loads(codec.splice_version(codec.dump({"kind": "X"}), 1))["metadata"] == {"resourceVersion": "1"}


TEXTS = st.text(max_size=8) | st.just('"metadata":{') | st.just('\\"metadata":{')
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS | st.just("metadata"), below, max_size=3),
    max_leaves=8,
)


@given(TEXTS, TEXTS, st.dictionaries(TEXTS, VALUES, max_size=3), VALUES, st.integers(1, 2**53))
def test_splicing_is_loading(api_version: str, kind: str, metadata: JSON, spec: Any, revision: int) -> None:
    value = codec.dump({"spec": spec, "metadata": metadata, "kind": kind, "apiVersion": api_version})
    assert orjson.loads(codec.splice_version(value, revision)) == codec.load(value, revision)


@pytest.mark.parametrize("value", [pytest.param({1}, id="a set"), pytest.param(2**70, id="too large a number")])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(errors.BadRequest, match="cannot be written as JSON"):
        codec.dump({"spec": value})


@pytest.mark.parametrize("text", [b"", b"{", b"nonsense", b'{"a":NaN}', b"\xff"])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(errors.BadRequest, match="as JSON"):
        codec.decode(text)


def test_json_is_read_up_to_a_depth() -> None:
    assert codec.decode(b"[" * 200 + b"]" * 200)
    assert codec.decode(b"[" + b",".join([b"{}"] * 500) + b"]")
    for text in (b"[" * 201 + b"]" * 201, b'{"a":' * 300 + b"1" + b"}" * 300):
        with pytest.raises(errors.BadRequest, match="nested deeper than 200 levels"):
            codec.decode(text)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        pytest.param('{"a": 1, "b": {"a": 1}}', [], id="none"),
        pytest.param('{"a": 1, "a": 2, "a": 3}', ["a"], id="at the top"),
        pytest.param('{"spec": {"ports": [{"x": 1}, {"x": 1, "x": 2}]}}', ["spec.ports[1].x"], id="in an item"),
        pytest.param('{"a": {"b": 1, "b": 1, "c": 1, "c": 1}, "a": {"d": 1, "d": 1}}', ["a", "a.d"], id="many"),
        pytest.param('{"a\\u003a": 1, "a:": 2}', ["a:"], id="an escaped colon"),
        pytest.param('{"a": "\\u003a\\u003A", "b": 1, "b": 1}', ["b"], id="escaped colons that make up for one"),
        pytest.param('{"a" : 1, "\\u0061":\n2}', ["a"], id="an escaped name"),
        pytest.param('{"a": "x:y", "b:": ":"}', [], id="colons in texts"),
        pytest.param('[{"a":1,"a":1}]', ["[0].a"], id="in a list"),
        pytest.param("1", [], id="no object"),
    ],
)
def test_keys_that_stand_twice_are_found(text: str, paths: list[str]) -> None:
    assert codec.duplicate_keys(text.encode(), codec.decode(text.encode())) == paths


@given(VALUES)
def test_what_is_written_by_a_program_has_no_key_twice(value: Any) -> None:
    text = json.dumps(value).encode()
    assert codec.duplicate_keys(text, codec.decode(text)) == []
