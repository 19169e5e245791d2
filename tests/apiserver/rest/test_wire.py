"""Small print of the wire: what Kubernetes answers to requests that are odd, old or at the edge of what is allowed."""

from typing import Any

import pytest

from fizz.apiserver.rest import answers
from tests.apiserver.rest.gadgets import GADGETS, definition, gadget, install

JSON = dict[str, Any]
MAPS = "/api/v1/namespaces/blog/configmaps"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/blog/leases"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def config_map(name: str, **fields: Any) -> JSON:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **fields}


def scaled() -> JSON:
    spec = {"type": "object", "properties": {"replicas": {"type": "integer"}, "color": {"type": "string"}}}
    paths = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    return definition(spec, subresources={"status": {}, "scale": paths})


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, "ok"),
        ({"verbose": "", "exclude": "ping"}, "[+]ping excluded: ok\n[+]store ok\nreadyz check passed\n"),
        (
            {"verbose": "", "exclude": "nope"},
            '[+]ping ok\n[+]store ok\nwarn: some health checks cannot be excluded: no matches for "nope"\n'
            "readyz check passed\n",
        ),
    ],
    ids=["plain", "excluded", "unknown"],
)
async def test_health_is_told_check_by_check(api: Any, query: JSON, body: str) -> None:
    assert (await api.get("/readyz", **query)).body.decode() == body


async def test_a_single_check_can_be_asked_for(api: Any) -> None:
    assert (await api.get("/livez/ping")).body == b"ok"
    assert (await api.get("/livez/store", verbose="")).body == b"[+]store ok\nstore check passed\n"
    assert (await api.get("/livez/nope")).code == 404


async def test_answers_carry_an_id_and_are_not_to_be_kept(api: Any) -> None:
    first, second = await api.get("/api/v1/namespaces"), await api.get("/api/v1/namespaces")
    assert first.headers["cache-control"] == "no-cache, private"
    assert first.headers["audit-id"] != second.headers["audit-id"]
    named = await api.request("GET", "/api/v1/nope", headers={"audit-id": "mine"})
    assert (named.code, named.headers["audit-id"]) == (404, "mine")


async def test_discovery_says_how_objects_are_stored(api: Any) -> None:
    resources = (await api.get("/api/v1")).json["resources"]
    hashes = {each["name"]: each.get("storageVersionHash") for each in resources}
    assert hashes["configmaps"] != hashes["secrets"]
    assert len(hashes["configmaps"]) == 12
    assert hashes["namespaces/status"] is None


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json;q=0.5, application/yaml", "application/yaml"),
        ("application/yaml;q=0.1, application/json;q=0.9", "application/json"),
        ("application/yaml;q=x", "application/yaml"),
    ],
)
async def test_the_form_that_is_liked_best_is_given(api: Any, accept: str, media: str) -> None:
    answer = await api.request("GET", "/api/v1/namespaces", headers={"accept": accept})
    assert answer.headers["content-type"] == media


async def test_metadata_of_a_list_is_no_metadata_of_an_object(api: Any) -> None:
    listed = await api.request("GET", "/api/v1/namespaces", headers={"accept": METADATA})
    assert (listed.code, listed.json["reason"]) == (406, "NotAcceptable")
    of_list = {"accept": METADATA.replace("Metadata;", "MetadataList;")}
    single = await api.request("GET", "/api/v1/namespaces/default", headers=of_list)
    assert (single.code, single.json["reason"]) == (406, "NotAcceptable")
    assert (await api.request("GET", "/api/v1/namespaces", headers=of_list)).code == 200


async def test_rows_of_tables_carry_one_of_three_things(api: Any) -> None:
    answer = await api.request("GET", "/api/v1/namespaces", headers={"accept": TABLE}, includeObject="All")
    assert answer.code == 400
    assert "must be 'Metadata', 'Object', 'None', or empty" in answer.json["message"]


async def test_a_resource_that_is_not_there_is_told_before_the_body_is_read(api: Any) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await api.request(method, "/apis/apps/v1/namespaces/default/deployments/a", b"\xff")
        assert answer.code == 404, method


async def test_the_old_form_of_watches_is_served(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {})
    await api.config_map("b", {})
    async with api.watch("/api/v1/watch/namespaces/blog/configmaps/b", timeoutSeconds=1) as stream:
        kind, found = await stream.event()
        assert (kind, found["metadata"]["name"]) == ("ADDED", "b")
    async with api.watch("/api/v1/watch/namespaces/blog/configmaps", timeoutSeconds=1) as stream:
        assert [(await stream.event())[1]["metadata"]["name"] for _ in range(2)] == ["a", "b"]
    assert (await api.request("DELETE", "/api/v1/watch/namespaces/blog/configmaps/b")).code == 405


