"""Ownership after creates, updates and patches."""

from typing import TYPE_CHECKING, Any

import pytest

from fizz.schemas.base import JSON

if TYPE_CHECKING:
    from tests.apiserver.kinds.managed.conftest import Gadget


def fields(*names: str, operation: str = "Update") -> JSON:
    """An entry that a client wrote, for these fields of the spec."""
    return {
        "manager": "hand",
        "operation": operation,
        "apiVersion": "fizz.dev/v1",
        "time": "2025-12-31T23:00:00-01:00",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {f"f:{name}": {".": {}} for name in names}},
    }


@pytest.mark.parametrize(
    ("spec", "owned"),
    [
        pytest.param({"replicas": 1}, {".replicas"}, id="a scalar"),
        pytest.param({"settings": {"a": "1"}}, {".settings", ".settings.a"}, id="a map and its items"),
        pytest.param({"settings": {}}, {".settings"}, id="an empty map"),
        pytest.param({"tags": []}, {".tags"}, id="an empty set"),
        pytest.param({"selector": {"a": "1"}}, {".selector"}, id="an atomic map"),
        pytest.param({"tags": ["a"]}, {".tags", '.tags[="a"]'}, id="a set and its items"),
        pytest.param(
            {"env": [{"name": "A"}]},
            {".env", '.env[name="A"]', '.env[name="A"].name'},
            id="a keyed list, its items and what is in them",
        ),
        pytest.param({"check": {"http": {"a": "1"}}}, {".check", ".check.http", ".check.http.a"}, id="deep"),
    ],
)
def test_a_creator_owns_all_that_came_into_being(gadget: "Gadget", spec: JSON, owned: set[str]) -> None:
    gadget.update("fizz", spec)
    assert gadget.owned("fizz") == {".spec", *(f".spec{path}" for path in owned)}


def test_a_create_has_one_entry(gadget: "Gadget") -> None:
    after = gadget.update("fizz", {"replicas": 1}, metadata={"labels": {"a": "b"}, "uid": "u"})
    assert after["metadata"]["managedFields"] == [
        {
            "manager": "fizz",
            "operation": "Update",
            "apiVersion": "fizz.dev/v1",
            "time": "2026-01-01T00:00:01Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
                "f:spec": {".": {}, "f:replicas": {}},
            },
        }
    ]


def test_whoever_changes_a_field_owns_it_and_the_former_owner_does_not(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1, "note": "x"})
    gadget.update("kubectl", {"replicas": 2, "note": "x"})
    assert gadget.owned("kubectl") == {".spec.replicas"}
    assert gadget.owned("fizz") == {".spec", ".spec.note"}


def test_whoever_lost_everything_vanishes(gadget: "Gadget") -> None:
    gadget.apply("fizz", {"replicas": 1})
    gadget.update("kubectl", {"replicas": 2})
    assert gadget.managers == [("kubectl", "Update")]


@pytest.mark.parametrize(
    ("before", "after", "owned", "left"),
    [
        pytest.param({"replicas": 1}, {"replicas": 1, "note": "x"}, {".note"}, {".replicas"}, id="added"),
        pytest.param(
            {"settings": {"a": "1"}},
            {"settings": {"a": "1", "b": "2"}},
            {".settings.b"},
            {".settings", ".settings.a"},
            id="added to a map",
        ),
        pytest.param(
            {"tags": ["a"]}, {"tags": ["b", "a"]}, {'.tags[="b"]'}, {".tags", '.tags[="a"]'}, id="added to a set"
        ),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "value": "2"}]},
            {'.env[name="A"].value'},
            {".env", '.env[name="A"]', '.env[name="A"].name'},
            id="changed in an item",
        ),
        pytest.param(
            {"env": [{"name": "A"}]},
            {"env": [{"name": "B"}]},
            {'.env[name="B"]', '.env[name="B"].name'},
            {".env"},
            id="an item replaced",
        ),
        pytest.param({"args": ["a"]}, {"args": ["b"]}, {".args"}, set(), id="an atomic list"),
        pytest.param(
            {"extra": {"a": {"b": 1}}}, {"extra": {"a": 1}}, {".extra.a"}, {".extra"}, id="a map becomes a value"
        ),
        pytest.param(
            {"extra": {"a": 1}},
            {"extra": {"a": {"b": 1}}},
            {".extra.a", ".extra.a.b"},
            {".extra"},
            id="a value becomes a map",
        ),
        pytest.param({"extra": {"a": 1}}, {"extra": {"a": True}}, {".extra.a"}, {".extra"}, id="1 becomes true"),
    ],
)
def test_changes_move_ownership(gadget: "Gadget", before: JSON, after: JSON, owned: set[str], left: set[str]) -> None:
    gadget.update("fizz", before)
    gadget.update("kubectl", after)
    assert gadget.owned("kubectl") == {f".spec{path}" for path in owned}
    assert gadget.owned("fizz") == {".spec", *(f".spec{path}" for path in left)}


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        pytest.param({"replicas": 1, "note": "x"}, {"note": "x"}, {".note"}, id="a scalar"),
        pytest.param(
            {"settings": {"a": "1", "b": "2"}}, {"settings": {"b": "2"}}, {".settings", ".settings.b"}, id="in a map"
        ),
        pytest.param({"settings": {"a": "1"}}, {"settings": {}}, {".settings"}, id="the last in a map"),
        pytest.param({"settings": {"a": "1"}}, {}, set(), id="a map with all in it"),
        pytest.param({"tags": ["a", "b"]}, {"tags": ["b"]}, {".tags", '.tags[="b"]'}, id="from a set"),
        pytest.param({"env": [{"name": "A"}]}, {"env": []}, {".env"}, id="from a keyed list"),
    ],
)
def test_what_is_removed_is_owned_by_nobody(gadget: "Gadget", before: JSON, after: JSON, left: set[str]) -> None:
    gadget.update("fizz", before)
    gadget.update("kubectl", after)
    assert gadget.managers == [("fizz", "Update")]
    assert gadget.owned("fizz") == {".spec", *(f".spec{path}" for path in left)}


