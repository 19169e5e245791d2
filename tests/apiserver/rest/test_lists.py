"""Lists: selection, pages of one snapshot, history, tables; deletion of objects and of collections."""

from typing import Any

import pytest

MAPS = "/api/v1/namespaces/blog/configmaps"


async def names(api: Any, path: str = MAPS, **query: Any) -> list[str]:
    answer = await api.get(path, **query)
    assert answer.code == 200, answer.body
    return [item["metadata"]["name"] for item in answer.json["items"]]


@pytest.fixture
async def five(api: Any) -> None:
    await api.namespace()
    await api.namespace("other")
    for index in range(5):
        await api.config_map(f"m{index}", {"k": str(index)}, labels={"odd": str(index % 2)})
    await api.config_map("elsewhere", {}, "other")


async def test_a_list_is_in_the_order_of_names_and_says_its_version(api: Any, five: None) -> None:
    answer = await api.get(MAPS)
    assert answer.json["kind"] == "ConfigMapList"
    assert answer.json["metadata"]["resourceVersion"] == str(api.store.revision)
    assert await names(api) == ["m0", "m1", "m2", "m3", "m4"]
    assert len(await names(api, "/api/v1/configmaps")) == 6


async def test_an_empty_list_has_items(api: Any) -> None:
    await api.namespace()
    assert (await api.get(MAPS)).json["items"] == []


async def test_selectors_choose(api: Any, five: None) -> None:
    assert await names(api, labelSelector="odd=1") == ["m1", "m3"]
    assert await names(api, fieldSelector="metadata.name=m2") == ["m2"]
    assert await names(api, "/api/v1/configmaps", fieldSelector="metadata.namespace=other") == ["elsewhere"]


async def test_pages_show_one_snapshot(api: Any, five: None) -> None:
    first = (await api.get(MAPS, limit=2)).json
    assert first["metadata"]["remainingItemCount"] == 3
    await api.delete(f"{MAPS}/m3")
    await api.config_map("m9", {})
    await api.patch(f"{MAPS}/m4", {"data": {"k": "changed"}})
    second = (await api.get(MAPS, limit=2, **{"continue": first["metadata"]["continue"]})).json
    third = (await api.get(MAPS, limit=2, **{"continue": second["metadata"]["continue"]})).json
    pages = [first, second, third]
    assert [item["metadata"]["name"] for page in pages for item in page["items"]] == ["m0", "m1", "m2", "m3", "m4"]
    assert len({page["metadata"]["resourceVersion"] for page in pages}) == 1
    assert third["items"][0]["data"] == {"k": "4"}
    assert "continue" not in third["metadata"]


async def test_pages_with_selectors_are_filled(api: Any, five: None) -> None:
    first = (await api.get(MAPS, limit=2, labelSelector="odd=0")).json
    assert [item["metadata"]["name"] for item in first["items"]] == ["m0", "m2"]
    assert "remainingItemCount" not in first["metadata"]


async def test_an_expired_page_is_gone_but_can_go_on(api: Any, five: None) -> None:
    first = (await api.get(MAPS, limit=2)).json
    await api.config_map("m9", {})
    await api.store.compact(api.store.revision)
    gone = await api.get(MAPS, limit=2, **{"continue": first["metadata"]["continue"]})
    assert gone.code == 410
    assert gone.json["reason"] == "Expired"
    rest = await api.get(MAPS, **{"continue": gone.json["metadata"]["continue"]})
    assert [item["metadata"]["name"] for item in rest.json["items"]] == ["m2", "m3", "m4", "m9"]


async def test_a_list_as_of_then(api: Any, five: None) -> None:
    then = api.store.revision
    await api.delete(f"{MAPS}/m0")
    query = {"resourceVersion": str(then), "resourceVersionMatch": "Exact"}
    assert "m0" in await names(api, **query)
    assert "m0" not in await names(api, **{**query, "resourceVersionMatch": "NotOlderThan"})


