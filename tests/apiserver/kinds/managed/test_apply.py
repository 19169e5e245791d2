"""Server-side apply, one documented behaviour a test."""

from typing import TYPE_CHECKING, Any

import pytest

from fizz.apiserver.kinds import managed
from fizz.apiserver.kinds.managed import ApplyConflict, TypedError
from fizz.schemas.base import JSON

if TYPE_CHECKING:
    from tests.apiserver.kinds.managed.conftest import Gadget


@pytest.mark.parametrize(
    ("spec", "owned"),
    [
        pytest.param({"replicas": 1}, {".spec.replicas"}, id="a scalar"),
        pytest.param({"note": None}, {".spec.note"}, id="a null that the schema allows"),
        pytest.param({"replicas": None}, {".spec"}, id="a null that it does not"),
        pytest.param({"size": "5%"}, {".spec.size"}, id="int-or-string"),
        pytest.param({"settings": {"a": "1"}}, {".spec.settings.a"}, id="a map: its items"),
        pytest.param({"settings": {}}, {".spec.settings"}, id="an empty map"),
        pytest.param({"selector": {"a": "1"}}, {".spec.selector"}, id="an atomic map"),
        pytest.param({"args": ["a"]}, {".spec.args"}, id="an atomic list"),
        pytest.param({"tags": ["a"]}, {'.spec.tags[="a"]'}, id="a set: its items"),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}]},
            {'.spec.env[name="A"]', '.spec.env[name="A"].name', '.spec.env[name="A"].value'},
            id="a keyed list: its items and what is in them",
        ),
        pytest.param(
            {"ports": [{"port": 80}]},
            {'.spec.ports[port=80,protocol="TCP"]', '.spec.ports[port=80,protocol="TCP"].port'},
            id="a key that is left to its default",
        ),
        pytest.param(
            {"extra": {"a": {"b": 1}}}, {".spec.extra.a", ".spec.extra.a.b"}, id="deduced: maps with their items"
        ),
        pytest.param({"extra": {"a": [{"b": 1}]}}, {".spec.extra.a"}, id="deduced: lists as one"),
        pytest.param({"any": {"a": 1}}, {".spec.any.a"}, id="no type, a map"),
        pytest.param({"any": "x"}, {".spec.any"}, id="no type, a value"),
        pytest.param({"unheard": {"a": 1}}, {".spec.unheard", ".spec.unheard.a"}, id="a field that no schema names"),
    ],
)
def test_an_applier_owns_what_it_names(gadget: "Gadget", spec: JSON, owned: set[str]) -> None:
    gadget.apply("one", spec)
    assert gadget.owned("one") == owned


def test_a_first_apply_creates_the_object_with_one_entry(gadget: "Gadget") -> None:
    assert gadget.apply("one", {"replicas": 1}, metadata={"labels": {"a": "b"}}) == {
        "apiVersion": "fizz.dev/v1",
        "kind": "Gadget",
        "metadata": {
            "name": "web",
            "namespace": "blog",
            "labels": {"a": "b"},
            "managedFields": [
                {
                    "manager": "one",
                    "operation": "Apply",
                    "apiVersion": "fizz.dev/v1",
                    "time": "2026-01-01T00:00:01Z",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:replicas": {}}},
                }
            ],
        },
        "spec": {"replicas": 1},
    }


def test_system_fields_are_never_owned_or_overwritten(gadget: "Gadget") -> None:
    system: JSON = {"uid": "u1", "resourceVersion": "1", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
    gadget.apply("one", {"replicas": 1}, metadata=system)
    after = gadget.apply("one", {"replicas": 2}, metadata=system | {"resourceVersion": "7", "creationTimestamp": None})
    assert {name: after["metadata"][name] for name in system} == system
    assert gadget.owned("one") == {".spec.replicas"}


def test_applying_the_same_again_returns_the_live_object_itself(gadget: "Gadget") -> None:
    spec = {"replicas": 1, "env": [{"name": "A"}], "tags": ["x"], "settings": {"a": "1"}, "args": ["-v"]}
    before = gadget.apply("one", spec)
    assert gadget.apply("one", spec) is before


def test_a_new_value_of_a_field_that_is_owned_already_moves_the_time_alone(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1})
    gadget.apply("one", {"replicas": 2})
    assert gadget.spec == {"replicas": 2}
    assert [entry["time"] for entry in gadget.entries] == ["2026-01-01T00:00:02Z"]
    assert gadget.owned("one") == {".spec.replicas"}