def test_writing_the_same_again_changes_nothing(gadget: "Gadget") -> None:
    before = gadget.update("fizz", {"replicas": 1, "tags": ["a", "b"]})
    assert gadget.update("kubectl", {"replicas": 1, "tags": ["a", "b"]}) == before


def test_the_order_of_items_is_owned_by_nobody(gadget: "Gadget") -> None:
    gadget.update("fizz", {"tags": ["a", "b"]})
    gadget.update("kubectl", {"tags": ["b", "a"]})
    assert gadget.managers == [("fizz", "Update")]
    assert gadget.spec == {"tags": ["b", "a"]}


@pytest.mark.parametrize(
    ("second", "moved"),
    [
        pytest.param({"replicas": 2, "note": "x"}, True, id="a new value"),
        pytest.param({"replicas": 1, "note": "x", "size": 1}, True, id="a new field"),
        pytest.param({"note": "x"}, True, id="a field that is gone"),
        pytest.param({"replicas": 1, "note": "x"}, False, id="nothing"),
    ],
)
def test_the_time_moves_with_what_the_manager_does(gadget: "Gadget", second: JSON, moved: bool) -> None:
    gadget.update("fizz", {"replicas": 1, "note": "x"})
    gadget.update("fizz", second)
    assert [entry["time"] for entry in gadget.entries] == [f"2026-01-01T00:00:0{2 if moved else 1}Z"]


def test_the_time_stays_when_another_manager_takes_a_field(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1, "note": "x"})
    gadget.update("kubectl", {"replicas": 2, "note": "x"})
    assert [(entry["manager"], entry["time"][-3:]) for entry in gadget.entries] == [("fizz", "01Z"), ("kubectl", "02Z")]


def test_the_time_stays_when_the_manager_removes_what_only_others_own(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1})
    gadget.update("kubectl", {"replicas": 1, "note": "x"})
    gadget.update("kubectl", {"note": "x"})
    assert gadget.owned("fizz") == {".spec"}
    assert [(entry["manager"], entry["time"][-3:]) for entry in gadget.entries] == [("fizz", "01Z"), ("kubectl", "02Z")]


def test_versions_and_subresources_have_entries_of_their_own(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1})
    gadget.update("fizz", {"replicas": 1, "note": "x"}, version="fizz.dev/v2")
    gadget.update("fizz", {"replicas": 1, "note": "x"}, status={"ready": True}, subresource="status")
    found = [(entry["apiVersion"], entry.get("subresource")) for entry in gadget.entries]
    assert found == [("fizz.dev/v1", None), ("fizz.dev/v2", None), ("fizz.dev/v1", "status")]
    assert gadget.owned("fizz") == {".spec", ".spec.replicas", ".spec.note", ".status", ".status.ready"}


def test_a_status_write_owns_only_status(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1})
    gadget.update("node", {"replicas": 9}, status={"ready": True}, subresource="status")
    assert gadget.owned("node") == {".status", ".status.ready"}
    assert ".spec.replicas" in gadget.owned("fizz")


