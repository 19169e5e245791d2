"""The OpenAPI documents: v3, one for each group and version, with hashes; v2, all in one.

kubectl validates, explains and diffs by these, and helm checks charts by them. A document is made when it is asked for
first, and again only after one of its resources changed. Its hash is in the address that `/openapi/v3` gives, so that
clients may keep it for ever; an old hash is sent on to the present one.

Source: KEP-2896 (OpenAPI v3), and what kubectl reads: `x-kubernetes-group-version-kind` of schemas, and PATCH paths
with their query parameters.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import orjson

from fizz.apiserver import errors
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON
from fizz.schemas.meta import ListMeta, ObjectMeta
from fizz.schemas.structural import structural_schema

__all__ = ["Documents"]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
_SCALE: Final = "io.k8s.api.autoscaling.v1.Scale"
_ANSWERS: Final = ("application/json", "application/yaml", "application/cbor")
_PATCHES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
)
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_CORE: Final = {"": "core", "coordination.k8s.io": "coordination", "apiextensions.k8s.io": "apiextensions"}


class Documents:
    """All documents of a registry, as bytes; each with its hash."""

    def __init__(self, registry: Registry, version: str) -> None:
        self._registry, self._version = registry, version
        self._made: dict[str, tuple[tuple[Resource, ...], bytes, str]] = {}
        self._v2: tuple[int, bytes, str] | None = None

    def index(self) -> JSON:
        """`/openapi/v3`: where the documents are."""
        paths: JSON = {}
        for path in self._paths():
            paths[path] = {"serverRelativeURL": self.address(path)}
        return {"paths": paths}

    def address(self, path: str) -> str:
        """Where the present document of a group and version is, hash and all."""
        return f"/openapi/v3/{path}?hash={self.v3(path)[1]}"

    def v3(self, path: str) -> tuple[bytes, str]:
        """The document of `api/v1` or `apis/GROUP/VERSION`, and its hash. Raises `NotFound`."""
        match path.split("/"):
            case ["api", version]:
                group = ""
            case ["apis", group, version]:
                pass
            case _:
                raise errors.NotFound.path()
        resources = tuple(self._registry.resources(group, version))
        if not resources:
            self._made.pop(path, None)
            raise errors.NotFound.path()
        found = self._made.get(path)
        if found is None or found[0] != resources:
            body = orjson.dumps(_document(resources, self._version))
            found = self._made[path] = (resources, body, hashlib.sha512(body).hexdigest().upper())
        return found[1], found[2]

    def v2(self) -> tuple[bytes, str]:
        """`/openapi/v2`, and its hash."""
        if self._v2 is None or self._v2[0] != self._registry.changes:
            whole: JSON = {"paths": {}, "components": {"schemas": {}}}
            for path in self._paths():
                document = orjson.loads(self.v3(path)[0])
                whole["paths"] |= document["paths"]
                whole["components"]["schemas"] |= document["components"]["schemas"]
            body = orjson.dumps(_swagger(whole, self._version))
            self._v2 = (self._registry.changes, body, hashlib.sha512(body).hexdigest().upper())
        return self._v2[1], self._v2[2]

    def _paths(self) -> Iterable[str]:
        for group in self._registry.groups():
            for version in self._registry.versions(group):
                yield f"apis/{group}/{version}" if group else f"api/{version}"


def _document(resources: tuple[Resource, ...], version: str) -> JSON:
    schemas: JSON = dict(_common())
    paths: JSON = {}
    for resource in resources:
        schemas[_name(resource)] = _schema(resource)
        schemas[f"{_name(resource)}List"] = _list_schema(resource)
        if resource.scale:
            schemas[_SCALE] = _scale_schema()
        paths |= _resource_paths(resource)
    own = [{"group": each.group, "version": each.version, "kind": "DeleteOptions"} for each in resources[:1]]
    schemas[f"{_META}.DeleteOptions"] = {**schemas[f"{_META}.DeleteOptions"], _GVK: own}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Fizz", "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }


_GVK: Final = "x-kubernetes-group-version-kind"


def _name(resource: Resource) -> str:
    """The name of a kind's schema: the group's domain backwards, as `com.example.v1.Gadget`."""
    if resource.builtin and resource.group in _CORE:
        return f"io.k8s.api.{_CORE[resource.group]}.{resource.version}.{resource.kind}"
    return ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])


def _gvk(resource: Resource, kind: str = "") -> JSON:
    return {"group": resource.group, "version": resource.version, "kind": kind or resource.kind}


def _ref(name: str) -> JSON:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(resource: Resource) -> JSON:
    schema = resource.schema
    properties = {
        "apiVersion": {"type": "string", "description": _API_VERSION},
        "kind": {"type": "string", "description": _KIND},
        "metadata": {"description": _METADATA, "allOf": [_ref(f"{_META}.ObjectMeta")], "default": {}},
    }
    properties |= {key: value for key, value in schema.get("properties", {}).items() if key not in properties}
    return {**schema, "type": "object", "properties": properties, _GVK: [_gvk(resource)]}


_API_VERSION: Final = (
    "APIVersion defines the versioned schema of this representation of an object: the group and the version."
)
_KIND: Final = "Kind is the type of the object, in CamelCase. Cannot be changed."
_METADATA: Final = "Standard object's metadata: identity, versions and relations."


def _list_schema(resource: Resource) -> JSON:
    return {
        "type": "object",
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": _API_VERSION},
            "kind": {"type": "string", "description": _KIND},
            "metadata": {"allOf": [_ref(f"{_META}.ListMeta")], "description": "Metadata of the list.", "default": {}},
            "items": {"type": "array", "items": _ref(_name(resource)), "description": f"List of {resource.plural}."},
        },
        _GVK: [_gvk(resource, resource.list_kind)],
    }


@cache
def _common() -> JSON:
    text: JSON = {"type": "string"}
    cause = {"type": "object", "properties": {"field": text, "message": text, "reason": text}}
    details = {"name": text, "group": text, "kind": text, "uid": text, "retryAfterSeconds": {"type": "integer"}}
    return {
        f"{_META}.ObjectMeta": structural_schema(ObjectMeta),
        f"{_META}.ListMeta": structural_schema(ListMeta),
        f"{_META}.Patch": {"type": "object", "description": "A patch; its media type says of which form."},
        f"{_META}.Status": {
            "type": "object",
            "description": "Status is a return value for calls that don't return other objects.",
            "properties": {
                "apiVersion": text,
                "kind": text,
                "metadata": _ref(f"{_META}.ListMeta"),
                "status": {**text, "description": "Success or Failure."},
                "message": {**text, "description": "For people."},
                "reason": {**text, "description": "For programs."},
                "details": {
                    "type": "object",
                    "properties": {**details, "causes": {"type": "array", "items": cause}},
                },
                "code": {"type": "integer", "format": "int32", "description": "HTTP status code."},
            },
        },
        f"{_META}.DeleteOptions": {
            "type": "object",
            "description": "DeleteOptions may be provided when deleting an API object.",
            "properties": {
                "apiVersion": text,
                "kind": text,
                "dryRun": {"type": "array", "items": text},
                "gracePeriodSeconds": {"type": "integer", "format": "int64"},
                "orphanDependents": {"type": "boolean"},
                "propagationPolicy": text,
                "preconditions": {"type": "object", "properties": {"uid": text, "resourceVersion": text}},
            },
        },
    }


@cache
def _scale_schema() -> JSON:
    number = {"type": "integer", "format": "int32"}
    return {
        "type": "object",
        "description": "Scale represents a scaling request for a resource.",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": _ref(f"{_META}.ObjectMeta"),
            "spec": {"type": "object", "properties": {"replicas": number}},
            "status": {"type": "object", "properties": {"replicas": number, "selector": {"type": "string"}}},
        },
        _GVK: [{"group": "autoscaling", "version": "v1", "kind": "Scale"}],
    }


def _query(name: str, kind: str, description: str) -> JSON:
    schema = {"type": kind, "uniqueItems": True}
    return {"name": name, "in": "query", "description": description, "schema": schema}


_PRETTY: Final = _query("pretty", "string", "Ignored; answers are compact.")
_DRY_RUN: Final = _query("dryRun", "string", "All: do everything but keep it.")
_MANAGER: Final = _query("fieldManager", "string", "Who owns the fields that are written.")
_VALIDATION: Final = _query("fieldValidation", "string", "Ignore, Warn or Strict: what happens to unknown fields.")
_FORCE: Final = _query("force", "boolean", "Take over fields that others own; of server-side apply only.")
_WRITE: Final = (_DRY_RUN, _MANAGER, _VALIDATION)
_DELETE: Final = (
    _DRY_RUN,
    _query("gracePeriodSeconds", "integer", "Seconds granted for a graceful end."),
    _query("propagationPolicy", "string", "Background, Foreground or Orphan."),
)
_LIST: Final = (
    _query("allowWatchBookmarks", "boolean", "Send bookmarks."),
    _query("continue", "string", "Token of the page before."),
    _query("fieldSelector", "string", "Select by fields."),
    _query("labelSelector", "string", "Select by labels."),
    _query("limit", "integer", "Items at most."),
    _query("resourceVersion", "string", "From which version on."),
    _query("resourceVersionMatch", "string", "Exact or NotOlderThan."),
    _query("sendInitialEvents", "boolean", "Begin a watch with what is there."),
    _query("timeoutSeconds", "integer", "Seconds after which a watch ends."),
    _query("watch", "boolean", "Watch for changes."),
)


def _resource_paths(resource: Resource) -> JSON:
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    everywhere = f"{base}/{resource.plural}"
    home = f"{base}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else everywhere
    scope = [_path_parameter("namespace")] if resource.namespaced else []
    paths: JSON = {home: _collection(resource, scope), f"{home}/{{name}}": _item(resource, scope)}
    if resource.namespaced:
        listed = _operation(resource, "list", "ForAllNamespaces", answer=f"{_name(resource)}List", query=_LIST)
        paths[everywhere] = {"get": listed, "parameters": [_PRETTY]}
    name = [_path_parameter("name"), *scope, _PRETTY]
    if resource.status:
        paths[f"{home}/{{name}}/status"] = {**_reads_and_writes(resource, "Status"), "parameters": name}
    if resource.scale:
        paths[f"{home}/{{name}}/scale"] = {**_reads_and_writes(resource, "Scale", _SCALE), "parameters": name}
    return paths


def _collection(resource: Resource, scope: list[JSON]) -> JSON:
    own, many = _name(resource), f"{_name(resource)}List"
    found: JSON = {
        "get": _operation(resource, "list", answer=many, query=_LIST),
        "post": _operation(resource, "post", answer=own, query=_WRITE, body=own, codes=("200", "201", "202")),
    }
    if "deletecollection" in resource.verbs:
        query = (*_DELETE, *_LIST[1:7])
        found["delete"] = _operation(
            resource, "deletecollection", answer=f"{_META}.Status", query=query, body=f"{_META}.DeleteOptions"
        )
    return {**found, "parameters": [*scope, _PRETTY]}


def _item(resource: Resource, scope: list[JSON]) -> JSON:
    status = f"{_META}.Status"
    delete = _operation(
        resource, "delete", answer=status, query=_DELETE, body=f"{_META}.DeleteOptions", codes=("200", "202")
    )
    return {
        **_reads_and_writes(resource),
        "delete": delete,
        "parameters": [_path_parameter("name"), *scope, _PRETTY],
    }


def _reads_and_writes(resource: Resource, sub: str = "", schema: str = "") -> JSON:
    own = schema or _name(resource)
    written = ("200", "201")
    return {
        "get": _operation(resource, "get", sub, answer=own),
        "put": _operation(resource, "put", sub, answer=own, query=_WRITE, body=own, codes=written),
        "patch": _operation(resource, "patch", sub, answer=own, query=(*_WRITE, _FORCE), codes=written),
    }


def _path_parameter(name: str) -> JSON:
    said = "name of the object" if name == "name" else "object name and auth scope, such as for teams and projects"
    return {"name": name, "in": "path", "required": True, "description": said, "schema": {"type": "string"}}


_WORDS: Final = {"get": "read", "post": "create", "put": "replace", "deletecollection": "deleteCollection"}


def _operation(
    resource: Resource,
    action: str,
    suffix: str = "",
    *,
    answer: str,
    query: tuple[JSON, ...] = (),
    body: str = "",
    codes: tuple[str, ...] = ("200",),
) -> JSON:
    group = "".join(part.capitalize() for part in (resource.group or "core").replace("-", ".").split("."))
    where = "Namespaced" if resource.namespaced and suffix != "ForAllNamespaces" else ""
    content = {media: {"schema": _ref(answer)} for media in _ANSWERS}
    word = _WORDS.get(action, action)
    operation: JSON = {
        "operationId": f"{word}{group}{resource.version.capitalize()}{where}{resource.kind}{suffix}",
        "description": f"{word} {suffix.lower() or resource.kind} of {resource.plural}",
        "tags": [f"{group}_{resource.version}"],
        "parameters": list(query),
        "responses": {
            **{code: {"description": "OK" if code == "200" else _CODES[code], "content": content} for code in codes},
            "default": {"description": "A refusal.", "content": _refusals()},
        },
        "x-kubernetes-action": action,
        _GVK: {"group": "autoscaling", "version": "v1", "kind": "Scale"} if answer == _SCALE else _gvk(resource),
    }
    if action == "patch":
        media = [*_PATCHES, *([_STRATEGIC] if resource.builtin else [])]
        patch = {each: {"schema": _ref(f"{_META}.Patch")} for each in media}
        operation["requestBody"] = {"required": True, "content": patch}
    elif body:
        required = not body.endswith("DeleteOptions")
        content = {media: {"schema": _ref(body)} for media in _ANSWERS}
        operation["requestBody"] = {"required": required, "content": content}
    return operation


_CODES: Final = {"201": "Created", "202": "Accepted"}


@cache
def _refusals() -> JSON:
    return {"application/json": {"schema": _ref(f"{_META}.Status")}}


def _swagger(whole: JSON, version: str) -> JSON:
    """The same in Swagger 2.0, which knows less: no alternatives, no null, no schemas beside a reference."""
    definitions = {name: _plainer(schema) for name, schema in whole["components"]["schemas"].items()}
    return {
        "swagger": "2.0",
        "info": {"title": "Fizz", "version": version},
        "paths": {path: _swagger_path(item) for path, item in whole["paths"].items()},
        "definitions": definitions,
    }


_UNKNOWN_TO_SWAGGER: Final = ("anyOf", "oneOf", "not", "nullable")


def _plainer(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plainer(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/definitions/")}
    if len(every := schema.get("allOf", ())) == 1 and "$ref" in every[0]:
        return {**_plainer(every[0]), **({"description": schema["description"]} if "description" in schema else {})}
    return {key: _plainer(value) for key, value in schema.items() if key not in _UNKNOWN_TO_SWAGGER}


def _swagger_path(item: JSON) -> JSON:
    return {
        method: [_swagger_parameter(each) for each in operation]
        if method == "parameters"
        else _swagger_operation(operation)
        for method, operation in item.items()
    }


def _swagger_parameter(parameter: JSON) -> JSON:
    rest = {key: value for key, value in parameter.items() if key != "schema"}
    return {**rest, "type": parameter["schema"]["type"]}


def _swagger_operation(operation: JSON) -> JSON:
    result = {key: value for key, value in operation.items() if key != "requestBody"}
    result["parameters"] = [_swagger_parameter(each) for each in operation["parameters"]]
    if body := operation.get("requestBody"):
        result["consumes"] = list(body["content"])
        schema = _plainer(next(iter(body["content"].values()))["schema"])
        result["parameters"].append({"name": "body", "in": "body", "required": body["required"], "schema": schema})
    result["produces"] = list(_ANSWERS)
    result["responses"] = {
        code: {"description": each["description"], "schema": _plainer(each["content"]["application/json"]["schema"])}
        for code, each in operation["responses"].items()
    }
    return result
