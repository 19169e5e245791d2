"""Create, get, update, patch: what comes back, what is kept, what is refused."""

import gzip
from typing import Any

import pytest

from fizz.apiserver.rest.gate import Door

MAPS = "/api/v1/namespaces/blog/configmaps"
DEPLOYMENTS = "/apis/fizz.dev/v1/namespaces/blog/deployments"


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    body = {"template": {"spec": {"image": "busybox"}}, **spec}
    return {"apiVersion": "fizz.dev/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}


async def test_a_created_object_is_completed_and_can_be_read_back(api: Any) -> None:
    await api.namespace()
    created = await api.post(DEPLOYMENTS, deployment())
    assert created.code == 201
    metadata = created.json["metadata"]
    assert metadata["namespace"] == "blog"
    assert metadata["generation"] == 1
    assert metadata["uid"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert created.json["spec"]["replicas"] == 1
    read = await api.get(f"{DEPLOYMENTS}/web")
    assert read.json == created.json


async def test_a_taken_name_is_refused(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {})
    again = await api.post(MAPS, {"metadata": {"name": "a"}})
    assert again.code == 409
    assert again.json["reason"] == "AlreadyExists"
    assert again.json["message"] == 'configmaps "a" already exists'


async def test_a_generated_name_is_unique(api: Any) -> None:
    await api.namespace()
    names = set()
    for _ in range(5):
        made = await api.post(MAPS, {"metadata": {"generateName": "x-"}})
        names.add(made.json["metadata"]["name"])
    assert len(names) == 5
    assert all(name.startswith("x-") and len(name) == 7 for name in names)


async def test_nothing_is_created_in_a_namespace_that_is_not_there(api: Any) -> None:
    answer = await api.post("/api/v1/namespaces/nowhere/configmaps", {"metadata": {"name": "a"}})
    assert answer.code == 404
    assert answer.json["message"] == 'namespaces "nowhere" not found'


async def test_nothing_is_created_in_a_namespace_that_ends(api: Any) -> None:
    await api.namespace()
    ending = await api.delete("/api/v1/namespaces/blog")
    assert ending.json["status"]["phase"] == "Terminating"
    answer = await api.post(MAPS, {"metadata": {"name": "a"}})
    assert answer.code == 403
    assert answer.json["details"]["causes"][0]["reason"] == "NamespaceTerminating"


async def test_all_breaches_are_told_at_once(api: Any) -> None:
    await api.namespace()
    body = deployment(replicas="three", template={"spec": {"stopGracePeriod": "soon"}})
    answer = await api.post(DEPLOYMENTS, body)
    assert answer.code == 422
    assert answer.json["reason"] == "Invalid"
    fields = {cause["field"] for cause in answer.json["details"]["causes"]}
    assert fields == {"spec.replicas", "spec.template.spec.image", "spec.template.spec.stopGracePeriod"}


async def test_unknown_fields_are_cut_and_told(api: Any) -> None:
    await api.namespace()
    answer = await api.post(DEPLOYMENTS, deployment(odd=1))
    assert answer.code == 201
    assert "odd" not in answer.json["spec"]
    assert r"unknown field \"spec.odd\"" in answer.headers["warning"]


async def test_a_strict_write_refuses_unknown_fields(api: Any) -> None:
    await api.namespace()
    answer = await api.post(DEPLOYMENTS, deployment(odd=1), fieldValidation="Strict")
    assert answer.code == 400
    assert 'strict decoding error: unknown field "spec.odd"' in answer.json["message"]


async def test_an_update_counts_generations_of_the_spec_only(api: Any) -> None:
    await api.namespace()
    made = (await api.post(DEPLOYMENTS, deployment())).json
    made["metadata"]["labels"] = {"a": "b"}
    labelled = (await api.put(f"{DEPLOYMENTS}/web", made)).json
    assert labelled["metadata"]["generation"] == 1
    labelled["spec"]["replicas"] = 3
    scaled = (await api.put(f"{DEPLOYMENTS}/web", labelled)).json
    assert scaled["metadata"]["generation"] == 2
    assert int(scaled["metadata"]["resourceVersion"]) > int(labelled["metadata"]["resourceVersion"])


async def test_a_stale_update_is_a_conflict(api: Any) -> None:
    await api.namespace()
    first = await api.config_map("a", {"k": "1"})
    await api.patch(f"{MAPS}/a", {"data": {"k": "2"}})
    stale = await api.put(f"{MAPS}/a", {**first, "data": {"k": "3"}})
    assert stale.code == 409
    assert "the object has been modified" in stale.json["message"]


async def test_a_write_that_changes_nothing_moves_nothing(api: Any) -> None:
    await api.namespace()
    first = await api.config_map("a", {"k": "1"})
    before = api.store.revision
    same = await api.put(f"{MAPS}/a", first)
    assert same.code == 200
    assert same.json["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    patched = await api.patch(f"{MAPS}/a", {"data": {"k": "1"}})
    assert patched.code == 200
    assert api.store.revision == before


async def test_status_is_written_apart_from_the_rest(api: Any) -> None:
    await api.namespace()
    made = (await api.post(DEPLOYMENTS, {**deployment(), "status": {"replicas": 9}})).json
    assert "status" not in made
    written = await api.patch(f"{DEPLOYMENTS}/web/status", {"status": {"replicas": 2}, "spec": {"replicas": 7}})
    assert written.json["status"]["replicas"] == 2
    assert written.json["spec"]["replicas"] == 1
    assert written.json["metadata"]["generation"] == 1
    kept = await api.patch(f"{DEPLOYMENTS}/web", {"status": {"replicas": 5}, "spec": {"replicas": 2}})
    assert kept.json["status"]["replicas"] == 2


async def test_a_merge_patch_removes_what_is_null(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {"k": "1", "l": "2"})
    answer = await api.patch(f"{MAPS}/a", {"data": {"k": None, "m": "3"}})
    assert answer.json["data"] == {"l": "2", "m": "3"}


async def test_a_json_patch_whose_test_fails_changes_nothing(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {"k": "1"})
    operations = [{"op": "test", "path": "/data/k", "value": "2"}, {"op": "remove", "path": "/data/k"}]
    answer = await api.patch(f"{MAPS}/a", operations, "json-patch+json")
    assert answer.code == 422
    assert answer.json["reason"] == "Invalid"
    assert (await api.get(f"{MAPS}/a")).json["data"] == {"k": "1"}


async def test_a_patch_with_a_stale_version_is_a_conflict(api: Any) -> None:
    await api.namespace()
    first = await api.config_map("a", {"k": "1"})
    await api.patch(f"{MAPS}/a", {"data": {"k": "2"}})
    version = first["metadata"]["resourceVersion"]
    answer = await api.patch(f"{MAPS}/a", {"metadata": {"resourceVersion": version}, "data": {"k": "3"}})
    assert answer.code == 409


async def test_a_strategic_patch_merges_lists_by_their_keys(api: Any) -> None:
    await api.namespace()
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    await api.post(DEPLOYMENTS, deployment(template={"spec": {"image": "busybox", "env": env}}))
    change = {"spec": {"template": {"spec": {"env": [{"name": "B", "value": "3"}]}}}}
    answer = await api.patch(f"{DEPLOYMENTS}/web", change, "strategic-merge-patch+json")
    values = {each["name"]: each["value"] for each in answer.json["spec"]["template"]["spec"]["env"]}
    assert values == {"A": "1", "B": "3"}


async def test_server_side_apply_creates_merges_and_takes_back(api: Any) -> None:
    await api.namespace()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1", "l": "2"}}
    made = await api.patch(f"{MAPS}/a", body, "apply-patch+yaml", fieldManager="one")
    assert made.code == 201
    await api.patch(f"{MAPS}/a", {"data": {"other": "x"}})
    less = await api.patch(f"{MAPS}/a", {**body, "data": {"k": "1"}}, "apply-patch+yaml", fieldManager="one")
    assert less.code == 200
    assert less.json["data"] == {"k": "1", "other": "x"}
    version = less.json["metadata"]["resourceVersion"]
    again = await api.patch(f"{MAPS}/a", {**body, "data": {"k": "1"}}, "apply-patch+yaml", fieldManager="one")
    assert again.json["metadata"]["resourceVersion"] == version


async def test_a_field_of_another_manager_is_a_conflict_unless_forced(api: Any) -> None:
    await api.namespace()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1"}}
    await api.patch(f"{MAPS}/a", body, "apply-patch+yaml", fieldManager="one")
    changed = {**body, "data": {"k": "2"}}
    refused = await api.patch(f"{MAPS}/a", changed, "apply-patch+yaml", fieldManager="two")
    assert refused.code == 409
    cause = refused.json["details"]["causes"][0]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".data.k")
    forced = await api.patch(f"{MAPS}/a", changed, "apply-patch+yaml", fieldManager="two", force="true")
    assert forced.json["data"] == {"k": "2"}
    managers = [entry["manager"] for entry in forced.json["metadata"]["managedFields"]]
    assert managers == ["two"]


async def test_books_that_cannot_be_read_are_refused_and_empty_ones_forget(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {"k": "1"})
    bad = await api.patch(f"{MAPS}/a", {"metadata": {"managedFields": [{"operation": "Odd"}]}})
    assert bad.code == 422
    forgotten = await api.patch(f"{MAPS}/a", {"metadata": {"managedFields": [{}]}})
    assert "managedFields" not in forgotten.json["metadata"]


async def test_scale_is_a_view_of_the_replicas(api: Any) -> None:
    await api.namespace()
    await api.post(DEPLOYMENTS, deployment(replicas=2))
    scale = await api.get(f"{DEPLOYMENTS}/web/scale")
    assert scale.json["kind"] == "Scale"
    assert scale.json["spec"]["replicas"] == 2
    patched = await api.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 5}})
    assert patched.json["spec"]["replicas"] == 5
    scaled = (await api.get(f"{DEPLOYMENTS}/web")).json
    assert scaled["spec"]["replicas"] == 5
    assert "scale" in {entry.get("subresource") for entry in scaled["metadata"]["managedFields"]}


