"""Causes say what Kubernetes says."""

import pytest

from fizz.apiserver.kinds import causes
from fizz.apiserver.kinds.causes import Cause, render


@pytest.mark.parametrize(
    ("cause", "reason", "text"),
    [
        pytest.param(causes.required("spec"), "FieldValueRequired", "spec: Required value", id="required"),
        pytest.param(
            causes.required("metadata.name", "name or generateName is required"),
            "FieldValueRequired",
            "metadata.name: Required value: name or generateName is required",
            id="required with a detail",
        ),
        pytest.param(
            causes.invalid("a", "x", "must be y"), "FieldValueInvalid", 'a: Invalid value: "x": must be y', id="invalid"
        ),
        pytest.param(
            causes.type_invalid("a", "string", 'a in body must be of type integer: "string"'),
            "FieldValueTypeInvalid",
            'a: Invalid value: "string": a in body must be of type integer: "string"',
            id="type",
        ),
        pytest.param(
            causes.not_supported("a", "x", ["p", 1]),
            "FieldValueNotSupported",
            'a: Unsupported value: "x": supported values: "p", "1"',
            id="not supported",
        ),
        pytest.param(causes.duplicate("a[1]", 5), "FieldValueDuplicate", "a[1]: Duplicate value: 5", id="duplicate"),
        pytest.param(causes.forbidden("a", "no"), "FieldValueForbidden", "a: Forbidden: no", id="forbidden"),
        pytest.param(
            causes.too_long("a", 63), "FieldValueTooLong", "a: Too long: may not be more than 63 bytes", id="too long"
        ),
        pytest.param(
            causes.too_many("a", 5, 1), "FieldValueTooMany", "a: Too many: 5: must have at most 1 item", id="too many"
        ),
        pytest.param(causes.required(""), "FieldValueRequired", "Required value", id="of the whole object"),
    ],
)
def test_causes_have_the_reasons_and_words_of_kubernetes(cause: Cause, reason: str, text: str) -> None:
    assert (cause.reason, str(cause)) == (reason, text)


def test_a_cause_is_written_as_an_entry_of_a_status() -> None:
    assert causes.required("spec").dump() == {
        "reason": "FieldValueRequired",
        "message": "Required value",
        "field": "spec",
    }


def test_paths_are_written_with_dots_and_brackets() -> None:
    ports = ((None, "spec"), "ports")
    assert render(ports, 0, "odd") == "spec.ports[0].odd"
    assert render((ports, 1)) == "spec.ports[1]"
    assert render(None, "kind") == "kind"
    assert render(None) == ""
