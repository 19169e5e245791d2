"""The agent on a real Docker Engine: what only a real one shows. Needs a Docker Engine with busybox."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import docker
import pytest

from fizz.client.api import Client, NotFound
from fizz.client.controller import Manager
from fizz.client.events import EventRecorder
from fizz.client.objects import T
from fizz.client.testing import eventually, server
from fizz.controllers.node import NodeAgent
from fizz.controllers.node.docker_engine import DockerEngine
from fizz.schemas import labels
from fizz.schemas.apps import Network, Volume
from fizz.schemas.container import Container, ContainerStatus
from fizz.schemas.core import ConfigMap, Namespace, Secret
from fizz.schemas.meta import Object, ObjectMeta
from fizz.schemas.settings import Settings
from tests.e2e.private_engine import PrivateEngine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FOREVER = ["sh", "-c", "echo begun; trap 'exit 0' TERM; while true; do sleep 0.05; done"]


@dataclass
class Node:
    """A node of its own: server, agent and a namespace that no other test has."""

    client: Client
    settings: Settings
    engine: docker.DockerClient
    namespace: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")

    async def put(self, kind: type[T], name: str, **rest: Any) -> None:
        await self.client.create(kind.load({"metadata": {"name": name, "namespace": self.namespace}, **rest}))

    async def run(self, name: str, **spec: Any) -> None:
        metadata = {"name": name, "namespace": self.namespace, "finalizers": [labels.FINALIZER_NODE]}
        content = {"image": "busybox:latest", "command": FOREVER, "stopGracePeriod": "2s", "nodeName": "n1", **spec}
        await self.client.create(Container.load({"metadata": metadata, "spec": content}))

    async def becomes(self, name: str, good: Callable[[ContainerStatus], bool]) -> ContainerStatus:
        seen = ContainerStatus()

        async def check() -> bool:
            nonlocal seen
            seen = (await self.client.get(Container, name, self.namespace)).status or ContainerStatus()
            return good(seen)

        try:
            await eventually(check, timeout=30)
        except TimeoutError as error:
            raise AssertionError(f"{name} stays {seen}") from error
        return seen

    async def runs(self, name: str) -> ContainerStatus:
        return await self.becomes(name, lambda status: bool(status.ready))

    async def gone(self, kind: type[T], name: str) -> None:
        async def check() -> bool:
            try:
                await self.client.get(kind, name, self.namespace)
            except NotFound:
                return True
            return False

        await eventually(check, timeout=30)

    def inside(self, name: str, *command: str) -> str:
        """What a command prints in the container."""
        done = self.engine.containers.get(f"{self.namespace}-{name}").exec_run(list(command))
        assert isinstance(done.output, bytes)
        return done.output.decode()

    def _mine(self) -> tuple[list[Any], list[Any], list[Any]]:
        mine: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={self.namespace}"}
        engine = self.engine
        return (
            list(engine.containers.list(all=True, filters=mine)),
            list(engine.networks.list(filters=mine)),
            list(engine.volumes.list(filters=mine)),
        )

    def left(self) -> list[str]:
        """What the engine has of this node."""
        return [str(each.name) for found in self._mine() for each in found]

    def clean(self) -> None:
        containers, networks, volumes = self._mine()
        for container in containers:
            container.remove(force=True, v=True)
        for other in (*networks, *volumes):
            other.remove()


@asynccontextmanager
async def agent(node: Node) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        manager = Manager(node.client)
        recorder = await stack.enter_async_context(EventRecorder(node.client, "node-agent", "n1"))
        engine = DockerEngine(node.settings.docker_host)
        stack.push_async_callback(engine.close)
        NodeAgent(manager, recorder, node.settings, engine).register()
        running = asyncio.create_task(manager.run())
        try:
            yield
        finally:
            manager.stop()
            await running


@asynccontextmanager
async def node_on(folder: Path, url: str) -> AsyncIterator[Node]:
    settings = Settings.load({}, data_dir=str(folder), node_name="n1", docker_host=url)
    async with server(folder) as client:
        node = Node(client, settings, docker.DockerClient(url, timeout=60))
        try:
            await client.create(Namespace(metadata=ObjectMeta(name=node.namespace)))
            yield node
        finally:
            node.clean()
            node.engine.close()


@pytest.fixture
async def node(tmp_path: Path, busybox_image: str) -> AsyncIterator[Node]:
    async with node_on(tmp_path, os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock") as node:
        yield node


@pytest.fixture
def private_engine(busybox_image: str) -> Iterator[PrivateEngine]:
    """An engine of the test's own, which may be stopped."""
    own = PrivateEngine()
    own.start()
    own.load(busybox_image)
    yield own
    own.destroy()


