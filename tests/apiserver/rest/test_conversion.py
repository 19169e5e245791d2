"""Several versions of a custom kind, and a webhook that converts between them.

In v1 a shop has `address: "street, town"`; in v2 it has `street` and `town`. Objects are stored in v1.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web

from tests.apiserver.rest.webhook_kit import BASE, JSON, Hook, configuration, hooking, patching

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
V1, V2 = "/apis/example.com/v1/shops", "/apis/example.com/v2/shops"
TEXT: JSON = {"type": "string"}


def definition(client: JSON, storage: str = "v1") -> JSON:
    def version(name: str, **fields: JSON) -> JSON:
        spec = {"type": "object", "properties": fields}
        schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
        return {"name": name, "served": True, "storage": name == storage, "schema": schema}

    webhook = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "shops.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"plural": "shops", "kind": "Shop"},
            "scope": "Cluster",
            "versions": [
                version("v1", address=TEXT),
                {**version("v2", street=TEXT, town={**TEXT, "default": "Ulm"}), "selectableFields": [
                    {"jsonPath": ".spec.town"}
                ]},
            ],
            "conversion": {"strategy": "Webhook", "webhook": webhook},
        },
    }  # fmt: skip


def convert(obj: JSON, wanted: str) -> JSON:
    spec = obj.get("spec") or {}
    if wanted.endswith("/v2"):
        street, _, town = spec.get("address", "").partition(", ")
        new = {"street": street, **({"town": town} if town else {})}
    else:
        new = {"address": ", ".join(filter(None, (spec.get("street"), spec.get("town"))))}
    return {**obj, "apiVersion": wanted, "spec": new}


def answered(review: JSON, objects: list[Any], **said: Any) -> web.Response:
    response = {"uid": review["request"]["uid"], "result": {"status": "Success"}, "convertedObjects": objects, **said}
    return web.json_response({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response})


def converting(review: JSON) -> web.Response:
    wanted = review["request"]["desiredAPIVersion"]
    return answered(review, [convert(each, wanted) for each in review["request"]["objects"]])


@pytest.fixture
async def hook(api: Any) -> AsyncIterator[Hook]:
    async with hooking() as made:
        made.answer = converting
        async with api.watch(DEFINITIONS, watch="1") as stream:
            answer = await api.post(DEFINITIONS, definition(made.client("/convert")))
            assert answer.code == 201, answer.body
            while not any(each["type"] == "Established" for each in (await stream.event())[1]["status"]["conditions"]):
                pass
        yield made


def shop(version: str, name: str = "a", **spec: str) -> JSON:
    return {"apiVersion": f"example.com/{version}", "kind": "Shop", "metadata": {"name": name}, "spec": spec}


async def test_what_is_written_in_one_version_is_read_in_another(api: Any, hook: Hook) -> None:
    made = await api.post(V2, shop("v2", street="Main St"))
    assert made.code == 201, made.body
    assert (made.json["apiVersion"], made.json["spec"]) == ("example.com/v2", {"street": "Main St", "town": "Ulm"})
    read = (await api.get(f"{V1}/a")).json
    assert (read["apiVersion"], read["spec"]) == ("example.com/v1", {"address": "Main St, Ulm"})
    assert read["metadata"] == made.json["metadata"]
    asked = len(hook.seen)
    await api.get(f"{V1}/a")
    await api.get(V1)
    assert len(hook.seen) == asked  # it is stored in v1
    assert (await api.get(f"{V2}/a")).json["spec"] == {"street": "Main St", "town": "Ulm"}


async def test_a_list_is_converted_in_one_call(api: Any, hook: Hook) -> None:
    for name in ("a", "b", "c"):
        await api.post(V1, shop("v1", name, address=f"{name}, Bonn"))
    assert hook.seen == []
    listed = (await api.get(V2)).json
    assert [each["spec"] for each in listed["items"]] == [{"street": name, "town": "Bonn"} for name in "abc"]
    assert listed["apiVersion"] == "example.com/v2"
    (seen,) = hook.seen
    assert (seen["desiredAPIVersion"], len(seen["objects"]), seen["path"]) == ("example.com/v2", 3, "/convert")


async def test_selectors_look_at_the_version_that_is_asked_for(api: Any, hook: Hook) -> None:
    await api.post(V1, shop("v1", "a", address="x, Bonn"))
    await api.post(V1, shop("v1", "b", address="x, Kiel"))
    listed = (await api.get(V2, fieldSelector="spec.town=Kiel")).json
    assert [each["metadata"]["name"] for each in listed["items"]] == ["b"]


async def test_updates_and_patches_of_all_types_work_on_the_version_that_is_asked_for(api: Any, hook: Hook) -> None:
    made = (await api.post(V1, shop("v1", address="Main St, Bonn"))).json
    patched = await api.patch(f"{V2}/a", {"spec": {"town": "Kiel"}})
    assert patched.json["spec"] == {"street": "Main St", "town": "Kiel"}
    assert patched.json["metadata"]["generation"] == 2
    operations = [{"op": "replace", "path": "/spec/street", "value": "Side St"}]
    assert (await api.patch(f"{V2}/a", operations, "json-patch+json")).code == 200
    assert (await api.get(f"{V1}/a")).json["spec"] == {"address": "Side St, Kiel"}
    stale = {**shop("v2", street="x"), "metadata": made["metadata"]}
    assert (await api.put(f"{V2}/a", stale)).code == 409
    applied = shop("v2", street="Third St", town="Kiel")
    answer = await api.patch(f"{V2}/a", applied, "apply-patch+yaml", fieldManager="me", force="1")
    assert answer.json["spec"]["street"] == "Third St"
    before = answer.json["metadata"]["resourceVersion"]
    again = await api.patch(f"{V2}/a", {"spec": {"street": "Third St"}})
    assert again.json["metadata"]["resourceVersion"] == before  # nothing changes, nothing is written


async def test_watches_convert_what_was_there_what_comes_and_what_goes(api: Any, hook: Hook) -> None:
    await api.post(V1, shop("v1", address="Main St, Bonn"))
    async with api.watch(V2, watch="1") as stream, api.watch(V2, watch="1", fieldSelector="spec.town=Kiel") as some:
        kind, obj = await stream.event()
        assert (kind, obj["spec"]) == ("ADDED", {"street": "Main St", "town": "Bonn"})
        await api.patch(f"{V1}/a", {"spec": {"address": "Main St, Kiel"}})
        kind, obj = await stream.event()
        assert (kind, obj["apiVersion"], obj["spec"]["town"]) == ("MODIFIED", "example.com/v2", "Kiel")
        kind, obj = await some.event()
        assert (kind, obj["spec"]["town"]) == ("ADDED", "Kiel")
        await api.delete(f"{V1}/a")
        kind, obj = await stream.event()
        assert (kind, obj["spec"]["street"]) == ("DELETED", "Main St")


async def test_objects_in_an_older_storage_version_are_converted_when_they_are_read(api: Any, hook: Hook) -> None:
    await api.post(V1, shop("v1", address="Main St, Bonn"))
    newer = definition(hook.client(), storage="v2")
    answer = await api.patch(f"{DEFINITIONS}/shops.example.com", {"spec": newer["spec"]})
    assert answer.json["status"]["storedVersions"] == ["v1", "v2"]
    await api.app.service.definitions.load()  # what the task that follows them does a moment later
    assert (await api.get(f"{V2}/a")).json["spec"] == {"street": "Main St", "town": "Bonn"}
    await api.patch(f"{V2}/a", {"metadata": {"labels": {"moved": "yes"}}})
    page = await api.store.list("/example.com/shops/")
    assert orjson.loads(page.records[0].value)["apiVersion"] == "example.com/v2"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda review: web.Response(text="x"), "failed: invalid response"),
        (lambda review: web.json_response({}), "failed: no response provided"),
        (lambda review: web.Response(status=500, text="boom"), "has prevented the request from succeeding"),
        (lambda review: answered(review, [], uid="other"), "expected response.uid="),
        (lambda review: answered(review, [], result={"status": "Failure", "message": "no town"}), "failed: no town"),
        (lambda review: answered(review, [], result="x"), "failed: no explanation"),
        (lambda review: answered(review, []), "returned 0 objects, expected 1"),
        (lambda review: answered(review, ["x"]), "it must be an object with metadata"),
        (lambda review: answered(review, review["request"]["objects"]), "invalid groupVersion"),
        (
            lambda review: answered(review, [{**convert(review["request"]["objects"][0], "example.com/v2"),
                                              "metadata": {"name": "other"}}]),
            "invalid name (expected a, received other)",
        ),
    ],
)  # fmt: skip
async def test_a_webhook_that_fails_is_named_and_what_it_holds_up_is_not_lost(
    api: Any, hook: Hook, answer: Any, said: str
) -> None:
    await api.post(V1, shop("v1", address="Main St, Bonn"))
    hook.answer = answer
    for refused in (await api.get(f"{V2}/a"), await api.get(V2), await api.patch(f"{V2}/a", {"spec": {"town": "x"}})):
        assert refused.code == 500
        assert refused.json["message"].startswith("conversion webhook for example.com/v1, Kind=Shop ")
        assert said in refused.json["message"]
    assert (await api.get(f"{V1}/a")).json["spec"] == {"address": "Main St, Bonn"}


async def test_a_watch_that_cannot_be_converted_ends_with_the_reason(api: Any, hook: Hook) -> None:
    async with api.watch(V2, watch="1") as stream:
        await api.post(V1, shop("v1", address="Main St, Bonn"))
        assert (await stream.event())[0] == "ADDED"
        hook.answer = lambda review: web.Response(status=500)
        await api.patch(f"{V1}/a", {"spec": {"address": "x"}})
        kind, status = await stream.event()
        assert (kind, status["code"]) == ("ERROR", 500)
        with pytest.raises(EOFError):
            await stream.line()


async def test_a_definition_goes_with_its_objects_though_nobody_converts(api: Any, hook: Hook) -> None:
    await api.post(V1, shop("v1", address="Main St, Bonn"))
    hook.answer = lambda review: web.Response(status=500)
    async with api.watch(DEFINITIONS, watch="1") as stream:
        await api.delete(f"{DEFINITIONS}/shops.example.com")
        while (await stream.event())[0] != "DELETED":
            pass
    assert (await api.get(V1)).code == 404


async def test_metadata_other_than_labels_and_annotations_stays(api: Any, hook: Hook) -> None:
    made = (await api.post(V1, shop("v1", address="Main St, Bonn"))).json

    def answer(review: JSON) -> web.Response:
        found = convert(review["request"]["objects"][0], "example.com/v2")
        metadata = {**found["metadata"], "labels": {"seen": "yes"}, "finalizers": ["a/b"], "generation": 9}
        return answered(review, [{**found, "metadata": metadata}])

    hook.answer = answer
    read = (await api.get(f"{V2}/a")).json
    assert read["metadata"] == {**made["metadata"], "labels": {"seen": "yes"}}


async def test_a_webhook_sees_the_version_that_its_rules_name_and_changes_it(api: Any, hook: Hook) -> None:
    rules = [{"operations": ["*"], "apiGroups": ["example.com"], "apiVersions": ["v1"], "resources": ["shops"]}]
    async with hooking() as other:
        other.answer = patching({"op": "replace", "path": "/spec/address", "value": "Elsewhere, Kiel"})
        body = configuration("MutatingWebhookConfiguration", "x", {"clientConfig": other.client(), "rules": rules})
        assert (await api.post(f"{BASE}/mutatingwebhookconfigurations", body)).code == 201
        made = await api.post(V2, shop("v2", street="Main St", town="Bonn"))
    assert made.json["spec"] == {"street": "Elsewhere", "town": "Kiel"}
    (seen,) = other.seen
    assert (seen["object"]["apiVersion"], seen["object"]["spec"]) == ("example.com/v1", {"address": "Main St, Bonn"})
    assert (await api.get(f"{V1}/a")).json["spec"] == {"address": "Elsewhere, Kiel"}


@pytest.mark.parametrize(
    ("conversion", "field", "said"),
    [
        ({"strategy": "Webhook"}, "spec.conversion.webhookClientConfig", "required when strategy is set to Webhook"),
        ({"strategy": "None", "webhook": {"clientConfig": {"url": "https://a"}}}, "spec.conversion.webhookClientConfig",
         "should not be set when strategy is not set to Webhook"),
        ({"strategy": "Webhook", "webhook": {"clientConfig": {"url": "https://a"}}},
         "spec.conversion.conversionReviewVersions", "Required value"),
        ({"strategy": "Webhook", "webhook": {"clientConfig": {"url": "https://a", "caBundle": "Cg=="},
                                             "conversionReviewVersions": ["v1"]}},
         "spec.conversion.webhookClientConfig.caBundle", "unable to load root certificates"),
    ],
)  # fmt: skip
async def test_a_conversion_that_makes_no_sense_is_refused(api: Any, conversion: JSON, field: str, said: str) -> None:
    crd = definition({})
    crd["spec"]["conversion"] = conversion
    answer = await api.post(DEFINITIONS, crd)
    assert answer.code == 422
    causes = answer.json["details"]["causes"]
    assert any(each["field"] == field and said in each["message"] for each in causes), causes
