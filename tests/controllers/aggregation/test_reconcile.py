"""Aggregation against a real server."""

import asyncio
from pathlib import Path
from typing import Any

from fizz.client.controller import Manager
from fizz.client.testing import eventually, server
from fizz.controllers.aggregation.reconcile import AggregationController
from fizz.schemas.rbac import ClusterRole
from tests.controllers.aggregation.roles import role


async def test_a_part_that_comes_or_goes_is_seen_in_the_whole(tmp_path: Path) -> None:
    async with server(tmp_path) as client:
        manager = Manager(client)
        manager.add(AggregationController(manager).controller())

        async def verbs(name: str) -> list[str]:
            rules: list[Any] = (await client.get(ClusterRole, name)).rules or []
            return [verb for rule in rules for verb in rule.verbs]

        async def have(name: str, *wanted: str) -> bool:
            return set(wanted) <= set(await verbs(name))

        running = asyncio.create_task(manager.run())
        try:
            label = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
            await client.create(role("gadget-viewer", "peek", labels=label))
            for name in ("view", "edit", "admin"):
                await eventually(lambda name=name: have(name, "peek"))  # type: ignore[misc]
            await client.delete(ClusterRole, "gadget-viewer")
            await eventually(lambda: _not(have("admin", "peek")))
            assert await have("admin", "get", "create", "impersonate")
        finally:
            manager.stop()
            await running


async def _not(answer: Any) -> bool:
    return not await answer
