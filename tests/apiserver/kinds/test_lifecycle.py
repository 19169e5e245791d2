"""The order of things on the way in."""

from collections.abc import Callable
from datetime import UTC, datetime

from fizz.apiserver.kinds import lifecycle, metadata
from fizz.apiserver.kinds.lifecycle import Outcome
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import clone
from fizz.schemas.base import JSON

Find = Callable[[str], Resource]
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
WEB: JSON = {
    "metadata": {"name": "web", "creationTimestamp": None},
    "spec": {"template": {"spec": {"image": "x", "odd": 1}}, "replicas": None},
}


def create(resource: Resource, obj: JSON) -> Outcome:
    return lifecycle.create(resource, obj, namespace="blog", now=NOW, uid="u", suffix="bcdfg")


def test_a_new_object_is_complete_and_says_what_it_is(resource: Find) -> None:
    given = clone(WEB)
    outcome = create(resource("Deployment"), given)
    assert outcome.causes == []
    assert outcome.unknown == ["spec.template.spec.odd"]
    assert outcome.obj == {
        "apiVersion": "fizz.dev/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "blog",
            "uid": "u",
            "generation": 1,
            "creationTimestamp": "2026-01-31T09:30:00Z",
        },
        "spec": {"template": {"spec": {"image": "x"}}, "replicas": 1},
    }
    assert given == WEB


def test_what_schema_and_metadata_refuse_is_told_together(resource: Find) -> None:
    outcome = create(resource("Deployment"), {"metadata": {"name": "A"}, "spec": {"replicas": -1}})
    assert [cause.field for cause in outcome.causes] == ["metadata.name", "spec.template", "spec.replicas"]


def test_an_object_without_metadata_is_told_so(resource: Find) -> None:
    assert [cause.field for cause in create(resource("ConfigMap"), {}).causes] == ["metadata.name"]
    assert [cause.field for cause in create(resource("ConfigMap"), {"metadata": []}).causes] == ["metadata"]


def test_rules_see_no_object_of_the_wrong_shape(resource: Find) -> None:
    for kind, odd in (
        ("Secret", {"data": [1]}),
        ("Event", {"involvedObject": 1}),
        ("Namespace", {"spec": {"finalizers": 1}}),
    ):
        assert create(resource(kind), {"metadata": {"name": "a"}, **odd}).causes != []


def test_an_update_counts_generations_and_keeps_the_rest(resource: Find) -> None:
    old = create(resource("Deployment"), WEB).obj
    new = clone(old)
    new["spec"]["replicas"] = 3
    before = clone(old)
    outcome = lifecycle.update(resource("Deployment"), old, new)
    assert outcome.causes == []
    assert outcome.obj["metadata"]["generation"] == 2
    assert outcome.obj["metadata"]["uid"] == "u"
    assert old == before


def test_an_update_that_changes_nothing_is_seen_to_change_nothing(resource: Find) -> None:
    old = create(resource("Deployment"), WEB).obj
    outcome = lifecycle.update(resource("Deployment"), old, WEB)
    assert metadata.unchanged(old, outcome.obj)


def test_a_stricter_schema_does_not_lock_what_is_there() -> None:
    schema: JSON = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"a": {"type": "integer", "maximum": 5}, "b": {"type": "integer"}}}
        },
    }
    widget = Resource("example.com", "v1", "Widget", "widgets", "widget", "WidgetList", lambda: schema)
    old: JSON = {**create(widget, {"metadata": {"name": "a"}, "spec": {}}).obj, "spec": {"a": 9, "b": 1}}
    assert lifecycle.update(widget, old, {**old, "spec": {"a": 9, "b": 2}}).causes == []
    assert len(lifecycle.update(widget, old, {**old, "spec": {"a": 8, "b": 1}}).causes) == 1