def test_appliers_of_different_fields_do_not_meet(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1, "settings": {"a": "1"}})
    gadget.apply("two", {"note": "x", "settings": {"b": "1"}})
    assert gadget.spec == {"replicas": 1, "settings": {"a": "1", "b": "1"}, "note": "x"}
    assert gadget.owned("one") == {".spec.replicas", ".spec.settings.a"}
    assert gadget.owned("two") == {".spec.note", ".spec.settings.b"}


def test_the_same_value_is_shared_without_conflict(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1})
    gadget.apply("two", {"replicas": 1})
    assert gadget.owned("one") == gadget.owned("two") == {".spec.replicas"}


def test_a_shared_field_stays_until_its_last_owner_gives_it_up(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1})
    gadget.apply("two", {"replicas": 1})
    gadget.apply("one")
    assert gadget.spec == {"replicas": 1}
    assert gadget.managers == [("two", "Apply")]
    gadget.apply("two")
    assert gadget.live == {
        "apiVersion": "fizz.dev/v1",
        "kind": "Gadget",
        "metadata": {"name": "web", "namespace": "blog"},
    }


CONFLICTS = [
    pytest.param({"replicas": 1}, {"replicas": 2}, [".spec.replicas"], id="a scalar"),
    pytest.param({"settings": {"a": "1"}}, {"settings": {"a": "2"}}, [".spec.settings.a"], id="an item of a map"),
    pytest.param({"selector": {"a": "1"}}, {"selector": {"b": "2"}}, [".spec.selector"], id="an atomic map"),
    pytest.param({"args": ["a"]}, {"args": ["a", "b"]}, [".spec.args"], id="an atomic list"),
    pytest.param(
        {"env": [{"name": "A", "value": "1"}]},
        {"env": [{"name": "A", "value": "2"}]},
        ['.spec.env[name="A"].value'],
        id="a field of an item",
    ),
    pytest.param({"check": {"http": {"a": "1"}}}, {"check": {"http": {"a": "2"}}}, [".spec.check.http.a"], id="deep"),
    pytest.param({"extra": {"a": 1}}, {"extra": {"a": True}}, [".spec.extra.a"], id="true is not 1"),
    pytest.param({"extra": {"a": {"b": 1}}}, {"extra": {"a": "x"}}, [".spec.extra.a"], id="another type"),
    pytest.param(
        {"replicas": 1, "note": "x"}, {"replicas": 2, "note": "y"}, [".spec.note", ".spec.replicas"], id="two fields"
    ),
]


@pytest.mark.parametrize(("first", "second", "paths"), CONFLICTS)
def test_another_value_in_an_owned_field_is_a_conflict(
    gadget: "Gadget", first: JSON, second: JSON, paths: list[str]
) -> None:
    before = gadget.apply("one", first)
    with pytest.raises(ApplyConflict) as caught:
        gadget.apply("two", second)
    assert [conflict.field_path for conflict in caught.value.conflicts] == paths
    assert gadget.live is before


@pytest.mark.parametrize(("first", "second", "paths"), CONFLICTS)
def test_force_takes_the_field_from_its_owner(gadget: "Gadget", first: JSON, second: JSON, paths: list[str]) -> None:
    gadget.apply("one", first)
    gadget.apply("two", second, force=True)
    assert not gadget.owned("one") & set(paths)
    assert gadget.owned("two") >= set(paths)
    field = next(iter(second))
    assert gadget.spec[field] == second[field]


def test_an_owner_that_lost_everything_vanishes(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1})
    gadget.apply("two", {"replicas": 2}, force=True)
    assert gadget.managers == [("two", "Apply")]


def test_who_lost_a_field_does_not_remove_it_later(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1, "note": "x"})
    gadget.apply("two", {"replicas": 2}, force=True)
    gadget.apply("one", {"note": "x"})
    assert gadget.spec == {"replicas": 2, "note": "x"}


