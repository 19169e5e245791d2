"""kubernetes_asyncio: objects, and a watch that sees them come and go."""

import asyncio
import sys

from common import PLACE, tab_of
from kubernetes_asyncio import client, config, watch


async def main() -> None:
    await config.load_kube_config(sys.argv[1])
    async with client.ApiClient() as api:
        core, custom = client.CoreV1Api(api), client.CustomObjectsApi(api)
        await core.create_namespaced_config_map("default", client.V1ConfigMap(metadata={"name": "a"}, data={"a": "b"}))
        await custom.create_namespaced_custom_object(*PLACE, tab_of("async"))
        seen: list[str] = []
        async with watch.Watch() as stream, asyncio.timeout(10):
            async for event in stream.stream(
                custom.list_namespaced_custom_object, *PLACE, field_selector="metadata.name=async", timeout_seconds=5
            ):
                seen.append(event["type"])
                if event["type"] == "ADDED":
                    await custom.delete_namespaced_custom_object(*PLACE, "async")
                else:
                    break
        assert seen == ["ADDED", "DELETED"]
        await core.delete_namespaced_config_map("a", "default")


asyncio.run(main())