async def test_a_negative_limit_is_none(api: Any) -> None:
    assert "continue" not in (await api.get("/api/v1/namespaces", limit="-1")).json["metadata"]
    assert (await api.get("/api/v1/namespaces", limit="x")).code == 400


async def test_options_are_called_by_their_kinds(api: Any) -> None:
    await api.namespace()
    for method, kind in (("POST", "CreateOptions"), ("PUT", "UpdateOptions"), ("PATCH", "PatchOptions")):
        path = MAPS if method == "POST" else f"{MAPS}/a"
        media = {"content-type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        answer = await api.request(method, path, config_map("a"), headers=media, dryRun="Some")
        assert answer.code == 422
        assert answer.json["details"]["kind"] == kind


async def test_an_apply_may_be_forced_and_nothing_else(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {})
    answer = await api.patch(f"{MAPS}/a", {"data": {"k": "v"}}, force="true")
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "force"


async def test_a_strict_patch_is_refused_as_a_patch(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {})
    for body, said in (({"zz": 1}, 'unknown field "zz"'), ({"data": {"k": 1}}, "data.k")):
        answer = await api.patch(f"{MAPS}/a", body, fieldValidation="Strict")
        (cause,) = answer.json["details"]["causes"]
        assert (answer.code, cause["field"]) == (422, "patch")
        assert said in cause["message"]


async def test_a_deletion_says_once_what_happens_to_dependents(api: Any) -> None:
    await api.namespace()
    await api.config_map("a", {})
    both = {"propagationPolicy": "Orphan", "orphanDependents": True}
    answer = await api.delete(f"{MAPS}/a", both)
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "propagationPolicy"
    held = await api.delete(f"{MAPS}/a", {"propagationPolicy": "Foreground"}, propagationPolicy="Orphan")
    assert held.json["metadata"]["finalizers"] == ["foregroundDeletion"]


async def test_preconditions_that_do_not_hold_are_told(api: Any) -> None:
    await api.namespace()
    uid = (await api.config_map("a", {}))["metadata"]["uid"]
    answer = await api.delete(f"{MAPS}/a", {"preconditions": {"uid": "other"}})
    assert answer.code == 409
    assert f"the UID in the precondition (other) does not match the UID in record ({uid})" in answer.json["message"]


async def test_a_put_makes_a_lease_and_no_config_map(api: Any) -> None:
    await api.namespace()
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}}
    assert (await api.put(f"{LEASES}/l", lease)).code == 201
    assert (await api.put(f"{LEASES}/l", {**lease, "spec": {"leaseDurationSeconds": 3}})).code == 200
    assert (await api.put(f"{LEASES}/other", lease)).code == 400
    assert (await api.put(f"{MAPS}/a", config_map("a"))).code == 404


async def test_what_is_applied_must_be_declared_and_of_the_right_type(api: Any) -> None:
    await install(api, scaled())
    path = f"{GADGETS}/a"
    for spec, said in (
        ({"size": 1}, ".spec.size: field not declared in schema"),
        ({"color": 1}, '.spec.color: Invalid value: "integer"'),
    ):
        answer = await api.patch(
            path, {**gadget(), "spec": spec}, "apply-patch+yaml", fieldManager="m", fieldValidation="Ignore"
        )
        assert answer.code == 400
        assert "failed to create typed patch object (default/a; example.com/v1, Kind=Gadget)" in answer.json["message"]
        assert said in answer.json["message"]


async def test_a_scale_can_be_applied(api: Any) -> None:
    await install(api, scaled())
    assert (await api.post(GADGETS, gadget(color="red"))).code == 201
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "a"},
        "spec": {"replicas": 3},
    }
    path = f"{GADGETS}/a/scale"
    answer = await api.patch(path, scale, "apply-patch+yaml", fieldManager="scaler")
    assert (answer.code, answer.json["kind"], answer.json["spec"]) == (200, "Scale", {"replicas": 3})
    live = (await api.get(f"{GADGETS}/a")).json
    assert live["spec"] == {"color": "red", "replicas": 3}
    (entry,) = [each for each in live["metadata"]["managedFields"] if each["manager"] == "scaler"]
    assert (entry["operation"], entry["subresource"]) == ("Apply", "scale")
    assert entry["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    other = await api.patch(path, {**scale, "spec": {"replicas": 4}}, "apply-patch+yaml", fieldManager="other")
    assert other.code == 409
    assert (await api.patch(path, gadget(replicas=4), "apply-patch+yaml", fieldManager="m")).code == 400


async def test_a_scale_is_shown_in_columns_of_its_own(api: Any) -> None:
    await install(api, scaled())
    await api.post(GADGETS, gadget(replicas=2))
    table = (await api.request("GET", f"{GADGETS}/a/scale", headers={"accept": TABLE})).json
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "Desired", "Available", "Age"]
    assert table["rows"][0]["cells"][:3] == ["a", 2, 0]