async def test_everything_that_a_container_needs_is_there_and_goes_with_it(node: Node) -> None:
    async with agent(node):
        await node.put(Network, "front", spec={})
        await node.put(Network, "back", spec={"internal": True})
        await node.put(Volume, "data", spec={"reclaimPolicy": "Delete"})
        await node.put(Secret, "password", stringData={"text": "hush"})
        await node.put(ConfigMap, "motd", data={"text": "hello"})
        await node.run(
            "db", networks=[{"name": "back"}], mounts=[{"type": "volume", "source": "data", "target": "/data"}]
        )
        await node.run(
            "web",
            networks=[{"name": "front"}, {"name": "back", "aliases": ["www"]}],
            env=[{"name": "COLOUR", "value": "blue"}],
            secrets=[{"name": "password", "key": "text", "target": "/run/secrets/password", "mode": 0o400, "uid": "7"}],
            configs=[{"name": "motd", "key": "text", "target": "/etc/motd"}],
            hostname="webhost",
            healthcheck={"test": ["CMD", "true"], "interval": "100ms"},
        )
        await node.runs("db")
        status = await node.becomes("web", lambda found: found.health == "healthy")

        assert (status.ip_addresses or {}).keys() == {"front", "back"}
        assert node.inside("web", "cat", "/run/secrets/password", "/etc/motd") == "hushhello"
        assert node.inside("web", "stat", "-c", "%a %u", "/run/secrets/password") == "400 7\n"
        assert node.inside("web", "hostname") == "webhost\n"
        assert "blue" in node.inside("web", "sh", "-c", "echo $COLOUR")
        assert (status.ip_addresses or {})["back"] in node.inside("db", "nslookup", "www")

        await node.client.patch(ConfigMap, "motd", {"data": {"text": "good bye"}}, node.namespace)
        await eventually(lambda: node.inside("web", "cat", "/etc/motd") == "good bye", timeout=10)

        made: dict[type[Object], tuple[str, ...]] = {
            Container: ("web", "db"),
            Network: ("front", "back"),
            Volume: ("data",),
        }
        for kind, names in made.items():
            for name in names:
                await node.client.delete(kind, name, node.namespace)
        for kind, names in made.items():
            for name in names:
                await node.gone(kind, name)

    assert node.left() == []


async def test_removed_by_hand_it_is_back_within_two_seconds(node: Node) -> None:
    async with agent(node):
        await node.run("web")
        first = await node.runs("web")

        await asyncio.to_thread(node.engine.containers.get(first.container_id or "").remove, force=True)
        async with asyncio.timeout(2):
            second = await node.becomes("web", lambda now: now.container_id != first.container_id and bool(now.ready))

    assert second.container_id != first.container_id


async def test_stopped_by_hand_it_is_started_and_a_job_that_is_done_is_not(node: Node) -> None:
    async with agent(node):
        await node.run("web")
        await node.run("job", command=["sh", "-c", "exit 0"])
        await node.run("bad", command=["sh", "-c", "exit 3"])
        first = await node.runs("web")
        done = await node.becomes("job", lambda found: found.phase == "Succeeded")
        failed = await node.becomes("bad", lambda found: found.phase == "Failed")

        await asyncio.to_thread(node.engine.containers.get(first.container_id or "").stop)
        second = await node.becomes("web", lambda found: found.finished_at is not None and bool(found.ready))

    assert first.finished_at is None
    assert second.container_id == first.container_id
    assert (done.exit_code, failed.exit_code) == (0, 3)
    assert node.engine.containers.get(done.container_id or "").attrs["RestartCount"] == 0