async def test_a_dry_run_tells_and_does_nothing(api: Any) -> None:
    await api.namespace()
    before = api.store.revision
    answer = await api.post(MAPS, {"metadata": {"name": "a"}}, dryRun="All")
    assert answer.code == 201
    assert answer.json["metadata"]["uid"]
    assert api.store.revision == before


async def test_a_secret_never_shows_its_string_data(api: Any) -> None:
    await api.namespace()
    body = {"metadata": {"name": "s"}, "stringData": {"password": "hunter2"}}
    answer = await api.post("/api/v1/namespaces/blog/secrets", body)
    assert answer.json["data"] == {"password": "aHVudGVyMg=="}
    assert "stringData" not in answer.json
    assert answer.json["type"] == "Opaque"


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "reason"),
    [
        ("GET", "/nowhere", None, 404, "NotFound"),
        ("GET", "/api/v1/unknowns", None, 404, "NotFound"),
        ("GET", "/apis/fizz.dev/v2/deployments", None, 404, "NotFound"),
        ("GET", f"{MAPS}/none", None, 404, "NotFound"),
        ("GET", f"{MAPS}/none/odd", None, 404, "NotFound"),
        ("POST", f"{MAPS}/a", {}, 405, "MethodNotAllowed"),
        ("PUT", MAPS, {}, 405, "MethodNotAllowed"),
        ("POST", MAPS, b"{", 400, "BadRequest"),
        ("POST", MAPS, b"[]", 400, "BadRequest"),
        ("POST", MAPS, {"metadata": {"name": "Bad_Name"}}, 422, "Invalid"),
        ("POST", MAPS, {"kind": "Secret", "metadata": {"name": "a"}}, 400, "BadRequest"),
        ("POST", MAPS, {"metadata": {"name": "a", "namespace": "other"}}, 400, "BadRequest"),
        ("POST", MAPS, {"metadata": {"name": "a", "resourceVersion": "1"}}, 400, "BadRequest"),
        ("GET", f"{MAPS}?labelSelector=a%20in", None, 400, "BadRequest"),
        ("GET", f"{MAPS}?fieldSelector=spec.odd%3D1", None, 400, "BadRequest"),
        ("GET", f"{MAPS}?limit=x", None, 400, "BadRequest"),
        ("GET", f"{MAPS}?continue=x", None, 400, "BadRequest"),
        ("DELETE", "/api/v1/namespaces", None, 405, "MethodNotAllowed"),
    ],
)
async def test_every_refusal_is_a_status(api: Any, method: str, path: str, body: Any, code: int, reason: str) -> None:
    await api.namespace()
    path, _, query = path.partition("?")
    name, _, value = query.partition("=")
    from urllib.parse import unquote

    answer = await api.request(method, path, body, **({name: unquote(value)} if name else {}))
    assert answer.code == code, answer.body
    status = answer.json
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert (status["reason"], status["code"]) == (reason, code)
    assert status["message"]


