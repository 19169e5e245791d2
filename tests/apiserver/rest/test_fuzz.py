"""Bodies that are nearly right, to all kinds, in all formats: never a fault of the server, never a hang.

FIZZ_FUZZ_REQUESTS=100000 asks more, FIZZ_FUZZ_SEED something else.
"""

import asyncio
import os
import random
from copy import deepcopy
from typing import Any

import orjson

from tests.apiserver.rest.gadgets import DEFINITIONS, GADGETS, definition, gadget, install

JSON = dict[str, Any]
REQUESTS = int(os.environ.get("FIZZ_FUZZ_REQUESTS", "1000"))
SEED = int(os.environ.get("FIZZ_FUZZ_SEED", "1"))

HOME = "namespaces/default"
MOMENT = "2026-01-01T00:00:00.000000Z"
SUBRESOURCES = {"status": {}, "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas"}}
CONFIG_MAP: JSON = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "a",
        "labels": {"a": "b"},
        "annotations": {},
        "finalizers": [],
        "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "u"}],
        "managedFields": [],
    },
    "data": {"a": "b"},
    "immutable": False,
}
TRANSACTION = {
    "apiVersion": "fizz.dev/v1",
    "kind": "Transaction",
    "operations": [{"verb": "apply", "object": CONFIG_MAP}],
}
NEW_EVENT = {
    "metadata": {"name": "b"},
    "regarding": {"namespace": "default"},
    "eventTime": MOMENT,
    "type": "Normal",
    **dict.fromkeys(("action", "reason", "reportingController", "reportingInstance"), "x"),
}
COLUMNS = {
    "additionalPrinterColumns": [{"name": "S", "type": "string", "jsonPath": ".spec.x"}],
    "selectableFields": [{"jsonPath": ".spec.color"}],
    "subresources": SUBRESOURCES,
}
OPTIONS: JSON = {
    "kind": "DeleteOptions",
    "preconditions": {"uid": "x", "resourceVersion": "1"},
    "dryRun": ["All"],
    "propagationPolicy": "Orphan",
    "gracePeriodSeconds": 1,
    "orphanDependents": True,
}
BASES: list[tuple[str, JSON]] = [
    (f"/api/v1/{HOME}/configmaps", CONFIG_MAP),
    (f"/api/v1/{HOME}/secrets", {"metadata": {"name": "a"}, "data": {"a": "YQ=="}, "stringData": {"b": "c"}}),
    (f"/api/v1/{HOME}/events", {"metadata": {"name": "a"}, "involvedObject": {"namespace": "default"}, "count": 1}),
    (f"/apis/events.k8s.io/v1/{HOME}/events", NEW_EVENT),
    (f"/apis/coordination.k8s.io/v1/{HOME}/leases", {"metadata": {"name": "a"}, "spec": {"renewTime": MOMENT}}),
    ("/api/v1/namespaces", {"metadata": {"name": "nn"}, "spec": {"finalizers": ["kubernetes"]}}),
    (DEFINITIONS, {**definition(**COLUMNS), "metadata": {"name": "gizmos.example.com"}}),
    (GADGETS, gadget("a", size=1, tags=["a"])),
    (
        f"/apis/fizz.dev/v1/{HOME}/deployments",
        {"metadata": {"name": "a"}, "spec": {"template": {"spec": {"image": "x"}}}},
    ),
    (
        f"/apis/rbac.authorization.k8s.io/v1/{HOME}/roles",
        {"metadata": {"name": "a"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["x"]}]},
    ),
    (f"/api/v1/{HOME}/serviceaccounts", {"metadata": {"name": "a"}}),
    (
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {"spec": {"resourceAttributes": {"verb": "get", "resource": "x"}}},
    ),
    ("/apis/fizz.dev/v1/transactions", TRANSACTION),
]
JUNK: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "../x", [], {}, [1], {"a": 1}, {"metadata": {}}, "a" * 300,
    {"a": {"b": [{"c": None}]}}, ["x"], 10**20,
]  # fmt: skip
PARAMETERS = (
    "dryRun", "fieldValidation", "fieldManager", "force", "labelSelector", "fieldSelector", "limit", "continue",
    "resourceVersion", "resourceVersionMatch", "propagationPolicy", "gracePeriodSeconds", "sendInitialEvents",
)  # fmt: skip
VALUES = ("All", "Strict", "x", "1", "true", "", "a=b", "a in (", "spec.color=red", "-1", "Exact", "NotOlderThan")
PATCHES = ("merge-patch+json", "json-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")
FORMATS = ("json", "json", "yaml", "cbor", "vnd.kubernetes.protobuf")
ACCEPTED = ("json", "json;as=Table;v=v1;g=meta.k8s.io", "json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "cbor")
POINTERS = ("/metadata/labels/a", "/spec", "/metadata", "", "/x/0", "/data/a", "/spec/tags/-", "/metadata/name")


def spoiled(dice: random.Random, value: Any) -> Any:
    """The value with something wrong in it, perhaps."""
    if dice.random() < 0.12:
        return dice.choice(JUNK)
    if isinstance(value, dict):
        found = {}
        for key, each in value.items():
            luck = dice.random()
            if luck > 0.04:
                found[key if luck > 0.06 else f"{key}x"] = spoiled(dice, each) if dice.random() < 0.35 else each
        if dice.random() < 0.05:
            found[dice.choice(["spec", "status", "metadata", "odd", "name", "kind"])] = dice.choice(JUNK)
        return found
    if isinstance(value, list):
        return [spoiled(dice, each) if dice.random() < 0.5 else each for each in value]
    return value


def operation(dice: random.Random) -> JSON:
    verb = dice.choice(["add", "remove", "replace", "test", "copy", "move"])
    return {"op": verb, "path": dice.choice(POINTERS), "from": "/metadata", "value": dice.choice(JUNK)}


async def test_nothing_that_is_sent_makes_the_server_fail(api: Any) -> None:
    await install(api, definition(subresources=SUBRESOURCES))
    dice = random.Random(SEED)
    for _ in range(REQUESTS):
        path, base = dice.choice(BASES)
        method = dice.choice(["POST", "PUT", "PATCH", "DELETE", "GET", "POST", "PUT"])
        if method in {"PUT", "PATCH"} or dice.random() < 0.2:
            name = dice.choice(["a", "b", "gizmos.example.com", "gadgets.example.com"])
            path = f"{path}/{name}{dice.choice(['', '', '', '/status', '/scale', '/finalize', '/odd'])}"
        query = {dice.choice(PARAMETERS): dice.choice(VALUES)} if dice.random() < 0.3 else {}
        media = dice.choice(PATCHES if method == "PATCH" else FORMATS)
        wanted = OPTIONS if method == "DELETE" else base
        body: Any = [operation(dice)] if media == "json-patch+json" else spoiled(dice, deepcopy(wanted))
        raw = orjson.dumps(body, default=str) if not _has_large(body) else b'{"metadata": {"name": 1e400}}'
        if media.endswith("protobuf"):
            raw = b"k8s\0" + dice.randbytes(30)
        if media.startswith("apply"):
            query["fieldManager"] = dice.choice(["m", "n"])
        headers = {"content-type": f"application/{media}", "accept": f"application/{dice.choice(ACCEPTED)}"}
        async with asyncio.timeout(5):
            answer = await api.request(method, path, raw, headers=headers, **query)
        assert answer.code < 500 or answer.code == 504, (method, path, headers, query, raw, answer.body)


def _has_large(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_large, value.values()))
    if isinstance(value, list):
        return any(map(_has_large, value))
    return isinstance(value, int) and abs(value) > 2**63
