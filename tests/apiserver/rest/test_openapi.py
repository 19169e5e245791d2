"""The OpenAPI documents: found by their hashes, complete, and up to date."""

from typing import Any

from fizz.apiserver.rest import gnostic
from tests.apiserver.rest.gadgets import definition, install

JSON = dict[str, Any]


async def test_the_index_leads_to_documents_that_may_be_kept(api: Any) -> None:
    index = (await api.get("/openapi/v3")).json["paths"]
    assert {"api/v1", "apis/fizz.dev/v1"} <= index.keys()
    path, _, digest = index["api/v1"]["serverRelativeURL"].partition("?hash=")
    found = await api.get(path, hash=digest)
    assert "immutable" in found.headers["cache-control"]
    assert "io.k8s.api.core.v1.Secret" in found.json["components"]["schemas"]
    again = await api.get(path, hash=digest, headers={"if-none-match": found.headers["etag"]})
    assert again.code == 304


async def test_an_old_hash_is_sent_on_to_the_present_one(api: Any) -> None:
    answer = await api.get("/openapi/v3/api/v1", hash="OLD")
    assert answer.code == 301
    assert answer.headers["location"] == (await api.get("/openapi/v3")).json["paths"]["api/v1"]["serverRelativeURL"]


async def test_every_kind_has_a_patch_path_that_kubectl_understands(api: Any) -> None:
    document = (await api.get("/openapi/v3/apis/fizz.dev/v1")).json
    patch = document["paths"]["/apis/fizz.dev/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-action"] == "patch"
    assert patch["x-kubernetes-group-version-kind"] == {"group": "fizz.dev", "version": "v1", "kind": "Deployment"}
    names = {each["name"] for each in patch["parameters"]}
    assert {"dryRun", "fieldManager", "fieldValidation", "force"} <= names


async def test_custom_kinds_come_with_what_all_objects_have(api: Any) -> None:
    assert (await api.get("/openapi/v3/apis/example.com/v1")).code == 404
    await install(api, definition())
    document = (await api.get("/openapi/v3/apis/example.com/v1")).json
    schema = document["components"]["schemas"]["com.example.v1.Gadget"]
    assert {"apiVersion", "kind", "metadata", "spec", "status"} <= schema["properties"].keys()
    assert schema["x-kubernetes-group-version-kind"] == [{"group": "example.com", "version": "v1", "kind": "Gadget"}]


async def test_all_references_lead_somewhere_in_both_versions(api: Any) -> None:
    await install(api, definition())
    for path in (await api.get("/openapi/v3")).json["paths"]:
        document = (await api.get(f"/openapi/v3/{path}")).json
        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert references(document) <= known
    swagger = (await api.get("/openapi/v2")).json
    assert references(swagger) <= {f"#/definitions/{name}" for name in swagger["definitions"]}


async def test_swagger_can_be_had_in_protobuf(api: Any) -> None:
    accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    answer = await api.get("/openapi/v2", headers={"accept": accept})
    assert answer.headers["content-type"] == accept.replace("@", ".")
    assert answer.body.startswith(b"\x0a\x032.0")  # field 1, three bytes
    assert b"io.k8s.api.core.v1.ConfigMap" in answer.body
    assert (await api.get("/openapi/v2", headers={"accept": "text/html"})).code == 406


def test_a_schema_in_protobuf_has_its_fields() -> None:
    schema: JSON = {
        "type": "object",
        "description": "d",
        "maxProperties": 300,
        "required": ["a"],
        "x-kubernetes-map-type": "atomic",
        "properties": {"a": {"type": "array", "items": {"$ref": "r"}}},
    }
    made = gnostic.document({"swagger": "2.0", "info": {"title": "t", "version": "v"}, "definitions": {"k": schema}})
    reference = b"\x0a\x01r"
    items = b"\xba\x01" + bytes([len(reference) + 2]) + b"\x0a" + bytes([len(reference)]) + reference
    assert items in made  # field 23, an item of field 1, a reference
    assert b"\x88\x01\xac\x02" in made  # field 17, 300
    assert b"\x9a\x01\x01a" in made  # field 19
    assert b'\x12\x08"atomic"' in made  # field 2 of a value, as YAML


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set()
