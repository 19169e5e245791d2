"""Transactions: all or nothing, at one revision."""

from typing import Any

PATH = "/apis/fizz.dev/v1/transactions"


def transaction(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": list(operations)}


def config_map(name: str, data: dict[str, str] | None = None, namespace: str = "blog") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {}}


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blog"}}


async def test_a_namespace_and_what_lives_in_it_come_at_one_revision(api: Any) -> None:
    body = transaction({"verb": "apply", "object": NAMESPACE}, {"verb": "apply", "object": config_map("a")})
    answer = await api.post(PATH, body, fieldManager="test")
    assert answer.code == 200, answer.body
    assert [result["verb"] for result in answer.json["results"]] == ["created", "created"]
    versions = {result["object"]["metadata"]["resourceVersion"] for result in answer.json["results"]}
    assert versions == {answer.json["metadata"]["resourceVersion"]} == {str(api.store.revision)}


async def test_one_refusal_refuses_all_and_names_its_operation(api: Any) -> None:
    await api.namespace()
    bad = {**config_map("b"), "data": {"bad key!": "x"}}
    before = api.store.revision
    answer = await api.post(
        PATH, transaction({"verb": "create", "object": config_map("a")}, {"verb": "create", "object": bad})
    )
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"].startswith("operations[1].object.data")
    assert answer.json["message"].startswith("operations[1]: ")
    assert api.store.revision == before


async def test_applying_the_same_again_changes_nothing(api: Any) -> None:
    body = transaction({"verb": "apply", "object": NAMESPACE}, {"verb": "apply", "object": config_map("a", {"k": "1"})})
    await api.post(PATH, body, fieldManager="test")
    before = api.store.revision
    answer = await api.post(PATH, body, fieldManager="test")
    assert [result["verb"] for result in answer.json["results"]] == ["unchanged", "unchanged"]
    assert api.store.revision == before


async def test_all_verbs_in_one(api: Any) -> None:
    await api.namespace()
    for name in ("a", "b"):
        await api.config_map(name, {})
    body = transaction(
        {"verb": "update", "object": config_map("a", {"k": "1"})},
        {"verb": "delete", "object": config_map("b")},
        {"verb": "delete", "object": config_map("never-there")},
        {"verb": "create", "object": {**config_map(""), "metadata": {"generateName": "c-", "namespace": "blog"}}},
    )
    answer = await api.post(PATH, body)
    assert answer.code == 200, answer.body
    assert [result["verb"] for result in answer.json["results"]] == ["configured", "deleted", "unchanged", "created"]
    assert answer.json["results"][3]["object"]["metadata"]["name"].startswith("c-")
    assert (await api.get("/api/v1/namespaces/blog/configmaps/b")).code == 404


async def test_what_is_being_deleted_is_not_applied_as_alive(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {}, finalizers=["example.com/hold"])
    ended = await api.post(PATH, transaction({"verb": "delete", "object": config_map("a"), "gracePeriodSeconds": 3}))
    assert ended.json["results"][0]["object"]["metadata"]["deletionGracePeriodSeconds"] == 0

    apply = {"verb": "apply", "object": config_map("a", {"k": "1"}), "alive": True}
    refused = await api.post(PATH, transaction(apply), fieldManager="test")
    accepted = await api.post(PATH, transaction({**apply, "alive": False}), fieldManager="test")

    assert refused.code == 409
    assert refused.json["details"]["causes"][0]["reason"] == "ObjectTerminating"
    assert accepted.code == 200


async def test_an_object_is_written_once(api: Any) -> None:
    await api.namespace()
    body = transaction({"verb": "apply", "object": config_map("a")}, {"verb": "delete", "object": config_map("a")})
    answer = await api.post(PATH, body, fieldManager="test")
    assert answer.code == 400
    assert "written twice" in answer.json["message"]


async def test_what_is_no_transaction_is_refused(api: Any) -> None:
    for body in ({}, transaction(), transaction({"verb": "odd", "object": {}}), transaction({"verb": "create"})):
        answer = await api.post(PATH, body)
        assert answer.code == 400
        assert answer.json["kind"] == "Status"


async def test_a_dry_run_does_nothing(api: Any) -> None:
    before = api.store.revision
    answer = await api.post(
        PATH, transaction({"verb": "apply", "object": NAMESPACE}), dryRun="All", fieldManager="test"
    )
    assert answer.json["results"][0]["verb"] == "created"
    assert api.store.revision == before


async def test_together_objects_may_be_larger_than_a_request_and_one_alone_may_not(api: Any) -> None:
    await api.namespace()
    half = "x" * 1_000_000
    many = [{"verb": "create", "object": config_map(f"m{number}", {"k": half})} for number in range(4)]
    answer = await api.post(PATH, transaction(*many))
    assert answer.code == 200, answer.body

    one = config_map("big", {"k": "x" * (3 * 1024 * 1024)})
    refused = await api.post(PATH, transaction({"verb": "create", "object": one}))
    assert refused.code == 413
    assert refused.json["message"].startswith("operations[0]: the object is too large")


def release(number: int, name: str, **spec: Any) -> dict[str, Any]:
    wanted = {"project": "blog", "number": number, "digest": "d", "resources": [], "manifest": "", **spec}
    metadata = {"name": name, "namespace": "blog"}
    return {"apiVersion": "fizz.dev/v1", "kind": "Release", "metadata": metadata, "spec": wanted}


async def test_the_server_says_who_made_a_release_and_nobody_changes_it(api: Any) -> None:
    await api.namespace()
    path = "/apis/fizz.dev/v1/namespaces/blog/releases"
    made = await api.post(path, release(1, "v1", createdBy="somebody else"))
    misnamed = await api.post(path, release(2, "v3"))
    changed = await api.request("PUT", f"{path}/v1", {**made.json, "spec": {**made.json["spec"], "digest": "e"}})
    labelled = await api.request(
        "PUT", f"{path}/v1", {**made.json, "metadata": {**made.json["metadata"], "labels": {"a": "b"}}}
    )

    assert made.code == 201, made.body
    assert made.json["spec"]["createdBy"] not in {"", "somebody else"}
    assert misnamed.code == 422
    assert "must be v2" in misnamed.json["message"]
    assert changed.code == 422
    assert labelled.code == 200
