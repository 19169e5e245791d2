"""Rules in CEL, as a schema brings them: when they are asked, what they see, what they say."""

from typing import Any

import pytest

from fizz.apiserver.kinds.causes import Cause
from fizz.apiserver.kinds.cel.definitions import check_rules
from fizz.apiserver.kinds.structural import compile_schema

JSON = dict[str, Any]
INTEGER: JSON = {"type": "integer"}
TEXT: JSON = {"type": "string"}
COUNTS: JSON = {"type": "object", "maxProperties": 9, "additionalProperties": INTEGER}
INVALID = "FieldValueInvalid"
AWKWARD: JSON = {"type": "object", "properties": {"a-b": INTEGER, "in": INTEGER}}
PAIR: JSON = {"type": "object", "properties": {"a": INTEGER, "b": INTEGER}}
MOMENT: JSON = {"type": "string", "format": "date-time"}


def rules(*found: str | JSON) -> JSON:
    return {"x-kubernetes-validations": [{"rule": each} if isinstance(each, str) else each for each in found]}


def whole(spec: JSON) -> JSON:
    return {"type": "object", "properties": {"spec": spec}}


def judge(spec: JSON, value: Any, old: Any = None) -> list[Cause]:
    """What the rules say of a spec; the rules must be right by themselves."""
    assert check_rules(whole(spec), "s") == []
    before = None if old is None else {"spec": old}
    return compile_schema(whole(spec)).judge({"spec": value}, before, [])


def problem(spec: JSON) -> str:
    """What is wrong with the only bad rule of a schema."""
    (cause,) = check_rules(whole(spec), "s")
    return cause.message