def test_a_write_to_the_object_does_not_own_the_status(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1}, status={"ready": True})
    assert gadget.owned("fizz") == {".spec", ".spec.replicas"}


@pytest.mark.parametrize("reset", [[], [{}]], ids=["empty", "one empty entry"])
def test_an_empty_list_forgets_all_managers_until_the_next_apply(gadget: "Gadget", reset: list[JSON]) -> None:
    gadget.update("fizz", {"replicas": 1})
    assert "managedFields" not in gadget.update("fizz", {"replicas": 1}, metadata={"managedFields": reset})["metadata"]
    assert "managedFields" not in gadget.update("fizz", {"replicas": 2})["metadata"]
    gadget.apply("one", {"replicas": 2})
    assert gadget.managers == [("one", "Apply"), ("before-first-apply", "Update")]


def test_a_reset_on_create_is_tracked_as_any_create(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1}, metadata={"managedFields": [{}]})
    assert gadget.managers == [("fizz", "Update")]


def test_absent_managed_fields_keep_what_is_there(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1})
    gadget.update("fizz", {"replicas": 1})
    assert gadget.managers == [("one", "Apply")]


def test_managed_fields_of_a_client_count_in_canonical_form(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1, "note": "x"})
    sent = {**fields("note", "replicas"), "subresource": "scale"}
    gadget.update("kubectl", {"replicas": 2, "note": "x"}, metadata={"managedFields": [sent]})
    assert gadget.managers == [("hand", "Update"), ("kubectl", "Update")]
    assert gadget.entries[0] == {**sent, "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:note": {}}}}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([fields("note", operation="Patch")], id="an unknown operation"),
        pytest.param([{**fields("note"), "apiVersion": ""}], id="no version"),
        pytest.param([{**fields("note"), "fieldsType": "FieldsV2"}], id="another type of fields"),
        pytest.param([{**fields("note"), "fieldsV1": {"spec": {}}}], id="broken fields"),
        pytest.param([{**fields("note"), "time": "yesterday"}], id="a broken time"),
        pytest.param([{**fields("note"), "manager": 1}], id="a manager that is no string"),
        pytest.param([None], id="no object"),
        pytest.param([{**fields("note"), "fieldsV1": {}}], id="nothing owned"),
    ],
)
def test_managed_fields_that_cannot_be_read_are_as_if_absent(gadget: "Gadget", sent: list[Any]) -> None:
    gadget.update("fizz", {"replicas": 1})
    gadget.update("fizz", {"replicas": 1}, metadata={"managedFields": sent})
    assert gadget.managers == [("fizz", "Update")]


def test_a_subresource_write_cannot_change_managed_fields(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1})
    gadget.update("node", {"replicas": 1}, metadata={"managedFields": []}, status={"ready": True}, subresource="status")
    assert gadget.managers == [("fizz", "Update"), ("node", "Update")]


def test_the_oldest_of_more_than_ten_updaters_become_ancient_changes(gadget: "Gadget") -> None:
    spec: JSON = {"settings": {}}
    for number in range(11):
        spec = {"settings": {**spec["settings"], f"k{number}": "x"}}
        gadget.update(f"m{number:02}", spec)
    assert [manager for manager, _ in gadget.managers] == [
        "ancient-changes",
        *(f"m{number:02}" for number in range(2, 11)),
    ]
    assert gadget.entries[0]["time"] == "2026-01-01T00:00:02Z"
    assert gadget.owned("ancient-changes") == {".spec", ".spec.settings", ".spec.settings.k0", ".spec.settings.k1"}
    gadget.update("m11", {"settings": {**spec["settings"], "k11": "x"}})
    assert [manager for manager, _ in gadget.managers] == [
        "ancient-changes",
        *(f"m{number:02}" for number in range(3, 12)),
    ]
    assert ".spec.settings.k2" in gadget.owned("ancient-changes")


def test_ancient_changes_are_kept_apart_by_version_and_appliers_are_not_capped(gadget: "Gadget") -> None:
    spec: JSON = {"settings": {}}
    for number in range(12):
        spec = {"settings": {**spec["settings"], f"k{number}": "x"}}
        gadget.update(f"m{number:02}", spec, version=f"fizz.dev/v{number % 2}")
        gadget.apply(f"a{number:02}", {"settings": {f"k{number}": "x"}})
    ancient = [entry["apiVersion"] for entry in gadget.entries if entry["manager"] == "ancient-changes"]
    assert ancient == ["fizz.dev/v0", "fizz.dev/v1"]
    assert sum(operation == "Apply" for _, operation in gadget.managers) == 12
    assert sum(operation == "Update" for _, operation in gadget.managers) == 10
