"""kr8s: objects, patches, scale."""

import asyncio
import sys

import kr8s
from common import tab_of
from kr8s.asyncio.objects import ConfigMap, new_class


async def main() -> None:
    api = await kr8s.asyncio.api(kubeconfig=sys.argv[1])
    config_map = await ConfigMap({"metadata": {"name": "r", "namespace": "default"}, "data": {"a": "b"}}, api=api)
    await config_map.create()
    await config_map.patch({"data": {"c": "d"}})
    await config_map.refresh()
    assert dict(config_map.data) == {"a": "b", "c": "d"}
    tab_class = new_class(kind="CronTab", version="stable.example.com/v1", namespaced=True, scalable=True, asyncio=True)
    tab = await tab_class(tab_of("kr"), api=api)
    await tab.create()
    await tab.scale(2)
    assert "kr" in [each.name async for each in api.get("crontabs.stable.example.com", namespace="default")]
    await tab.delete()
    await config_map.delete()


asyncio.run(main())