async def test_a_body_over_the_limit_is_refused(api: Any) -> None:
    answer = await api.post(MAPS, b" " * (3 * 1024 * 1024 + 1))
    assert answer.code == 413
    assert answer.json["reason"] == "RequestEntityTooLarge"


async def test_an_unknown_format_is_refused(api: Any) -> None:
    answer = await api.request("POST", MAPS, b"<a/>", headers={"content-type": "application/xml"})
    assert answer.code == 415
    refused = await api.request("GET", MAPS, headers={"accept": "application/xml"})
    assert refused.code == 406


@pytest.mark.parametrize("media", ["application/yaml", "application/cbor", "application/json"])
async def test_formats_go_in_and_out(api: Any, media: str) -> None:
    from fizz.apiserver.rest.negotiate import Representation, decode, encode

    await api.namespace()
    form = {"application/yaml": "yaml", "application/cbor": "cbor", "application/json": "json"}[media]
    body = encode({"metadata": {"name": "a"}, "data": {"k": "1"}}, Representation(format=form))  # type: ignore[arg-type]
    answer = await api.request("POST", MAPS, body, headers={"content-type": media, "accept": media})
    assert answer.code == 201
    assert answer.headers["content-type"].startswith(media)
    assert decode(answer.body, media)["data"] == {"k": "1"}


