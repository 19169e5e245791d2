"""ServiceAccounts of Namespaces, against a real server."""

import asyncio
from pathlib import Path

from fizz.client.api import NotFound
from fizz.client.controller import Manager
from fizz.client.testing import eventually, server
from fizz.controllers.namespace.reconcile import NamespaceController
from fizz.controllers.serviceaccount.reconcile import ServiceAccountController
from fizz.schemas.core import Namespace, ServiceAccount


async def test_every_namespace_has_its_account_until_it_goes(tmp_path: Path) -> None:
    async with server(tmp_path) as client:
        manager = Manager(client)
        manager.add(ServiceAccountController(manager).controller())
        manager.add(NamespaceController(manager).controller())

        async def uid(namespace: str) -> str:
            try:
                return (await client.get(ServiceAccount, "default", namespace=namespace)).metadata.uid or ""
            except NotFound:
                return ""

        async def has(namespace: str) -> bool:
            return bool(await uid(namespace))

        async def another(than: str) -> bool:
            return await uid("shop") not in ("", than)

        async def gone() -> bool:
            try:
                await client.get(Namespace, "shop")
            except NotFound:
                return True
            return False

        running = asyncio.create_task(manager.run())
        try:
            await client.create(Namespace.load({"metadata": {"name": "shop"}}))
            await eventually(lambda: has("default"))
            await eventually(lambda: has("shop"))
            first = await uid("shop")
            await client.delete(ServiceAccount, "default", namespace="shop")
            await eventually(lambda: another(first))
            await client.delete(Namespace, "shop")
            await eventually(gone)
        finally:
            manager.stop()
            await running
