"""Metadata: who writes what."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fizz.apiserver import errors
from fizz.apiserver.kinds import metadata
from fizz.apiserver.kinds.causes import Cause
from fizz.apiserver.kinds.registry import Resource
from fizz.schemas.base import JSON

Find = Callable[[str], Resource]
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def create(resource: Resource, meta: JSON, namespace: str | None = "blog", **rest: Any) -> tuple[JSON, list[Cause]]:
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta, **rest}
    return metadata.prepare_create(obj, resource, namespace=namespace, now=NOW, uid="u-1", suffix="bcdfg")


def texts(causes: list[Cause]) -> list[str]:
    return [str(cause) for cause in causes]


def test_a_new_object_gets_what_the_system_gives(resource: Find) -> None:
    given: JSON = {
        "labels": {"a": "b"},
        "name": "web",
        "uid": "mine",
        "resourceVersion": "7",
        "generation": 9,
        "creationTimestamp": "1999-01-01T00:00:00Z",
        "deletionTimestamp": "1999-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 3,
        "selfLink": "/x",
        "annotations": {},
        "finalizers": [],
    }
    before = dict(given)
    new, causes = create(resource("Deployment"), given, status={"replicas": 1}, spec={})
    assert causes == []
    assert new == {
        "apiVersion": "fizz.dev/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "blog",
            "uid": "u-1",
            "generation": 1,
            "creationTimestamp": "2026-01-31T09:30:00Z",
            "labels": {"a": "b"},
        },
        "spec": {},
    }
    assert list(new["metadata"])[:2] == ["name", "namespace"]
    assert given == before


def test_a_name_is_generated_from_its_prefix(resource: Find) -> None:
    new, causes = create(resource("ConfigMap"), {"generateName": "job-"})
    assert (new["metadata"]["name"], causes) == ("job-bcdfg", [])
    long, causes = create(resource("ConfigMap"), {"generateName": "x" * 80})
    assert (long["metadata"]["name"], causes) == ("x" * 58 + "bcdfg", [])
    named, _ = create(resource("ConfigMap"), {"generateName": "job-", "name": "web"})
    assert named["metadata"]["name"] == "web"


def test_the_status_stays_where_it_is_no_subresource(resource: Find) -> None:
    new, _ = create(resource("ConfigMap"), {"name": "a"}, status={"x": 1})
    assert new["status"] == {"x": 1}


def test_a_cluster_scoped_object_has_no_namespace(resource: Find) -> None:
    new, causes = create(resource("Node"), {"name": "a", "namespace": "odd"}, namespace=None)
    assert "namespace" not in new["metadata"]
    assert causes == []


def test_another_namespace_than_the_requests_is_unreadable(resource: Find) -> None:
    with pytest.raises(errors.BadRequest, match="does not match the namespace sent on the request"):
        create(resource("ConfigMap"), {"name": "a", "namespace": "other"})


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        pytest.param({}, ["metadata.name: Required value: name or generateName is required"], id="no name"),
        pytest.param(
            {"name": "A_b"}, ['metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain'], id="name"
        ),
        pytest.param(
            {"generateName": "A-"},
            [
                'metadata.generateName: Invalid value: "A-": a lowercase RFC 1123 subdomain',
                'metadata.name: Invalid value: "A-bcdfg": a lowercase RFC 1123 subdomain',
            ],
            id="generateName",
        ),
        pytest.param(
            {"name": "a", "labels": {"-x": "y", "z": "!"}},
            [
                'metadata.labels: Invalid value: "-x": name part must consist of',
                'metadata.labels: Invalid value: "!": a valid label must be',
            ],
            id="labels",
        ),
        pytest.param(
            {"name": "a", "annotations": {"Example.com/A": "anything !", "a b": ""}},
            ['metadata.annotations: Invalid value: "a b": name part must consist of'],
            id="annotations, whose prefix may have capitals",
        ),
        pytest.param(
            {"name": "a", "annotations": {"a": "ä" * 131072}},
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
            id="annotations too long",
        ),
        pytest.param({"name": "a", "annotations": {"a": "x" * 262143}}, [], id="annotations just short enough"),
        pytest.param(
            {"name": "a", "finalizers": ["a b"]},
            ['metadata.finalizers: Invalid value: "a b": name part must consist of'],
            id="finalizers",
        ),
        pytest.param(
            {"name": "a", "finalizers": ["orphan", "foregroundDeletion"]},
            [
                'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
                "finalizer orphan and foregroundDeletion cannot be both set"
            ],
            id="both ways of deletion",
        ),
        pytest.param(
            {"name": "a", "ownerReferences": [{"apiVersion": "v/", "kind": "", "name": "", "uid": ""}]},
            [
                'metadata.ownerReferences.apiVersion: Invalid value: "v/": version must not be empty',
                'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
                'metadata.ownerReferences.name: Invalid value: "": must not be empty',
                'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
            ],
            id="empty owner",
        ),
        pytest.param(
            {"name": "a", "ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "b", "uid": "c"}]},
            [
                'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"b","uid":"c"}: '
                "v1, Kind=Event is disallowed from being an owner"
            ],
            id="an event as owner",
        ),
        pytest.param(
            {
                "name": "a",
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "X", "name": name, "uid": name, "controller": True} for name in "bc"
                ],
            },
            ["metadata.ownerReferences: Invalid value: ["],
            id="two controllers",
        ),
        pytest.param({"name": 1}, ['metadata.name: Invalid value: "integer": metadata.name in body'], id="wrong type"),
    ],
)
def test_bad_metadata_is_refused(resource: Find, meta: JSON, expected: list[str]) -> None:
    _, causes = create(resource("ConfigMap"), meta)
    found = texts(causes)
    assert len(found) == len(expected)
    for text, start in zip(found, expected, strict=True):
        assert text.startswith(start)


def test_namespaces_and_services_have_names_of_one_label(resource: Find) -> None:
    _, causes = create(resource("Namespace"), {"name": "a.b"}, namespace=None)
    assert texts(causes)[0].startswith('metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label')
    _, causes = create(resource("Service"), {"name": "a.b"})
    assert len(causes) == 1
    assert create(resource("Deployment"), {"name": "a.b"})[1] == []


def test_the_namespace_must_be_a_name(resource: Find) -> None:
    assert texts(create(resource("ConfigMap"), {"name": "a"}, namespace=None)[1]) == [
        "metadata.namespace: Required value"
    ]
    assert texts(create(resource("ConfigMap"), {"name": "a"}, namespace="B")[1])[0].startswith(
        'metadata.namespace: Invalid value: "B"'
    )


def test_entries_that_stand_twice_are_tidied_up(resource: Find) -> None:
    owner = {"apiVersion": "v1", "kind": "X", "name": "b", "uid": "c"}
    new, causes = create(
        resource("ConfigMap"),
        {"name": "a", "finalizers": ["x/a", "x/b", "x/a"], "ownerReferences": [owner, dict(owner)]},
    )
    assert causes == []
    assert new["metadata"]["finalizers"] == ["x/a", "x/b"]
    assert new["metadata"]["ownerReferences"] == [owner]


LIVE: JSON = {
    "apiVersion": "fizz.dev/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "blog",
        "uid": "u-1",
        "resourceVersion": "7",
        "generation": 3,
        "creationTimestamp": "2026-01-31T09:30:00Z",
        "labels": {"a": "b"},
        "finalizers": ["fizz.dev/a"],
    },
    "spec": {"replicas": 1},
    "status": {"replicas": 1},
}
SYSTEM = {key: LIVE["metadata"][key] for key in ("name", "namespace", "uid", "generation", "creationTimestamp")}


def dying(**meta: Any) -> JSON:
    end = {"deletionTimestamp": "2026-02-01T00:00:00Z", "deletionGracePeriodSeconds": 0}
    return {**LIVE, "metadata": {**LIVE["metadata"], **end, **meta}}


def test_an_update_keeps_what_is_the_systems(resource: Find) -> None:
    new: JSON = {
        "metadata": {"generation": 77, "creationTimestamp": "1999-01-01T00:00:00Z", "deletionTimestamp": "x"},
        "spec": {"replicas": 2},
        "status": {"replicas": 99},
    }
    new["metadata"]["deletionTimestamp"] = "1999-01-01T00:00:00Z"
    result, causes = metadata.prepare_update(LIVE, new, resource("Deployment"))
    assert causes == []
    assert result == {"metadata": SYSTEM, "spec": {"replicas": 2}, "status": {"replicas": 1}}


def test_a_deletion_cannot_be_taken_back(resource: Find) -> None:
    result, causes = metadata.prepare_update(dying(), {"metadata": {"name": "web"}}, resource("Deployment"))
    assert causes == []
    assert result["metadata"]["deletionTimestamp"] == "2026-02-01T00:00:00Z"
    assert result["metadata"]["deletionGracePeriodSeconds"] == 0
    assert "finalizers" not in result["metadata"]


@pytest.mark.parametrize(
    ("name", "value"), [pytest.param(name, "other", id=name) for name in ("name", "namespace", "uid")]
)
def test_identity_is_immutable(resource: Find, name: str, value: str) -> None:
    for subresource in ("", "status"):
        _, causes = metadata.prepare_update(LIVE, {"metadata": {name: value}}, resource("Deployment"), subresource)
        assert texts(causes) == [f'metadata.{name}: Invalid value: "other": field is immutable']


def test_no_finalizer_is_added_to_what_is_being_deleted(resource: Find) -> None:
    new: JSON = {"metadata": {"finalizers": ["fizz.dev/a", "x/b", "x/c"]}}
    _, causes = metadata.prepare_update(dying(), new, resource("Deployment"))
    assert texts(causes) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"x/b", "x/c"}'
    ]
    assert causes[0].reason == "FieldValueForbidden"
    assert metadata.prepare_update(LIVE, new, resource("Deployment"))[1] == []


def test_a_status_update_changes_nothing_else(resource: Find) -> None:
    new: JSON = {
        "metadata": {"labels": {"x": "y"}, "managedFields": [{"manager": "m"}]},
        "spec": {"replicas": 9},
        "status": {"replicas": 2},
    }
    result, causes = metadata.prepare_update(LIVE, new, resource("Deployment"), "status")
    assert causes == []
    kept = {key: value for key, value in LIVE["metadata"].items() if key != "resourceVersion"}
    assert result == {
        **LIVE, "status": {"replicas": 2}, "metadata": {**kept, "managedFields": [{"manager": "m"}]},
    }  # fmt: skip
    gone, _ = metadata.prepare_update(LIVE, {"metadata": {}}, resource("Deployment"), "status")
    assert "status" not in gone


def test_bad_types_are_told_before_anything_else(resource: Find) -> None:
    _, causes = metadata.prepare_update(LIVE, {"metadata": {"labels": []}}, resource("Deployment"))
    assert [cause.field for cause in causes] == ["metadata.labels"]


@pytest.mark.parametrize(
    ("change", "generation"),
    [
        pytest.param({"spec": {"replicas": 2}}, 4, id="spec"),
        pytest.param({"extra": 1}, 4, id="another field"),
        pytest.param({"status": {"replicas": 5}}, 3, id="status"),
        pytest.param({"metadata": {**LIVE["metadata"], "labels": {}}}, 3, id="labels"),
        pytest.param({"apiVersion": "fizz.dev/v2"}, 3, id="another version"),
        pytest.param({}, 3, id="nothing"),
    ],
)
def test_generation_counts_what_is_wanted(resource: Find, change: JSON, generation: int) -> None:
    result = metadata.with_generation(LIVE, {**LIVE, **change}, resource("Deployment"))
    assert result["metadata"]["generation"] == generation
    assert LIVE["metadata"]["generation"] == 3


def test_times_of_managers_and_the_version_are_no_change() -> None:
    one = {**LIVE, "metadata": {**LIVE["metadata"], "managedFields": [{"manager": "m", "time": "1"}]}}
    other = {**LIVE, "metadata": {**SYSTEM, **{key: LIVE["metadata"][key] for key in ("labels", "finalizers")}}}
    later = {**other, "metadata": {**other["metadata"], "managedFields": [{"manager": "m", "time": "2"}]}}
    assert metadata.unchanged(one, later)
    assert metadata.unchanged(LIVE, other)
    assert not metadata.unchanged(one, other)
    assert not metadata.unchanged(LIVE, {**LIVE, "spec": {"replicas": True}})


@pytest.mark.parametrize(
    ("obj", "goes"),
    [
        pytest.param(LIVE, False, id="nobody asked"),
        pytest.param(dying(), False, id="a finalizer holds it"),
        pytest.param(dying(finalizers=[]), True, id="nobody holds it"),
        pytest.param({**dying(finalizers=[]), "spec": {"finalizers": ["a"]}}, True, id="a spec of its own"),
        pytest.param(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"deletionTimestamp": "x"},
                "spec": {"finalizers": ["k"]},
            },
            False,
            id="a namespace with contents",
        ),
        pytest.param(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"deletionTimestamp": "x"},
                "spec": {"finalizers": []},
            },
            True,
            id="an empty namespace",
        ),
    ],
)
def test_an_object_goes_when_nobody_holds_it(obj: JSON, goes: bool) -> None:
    assert metadata.may_go(obj) is goes


def test_the_alphabet_of_names_makes_no_words() -> None:
    assert not set("aeiou013") & set(metadata.NAME_ALPHABET)