def test_the_same_name_conflicts_with_itself_across_operations(gadget: "Gadget") -> None:
    gadget.update("kubectl", {"replicas": 1})
    with pytest.raises(ApplyConflict, match=r'conflict with "kubectl" using fizz.dev/v1: .spec.replicas'):
        gadget.apply("kubectl", {"replicas": 2})


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        pytest.param({"replicas": 1, "note": "x"}, {"note": "x"}, {"note": "x"}, id="a scalar"),
        pytest.param(
            {"settings": {"a": "1", "b": "2"}}, {"settings": {"b": "2"}}, {"settings": {"b": "2"}}, id="a map"
        ),
        pytest.param({"settings": {"a": "1"}, "note": "x"}, {"note": "x"}, {"note": "x"}, id="the last item of a map"),
        pytest.param({"tags": ["a", "b"]}, {"tags": ["b"]}, {"tags": ["b"]}, id="a set"),
        pytest.param(
            {"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "B"}]}, {"env": [{"name": "B"}]}, id="an item"
        ),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A"}]}, {"env": [{"name": "A"}]}, id="in an item"
        ),
        pytest.param(
            {"check": {"path": "/", "interval": "1s"}}, {"check": {"path": "/"}}, {"check": {"path": "/"}}, id="deep"
        ),
        pytest.param(
            {"extra": {"a": {"b": 1, "c": 2}}}, {"extra": {"a": {"c": 2}}}, {"extra": {"a": {"c": 2}}}, id="deduced"
        ),
        pytest.param({"selector": {"a": "1"}, "note": "x"}, {"note": "x"}, {"note": "x"}, id="an atomic map"),
    ],
)
def test_what_is_not_applied_again_is_removed(gadget: "Gadget", first: JSON, second: JSON, left: JSON) -> None:
    gadget.apply("one", first)
    gadget.apply("one", second)
    assert gadget.spec == left


def test_a_field_that_an_updater_owns_too_is_not_removed(gadget: "Gadget") -> None:
    gadget.update("fizz", {"replicas": 1, "note": "x"})
    gadget.apply("one", {"replicas": 1, "note": "x"})
    gadget.apply("one", {"note": "x"})
    assert gadget.spec == {"replicas": 1, "note": "x"}
    assert ".spec.replicas" in gadget.owned("fizz")


def test_an_item_that_only_the_applier_owns_goes_with_all_that_is_in_it(gadget: "Gadget") -> None:
    gadget.apply("one", {"env": [{"name": "A"}, {"name": "B"}]})
    gadget.update("fizz", {"env": [{"name": "A", "value": "1"}, {"name": "B"}]})
    gadget.apply("one", {"env": [{"name": "B"}]})
    assert gadget.spec == {"env": [{"name": "B"}]}
    assert gadget.managers == [("one", "Apply")]


def test_an_item_that_two_apply_keeps_what_the_other_wants(gadget: "Gadget") -> None:
    gadget.apply("one", {"ports": [{"port": 80, "name": "http", "tags": ["a"]}]})
    gadget.apply("two", {"ports": [{"port": 80, "protocol": "TCP", "tags": ["b"]}]})
    gadget.apply("one", {})
    assert gadget.spec == {"ports": [{"port": 80, "protocol": "TCP", "tags": ["b"]}]}


def test_values_that_nobody_owns_go_with_the_field_that_they_belong_to(gadget: "Gadget") -> None:
    gadget.apply("one", {"check": {"path": "/"}, "note": "x"})
    assert gadget.live is not None
    gadget.live["spec"]["check"]["interval"] = "30s"  # as a default would come in
    gadget.apply("one", {"check": {"path": "/"}, "note": "y"})
    assert gadget.spec["check"] == {"path": "/", "interval": "30s"}
    gadget.apply("one", {"note": "y"})
    assert gadget.spec == {"note": "y"}


def test_metadata_stays_even_if_the_applier_owned_all_that_is_in_it(gadget: "Gadget") -> None:
    gadget.apply("one", {"note": "x"}, metadata={"labels": {"a": "b"}, "finalizers": ["fizz.dev/x"]})
    after = gadget.apply("one", {"note": "x"})
    assert after["metadata"].keys() == {"name", "namespace", "managedFields"}


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        pytest.param(["a", "b"], ["b", "a"], ["b", "a"], id="reordered"),
        pytest.param(["a", "b"], ["c"], ["a", "b", "c"], id="a new one comes last"),
        pytest.param(["a", "b"], ["c", "b"], ["a", "c", "b"], id="a new one before one that is there"),
        pytest.param(["a", "x", "b"], ["b", "a"], ["x", "b", "a"], id="live ones keep their place before"),
        pytest.param(["a", "x", "b"], ["b", "c", "a"], ["x", "b", "c", "a"], id="reordered with a new one"),
        pytest.param([], ["a"], ["a"], id="into an empty list"),
        pytest.param(["a"], [], ["a"], id="nothing into a list"),
    ],
)
@pytest.mark.parametrize("keyed", [False, True], ids=["set", "keyed list"])
def test_applied_items_stand_in_their_order(
    gadget: "Gadget", live: list[str], applied: list[str], merged: list[str], keyed: bool
) -> None:
    def spec(names: list[str]) -> JSON:
        return {"env": [{"name": name} for name in names]} if keyed else {"tags": names}

    gadget.update("fizz", spec(live))
    gadget.apply("one", spec(applied))
    assert gadget.spec == spec(merged)


