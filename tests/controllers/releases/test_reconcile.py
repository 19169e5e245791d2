"""The controller of Releases against a real API server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fizz.client.api import Client, Operation
from fizz.client.controller import Manager
from fizz.client.events import EventRecorder
from fizz.client.testing import eventually, server
from fizz.controllers.releases.reconcile import ReleaseController
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.base import JSON
from fizz.schemas.core import Namespace, Secret
from fizz.schemas.releases import Release

PROJECT = {labels.PROJECT: "shop"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with server(tmp_path) as made, EventRecorder(made, "test") as recorder:
        manager = Manager(made)
        manager.add(ReleaseController(manager, recorder).controller())
        work = asyncio.create_task(manager.run())
        await made.create(Namespace.load({"metadata": {"name": "shop"}}))
        try:
            yield made
        finally:
            manager.stop()
            await work


def release(number: int, *revisions: str) -> JSON:
    version = "fizz.dev/v1"
    resources = [{"apiVersion": version, "kind": "Deployment", "name": "web", "digest": "d"}]
    resources += [{"apiVersion": "v1", "kind": "Secret", "name": "pw", "digest": "d", "revision": r} for r in revisions]
    spec = {"project": "shop", "number": number, "digest": str(number), "resources": resources, "manifest": ""}
    metadata = {"name": f"v{number}", "namespace": "shop", "labels": PROJECT}
    return {"apiVersion": version, "kind": "Release", "metadata": metadata, "spec": spec}


def revision(name: str) -> JSON:
    own = {labels.RELEASES_OF: "shop", labels.REVISION_OF: "pw"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop", "labels": own}}


async def phase(client: Client, name: str) -> str | None:
    status = (await client.get(Release, name, "shop")).status
    return status.phase if status else None


async def secrets(client: Client) -> list[str]:
    return [item.name for item in (await client.list(Secret, "shop", f"{labels.RELEASES_OF}=shop")).items]


async def complete(client: Client, generation: int) -> None:
    condition = {"type": "Progressing", "status": "True", "reason": "Complete"}
    status = {"observedGeneration": generation, "conditions": [condition]}
    await client.patch(Deployment, "web", {"status": status}, "shop", "status")


async def test_a_release_is_deployed_when_what_it_names_is_and_then_superseded(client: Client) -> None:
    metadata = {"name": "web", "namespace": "shop", "labels": PROJECT}
    web = Deployment.load({"metadata": metadata, "spec": {"template": {"spec": {"image": "x"}}}})
    await client.transaction([Operation("create", web), Operation("create", release(1))])
    await eventually(lambda: _is(client, "v1", "Progressing"))
    await complete(client, 1)
    await eventually(lambda: _is(client, "v1", "Deployed"))

    changed = {**web.dump(), "spec": {"template": {"spec": {"image": "y"}}}}
    await client.transaction([Operation("apply", changed, force=True), Operation("create", release(2))])
    await eventually(lambda: _is(client, "v1", "Superseded"))
    await eventually(lambda: _is(client, "v2", "Progressing"))  # what the older generation was, does not count
    await complete(client, 2)
    await eventually(lambda: _is(client, "v2", "Deployed"))

    first = await client.get(Release, "v1", "shop")
    assert first.status is not None
    assert first.status.deployed_at is not None


async def test_a_revision_goes_with_the_last_release_that_names_it(client: Client) -> None:
    await client.transaction([
        *(Operation("create", revision(name)) for name in ("pw.1", "pw.2")),
        Operation("create", release(1, "pw.1")),
        Operation("create", release(2, "pw.1", "pw.2")),
    ])  # fmt: skip
    await client.delete(Release, "v2", "shop")

    async def is_gone() -> bool:
        return await secrets(client) == ["pw.1"]

    await eventually(is_gone)
    await client.delete(Release, "v1", "shop")

    async def are_gone() -> bool:
        return await secrets(client) == []

    await eventually(are_gone)


async def _is(client: Client, name: str, wanted: str) -> bool:
    return await phase(client, name) == wanted
