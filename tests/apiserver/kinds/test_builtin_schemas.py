"""The engine and the models of the built-in kinds agree."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON
from fizz.schemas.kinds import BUILTIN, by_kind

REGISTRY = Registry.builtin()
RESOURCES = [pytest.param(REGISTRY.by_kind(kind.api_version, kind.kind), id=kind.kind) for kind in BUILTIN]


def values(schema: JSON, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that the schema means, most of them right."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return st.just("2026-01-31T09:30:00Z")
    if schema.get("format") == "byte":
        return st.just("Zml6eg==")
    if schema.get("x-kubernetes-int-or-string"):
        quantity = schema.get("format") == "quantity"
        return st.sampled_from(["500m", "64Mi", 1, 0.5] if quantity else ["25%", 1])
    match schema.get("type"):
        case "string":
            return st.sampled_from(["10s", "1m30s", "0"]) if "pattern" in schema else st.sampled_from(["a", "b-c"])
        case "integer":
            return st.integers(schema.get("minimum", -3), schema.get("maximum", 9))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(values(schema["items"], depth + 1), max_size=2)
        case "object" if "properties" in schema:
            required = set(schema.get("required", ()))
            parts = {name: values(child, depth + 1) for name, child in schema["properties"].items()}
            return st.fixed_dictionaries(
                {name: part for name, part in parts.items() if name in required},
                optional={name: part for name, part in parts.items() if name not in required} if depth < 5 else {},
            )
    below = schema.get("additionalProperties")
    return st.dictionaries(st.sampled_from(["k", "l"]), values(below, depth + 1) if below else st.just("v"), max_size=2)


def whole(resource: Resource) -> st.SearchStrategy[JSON]:
    own = {name: child for name, child in resource.schema["properties"].items() if name not in ("apiVersion", "kind")}
    return values({**resource.schema, "properties": own}).map(
        lambda obj: {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
    )


@pytest.mark.parametrize("resource", RESOURCES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(data=st.data())
def test_what_a_model_writes_is_valid_and_known(resource: Resource, data: st.DataObject) -> None:
    obj = data.draw(whole(resource))
    kind = by_kind(resource.api_version, resource.kind)
    assert kind is not None
    try:
        dumped = kind.model.load(obj).dump()
    except ValidationError:  # what no model reads is not the subject here
        return
    before = orjson.dumps(dumped)
    unknown = resource.compiled.clean(dumped)
    causes = [cause for cause in resource.compiled.validate(dumped) if cause.reason != "FieldValueDuplicate"]
    assert unknown == [], before
    assert causes == [], before
    kind.model.load(dumped)


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_least_object_is_what_its_required_fields_are(resource: Resource) -> None:
    causes = resource.compiled.validate({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}})
    assert [cause.field for cause in causes] == resource.schema.get("required", [])