def test_an_item_of_a_list_is_merged_field_by_field(gadget: "Gadget") -> None:
    gadget.apply("one", {"ports": [{"port": 80, "name": "http"}, {"port": 80, "protocol": "UDP"}]})
    gadget.apply("two", {"ports": [{"port": 80, "protocol": "TCP", "tags": ["x"]}]})
    assert gadget.spec["ports"] == [
        {"port": 80, "name": "http", "protocol": "TCP", "tags": ["x"]},
        {"port": 80, "protocol": "UDP"},
    ]


@pytest.mark.parametrize("name", ["one", "loose"])
def test_metadata_merges_by_its_own_rules_whatever_the_schema(gadget: "Gadget", loose: "Gadget", name: str) -> None:
    it = gadget if name == "one" else loose
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n"}
    it.apply(
        "one", metadata={"finalizers": ["a"], "ownerReferences": [{**owner, "uid": "1"}], "annotations": {"x": "1"}}
    )
    it.apply(
        "two", metadata={"finalizers": ["b"], "ownerReferences": [{**owner, "uid": "2"}], "annotations": {"y": "1"}}
    )
    assert it.live is not None
    assert it.live["metadata"]["finalizers"] == ["a", "b"]
    assert [reference["uid"] for reference in it.live["metadata"]["ownerReferences"]] == ["1", "2"]
    assert it.owned("two") == {
        '.metadata.finalizers[="b"]',
        '.metadata.ownerReferences[uid="2"]',
        ".metadata.annotations.y",
    }


def test_a_kind_without_a_schema_merges_maps_and_replaces_lists(loose: "Gadget") -> None:
    loose.apply("one", {"a": {"b": 1}, "l": [{"name": "x"}]})
    loose.apply("two", {"a": {"c": 1}})
    assert loose.spec == {"a": {"b": 1, "c": 1}, "l": [{"name": "x"}]}
    assert loose.owned("one") == {".spec", ".spec.a", ".spec.a.b", ".spec.l"}
    with pytest.raises(ApplyConflict):
        loose.apply("two", {"l": [{"name": "y"}]})


def test_status_is_left_out_of_a_write_to_the_object(gadget: "Gadget") -> None:
    after = gadget.apply("one", {"replicas": 1}, status={"ready": True})
    assert "status" not in after
    assert gadget.owned("one") == {".spec.replicas"}


def test_a_status_has_an_entry_of_its_own_and_leaves_all_else_alone(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1})
    after = gadget.apply(
        "one", {"replicas": 5}, status={"ready": True}, metadata={"labels": {"a": "b"}}, subresource="status"
    )
    assert after["spec"] == {"replicas": 1}
    assert after["status"] == {"ready": True}
    assert "labels" not in after["metadata"]
    assert [entry.get("subresource") for entry in gadget.entries] == [None, "status"]
    gadget.apply("one", {"replicas": 2})
    assert gadget.live is not None
    assert gadget.live["status"] == {"ready": True}


def test_a_kind_without_status_subresource_owns_its_status_like_any_field(loose: "Gadget") -> None:
    after = loose.apply("one", status={"ready": True})
    assert after["status"] == {"ready": True}
    assert loose.owned("one") == {".status", ".status.ready"}


def test_applying_through_scale_owns_the_replicas_apart(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1})
    gadget.apply("scaler", {"replicas": 2}, force=True, subresource="scale")
    assert [(entry["manager"], entry.get("subresource")) for entry in gadget.entries] == [("scaler", "scale")]


def test_an_object_without_books_counts_as_owned_before_the_first_apply(gadget: "Gadget") -> None:
    gadget.live = {"metadata": {"name": "web", "labels": {"a": "b"}}, "spec": {"replicas": 1, "note": "x"}}
    with pytest.raises(ApplyConflict, match='conflict with "before-first-apply"'):
        gadget.apply("one", {"replicas": 2})
    gadget.apply("one", {"replicas": 2}, force=True)
    assert gadget.managers == [("one", "Apply"), ("before-first-apply", "Update")]
    assert gadget.owned("before-first-apply") == {".metadata.labels", ".metadata.labels.a", ".spec", ".spec.note"}


