"""kubernetes_asyncio: objects, patches of all types, and a watch that goes on where it ended."""

import asyncio
import sys

import pytest
from common import PATCHED, PATCHES, PLACE, map_of, tab_of
from kubernetes_asyncio import client, config, watch


async def objects(core: client.CoreV1Api) -> None:
    made = await core.create_namespaced_config_map("default", map_of("a", old="1"))
    for media, patch in PATCHES.items():
        patched = await core.patch_namespaced_config_map("a", "default", patch, _content_type=media)
    assert patched.data == PATCHED
    with pytest.raises(client.ApiException) as refused:
        await core.replace_namespaced_config_map("a", "default", made)
    assert refused.value.status == 409
    patched.data = {"replaced": "1"}
    await core.replace_namespaced_config_map("a", "default", patched)
    applied = await core.patch_namespaced_config_map(
        "a", "default", map_of("a", mine="1"), _content_type="application/apply-patch+yaml", field_manager="async"
    )
    assert applied.data == {"replaced": "1", "mine": "1"}
    assert (await core.read_namespaced_config_map("a", "default")).data == applied.data
    await core.delete_namespaced_config_map("a", "default")
    with pytest.raises(client.ApiException) as absent:
        await core.read_namespaced_config_map("a", "default")
    assert absent.value.status == 404


async def watches(custom: client.CustomObjectsApi) -> None:
    await custom.create_namespaced_custom_object(*PLACE, tab_of("async"))
    chosen = {"field_selector": "metadata.name=async", "timeout_seconds": 1}
    async with watch.Watch() as stream:
        seen = [event async for event in stream.stream(custom.list_namespaced_custom_object, *PLACE, **chosen)]
    assert [event["type"] for event in seen] == ["ADDED"]
    await custom.patch_namespaced_custom_object(
        *PLACE, "async", {"spec": {"replicas": 2}}, _content_type="application/merge-patch+json"
    )
    await custom.delete_namespaced_custom_object(*PLACE, "async")
    since = seen[-1]["object"]["metadata"]["resourceVersion"]
    async with watch.Watch() as stream:
        found = stream.stream(custom.list_namespaced_custom_object, *PLACE, **chosen, resource_version=since)
        assert [event["type"] async for event in found] == ["MODIFIED", "DELETED"]


async def main() -> None:
    await config.load_kube_config(sys.argv[1])
    async with client.ApiClient() as api:
        await objects(client.CoreV1Api(api))
        await watches(client.CustomObjectsApi(api))


asyncio.run(main())
