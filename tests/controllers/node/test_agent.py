"""The whole agent: a real API server, real informers and controllers, and an engine in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fizz.client.api import Client, NotFound
from fizz.client.controller import Manager
from fizz.client.events import EventRecorder
from fizz.client.objects import T
from fizz.client.testing import eventually, server
from fizz.controllers.node import NodeAgent
from fizz.controllers.node.engine import EngineInfo, EngineLost
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.node_status import node_status
from fizz.schemas import labels
from fizz.schemas.apps import Network, Volume
from fizz.schemas.conditions import find, is_true
from fizz.schemas.container import Container, ContainerStatus
from fizz.schemas.coordination import Lease
from fizz.schemas.core import ConfigMap, Event, Namespace, Secret
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.node import Node
from fizz.schemas.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Cluster:
    """A server, an engine, and an agent between them."""

    client: Client
    engine: FakeEngine
    settings: Settings

    async def put(self, kind: type[T], name: str, **rest: Any) -> T:
        metadata = {"name": name, "namespace": "blog"}
        if kind is Container:
            metadata["finalizers"] = [labels.FINALIZER_NODE]  # type: ignore[assignment]  # JSON has no such worries
        return await self.client.create(kind.load({"metadata": metadata, **rest}))

    async def run(self, name: str, **spec: Any) -> Container:
        return await self.put(Container, name, spec={"image": "busybox", "nodeName": "n1", **spec})

    async def status(self, name: str) -> ContainerStatus:
        return (await self.client.get(Container, name, "blog")).status or ContainerStatus()

    async def becomes(self, name: str, good: Callable[[ContainerStatus], bool]) -> ContainerStatus:
        async def check() -> bool:
            return good(await self.status(name))

        await eventually(check)
        return await self.status(name)

    async def runs(self, name: str) -> ContainerStatus:
        return await self.becomes(name, lambda status: bool(status.ready))

    async def gone(self, kind: type[T], name: str) -> None:
        async def check() -> bool:
            try:
                await self.client.get(kind, name, "blog")
            except NotFound:
                return True
            return False

        await eventually(check)

    async def reasons(self, name: str) -> set[str]:
        found = await self.client.list(Event, field_selector=f"involvedObject.name={name}")
        return {event.reason or "" for event in found.items}

    async def node(self) -> Node:
        return await self.client.get(Node, "n1")


@asynccontextmanager
async def agent(client: Client, engine: FakeEngine, settings: Settings) -> AsyncIterator[NodeAgent]:
    manager = Manager(client)
    async with EventRecorder(client, "node-agent", "n1") as recorder:
        found = NodeAgent(manager, recorder, settings, engine)
        found.register()
        running = asyncio.create_task(manager.run())
        try:
            yield found
        finally:
            manager.stop()
            await running


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    settings = Settings.load({}, data_dir=str(tmp_path), node_name="n1", docker_host="tcp://127.0.0.1:1")
    async with server(tmp_path) as client:
        await client.create(Namespace(metadata=ObjectMeta(name="blog")))
        yield Cluster(client, FakeEngine(), settings)


async def test_a_container_runs_and_goes(cluster: Cluster) -> None:
    async with agent(cluster.client, cluster.engine, cluster.settings):
        await cluster.run("web")
        status = await cluster.runs("web")
        await cluster.client.delete(Container, "web", "blog")
        await cluster.gone(Container, "web")
    recorded = await cluster.reasons("web")

    assert status.phase == "Running"
    assert cluster.engine.boxes == {}
    assert recorded == {"Created", "Started", "Killing"}


async def test_networks_volumes_secrets_and_configs_come_together(cluster: Cluster) -> None:
    async with agent(cluster.client, cluster.engine, cluster.settings):
        await cluster.run(
            "web",
            networks=[{"name": "front"}, {"name": "back"}],
            mounts=[{"type": "volume", "source": "data", "target": "/data"}],
            secrets=[{"name": "password", "key": "text", "target": "/run/secrets/password"}],
            configs=[{"name": "motd", "key": "text", "target": "/etc/motd"}],
        )
        waiting = await cluster.becomes("web", lambda status: status.reason == "NetworkMissing")
        await cluster.put(Network, "front", spec={})
        await cluster.put(Network, "back", spec={})
        await cluster.becomes("web", lambda status: status.reason == "VolumeMissing")
        await cluster.put(Volume, "data", spec={"reclaimPolicy": "Delete"})
        await cluster.becomes("web", lambda status: status.reason == "SecretMissing")
        await cluster.put(Secret, "password", stringData={"text": "hush"})
        await cluster.becomes("web", lambda status: status.reason == "ConfigMapMissing")
        await cluster.put(ConfigMap, "motd", data={"text": "hello"})
        status = await cluster.runs("web")

        for kind, name in ((Network, "front"), (Network, "back"), (Volume, "data"), (Container, "web")):
            await cluster.client.delete(kind, name, "blog")
        for kind, name in ((Network, "front"), (Network, "back"), (Volume, "data"), (Container, "web")):
            await cluster.gone(kind, name)

    assert waiting.phase == "Pending"
    assert (status.ip_addresses or {}).keys() == {"front", "back"}
    assert cluster.engine.boxes == {}
    assert not {"blog_front", "blog_back"} & cluster.engine.nets.keys()
    assert cluster.engine.vols == {}


async def test_the_agent_starts_again_and_adopts_what_runs(cluster: Cluster) -> None:
    async with agent(cluster.client, cluster.engine, cluster.settings):
        await cluster.run("web")
        await cluster.run("gone")
        first = await cluster.runs("web")
        await cluster.runs("gone")
    cluster.engine.remove_by_hand(cluster.engine.by_name("blog-gone").id)
    creations = cluster.engine.calls["create"]

    async with agent(cluster.client, cluster.engine, cluster.settings):
        await eventually(lambda: len(cluster.engine.boxes) == 2)
        second = await cluster.runs("web")
        await cluster.runs("gone")

    assert first.container_id == second.container_id
    assert cluster.engine.calls["create"] == creations + 1


async def test_a_file_content_follows_its_config_map(cluster: Cluster) -> None:
    async with agent(cluster.client, cluster.engine, cluster.settings):
        await cluster.put(ConfigMap, "motd", data={"text": "hello"})
        await cluster.run("web", configs=[{"name": "motd", "key": "text", "target": "/etc/motd"}])
        await cluster.runs("web")
        source = Path(cluster.engine.by_name("blog-web").host_config["Mounts"][0]["Source"])

        await cluster.client.patch(ConfigMap, "motd", {"data": {"text": "good bye"}}, "blog")

        await eventually(lambda: source.read_text() == "good bye")


async def test_the_engine_lost_and_back_is_told_and_everything_runs_again(cluster: Cluster) -> None:
    async def is_ready(wanted: bool) -> bool:
        with suppress(NotFound):
            status = (await cluster.node()).status
            return status is not None and is_true(status.conditions, "Ready") is wanted
        return False

    async with agent(cluster.client, cluster.engine, cluster.settings):
        await cluster.run("web")
        before = await cluster.runs("web")
        await eventually(lambda: is_ready(True))
        cluster.engine.lose(quietly=True)
        await eventually(lambda: is_ready(False))
        cluster.engine.come_back()
        await eventually(lambda: is_ready(True))
        await eventually(lambda: cluster.engine.by_name("blog-web").state == "running")
        after = await cluster.becomes(
            "web", lambda status: status.started_at != before.started_at or bool(status.ready)
        )
    told = await cluster.reasons("n1")

    assert after.container_id == before.container_id
    assert told == {"EngineLost", "EngineBack"}


async def test_the_node_is_reported_with_its_engine_and_a_lease(cluster: Cluster) -> None:
    async def reported() -> bool:
        with suppress(NotFound):
            status = (await cluster.node()).status
            return status is not None and is_true(status.conditions, "Ready")
        return False

    async def leased() -> bool:
        return bool((await cluster.client.list(Lease, "fizz-node-lease")).items)

    async with agent(cluster.client, cluster.engine, cluster.settings):
        await eventually(reported)
        await eventually(leased)
        node = await cluster.node()
        lease = await cluster.client.get(Lease, "n1", "fizz-node-lease")

    assert node.status is not None
    assert node.status.engine is not None
    assert (node.status.engine.version, node.status.engine.api_version) == ("20.10.24", "1.41")
    assert node.status.capacity == {"cpu": 2, "memory": 2**32}
    assert node.status.agent == f"unix://{cluster.settings.agent_socket}"
    assert lease.spec.holder_identity == "n1"
    assert lease.spec.renew_time is not None


async def test_logs_come_through_the_api_server(cluster: Cluster) -> None:
    async with agent(cluster.client, cluster.engine, cluster.settings):
        await cluster.run("web", command=["sh", "-c", "echo one && echo two && sleep"])
        status = await cluster.runs("web")
        await eventually(lambda: _reachable(cluster))
        lines = [line async for line in cluster.client.logs("web", "blog")]
        inspected = await cluster.client.engine("web", "blog")

    assert lines == [b"one", b"two"]
    assert inspected["Id"] == status.container_id


async def _reachable(cluster: Cluster) -> bool:
    with suppress(NotFound):
        status = (await cluster.node()).status
        return status is not None and status.agent is not None and cluster.settings.agent_socket.is_socket()
    return False


async def test_two_servers_share_an_engine_and_leave_each_other_alone(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    settings = Settings.load({}, data_dir=str(folder), node_name="n1", docker_host="tcp://127.0.0.1:1")
    async with server(folder) as client, agent(cluster.client, cluster.engine, cluster.settings):
        await client.create(Namespace(metadata=ObjectMeta(name="blog")))
        other = Cluster(client, cluster.engine, settings)
        await cluster.run("web")
        first = await cluster.runs("web")
        async with agent(client, cluster.engine, settings):
            await other.run("api")
            await other.runs("api")
            await other.run("web")
            taken = await other.becomes("web", lambda status: status.reason == "NameTaken")
        second = await cluster.status("web")

    assert first.container_id == second.container_id
    assert "does not belong" in (taken.message or "")
    assert len(cluster.engine.boxes) == 2


def test_the_node_is_ready_while_its_engine_answers() -> None:
    info = EngineInfo("28.0", (1, 48), cpus=4, memory=1024)
    starting = node_status(None, "", "unix:///a", None, NOW)
    ready = node_status(info, "", "unix:///a", starting.conditions, NOW + timedelta(seconds=1))
    lost = node_status(info, "no answer", "unix:///a", ready.conditions, NOW + timedelta(seconds=2))

    found = [find(status.conditions, "Ready") for status in (starting, ready, lost)]
    assert [(each.status, each.reason) for each in found if each] == [
        ("False", "EngineLost"),
        ("True", "EngineReady"),
        ("False", "EngineLost"),
    ]
    assert starting.engine is None
    assert lost.engine == ready.engine
    assert found[2] is not None
    assert found[2].message == "no answer"


async def test_an_engine_that_hangs_makes_the_node_not_ready(cluster: Cluster) -> None:
    from fizz.controllers.node.node_status import NodeReporter

    async with EventRecorder(cluster.client, "node-agent") as recorder:
        reporter = NodeReporter(cluster.client, recorder, cluster.engine, "n1", "unix:///a", lambda: NOW)
        reporter.engine_back(await cluster.engine.info())
        cluster.engine.fail("ping", EngineLost("hangs"))
        await reporter.check()
        await reporter.report()
        hanging = (await cluster.node()).status
        await reporter.check()
        await reporter.report()
        answering = (await cluster.node()).status

    assert hanging is not None
    assert answering is not None
    assert not is_true(hanging.conditions, "Ready")
    assert is_true(answering.conditions, "Ready")