async def test_finalizers_say_whose_they_are(api: Any) -> None:
    await api.namespace()
    refused = await api.post(MAPS, {"metadata": {"name": "a", "finalizers": ["mine"]}})
    assert refused.code == 422
    assert "neither a standard finalizer name nor is it fully qualified" in refused.json["message"]
    await install(api, scaled())
    body = gadget()
    body["metadata"]["finalizers"] = ["mine"]
    answer = await api.post(GADGETS, body)
    assert answer.code == 201
    assert "prefer a domain-qualified finalizer name" in answer.headers["warning"]
    assert "warning" not in (await api.patch(f"{GADGETS}/a", {"spec": {"color": "red"}})).headers


async def test_events_are_shown_by_when_they_were_seen_and_not_by_name(api: Any) -> None:
    answer = await api.request("GET", "/api/v1/events", headers={"accept": TABLE})
    columns = answer.json["columnDefinitions"]
    assert [each["name"] for each in columns if not each["priority"]] == [
        "Last Seen",
        "Type",
        "Reason",
        "Object",
        "Message",
    ]
    assert columns[-1]["name"] == "Name"


async def test_a_generated_name_that_is_taken_is_made_anew(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.namespace()
    letters = iter("aaaaabbbbb" + "a" * 40)
    monkeypatch.setattr("secrets.choice", lambda _alphabet: next(letters))
    await api.config_map("job-aaaaa", {})
    body = {"metadata": {"generateName": "job-"}}
    assert (await api.post(MAPS, body)).json["metadata"]["name"] == "job-bbbbb"
    assert (await api.post(MAPS, body)).json["reason"] == "AlreadyExists"


async def test_warnings_are_headers_whatever_they_tell_of(api: Any) -> None:
    await api.namespace()
    body = {**config_map("a"), "\u4e16": 1, "a\r\nSet-Cookie: x": 1, "x" * 5000: 1, "y" * 300: 1}
    answer = await api.request("POST", MAPS, body)
    assert answer.code == 201
    assert "set-cookie" not in answer.headers
    said = answers.warnings(['unknown field "\u4e16"', "a\r\nb", "a\r\nb", "x" * 5000, "y" * 3900, "z" * 9, ""])
    assert said[0].encode("latin-1").decode() == '299 - "unknown field \\"\u4e16\\""'
    assert said[1] == '299 - "a  b"'
    assert [len(each) - len('299 - ""') for each in said[2:]] == [256, 256, 9]


async def test_nothing_is_written_in_all_namespaces_at_once(api: Any) -> None:
    await install(api, scaled())
    await api.namespace()
    await api.config_map("a", {})
    body = {**config_map("b"), "metadata": {"name": "b", "namespace": "blog"}}
    for method in ("POST", "DELETE"):
        assert (await api.request(method, "/api/v1/configmaps", body if method == "POST" else None)).code == 405
        assert (await api.request(method, "/apis/example.com/v1/gadgets", gadget())).code == 404
    assert (await api.get("/api/v1/configmaps")).json["items"][0]["metadata"]["name"] == "a"


async def test_discovery_in_one_document_comes_in_versions_and_may_be_kept(api: Any) -> None:
    wanted = "application/json;g=apidiscovery.k8s.io;v=VERSION;as=APIGroupDiscoveryList"
    both = f"{wanted.replace('VERSION', 'v9')},{wanted.replace('VERSION', 'v2beta1')},application/json"
    answer = await api.request("GET", "/apis", headers={"accept": both})
    assert answer.json["apiVersion"] == "apidiscovery.k8s.io/v2beta1"
    assert answer.headers["content-type"] == wanted.replace("VERSION", "v2beta1")
    kept = {"accept": both, "if-none-match": answer.headers["etag"]}
    assert (await api.request("GET", "/apis", headers=kept)).code == 304
    await install(api, scaled())
    assert (await api.request("GET", "/apis", headers=kept)).code == 200
    old = await api.request("GET", "/apis", headers={"accept": f"{wanted.replace('VERSION', 'v9')},application/json"})
    assert old.json["kind"] == "APIGroupList"


@pytest.mark.parametrize("value", ["", "yes", "True"])
async def test_a_parameter_says_yes_if_it_is_there(api: Any, value: str) -> None:
    await api.namespace()
    await api.config_map("a", {})
    async with api.watch(MAPS, watch=value) as stream:
        assert (await stream.event())[0] == "ADDED"


@pytest.mark.parametrize("value", ["0", "False"])
async def test_a_parameter_may_say_no(api: Any, value: str) -> None:
    await api.namespace()
    assert (await api.get(MAPS, watch=value)).json["kind"] == "ConfigMapList"


async def test_a_watch_cannot_be_had_in_yaml(api: Any) -> None:
    await api.namespace()
    answer = await api.request("GET", MAPS, headers={"accept": "application/yaml"}, watch="1")
    assert answer.code == 406