async def test_a_version_that_has_not_come_yet_times_out(api: Any, five: None) -> None:
    answer = await api.get(MAPS, resourceVersion=str(api.store.revision + 100), resourceVersionMatch="NotOlderThan")
    assert answer.code == 504
    assert answer.json["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


async def test_a_table_has_the_columns_of_its_kind(api: Any, five: None) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    answer = await api.get(MAPS, headers={"accept": accept})
    assert answer.json["kind"] == "Table"
    assert [column["name"] for column in answer.json["columnDefinitions"]] == ["Name", "Data", "Age"]
    first = answer.json["rows"][0]
    assert first["cells"][:2] == ["m0", 1]
    assert first["object"]["kind"] == "PartialObjectMetadata"


async def test_metadata_alone(api: Any, five: None) -> None:
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    answer = await api.get(MAPS, headers={"accept": accept})
    assert answer.json["kind"] == "PartialObjectMetadataList"
    assert "data" not in answer.json["items"][0]


async def test_a_deleted_object_is_gone(api: Any, five: None) -> None:
    answer = await api.delete(f"{MAPS}/m0")
    assert answer.json["status"] == "Success"
    assert answer.json["details"]["uid"]
    assert (await api.get(f"{MAPS}/m0")).code == 404
    assert (await api.delete(f"{MAPS}/m0")).code == 404


async def test_a_finalizer_holds_an_object_until_it_is_taken_away(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {}, finalizers=["example.com/hold"])
    held = await api.delete(f"{MAPS}/a", gracePeriodSeconds="7")
    assert held.json["metadata"]["deletionTimestamp"]
    assert held.json["metadata"]["deletionGracePeriodSeconds"] == 0
    assert (await api.delete(f"{MAPS}/a", gracePeriodSeconds="-1")).code == 200
    assert (await api.delete(f"{MAPS}/a", gracePeriodSeconds="soon")).code == 400
    again = await api.delete(f"{MAPS}/a")
    assert again.json["metadata"]["deletionTimestamp"] == held.json["metadata"]["deletionTimestamp"]
    await api.patch(f"{MAPS}/a", {"metadata": {"finalizers": None}})
    assert (await api.get(f"{MAPS}/a")).code == 404


async def test_what_runs_may_be_given_time_to_end_and_then_less(api: Any) -> None:
    await api.namespace()
    containers = "/apis/fizz.dev/v1/namespaces/blog/containers"
    body = {"metadata": {"name": "a", "finalizers": ["example.com/hold"]}, "spec": {"image": "x"}}
    assert (await api.post(containers, body)).code == 201
    held = await api.delete(f"{containers}/a")
    assert "deletionGracePeriodSeconds" not in held.json["metadata"]
    for seconds, kept in (("7", 7), ("9", 7), ("0", 0)):  # never longer than was asked for before
        held = await api.delete(f"{containers}/a", gracePeriodSeconds=seconds)
        assert held.json["metadata"]["deletionGracePeriodSeconds"] == kept


async def test_new_finalizers_come_too_late_for_what_is_being_deleted(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {}, finalizers=["example.com/hold"])
    await api.delete(f"{MAPS}/a")
    answer = await api.patch(f"{MAPS}/a", {"metadata": {"finalizers": ["example.com/hold", "example.com/new"]}})
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "metadata.finalizers"


async def test_preconditions_must_hold(api: Any, five: None) -> None:
    for conditions in ({"uid": "other"}, {"resourceVersion": "1"}):
        answer = await api.delete(f"{MAPS}/m0", {"preconditions": conditions})
        assert answer.code == 409
    assert (await api.get(f"{MAPS}/m0")).code == 200


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
async def test_propagation_is_said_by_finalizers(api: Any, five: None, policy: str, finalizer: str) -> None:
    answer = await api.delete(f"{MAPS}/m0", propagationPolicy=policy)
    assert answer.json["metadata"]["finalizers"] == [finalizer]


async def test_a_collection_is_deleted_by_selector(api: Any, five: None) -> None:
    answer = await api.delete(MAPS, labelSelector="odd=0")
    assert answer.code == 200
    assert await names(api) == ["m1", "m3"]


async def test_a_namespace_goes_when_it_is_finalized(api: Any) -> None:
    await api.namespace()
    live = (await api.get("/api/v1/namespaces/blog")).json
    assert live["spec"]["finalizers"] == ["kubernetes"]
    assert live["metadata"]["labels"]["kubernetes.io/metadata.name"] == "blog"
    ending = (await api.delete("/api/v1/namespaces/blog")).json
    assert ending["metadata"]["deletionTimestamp"]
    ending["spec"]["finalizers"] = []
    done = await api.put("/api/v1/namespaces/blog/finalize", ending)
    assert done.code == 200, done.body
    assert (await api.get("/api/v1/namespaces/blog")).code == 404


@pytest.mark.parametrize("name", ["default", "fizz-system", "fizz-node-lease"])
async def test_the_namespaces_of_the_server_itself_stay(api: Any, name: str) -> None:
    await api.post("/api/v1/namespaces", {"metadata": {"name": name}})

    refused = await api.delete(f"/api/v1/namespaces/{name}")

    assert (refused.code, refused.json["reason"]) == (403, "Forbidden")
    assert refused.json["message"] == f'namespaces "{name}" is forbidden: this namespace may not be deleted'
