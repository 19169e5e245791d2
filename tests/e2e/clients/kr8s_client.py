"""kr8s: objects, patches, scale, conditions; a watch that goes on where it ended; a Lease that one of two gets."""

import asyncio
import sys

import kr8s
import pytest
from common import lease_of, map_of, tab_of
from kr8s.asyncio.objects import ConfigMap, new_class


async def objects(api: kr8s.asyncio.Api) -> None:
    config_map = await ConfigMap(map_of("r", a="b", old="1"), api=api)
    await config_map.create()
    assert await config_map.exists()
    await config_map.patch({"data": {"merge": "1", "old": None}})
    await config_map.patch([{"op": "add", "path": "/data/json", "value": "1"}], type="json")
    await config_map.label(seen="yes")
    await config_map.annotate(seen="yes")
    again = await ConfigMap.get("r", namespace="default", api=api)
    assert dict(again.data) == {"a": "b", "merge": "1", "json": "1"}
    assert (again.labels.seen, again.annotations.seen) == ("yes", "yes")
    await config_map.delete()
    with pytest.raises(kr8s.NotFoundError):
        await ConfigMap.get("r", namespace="default", api=api, timeout=1)


async def watches(api: kr8s.asyncio.Api) -> None:
    tab_class = new_class(kind="CronTab", version="stable.example.com/v1", namespaced=True, scalable=True, asyncio=True)
    tab = await tab_class(tab_of("kr"), api=api)
    await tab.create()
    where = {"namespace": "default", "field_selector": "metadata.name=kr"}
    async for kind, seen in api.watch("crontabs.stable.example.com", **where):
        assert (kind, seen.name) == ("ADDED", "kr")
        since = seen.metadata.resourceVersion
        break
    await tab.scale(2)
    assert "kr" in [each.name async for each in api.get("crontabs.stable.example.com", namespace="default")]
    await tab.delete()
    kinds = []
    async for kind, _ in api.watch("crontabs.stable.example.com", since=since, **where):
        kinds.append(kind)
        if kind == "DELETED":
            break
    assert kinds == ["MODIFIED", "DELETED"]


async def elects(api: kr8s.asyncio.Api) -> None:
    lease_class = new_class(kind="Lease", version="coordination.k8s.io/v1", namespaced=True, asyncio=True)
    lease = await lease_class(lease_of("kr8s", "one"), api=api)
    await lease.create()
    with pytest.raises(kr8s.ServerError) as taken:
        await (await lease_class(lease_of("kr8s", "two"), api=api)).create()
    assert taken.value.response.status_code == 409
    seen = lease.metadata.resourceVersion
    turn = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": seen},
        {"op": "replace", "path": "/spec/holderIdentity", "value": "two"},
    ]
    await lease.patch(turn, type="json")
    with pytest.raises(kr8s.ServerError) as late:
        await lease.patch(turn, type="json")
    assert late.value.response.status_code == 422
    await lease.refresh()
    assert lease.spec.holderIdentity == "two"
    await lease.delete()


async def main() -> None:
    api = await kr8s.asyncio.api(kubeconfig=sys.argv[1])
    await objects(api)
    await watches(api)
    await elects(api)


asyncio.run(main())