async def test_a_page_of_another_site_is_answered_with_a_status(api: Any) -> None:
    headers = {"host": "127.0.0.1:7443", "origin": "https://evil.example"}
    refused = await api.at(Door.PLAIN).request("POST", MAPS, {}, headers=headers)
    assert refused.code == 403
    assert refused.json["reason"] == "Forbidden"
    over_socket = await api.request("GET", "/readyz", headers=headers)
    assert over_socket.code == 200


async def test_large_answers_are_compressed_for_those_who_are_far_away(api: Any) -> None:
    await api.namespace()
    await api.config_map("large", {"text": "x" * 200_000})
    path, headers = "/api/v1/namespaces/blog/configmaps/large", {"accept-encoding": "gzip"}
    near = await api.get(path, headers=headers)
    assert "content-encoding" not in near.headers
    far = await api.at(Door.PLAIN).get(path, headers={**headers, "host": "localhost"})
    assert far.headers["content-encoding"] == "gzip"
    assert gzip.decompress(far.body) == near.body


async def test_keys_that_are_there_twice_are_told_of_patches_and_yaml_too(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {"k": "v"})
    path = "/api/v1/namespaces/blog/configmaps/a"
    body = b'{"data": {"k": "1", "k": "2"}}'
    answer = await api.patch(path, body, fieldValidation="Strict")
    assert answer.code == 422
    assert 'duplicate field "data.k"' in answer.json["message"]
    applied = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: a\n  k: b\n"
    answer = await api.patch(path, applied, "apply-patch+yaml", fieldValidation="Strict", fieldManager="m")
    assert 'duplicate field "data.k"' in answer.json["message"]


async def test_the_root_says_what_is_served(api: Any) -> None:
    paths = (await api.get("/")).json["paths"]
    assert {"/api", "/apis/fizz.dev", "/apis/fizz.dev/v1", "/openapi/v3"} <= set(paths)


async def test_what_kubernetes_keeps_typed_cannot_be_read_with_wrong_types(api: Any) -> None:
    await api.namespace()
    for body in ({"metadata": {"name": "a"}, "data": {"k": 1}}, {"metadata": {"name": "a", "labels": {"l": 1}}}):
        answer = await api.post(MAPS, body)
        assert (answer.code, answer.json["reason"]) == (400, "BadRequest")
        assert 'ConfigMap in version "v1" cannot be handled as a ConfigMap' in answer.json["message"]
