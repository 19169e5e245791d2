"""Custom kinds over HTTP: definitions, what they serve, what they refuse, and how they go."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from fizz.apiserver.app import build
from tests.apiserver.rest.conftest import Api
from tests.apiserver.rest.gadgets import DEFINITIONS, GADGETS, JSON, condition, definition, gadget, install, until


async def change(api: Any, edit: Callable[[JSON], None]) -> None:
    """Edit the definition, and wait until the change is served."""
    item = (await api.get(f"{DEFINITIONS}/gadgets.example.com")).json
    edit(item["spec"])
    answer = await api.put(f"{DEFINITIONS}/gadgets.example.com", item)
    assert answer.code == 200, answer.json["message"]
    registry = api.app.service.definitions
    version = answer.json["metadata"]["resourceVersion"]

    async def seen() -> bool:
        return int(registry._items["gadgets.example.com"]["metadata"]["resourceVersion"]) >= int(version)

    await until(seen)


async def test_a_definition_is_completed_and_established(api: Any) -> None:
    item = await install(api, definition())
    assert item["spec"]["names"]["singular"] == "gadget"
    assert item["spec"]["names"]["listKind"] == "GadgetList"
    assert item["spec"]["conversion"] == {"strategy": "None"}
    assert item["status"]["storedVersions"] == ["v1"]
    assert item["status"]["acceptedNames"]["plural"] == "gadgets"
    assert condition(item, "NamesAccepted")["reason"] == "NoConflicts"


async def test_a_custom_kind_shows_in_discovery_and_leaves_it(api: Any) -> None:
    assert (await api.get("/apis/example.com")).code == 404
    await install(api, definition())
    listed = (await api.get("/apis/example.com/v1")).json["resources"]
    assert [(each["name"], each["shortNames"], each["categories"]) for each in listed] == [("gadgets", ["gd"], ["all"])]
    await api.delete(f"{DEFINITIONS}/gadgets.example.com")

    async def gone() -> bool:
        return bool((await api.get("/apis/example.com")).code == 404)

    await until(gone)


async def test_objects_are_defaulted_pruned_and_validated(api: Any) -> None:
    await install(api, definition())
    made = await api.post(GADGETS, gadget(size=3, odd=1))
    assert made.code == 201
    assert made.json["spec"] == {"size": 3, "color": "red"}
    assert made.headers["warning"] == r'299 - "unknown field \"spec.odd\""'
    wrong = await api.post(GADGETS, gadget("b", size=0))
    assert wrong.code == 422
    assert wrong.json["details"]["causes"][0]["field"] == "spec.size"


async def test_a_put_needs_a_resource_version(api: Any) -> None:
    await install(api, definition())
    await api.post(GADGETS, gadget(size=3))
    answer = await api.put(f"{GADGETS}/a", gadget(size=4))
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "metadata.resourceVersion"


async def test_strategic_patches_are_not_for_custom_kinds(api: Any) -> None:
    await install(api, definition())
    await api.post(GADGETS, gadget(size=3))
    assert (await api.patch(f"{GADGETS}/a", {"spec": {"size": 4}}, "strategic-merge-patch+json")).code == 415


async def test_status_and_scale_are_subresources_where_the_version_says_so(api: Any) -> None:
    scale = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas"}
    await install(api, definition(subresources={"status": {}, "scale": scale}))
    made = await api.post(GADGETS, {**gadget(size=3), "status": {"phase": "x"}})
    assert "status" not in made.json
    answer = await api.patch(f"{GADGETS}/a/status", {"status": {"phase": "Up"}, "spec": {"size": 9}})
    assert answer.json["status"] == {"phase": "Up"}
    assert (answer.json["spec"]["size"], answer.json["metadata"]["generation"]) == (3, 1)
    scaled = await api.patch(f"{GADGETS}/a/scale", {"spec": {"replicas": 7}})
    assert scaled.json["spec"]["replicas"] == 7
    assert (await api.get(f"{GADGETS}/a")).json["spec"]["size"] == 7


async def test_without_subresources_status_is_a_field_like_others(api: Any) -> None:
    await install(api, definition())
    made = await api.post(GADGETS, {**gadget(size=3), "status": {"phase": "x"}})
    assert made.json["status"] == {"phase": "x"}
    assert (await api.get(f"{GADGETS}/a/status")).code == 404


async def test_tables_have_the_columns_of_the_version(api: Any) -> None:
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "First", "type": "string", "jsonPath": ".spec.tags[0]"},
    ]
    await install(api, definition(additionalPrinterColumns=columns))
    await api.post(GADGETS, gadget(size=3))
    table = (await api.get(GADGETS, headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})).json
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "Size", "First"]
    assert table["rows"][0]["cells"] == ["a", 3, None]


async def test_selectable_fields_can_be_selected_by(api: Any) -> None:
    await install(api, definition(selectableFields=[{"jsonPath": ".spec.color"}]))
    await api.post(GADGETS, gadget("a", size=1))
    await api.post(GADGETS, gadget("b", size=1, color="blue"))
    found = await api.get(GADGETS, fieldSelector="spec.color=blue")
    assert [each["metadata"]["name"] for each in found.json["items"]] == ["b"]
    assert (await api.get(GADGETS, fieldSelector="spec.size=1")).code == 400


async def test_defaults_that_a_schema_gains_are_seen_on_reading(api: Any) -> None:
    await install(api, definition())
    await api.post(GADGETS, gadget(size=3))

    def edit(spec: JSON) -> None:
        properties = spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        properties["weight"] = {"type": "integer", "default": 5}
        del properties["color"]

    async with api.watch(GADGETS, watch="true") as stream:
        assert (await stream.event())[1]["spec"] == {"size": 3, "color": "red"}
        await change(api, edit)
        assert (await api.get(f"{GADGETS}/a")).json["spec"] == {"size": 3, "weight": 5}
        await api.post(GADGETS, gadget("b", size=4))
        assert (await stream.event())[1]["spec"] == {"size": 4, "weight": 5}


async def test_all_served_versions_show_the_same_objects(api: Any) -> None:
    crd = definition()
    beta = {**deepcopy(crd["spec"]["versions"][0]), "name": "v1beta1", "storage": False, "deprecated": True}
    crd["spec"]["versions"].append(beta)
    await install(api, crd)
    await api.post(GADGETS, gadget(size=3))
    old = await api.get(GADGETS.replace("/v1/", "/v1beta1/"))
    assert old.json["apiVersion"] == old.json["items"][0]["apiVersion"] == "example.com/v1beta1"
    assert old.headers["warning"] == '299 - "example.com/v1beta1 Gadget is deprecated"'
    assert (await api.get("/apis/example.com")).json["preferredVersion"]["version"] == "v1"


async def test_names_that_are_taken_are_not_accepted_until_they_are_free(api: Any) -> None:
    await install(api, definition())
    second = definition()
    second["metadata"]["name"] = "gizmos.example.com"
    second["spec"]["names"] = {"plural": "gizmos", "kind": "Gadget"}
    await api.post(DEFINITIONS, second)

    async def accepted(state: str) -> JSON | None:
        item: JSON = (await api.get(f"{DEFINITIONS}/gizmos.example.com")).json
        found = condition(item, "NamesAccepted")
        return found if found.get("status") == state else None

    assert (await until(lambda: accepted("False")))["reason"] == "ListKindConflict"
    assert (await api.get("/apis/example.com/v1/gizmos")).code == 404
    await api.delete(f"{DEFINITIONS}/gadgets.example.com")
    await until(lambda: accepted("True"))
    assert (await api.get("/apis/example.com/v1/gizmos")).code == 200


async def test_a_definition_goes_after_its_objects(api: Any) -> None:
    await install(api, definition())
    held = gadget(size=1)
    held["metadata"]["finalizers"] = ["example.com/hold"]
    await api.post(GADGETS, held)
    await api.post(GADGETS, gadget("b", size=1))
    async with api.watch(GADGETS, watch="true") as stream:
        assert {(await stream.event())[0], (await stream.event())[0]} == {"ADDED"}
        answer = await api.delete(f"{DEFINITIONS}/gadgets.example.com")
        assert answer.json["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
        assert condition(answer.json, "Terminating")["status"] == "True"
        seen = [await stream.event(), await stream.event()]
        assert sorted((kind, item["metadata"]["name"]) for kind, item in seen) == [("DELETED", "b"), ("MODIFIED", "a")]
        refused = await api.post(GADGETS, gadget("c", size=1))
        assert refused.code == 405
        await api.patch(f"{GADGETS}/a", {"metadata": {"finalizers": None}})
        assert (await stream.event())[0] == "DELETED"
        with pytest.raises(EOFError):
            await stream.line()
    assert (await api.get(f"{DEFINITIONS}/gadgets.example.com")).code == 404


RULES = [
    {"rule": "self.size <= self.max", "message": "size must not exceed max", "fieldPath": ".size"},
    {"rule": "self.max >= oldSelf.max", "messageExpression": "'max was %d'.format([oldSelf.max])"},
]
LIMITED = {
    "type": "object",
    "properties": {"size": {"type": "integer"}, "max": {"type": "integer"}},
    "x-kubernetes-validations": RULES,
}


async def test_rules_in_cel_judge_objects_and_their_changes(api: Any) -> None:
    await install(api, definition(LIMITED))
    wrong = await api.post(GADGETS, gadget(size=3, max=2))
    assert wrong.code == 422
    assert wrong.json["details"]["causes"] == [
        {"reason": "FieldValueInvalid", "message": 'Invalid value: "object": size must not exceed max',
         "field": "spec.size"}
    ]  # fmt: skip
    assert (await api.post(GADGETS, gadget(size=3, max=5))).code == 201
    shrunk = await api.patch(f"{GADGETS}/a", {"spec": {"max": 4}})
    assert shrunk.code == 422
    assert shrunk.json["details"]["causes"][0]["message"] == 'Invalid value: "object": max was 5'
    assert (await api.patch(f"{GADGETS}/a", {"spec": {"max": 6}})).code == 200


def rule(text: str) -> JSON:
    return {"x-kubernetes-validations": [{"rule": text}]}


TEXT: JSON = {"type": "string"}
TEXTS: JSON = {"type": "array", "items": TEXT}


@pytest.mark.parametrize(
    ("field", "place", "words"),
    [
        ({"type": "object", "properties": {}, **rule("self.nope > 1")}, "rule", "undefined field 'nope'"),
        ({"type": "integer", **rule("self > 'x'")}, "rule", "no matching overload"),
        ({"type": "integer", **rule("self + 1")}, "rule", "must evaluate to a bool"),
        ({"type": "integer", **rule(" ")}, "rule", "rule is not specified"),
        ({}, "properties[spec].properties[a].type", "must not be empty"),
        ({"type": "string", "default": 1}, "properties[a].default", "must be of type string"),
        ({"type": "string", "pattern": "["}, "properties[a].pattern", "must be a valid regular expression"),
        ({"type": "array"}, "properties[a].items", "must be specified"),
        ({"type": "array", "items": {**TEXT, **rule("self == oldSelf")}}, "rule", "uncorrelatable"),
        ({**TEXTS, **rule("self.all(x, self.all(y, x == y))")}, "rule", "exceeds budget"),
        ({**TEXT, "anyOf": [{"type": "string"}]}, "anyOf[0].type", "must be empty to be structural"),
        ({"type": "object", "x-kubernetes-list-type": "map"}, "type", "must be array"),
    ],
    ids=[
        "undefined", "overload", "no-bool", "no-rule", "no-type", "default", "pattern", "no-items", "uncorrelatable",
        "dear", "judgement", "list-type",
    ],
)  # fmt: skip
async def test_a_schema_that_makes_no_sense_is_refused(api: Any, field: JSON, place: str, words: str) -> None:
    answer = await api.post(DEFINITIONS, definition({"type": "object", "properties": {"a": field}}))
    assert answer.code == 422
    causes = answer.json["details"]["causes"]
    assert any(each["field"].endswith(place) and words in each["message"] for each in causes), causes


async def test_an_object_says_its_kind_and_version(api: Any) -> None:
    await install(api, definition())
    for field, said in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        body = gadget(size=1)
        del body[field]
        answer = await api.post(GADGETS, body)
        assert answer.code == 400
        assert answer.json["message"].startswith(f"Object '{said}' is missing in ")


async def test_another_storage_version_is_remembered_and_must_stay(api: Any) -> None:
    await install(api, definition())
    await api.post(GADGETS, gadget(size=3))

    def edit(spec: JSON) -> None:
        spec["versions"].append({**deepcopy(spec["versions"][0]), "name": "v2"})
        spec["versions"][0]["storage"] = False

    await change(api, edit)
    item = (await api.get(f"{DEFINITIONS}/gadgets.example.com")).json
    assert item["status"]["storedVersions"] == ["v1", "v2"]
    assert (await api.get(f"{GADGETS.replace('/v1/', '/v2/')}/a")).json["apiVersion"] == "example.com/v2"
    changed = await api.patch(f"{GADGETS}/a", {"spec": {"size": 4}})
    assert (changed.json["apiVersion"], changed.json["spec"]["size"]) == ("example.com/v1", 4)
    item["spec"]["versions"] = item["spec"]["versions"][1:]
    refused = await api.put(f"{DEFINITIONS}/gadgets.example.com", item)
    assert refused.code == 422
    assert refused.json["details"]["causes"][0]["field"] == "status.storedVersions[0]"
    item["status"]["storedVersions"] = ["v2"]
    assert (await api.put(f"{DEFINITIONS}/gadgets.example.com/status", item)).code == 200


async def test_keywords_that_mean_nothing_are_cut_from_schemas_and_told(api: Any) -> None:
    answer = await api.post(
        DEFINITIONS, definition({"type": "object", "properties": {"a": {"type": "string", "od": 1}}})
    )
    assert answer.code == 201
    assert "openAPIV3Schema.properties.spec.properties.a.od" in answer.headers["warning"]
    schema = answer.json["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert schema["properties"]["spec"]["properties"]["a"] == {"type": "string"}


async def test_stricter_schemas_let_old_objects_be_changed_elsewhere(api: Any) -> None:
    await install(api, definition())
    await api.post(GADGETS, gadget(size=3))

    def edit(spec: JSON) -> None:
        properties = spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        properties["size"]["minimum"] = 10

    await change(api, edit)
    assert (await api.patch(f"{GADGETS}/a", {"spec": {"color": "blue"}})).code == 200
    assert (await api.patch(f"{GADGETS}/a", {"spec": {"size": 4}})).code == 422
    assert (await api.post(GADGETS, gadget("b", size=3))).code == 422


async def test_definitions_outlive_the_server(api: Any) -> None:
    await install(api, definition())
    await api.post(GADGETS, gadget(size=3))
    again = build(api.store)
    await again.service.bootstrap()
    found = await Api(again, api.store).get(f"{GADGETS}/a")
    assert found.json["spec"]["size"] == 3


@pytest.mark.parametrize(
    ("change_of", "field", "words"),
    [
        ({"scope": "Odd"}, "spec.scope", "supported values"),
        ({"group": "nodots"}, "spec.group", "at least one dot"),
        ({"group": "x.k8s.io"}, "metadata.annotations[api-approved.kubernetes.io]", "protected groups"),
        ({"conversion": {"strategy": "Magic"}}, "spec.conversion.strategy", 'supported values: "None", "Webhook"'),
        ({"preserveUnknownFields": True}, "spec.preserveUnknownFields", "cannot set to true"),
        ({"names": {"plural": "gadgets", "kind": "Gadget", "listKind": "Gadget"}}, "spec.names.listKind", "the same"),
        ({"names": {"plural": "Gadgets", "kind": "Gadget"}}, "spec.names.plural", "DNS-1035"),
    ],
)
async def test_a_definition_that_makes_no_sense_is_refused(api: Any, change_of: JSON, field: str, words: str) -> None:
    crd = definition()
    crd["spec"] |= change_of
    crd["metadata"]["name"] = f"{crd['spec']['names']['plural'].lower()}.{crd['spec']['group']}"
    answer = await api.post(DEFINITIONS, crd)
    assert answer.code == 422
    causes = answer.json["details"]["causes"]
    assert any(each["field"] == field and words in each["message"] for each in causes), causes


async def test_names_and_scope_of_what_is_established_stay(api: Any) -> None:
    item = await install(api, definition())
    item["spec"]["scope"] = "Cluster"
    item["spec"]["names"] |= {"kind": "Gizmo", "listKind": "GizmoList"}
    answer = await api.put(f"{DEFINITIONS}/gadgets.example.com", item)
    fields = [each["field"] for each in answer.json["details"]["causes"]]
    assert (answer.code, fields) == (422, ["spec.scope", "spec.names.kind"])
