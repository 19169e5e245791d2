"""What there is: groups, versions and resources, in the legacy form and in the aggregated one (v2).

Made anew from the registry at each request, so that custom kinds show and go at once.

Source: "API Discovery" of the Kubernetes documentation; KEP-3352 (aggregated discovery).
"""

import base64
import hashlib
import platform
from collections.abc import Iterable
from typing import Final

from fizz.apiserver import errors
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON

__all__ = ["aggregated", "aggregated_type", "api_versions", "group", "group_list", "resource_list", "version"]

_SUB_VERBS: Final = ("get", "patch", "update")


def version(fizz_version: str) -> JSON:
    """`/version`. The Kubernetes version is that of the API conventions that are followed."""
    return {
        "major": "1",
        "minor": "36",
        "gitVersion": f"v1.36.0+fizz.{fizz_version}",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "cpython",
        "platform": f"linux/{_ARCHITECTURES.get(platform.machine(), platform.machine())}",
    }


_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def api_versions(address: str) -> JSON:
    """`/api`: the core group, and the host and port where everybody reaches the server."""
    everybody = {"clientCIDR": "0.0.0.0/0", "serverAddress": address}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [everybody]}


def group_list(registry: Registry) -> JSON:
    """`/apis`: all other groups."""
    groups = [_group(registry, name) for name in registry.groups() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(registry: Registry, name: str) -> JSON:
    """`/apis/GROUP`. Raises `NotFound`."""
    if not name or name not in registry.groups():
        raise errors.NotFound.path()
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(registry, name)}


def _group(registry: Registry, name: str) -> JSON:
    versions = [{"groupVersion": f"{name}/{each}", "version": each} for each in registry.versions(name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resource_list(registry: Registry, group_name: str, version_name: str) -> JSON:
    """`/api/v1` and `/apis/GROUP/VERSION`. Raises `NotFound`."""
    resources = registry.resources(group_name, version_name)
    if not resources:
        raise errors.NotFound.path()
    entries: list[JSON] = []
    for each in resources:
        entries.append(_legacy(each))
        entries += [_legacy_sub(each, *described) for described in _subresources(each)]
    name = f"{group_name}/{version_name}" if group_name else version_name
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": entries}


def _legacy(resource: Resource) -> JSON:
    entry: JSON = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.stored:
        entry["storageVersionHash"] = _storage_hash(resource)
    return entry


def _storage_hash(resource: Resource) -> str:
    """Opaque to clients: differs where objects are stored as another kind or version."""
    group_name = resource.group if resource.storage_group is None else resource.storage_group
    digest = hashlib.sha256(f"{group_name}/{resource.version}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _legacy_sub(resource: Resource, sub: str, kind: tuple[str, str, str], sub_verbs: tuple[str, ...]) -> JSON:
    group_name, version_name, kind_name = kind
    entry: JSON = {
        "name": f"{resource.plural}/{sub}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind_name,
        "verbs": list(sub_verbs),
    }
    if group_name != resource.group:
        entry |= {"group": group_name, "version": version_name}
    return entry


def aggregated_type(version: str) -> str:
    """The media type of discovery in one document."""
    return f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"


def aggregated(registry: Registry, groups: Iterable[str], version: str) -> JSON:
    """`/api` and `/apis` in one document each, for the groups named."""
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None},
            "versions": [
                {
                    "version": each,
                    "freshness": "Current",
                    "resources": [_aggregated(resource) for resource in registry.resources(name, each)],
                }
                for each in registry.versions(name)
            ],
        }
        for name in groups
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _aggregated(resource: Resource) -> JSON:
    entry: JSON = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if subs := _subresources(resource):
        entry["subresources"] = [
            {
                "subresource": sub,
                "responseKind": {"group": kind[0], "version": kind[1], "kind": kind[2]},
                "verbs": list(sub_verbs),
            }
            for sub, kind, sub_verbs in subs
        ]
    return entry


def _subresources(resource: Resource) -> list[tuple[str, tuple[str, str, str], tuple[str, ...]]]:
    own = (resource.group, resource.version, resource.kind)
    found: list[tuple[str, tuple[str, str, str], tuple[str, ...]]] = []
    if resource.status:
        found.append(("status", own, _SUB_VERBS))
    if resource.scale:
        found.append(("scale", ("autoscaling", "v1", "Scale"), _SUB_VERBS))
    if (resource.group, resource.plural) == ("", "namespaces"):
        found.append(("finalize", own, ("update",)))
    if (resource.group, resource.plural) == ("", "serviceaccounts"):
        found.append(("token", ("authentication.k8s.io", "v1", "TokenRequest"), ("create",)))
    return found
