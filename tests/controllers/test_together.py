"""The controllers against a real API server, with a stand-in for the node agent: it says Running, and lets go."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fizz.client.api import Client, NotFound, Operation
from fizz.client.controller import Controller, Key, Manager
from fizz.client.events import EventRecorder
from fizz.client.testing import eventually, server
from fizz.controllers.deployment.reconcile import DeploymentController
from fizz.controllers.gc.reconcile import Collector
from fizz.controllers.namespace.reconcile import NamespaceController
from fizz.controllers.scheduler.reconcile import Scheduler
from fizz.schemas import kinds, labels
from fizz.schemas.apps import Deployment
from fizz.schemas.base import JSON
from fizz.schemas.conditions import find, is_true
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Event, Namespace, Secret
from fizz.schemas.mounts import FileProjection
from fizz.schemas.node import Node

NODE = "n1"


@dataclass
class Agent:
    """Starts what is bound to the node, and lets go what is deleted. `stopped` are the Deployments, in order."""

    manager: Manager
    exit_codes: dict[str, int] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)

    def controller(self) -> Controller:
        self._containers = self.manager.informer(Container)
        return Controller("agent", self.reconcile).watches(self._containers)

    async def reconcile(self, key: Key) -> None:
        container = self._containers.get(*key)
        if container is None or container.spec.node_name != NODE:
            return
        name = container.labels[labels.DEPLOYMENT]
        if container.metadata.deletion_timestamp:
            self.stopped.append(name)
            await self._patch(key, {"metadata": {"finalizers": None}})
        elif container.status is None or container.status.phase in {None, "Pending"}:
            status: JSON = {"phase": "Running", "ready": True, "startedAt": "2026-01-31T09:30:00Z"}
            if name in self.exit_codes:
                code = self.exit_codes[name]
                status = {"phase": "Failed" if code else "Succeeded", "exitCode": code, "ready": False}
            await self._patch(key, {"status": status}, "status")

    async def _patch(self, key: Key, patch: JSON, subresource: str | None = None) -> None:
        try:
            await self.manager.client.patch(Container, key.name, patch, key.namespace, subresource)
        except NotFound:
            return


@dataclass
class Cluster:
    """A server with all that runs against it."""

    client: Client
    agent: Agent

    async def deployment(self, name: str) -> Deployment:
        return await self.client.get(Deployment, name, "blog")

    async def is_available(self, name: str, replicas: int = 1) -> bool:
        found = await self.deployment(name)
        status = found.status
        if status is None or status.observed_generation != found.metadata.generation:
            return False
        return is_true(status.conditions, "Available") and status.replicas == status.updated_replicas == replicas

    async def containers(self) -> list[str]:
        return sorted(item.labels[labels.DEPLOYMENT] for item in (await self.client.list(Container, "blog")).items)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(server(folder))
        manager = Manager(client)
        recorder = await stack.enter_async_context(EventRecorder(client, "test"))
        agent = Agent(manager)
        for runnable in (
            DeploymentController(manager, recorder).controller(),
            Scheduler(manager, recorder).controller(),
            Collector(client),
            NamespaceController(manager).controller(),
            agent.controller(),
        ):
            manager.add(runnable)
        work = asyncio.create_task(manager.run())
        try:
            yield Cluster(client, agent)
        finally:
            manager.stop()
            await work


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with running(tmp_path) as made:
        await make_node(made.client)
        yield made


async def make_node(client: Client) -> None:
    await client.create(Node.load({"metadata": {"name": NODE}}))
    ready = {"type": "Ready", "status": "True"}
    await client.patch(Node, NODE, {"status": {"conditions": [ready]}}, subresource="status")


def namespace() -> Namespace:
    return Namespace.load({"metadata": {"name": "blog"}})


def deployment(name: str, *, image: str = "busybox", replicas: int = 1, after: Sequence[str] = ()) -> Deployment:
    depends_on = [{"name": each.split(":")[0], "condition": each.split(":")[1]} for each in after]
    spec = {"replicas": replicas, "dependsOn": depends_on, "template": {"spec": {"image": image}}}
    return Deployment.load({"metadata": {"name": name, "namespace": "blog"}, "spec": spec})


async def apply(client: Client, *items: Deployment) -> None:
    await client.transaction([Operation("apply", namespace()), *(Operation("apply", each, True) for each in items)])


async def test_an_application_comes_up_changes_and_scales(cluster: Cluster) -> None:
    await apply(cluster.client, deployment("db"), deployment("web", replicas=2, after=["db:Started"]))
    await eventually(lambda: cluster.is_available("web", 2))
    first = {item.metadata.uid for item in (await cluster.client.list(Container, "blog")).items}

    await apply(cluster.client, deployment("db"), deployment("web", image="newer", replicas=3, after=["db:Started"]))
    await eventually(lambda: cluster.is_available("web", 3))
    items = (await cluster.client.list(Container, "blog")).items

    assert await cluster.containers() == ["db", "web", "web", "web"]
    kept = {item.labels[labels.DEPLOYMENT] for item in items if item.metadata.uid in first}
    assert kept == {"db"}, "what did not change is not touched"
    assert {item.spec.node_name for item in items} == {NODE}


async def test_deletion_stops_dependents_first_and_leaves_nothing(cluster: Cluster) -> None:
    await apply(
        cluster.client,
        deployment("proxy", after=["web:Started"]),
        deployment("web", after=["db:Started"]),
        deployment("db"),
    )
    await eventually(lambda: cluster.is_available("proxy"))

    await cluster.client.delete(Namespace, "blog")
    await eventually(lambda: is_gone(cluster.client))

    assert cluster.agent.stopped == ["proxy", "web", "db"]


async def is_gone(client: Client) -> bool:
    try:
        await client.get(Namespace, "blog")
    except NotFound:
        return True
    return False


async def test_a_failed_one_shot_holds_back_what_needs_it_and_is_named(cluster: Cluster) -> None:
    cluster.agent.exit_codes["migrate"] = 5
    await apply(cluster.client, deployment("migrate"), deployment("web", after=["migrate:CompletedSuccessfully"]))

    async def is_said() -> bool:
        status = (await cluster.deployment("web")).status
        found = find(status.conditions if status else None, "Progressing")
        return found is not None and found.message == "migrate ended with exit code 5"

    await eventually(is_said)
    assert await cluster.containers() == ["migrate"]


async def test_without_a_node_containers_wait_and_are_bound_when_one_comes(tmp_path: Path) -> None:
    async with running(tmp_path) as cluster:
        await apply(cluster.client, deployment("web"))

        async def is_waiting() -> bool:
            status = (await cluster.deployment("web")).status
            found = find(status.conditions if status else None, "Progressing")
            return found is not None and found.reason == "Unschedulable"

        await eventually(is_waiting)
        await make_node(cluster.client)
        await eventually(lambda: cluster.is_available("web"))


async def test_deletion_with_orphan_leaves_containers_that_are_adopted_again(cluster: Cluster) -> None:
    await apply(cluster.client, deployment("web"))
    await eventually(lambda: cluster.is_available("web"))
    (before,) = (await cluster.client.list(Container, "blog")).items

    await cluster.client.delete(Deployment, "web", "blog", "Orphan")

    async def is_orphan() -> bool:
        try:
            await cluster.deployment("web")
        except NotFound:
            return True
        return False

    await eventually(is_orphan)
    (orphan,) = (await cluster.client.list(Container, "blog")).items
    await apply(cluster.client, deployment("web"))
    await eventually(lambda: cluster.is_available("web"))
    (adopted,) = (await cluster.client.list(Container, "blog")).items

    assert not orphan.metadata.owner_references
    assert before.metadata.uid == orphan.metadata.uid == adopted.metadata.uid
    assert adopted.metadata.owner_references


async def test_a_foreground_deletion_stops_in_order_too(cluster: Cluster) -> None:
    await apply(cluster.client, deployment("web", after=["db:Started"]), deployment("db"))
    await eventually(lambda: cluster.is_available("web"))

    for name in ("web", "db"):
        await cluster.client.delete(Deployment, name, "blog", "Foreground")

    async def is_empty() -> bool:
        return not (await cluster.client.list(Deployment, "blog")).items

    await eventually(is_empty)
    assert cluster.agent.stopped == ["web", "db"]


async def test_what_belongs_to_an_absent_owner_is_collected_and_what_belongs_to_a_node_stays(cluster: Cluster) -> None:
    node = await cluster.client.get(Node, NODE)
    kind = kinds.by_model(ConfigMap)

    def owned(name: str, owner: str, uid: str | None) -> JSON:
        reference = {"apiVersion": "fizz.dev/v1", "kind": "Node", "name": owner, "uid": uid}
        metadata = {"name": name, "namespace": "default", "ownerReferences": [reference]}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

    await cluster.client.create(owned("stays", NODE, node.metadata.uid))
    await cluster.client.create(owned("other-uid", NODE, "somebody-else"))
    await cluster.client.create(owned("absent", "never-was", "nobody"))

    async def is_collected() -> bool:
        return [item["metadata"]["name"] for item in (await cluster.client.list(kind, "default")).items] == ["stays"]

    await eventually(is_collected)
    await cluster.client.delete(Node, NODE)

    async def is_all_collected() -> bool:
        return not (await cluster.client.list(kind, "default")).items

    await eventually(is_all_collected)


async def test_a_template_and_a_secret_that_change_together_are_one_update(cluster: Cluster) -> None:
    def using(image: str, password: str) -> list[Operation]:
        web = deployment("web", image=image)
        web.spec.template.spec.secrets = [FileProjection(name="pw", key="pw", target="/run/secrets/pw")]
        data = {"pw": base64.b64encode(password.encode()).decode()}
        secret = Secret.load({"metadata": {"name": "pw", "namespace": "blog"}, "data": data})
        return [Operation("apply", web, force=True), Operation("apply", secret, force=True)]

    async def made() -> int:
        events = (await cluster.client.list(Event, "blog")).items
        return sum(each.reason == "ContainerCreated" for each in events)

    async def have_been_made(count: int) -> bool:
        return await made() == count and await cluster.is_available("web")

    await cluster.client.create(namespace())
    await cluster.client.transaction(using("one", "first"))
    await eventually(lambda: have_been_made(1))
    for number in range(2, 5):
        await cluster.client.transaction(using(f"image-{number}", f"password {number}"))
        await eventually(lambda number=number: have_been_made(number))  # type: ignore[misc]  # mypy knows no default here
    await cluster.client.patch(Secret, "pw", {"data": {"pw": base64.b64encode(b"by hand").decode()}}, "blog")
    await eventually(lambda: have_been_made(5))

    assert await made() == 5
