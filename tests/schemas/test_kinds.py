"""The table of kinds, and the structural schemas made from their models."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fizz.schemas import conditions, kinds
from fizz.schemas.apps import Deployment
from fizz.schemas.core import Secret
from fizz.schemas.kinds import BUILTIN, Kind
from fizz.schemas.meta import Object
from fizz.schemas.structural import structural_schema


@pytest.mark.parametrize("kind", BUILTIN, ids=lambda kind: kind.kind)
def test_every_kind_has_the_model_that_says_so(kind: Kind) -> None:
    assert issubclass(kind.model, Object)
    assert kinds.by_model(kind.model) is kind
    assert kinds.by_kind(kind.api_version, kind.kind) is kind


def test_a_person_finds_a_kind_by_any_of_its_names() -> None:
    for name in ("deployments", "deployment", "Deploy", "deployments.fizz.dev", "deployment.fizz.dev"):
        found = kinds.find(name)
        assert found is not None
        assert found.kind == "Deployment"
    assert kinds.find("pods") is None


def test_no_two_kinds_share_a_name() -> None:
    own = [kind for kind in BUILTIN if kind.group != "events.k8s.io"]  # the Events of v1 under another name
    names = [name for kind in own for name in {kind.plural, kind.singular, *kind.short_names}]
    assert sorted(names) == sorted(set(names))


def _nodes(schema: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(path, schema)]
    for name, child in schema.get("properties", {}).items():
        found += _nodes(child, f"{path}.{name}")
    if "items" in schema:
        found += _nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        found += _nodes(schema["additionalProperties"], f"{path}[*]")
    return found


@pytest.mark.parametrize("kind", BUILTIN, ids=lambda kind: kind.kind)
def test_every_schema_is_structural_and_described(kind: Kind) -> None:
    for path, node in _nodes(structural_schema(kind.model)):
        assert "type" in node or node.get("x-kubernetes-int-or-string"), path
        assert not {"$ref", "anyOf", "title"} & set(node), path
        if path.rpartition(".")[2] not in {"apiVersion", "kind"} and "[" not in path:
            assert node.get("description"), path
        if node.get("x-kubernetes-list-type") == "map":
            keys = node["x-kubernetes-list-map-keys"]
            assert all(key in node["items"]["properties"] for key in keys), path


def test_a_schema_keeps_bounds_and_defaults() -> None:
    replicas = structural_schema(Deployment)["properties"]["spec"]["properties"]["replicas"]
    assert replicas["minimum"] == 0
    assert replicas["default"] == 1
    assert structural_schema(Secret)["properties"]["type"]["default"] == "Opaque"


def test_an_object_survives_reading_and_writing() -> None:
    wire = {
        "apiVersion": "fizz.dev/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "replicas": 1,
            "template": {"spec": {"image": "web", "ports": [{"containerPort": 80, "hostIP": "::1"}]}},
        },
    }
    assert Deployment.load(wire).dump() == wire


def test_unknown_fields_are_ignored_on_reading() -> None:
    secret = Secret.load({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "odd": 1}, "more": 2})
    assert "more" not in secret.dump()


def test_a_condition_keeps_its_time_until_its_status_moves() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    first = conditions.set_condition(None, "Ready", "False", now=early, reason="Starting")
    second = conditions.set_condition(first, "Ready", "False", now=late, reason="StillStarting")
    third = conditions.set_condition(second, "Ready", "True", now=late, reason="Started")
    assert second[0].last_transition_time == early
    assert second[0].reason == "StillStarting"
    assert third[0].last_transition_time == late
    assert conditions.is_true(third, "Ready")
    assert not conditions.is_true(third, "Other")
