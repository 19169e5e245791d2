"""A custom kind to try things with: its definition, its objects, and how it is installed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

JSON = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GADGETS = "/apis/example.com/v1/namespaces/default/gadgets"


def definition(schema: JSON | None = None, /, **version: Any) -> JSON:
    spec = schema or {
        "type": "object",
        "properties": {
            "size": {"type": "integer", "minimum": 1},
            "color": {"type": "string", "default": "red"},
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        },
    }
    status = {"type": "object", "properties": {"replicas": {"type": "integer"}, "phase": {"type": "string"}}}
    whole = {"type": "object", "properties": {"spec": spec, "status": status}}
    first = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}, **version}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "kind": "Gadget", "shortNames": ["gd"], "categories": ["all"]},
            "versions": [first],
        },
    }


def gadget(name: str = "a", **spec: Any) -> JSON:
    return {"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": name}, "spec": spec}


async def until(check: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(5):
        while not (found := await check()):  # noqa: ASYNC110 - what is waited for tells by HTTP only
            await asyncio.sleep(0)
    return found


def condition(item: JSON, kind: str) -> JSON:
    return next((each for each in item.get("status", {}).get("conditions", ()) if each["type"] == kind), {})


async def install(api: Any, crd: JSON) -> JSON:
    answer = await api.post(DEFINITIONS, crd)
    assert answer.code == 201, answer.json["message"]

    async def established() -> JSON | None:
        item: JSON = (await api.get(f"{DEFINITIONS}/{crd['metadata']['name']}")).json
        return item if condition(item, "Established").get("status") == "True" else None

    found: JSON = await until(established)
    return found