async def test_the_agent_starts_again_and_keeps_what_runs(node: Node) -> None:
    async with agent(node):
        await node.put(Network, "front", spec={})
        await node.run("web", networks=[{"name": "front"}])
        first = await node.runs("web")
    async with agent(node):
        await node.run("api", networks=[{"name": "front"}])
        await node.runs("api")
        second = await node.runs("web")

    assert first.container_id == second.container_id
    assert first.started_at == second.started_at


async def test_what_keeps_it_from_starting_is_said(node: Node) -> None:
    async with agent(node):
        await node.run("none", image="127.0.0.1:1/absent:1")
        await node.run("bad", command=["/does/not/exist"])

        pull = await node.becomes("none", lambda found: found.reason == "ImagePullFailed")
        start = await node.becomes("bad", lambda found: found.reason == "StartFailed")

    assert "127.0.0.1:1/absent:1" in (pull.message or "")
    assert "/does/not/exist" in (start.message or "")


async def test_a_followed_log_goes_on_over_restarts(node: Node) -> None:
    lines: list[bytes] = []

    async def follow() -> None:
        async for line in node.client.logs("web", node.namespace, follow=True):
            lines.append(line)  # noqa: PERF401 - they are wanted as they come

    async with agent(node):
        await node.run("web", restartPolicy={"name": "always"})
        first = await node.runs("web")
        following = asyncio.create_task(follow())
        await eventually(lambda: lines == [b"begun"], timeout=20)
        await asyncio.to_thread(node.engine.containers.get(first.container_id or "").restart)
        await eventually(lambda: lines == [b"begun", b"begun"], timeout=20)
        await node.client.delete(Container, "web", node.namespace)
        await asyncio.wait_for(following, 20)


# The docker library leaves a socket open that it cannot connect.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_engine_stopped_and_started_again_keeps_its_containers(
    tmp_path: Path, private_engine: PrivateEngine
) -> None:
    policies = ("no", "on-failure", "always", "unless-stopped")
    async with node_on(tmp_path, private_engine.url) as node, agent(node):
        await node.put(Network, "front", spec={})
        for policy in policies:
            await node.run(policy, networks=[{"name": "front"}], restartPolicy={"name": policy})
        await node.run("job", command=["sh", "-c", "exit 0"])
        before = {policy: await node.runs(policy) for policy in policies}
        done = await node.becomes("job", lambda found: found.phase == "Succeeded")

        await asyncio.to_thread(private_engine.stop)
        await asyncio.to_thread(private_engine.start)

        for policy in policies:
            after = await node.becomes(policy, partial(_runs_again, before[policy]))
            assert after.container_id == before[policy].container_id, policy
        assert (await node.becomes("job", lambda found: True)).started_at == done.started_at


def _runs_again(before: ContainerStatus, now: ContainerStatus) -> bool:
    return now.started_at != before.started_at and bool(now.ready)


async def test_disconnected_by_hand_it_is_connected_again_even_if_the_network_was_removed(node: Node) -> None:
    def endpoint() -> str:
        attributes = node.engine.containers.get(web.container_id or "").attrs
        return str(attributes["NetworkSettings"]["Networks"].get(name, {}).get("EndpointID") or "")

    name = f"{node.namespace}_front"
    async with agent(node):
        await node.put(Network, "front", spec={})
        await node.run("web", networks=[{"name": "front", "aliases": ["www"]}])
        web = await node.runs("web")
        first, front = endpoint(), node.engine.networks.get(name)

        await asyncio.to_thread(front.disconnect, web.container_id or "", force=True)
        await eventually(lambda: endpoint() not in {"", first}, timeout=10)
        assert "Address" in node.inside("web", "nslookup", "www")

    await asyncio.to_thread(front.disconnect, web.container_id or "", force=True)
    await asyncio.to_thread(front.remove)
    async with agent(node):
        await eventually(lambda: bool(endpoint()), timeout=10)
        again = await node.runs("web")

        assert "Address" in node.inside("web", "nslookup", "www")
        assert again.container_id == web.container_id