@pytest.mark.parametrize(
    ("schema", "rule", "good", "bad"),
    [
        (INTEGER, "self > 1", 2, 1),
        ({"type": "number"}, "self * 2.0 > 3.0", 2, 1),
        (TEXT, "self.startsWith('a') && size(self) < 3", "ab", "abc"),
        ({**TEXT, "format": "duration"}, "self < duration('1h')", "30m", "2h"),
        (MOMENT, "self < timestamp('2026-01-01T00:00:00Z')", "2025-05-05T00:00:00Z", "2027-01-01T00:00:00Z"),
        ({**TEXT, "format": "byte"}, "size(self) == 3", "YWJj", "YWI="),
        ({"x-kubernetes-int-or-string": True}, "type(self) == string ? self.endsWith('%') : self > 0", "5%", 0),
        ({"type": "array", "maxItems": 9, "items": INTEGER}, "self.isSorted() && self.sum() < 9", [1, 2], [2, 1]),
        (COUNTS, "self.all(k, self[k] > 0)", {"a": 1}, {"a": 0}),
        (TEXT, "quantity(self).isLessThan(quantity('1Gi'))", "512Mi", "2Gi"),
        (TEXT, "isIP(self) && ip(self).family() == 4", "10.0.0.1", "::1"),
        (TEXT, "isURL(self) && url(self).getScheme() == 'https'", "https://a.b/c", "http://a.b"),
        (TEXT, "!format.dns1123Label().validate(self).hasValue()", "abc", "A_b"),
        (TEXT, "!format.uuid().validate(self + '').hasValue()", "123e4567-e89b-12d3-a456-426614174000", "(x)"),
        (TEXT, "format.labelValue().validate(self).orValue([]).size() == 0", "a", "a b"),
        (TEXT, "format.dns1035Label().validate(self) == optional.none()", "a1", "1a"),
        (TEXT, "!format.dns1123SubdomainPrefix().validate(self).hasValue()", "a.b-", "-a"),
        (TEXT, "['x'].all(e, !format.date().validate(self.replace(')', '')).hasValue())", "2026-01-31)", "x"),
        (TEXT, "isSemver(self, true) && semver(self, true).minor() == 2", "v1.2", "1.3"),
        (AWKWARD, "self.a__dash__b < self.__in__", {"a-b": 1, "in": 2}, {"a-b": 2, "in": 1}),
        (PAIR, "!has(self.a) || self.b == self.a", {}, {"a": 1, "b": 2}),
        ({"type": "object", "properties": {"a": INTEGER}}, "self.?a.orValue(7) > 5", {}, {"a": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_rule_holds_or_is_broken(schema: JSON, rule: str, good: Any, bad: Any) -> None:
    spec = {"type": "object", "properties": {"v": {**schema, **rules(rule)}}}
    assert judge(spec, {"v": good}) == []
    (cause,) = judge(spec, {"v": bad})
    assert cause.field == "spec.v"
    assert cause.message.endswith(f"failed rule: {rule}")


def test_a_transition_rule_needs_something_to_compare_with() -> None:
    spec = {"type": "object", "properties": {"v": {**INTEGER, **rules("self >= oldSelf")}}}
    assert judge(spec, {"v": 1}) == []
    assert judge(spec, {"v": 1}, {}) == []
    assert judge(spec, {"v": 2}, {"v": 1}) == []
    assert [cause.field for cause in judge(spec, {"v": 1}, {"v": 2})] == ["spec.v"]


def test_an_optional_old_value_is_asked_for_on_creation_too() -> None:
    rule = {"rule": "oldSelf.hasValue() || self == 1", "optionalOldSelf": True}
    spec = {"type": "object", "properties": {"v": {**INTEGER, **rules(rule)}}}
    assert judge(spec, {"v": 1}) == []
    assert judge(spec, {"v": 2}, {"v": 1}) == []
    assert len(judge(spec, {"v": 2})) == 1


def test_items_of_lists_that_are_maps_are_compared_with_themselves() -> None:
    item = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": TEXT, "v": INTEGER},
        **rules("self.v >= oldSelf.v"),
    }
    ports = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"]}
    spec = {"type": "object", "properties": {"l": ports}}
    old = {"l": [{"n": "a", "v": 1}, {"n": "b", "v": 5}]}
    assert judge(spec, {"l": [{"n": "b", "v": 5}, {"n": "a", "v": 2}, {"n": "c", "v": 0}]}, old) == []
    assert [cause.field for cause in judge(spec, {"l": [{"n": "b", "v": 4}]}, old)] == ["spec.l[0]"]


def test_what_was_broken_before_and_is_the_same_is_let_through() -> None:
    spec = {"type": "object", "properties": {"v": {**INTEGER, **rules("self > 5")}, "w": INTEGER}}
    assert judge(spec, {"v": 1, "w": 2}, {"v": 1, "w": 1}) == []
    assert len(judge(spec, {"v": 2, "w": 2}, {"v": 1, "w": 1})) == 1


@pytest.mark.parametrize(
    ("extra", "shown"),
    [
        ({"message": "no"}, (INVALID, 'Invalid value: "integer": no', "spec.v")),
        ({"messageExpression": "'is %d'.format([self])"}, (INVALID, 'Invalid value: "integer": is 1', "spec.v")),
        ({"message": "no", "messageExpression": "''"}, (INVALID, 'Invalid value: "integer": no', "spec.v")),
        ({"message": "no", "reason": "FieldValueForbidden"}, ("FieldValueForbidden", "Forbidden: no", "spec.v")),
        ({"message": "no", "reason": "FieldValueRequired"}, ("FieldValueRequired", "Required value: no", "spec.v")),
        ({"reason": "FieldValueDuplicate"}, ("FieldValueDuplicate", 'Duplicate value: "integer"', "spec.v")),
    ],
)  # fmt: skip
def test_a_breach_is_told_in_the_words_of_the_rule(extra: JSON, shown: tuple[str, str, str]) -> None:
    spec = {"type": "object", "properties": {"v": {**INTEGER, **rules({"rule": "self > 1", **extra})}}}
    (cause,) = judge(spec, {"v": 1})
    assert (cause.reason, cause.message, cause.field) == shown


def test_a_breach_can_point_at_a_field_below() -> None:
    rule = {"rule": "self.a > 1", "fieldPath": ".a"}
    (cause,) = judge({"type": "object", "properties": {"a": INTEGER}, **rules(rule)}, {"a": 1})
    assert cause.field == "spec.a"


def test_a_rule_that_cannot_be_evaluated_is_broken() -> None:
    (cause,) = judge({"type": "object", "properties": {"a": INTEGER}, **rules("self.a > 1")}, {})
    assert "no such key: a" in cause.message


def test_an_endless_rule_is_stopped() -> None:
    many = {"type": "array", "maxItems": 200, "items": INTEGER}
    spec = {"type": "object", "properties": {"l": {**many, **rules("self.all(x, self.all(y, x + y >= 0))")}}}
    (cause,) = judge(spec, {"l": list(range(200))})
    assert "call cost exceeds limit" in cause.message


def test_rules_are_not_asked_of_what_is_not_even_of_the_right_type() -> None:
    compiled = compile_schema(whole({"type": "object", "properties": {"a": INTEGER}, **rules("self.a > 1")}))
    obj = {"spec": {"a": "x"}}
    (cause,) = compiled.judge(obj, None, compiled.validate(obj))
    assert "some validation rules were not checked" in cause.message


def test_the_root_knows_its_own_name() -> None:
    schema = {"type": "object", "properties": {}, **rules("self.metadata.name.startsWith('a')")}
    assert check_rules(schema, "s") == []
    (cause,) = compile_schema(schema).judge({"metadata": {"name": "b"}}, None, [])
    assert cause.field == ""


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (rules({"rule": "self.v > 1", "optionalOldSelf": True}), "may not be set if oldSelf is not used"),
        (rules({"rule": "self.v > 1", "message": " "}), "message must be non-empty"),
        (rules({"rule": "self.v > 1", "message": "a\nb"}), "must not contain line breaks"),
        (rules({"rule": "self.v >\n1"}), "message must be specified if rule contains line breaks"),
        (rules({"rule": "self.v > 1", "reason": "Odd"}), 'supported values: "FieldValueDuplicate"'),
        (rules({"rule": "self.v > 1", "fieldPath": ".nope"}), 'cannot find field "nope"'),
        (rules({"rule": "self.v > 1", "messageExpression": "self.v"}), "must evaluate to a string"),
        (rules({"rule": "self.v > 1", "messageExpression": "self.nope"}), "undefined field 'nope'"),
        (rules("self.v >"), "Syntax error"),
        (rules("nope(self)"), "undeclared reference to 'nope'"),
    ],
)  # fmt: skip
def test_a_rule_that_is_wrong_is_told_when_it_is_written(spec: JSON, words: str) -> None:
    assert words in problem({"type": "object", "properties": {"v": INTEGER}, **spec})


MANY_TEXTS: JSON = {"type": "array", "items": TEXT}


@pytest.mark.parametrize(
    ("schema", "rule", "said"),
    [
        pytest.param(MANY_TEXTS, "self.all(x, x.contains('a string'))", "more than 100x", id="searches in many texts"),
        pytest.param({**MANY_TEXTS, "maxItems": 50}, "self.all(x, x.contains('a'))", "1.6x", id="in 50 long ones"),
        pytest.param({**MANY_TEXTS, "maxItems": 10}, "self.all(x, x.contains('a'))", "", id="in ten long ones"),
        pytest.param(
            {"type": "array", "maxItems": 9999, "items": {**TEXT, "maxLength": 63}},
            "self.all(x, x.matches('a'))",
            "",
            id="in many short ones",
        ),
        pytest.param(
            {"type": "array", "items": {**TEXT, "enum": ["ab", "c"]}}, "self.all(x, x.contains('a'))", "", id="enum"
        ),
        pytest.param(MANY_TEXTS, "self.all(x, x.startsWith('a'))", "", id="looks at the beginning of many"),
        pytest.param(TEXT, "self.matches('a') && self.find('b') != ''", "", id="searches in one text"),
        pytest.param(
            {"type": "object", "properties": {"a": TEXT, "b": MANY_TEXTS}},
            "self.b.exists(x, self.a.contains(x))",
            "more than 100x",
            id="searches in one text for many",
        ),
    ],
)
def test_what_could_take_too_long_is_refused(schema: JSON, rule: str, said: str) -> None:
    found = check_rules(whole({**schema, **rules(rule)}), "s")
    assert [said in each.message for each in found] == ([True] if said else [])


def test_a_rule_of_each_of_many_texts_counts_for_all_of_them() -> None:
    items = {**TEXT, **rules("self.contains('a')")}
    assert "exceeds budget" in problem({"type": "array", "items": items})
    assert check_rules(whole({"type": "array", "maxItems": 10, "items": items}), "s") == []
