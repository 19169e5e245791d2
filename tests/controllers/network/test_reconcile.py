"""The ingress against a real API server and real sockets, with a kernel in memory."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fizz.client.api import Client, NotFound
from fizz.client.controller import Manager
from fizz.client.events import EventRecorder
from fizz.client.testing import eventually, server
from fizz.controllers.network.ingress.fake import FakeKernel
from fizz.controllers.network.ingress.proxy import Listeners
from fizz.controllers.network.ingress.reconcile import Ingress, table_name
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.base import JSON
from fizz.schemas.container import Container, IngressStatus
from fizz.schemas.core import Namespace

NODE = "n1"


@dataclass
class Stage:
    """A namespace with a Deployment `web`, its Containers as the test makes them, and the ingress."""

    client: Client
    kernel: FakeKernel
    ingress: Ingress
    port: int
    owner: JSON

    async def add(self, name: str, address: str = "", *, ready: bool = True, **spec: object) -> None:
        """A Container that runs, if it has an address."""
        ports = [{"containerPort": 80, "publish": True, "hostPort": self.port, "hostIP": "127.0.0.1"}]
        metadata: JSON = {"name": name, "namespace": "blog", "labels": {labels.DEPLOYMENT: "web"}}
        metadata |= {"ownerReferences": [self.owner], "finalizers": [labels.FINALIZER_NODE]}
        content: JSON = {"image": "x", "nodeName": NODE, "ports": ports, **spec}
        await self.client.create(Container.load({"metadata": metadata, "spec": content}))
        if address:
            status = {"phase": "Running", "ready": ready, "ipAddresses": {"bridge": address}}
            await self.client.patch(Container, name, {"status": status}, "blog", "status")

    async def said(self, name: str) -> IngressStatus | None:
        item = await self.client.get(Container, name, "blog")
        return item.status.ingress if item.status else None

    async def until(self, name: str, state: str) -> IngressStatus:
        async def look() -> bool:
            said = await self.said(name)
            return said is not None and said.state == state

        await eventually(look)
        found = await self.said(name)
        assert found is not None
        return found

    def leads_to(self) -> list[str]:
        text = self.kernel.ruleset or ""
        return [address for address in ("10.0.0.2", "10.0.0.3") if f" {address} . 80" in text]


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(server(folder))
        await client.create(Namespace.load({"metadata": {"name": "blog"}}))
        web = {"metadata": {"name": "web", "namespace": "blog"}, "spec": {"template": {"spec": {"image": "x"}}}}
        made = await client.create(Deployment.load(web))
        owner = {"apiVersion": "fizz.dev/v1", "kind": "Deployment", "name": "web", "uid": made.metadata.uid}
        recorder = await stack.enter_async_context(EventRecorder(client, "ingress", NODE))
        manager, kernel = Manager(client), FakeKernel()
        ingress = Ingress(manager, recorder, NODE, kernel, Listeners(), ipv6=False)
        ingress.register(manager)
        running = asyncio.create_task(manager.run())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        try:
            yield Stage(client, kernel, ingress, port, {**owner, "controller": True})
        finally:
            manager.stop()
            await running


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


async def test_a_port_is_held_before_the_container_runs_and_served_when_it_does(stage: Stage) -> None:
    await stage.add("web-0")
    waiting = await stage.until("web-0", "Waiting")
    assert [port.host_port for port in waiting.ports or []] == [stage.port]
    with pytest.raises(OSError, match="in use"), socket.socket() as other:
        other.bind(("127.0.0.1", stage.port))

    await stage.add("web-1", "10.0.0.3")
    await stage.until("web-1", "Serving")
    assert stage.leads_to() == ["10.0.0.3"]
    assert stage.kernel.forwarding


async def test_who_leaves_is_out_before_it_is_said_and_waits_for_its_connections(stage: Stage) -> None:
    await stage.add("web-0", "10.0.0.2")
    await stage.add("web-1", "10.0.0.3")
    await stage.until("web-1", "Serving")
    stage.kernel.connections.add("10.0.0.3")

    await stage.client.delete(Container, "web-1", "blog")
    await stage.until("web-1", "Draining")
    assert stage.leads_to() == ["10.0.0.2"]

    stage.kernel.connections.clear()
    await stage.until("web-1", "Drained")


async def test_nobody_waits_for_connections_where_the_whole_deployment_goes(stage: Stage) -> None:
    await stage.add("web-0", "10.0.0.2")
    await stage.until("web-0", "Serving")
    stage.kernel.connections.add("10.0.0.2")

    await stage.client.delete(Deployment, "web", "blog")
    await stage.client.delete(Container, "web-0", "blog")
    await stage.until("web-0", "Drained")


async def test_rules_that_somebody_flushed_are_set_again(stage: Stage) -> None:
    await stage.add("web-0", "10.0.0.2")
    await stage.until("web-0", "Serving")

    stage.kernel.flush()
    stage.ingress.look_again()

    await eventually(lambda: stage.leads_to() == ["10.0.0.2"])


async def test_what_changes_nothing_sets_no_rules(stage: Stage) -> None:
    await stage.add("web-0", "10.0.0.2")
    await stage.until("web-0", "Serving")
    before = stage.kernel.applied
    await stage.add("other", ports=[{"containerPort": 9}])
    await stage.client.patch(Container, "web-0", {"status": {"restartCount": 1}}, "blog", "status")
    await stage.add("web-1")
    await stage.until("web-1", "Waiting")
    assert stage.kernel.applied == before


async def test_a_taken_port_is_said_and_taken_over_when_it_is_free(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fizz.controllers.network.ingress.reconcile._TAKEN_SECONDS", 0.02)
    with socket.create_server(("127.0.0.1", stage.port)):
        await stage.add("web-0")
        refused = await stage.until("web-0", "Refused")
        assert refused.reason == "PortTaken"
        assert (refused.message or "").startswith(f"port {stage.port}/tcp of the host is taken by ")
    await stage.until("web-0", "Waiting")
    said = await stage.said("web-0")
    assert said is not None
    assert said.message is None


async def test_rules_that_cannot_be_set_are_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fizz.controllers.network.ingress.reconcile._FAILED_SECONDS", 0.02)
    stage.kernel.refusal = "nft refuses"
    await stage.add("web-0", "10.0.0.2")
    refused = await stage.until("web-0", "Refused")
    assert (refused.reason, refused.message) == ("IngressFailed", "nft refuses")

    stage.kernel.refusal = ""
    await stage.until("web-0", "Serving")


async def test_when_the_last_port_goes_everything_is_given_up(stage: Stage) -> None:
    await stage.add("web-0", "10.0.0.2")
    await stage.until("web-0", "Serving")
    await stage.client.patch(Container, "web-0", {"metadata": {"finalizers": None}}, "blog")
    await stage.client.delete(Container, "web-0", "blog")

    async def gone() -> bool:
        try:
            await stage.client.get(Container, "web-0", "blog")
        except NotFound:
            return not stage.kernel.forwarding and not stage.leads_to()
        return False

    await eventually(gone)
    socket.create_server(("127.0.0.1", stage.port)).close()


async def test_udp_flows_to_who_left_are_forgotten(stage: Stage) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ports = [{"containerPort": 53, "protocol": "udp", "hostPort": port, "hostIP": "127.0.0.1"}]
    for name, address in (("web-0", "10.0.0.2"), ("web-1", "10.0.0.3")):
        await stage.add(name, address, ports=ports)
        await stage.until(name, "Serving")

    await stage.client.delete(Container, "web-1", "blog")
    await stage.until("web-1", "Drained")
    assert stage.kernel.forgotten == ["10.0.0.3"]


async def test_what_has_ended_at_a_replica_is_forgotten_before_it_is_said_to_be_drained(stage: Stage) -> None:
    await stage.add("web-0", "10.0.0.2")
    await stage.add("web-1", "10.0.0.3")
    await stage.until("web-1", "Serving")
    stage.kernel.connections.add("10.0.0.3")

    await stage.client.delete(Container, "web-1", "blog")
    await stage.until("web-1", "Draining")
    while_in_use = list(stage.kernel.closed_forgotten)
    stage.kernel.connections.clear()
    await stage.until("web-1", "Drained")

    assert while_in_use == []
    assert stage.kernel.closed_forgotten == ["10.0.0.3"]


def test_each_server_and_node_has_a_table_of_its_own() -> None:
    names = {table_name("/var/lib/fizz", "a"), table_name("/var/lib/fizz", "b"), table_name("/tmp/fizz", "a")}
    assert len(names) == 3
    assert all(len(name) == len("fizz-12345678") for name in names)