def test_an_applier_keeps_one_entry_whatever_version_it_applies_in(gadget: "Gadget") -> None:
    gadget.apply("one", {"replicas": 1, "note": "x"}, version="fizz.dev/v1beta1")
    gadget.apply("one", {"replicas": 1}, version="fizz.dev/v1")
    assert [entry["apiVersion"] for entry in gadget.entries] == ["fizz.dev/v1"]
    assert gadget.spec == {"replicas": 1}


def test_an_empty_configuration_owns_nothing(gadget: "Gadget") -> None:
    assert "managedFields" not in gadget.apply("one")["metadata"]


def test_an_empty_configuration_changes_nothing(gadget: "Gadget") -> None:
    before = gadget.update("fizz", {"replicas": 1})
    assert gadget.apply("one") is before


def test_a_configuration_may_leave_metadata_out(gadget: "Gadget") -> None:
    live = gadget.apply("one", {"replicas": 1})
    applied = {"apiVersion": "fizz.dev/v1", "kind": "Gadget", "spec": {"replicas": 2}}
    after = managed.apply(
        live, applied, manager="one", schema=gadget.schema, api_version="fizz.dev/v1", now=gadget.now, force=False
    )
    assert after == {**live, "spec": {"replicas": 2}}


def test_arguments_are_not_changed(gadget: "Gadget") -> None:
    before = gadget.apply("one", {"env": [{"name": "A"}], "settings": {"a": "1"}, "tags": ["a"]})
    copy = _clone(before)
    gadget.apply("two", {"env": [{"name": "A", "value": "1"}], "settings": {"b": "1"}, "tags": ["b"]})
    gadget.apply("one", {}, force=True)
    assert before == copy


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"env": [{"value": "x"}]}, ".spec.env: element 0: .*omits key field 'name'", id="a missing key"),
        pytest.param({"env": [{"name": None}]}, ".spec.env: element 0: .*omits key field 'name'", id="a null key"),
        pytest.param({"env": [{"name": []}]}, '.spec.env: element 0: key field "name" is list', id="a list as key"),
        pytest.param({"env": [{"name": 2**70}]}, "too large to be a key", id="a key beyond 64 bits"),
        pytest.param({"env": ["x"]}, ".spec.env: element 0: .*non-map elements, got string", id="no map"),
        pytest.param(
            {"env": [{"name": "A"}, {"name": "A"}]},
            r'.spec.env: duplicate entries for key \[name="A"\]',
            id="a key twice",
        ),
        pytest.param({"tags": ["a", "a"]}, r'.spec.tags: duplicate entries for key \[="a"\]', id="a value twice"),
        pytest.param({"tags": [None]}, ".spec.tags: element 0: a set cannot hold null", id="a null in a set"),
        pytest.param({"tags": {}}, ".spec.tags: expected list, got map", id="a map for a list"),
        pytest.param({"check": [1]}, ".spec.check: expected map, got list", id="a list for a map"),
        pytest.param({"check": True}, ".spec.check: expected map, got boolean", id="a boolean for a map"),
        pytest.param({"check": 1.5}, ".spec.check: expected map, got number", id="a number for a map"),
        pytest.param(
            {"ports": [{"port": 80, "tags": ["a", "a"]}]},
            r'.spec.ports\[port=80,protocol="TCP"\].tags: duplicate',
            id="deep in an item",
        ),
    ],
)
def test_a_configuration_of_the_wrong_form_is_refused_with_its_path(gadget: "Gadget", spec: JSON, message: str) -> None:
    with pytest.raises(TypedError, match=message):
        gadget.apply("one", spec)
    assert gadget.live is None


def test_managed_fields_cannot_be_applied(gadget: "Gadget") -> None:
    with pytest.raises(TypedError, match="managedFields must be nil"):
        gadget.apply("one", metadata={"managedFields": []})


def test_live_lists_that_break_the_rules_are_merged_as_far_as_they_go(gadget: "Gadget") -> None:
    odd = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"value": "lost"}, {"name": "B"}]
    gadget.live = {"metadata": {"name": "web"}, "spec": {"env": odd}}
    gadget.apply("one", {"env": [{"name": "A", "value": "1"}]})
    assert gadget.spec == {"env": [{"name": "A", "value": "1"}, {"value": "lost"}, {"name": "B"}]}


def _clone(value: Any) -> Any:
    match value:
        case dict():
            return {key: _clone(each) for key, each in value.items()}
        case list():
            return [_clone(each) for each in value]
    return value
