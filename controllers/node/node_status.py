"""The Node object: what the agent says of its host and engine, and that it is alive.

The Node is made when the agent starts, and its status written when it changes. Every ten seconds the agent asks the
engine whether it still answers, and renews a Lease of the Node's name in the namespace `fizz-node-lease`: an agent that
stops renewing is gone, whatever the Node's status says. A Lease costs the server's log nothing.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

import structlog

from fizz.client.api import AlreadyExists, ApiError, Client, NotFound
from fizz.client.events import EventRecorder
from fizz.controllers.node.differences import difference
from fizz.controllers.node.engine import Engine, EngineError, EngineInfo
from fizz.controllers.node.identity import ensure_namespace
from fizz.schemas.base import JSON
from fizz.schemas.conditions import set_condition
from fizz.schemas.coordination import Lease, LeaseSpec
from fizz.schemas.meta import Condition, ObjectMeta
from fizz.schemas.node import Engine as NodeEngine
from fizz.schemas.node import Node, NodeIngress, NodeStatus
from fizz.schemas.times import format_micro

__all__ = ["LEASE_NAMESPACE", "NodeReporter", "node_status"]

LEASE_NAMESPACE: Final = "fizz-node-lease"
_HEARTBEAT_SECONDS: Final = 10.0
_LEASE_SECONDS: Final = 40
"""Four heartbeats: three may be lost."""

log: Final = structlog.get_logger()


def node_status(
    info: EngineInfo | None,
    trouble: str,
    agent: str,
    old: list[Condition] | None,
    now: datetime,
    ingress: NodeIngress | None = None,
) -> NodeStatus:
    """The status of the Node. `info` is what is known of the engine, None if it never answered; `trouble` says what is
    wrong with it, empty if nothing is.
    """
    ready: Literal["True", "False"] = "False" if trouble or info is None else "True"
    conditions = set_condition(
        old,
        "Ready",
        ready,
        now=now,
        reason="EngineReady" if ready == "True" else "EngineLost",
        message=trouble or ("the engine answers" if info else "the engine has not answered yet"),
    )
    status = NodeStatus(conditions=conditions, agent=agent)
    if ingress is not None:
        status.ingress = ingress
    if info is not None:
        status.engine = NodeEngine(
            version=info.version,
            api_version=f"{info.api_version[0]}.{info.api_version[1]}",
            operating_system=info.operating_system,
            architecture=info.architecture,
            kernel_version=info.kernel_version,
            storage_driver=info.storage_driver,
            cgroup_version=info.cgroup_version,
        )
        status.capacity = {"cpu": info.cpus, "memory": info.memory}
    return status


class NodeReporter:
    """Keeps the Node and its Lease. What cannot be written now is written with the next heartbeat."""

    name = "node-status"

    def __init__(
        self,
        client: Client,
        recorder: EventRecorder,
        engine: Engine,
        name: str,
        agent: str,
        now: Callable[[], datetime],
        ingress: NodeIngress | None = None,
    ) -> None:
        self._client, self._recorder, self._engine = client, recorder, engine
        self._name, self._agent, self._now, self._ingress = name, agent, now, ingress
        self._info: EngineInfo | None = None
        self._lost = self._silent = ""
        """What is wrong with the connection to the engine, and what with its answers; empty if nothing is."""
        self._changed = asyncio.Event()

    def engine_back(self, info: EngineInfo) -> None:
        """There is a connection to the engine."""
        self._info = info
        self._say(lost="", silent="")

    def engine_lost(self, trouble: str) -> None:
        """There is no connection to the engine."""
        self._say(lost=trouble, silent=self._silent)

    def _say(self, *, lost: str, silent: str) -> None:
        before, self._lost, self._silent = self._lost or self._silent, lost, silent
        trouble = lost or silent
        if trouble and not before:
            self._tell("Warning", "EngineLost", trouble)
        if before and not trouble:
            self._tell("Normal", "EngineBack", "the engine answers again")
        self._changed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Report until `stop` is set: at once, whenever something changes, and every ten seconds."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._report_and_wait(stopping)
        finally:
            stopping.cancel()

    async def _report_and_wait(self, stopping: "asyncio.Task[Literal[True]]") -> None:
        self._changed.clear()
        try:
            if self._info or self._lost:  # before that nothing is known that would be worth saying
                await self.report()
            await self._beat()
        except ApiError as error:
            log.warning("node could not be reported", node=self._name, error=error.message)
        changing = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait([stopping, changing], timeout=_HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changing.cancel()
        if not (changing.done() or stopping.done()):
            await self.check()

    async def check(self) -> None:
        """An engine that hangs keeps its connections open, so it has to be asked."""
        if self._lost:
            return  # whoever reconnects will say when it is back
        try:
            await self._engine.ping()
        except EngineError as error:
            self._say(lost="", silent=str(error))
        else:
            self._say(lost="", silent="")

    async def report(self) -> None:
        """Write the Node's status, if it differs."""
        node = await self._node()
        old = node.status.conditions if node.status else None
        wanted = node_status(
            self._info, self._lost or self._silent, self._agent, old, self._now(), self._ingress
        ).dump()
        patch = difference(node.status.dump() if node.status else {}, wanted)
        if patch:
            await self._client.patch(Node, self._name, {"status": patch}, subresource="status")

    async def _node(self) -> Node:
        try:
            return await self._client.get(Node, self._name)
        except NotFound:
            try:
                return await self._client.create(Node(metadata=ObjectMeta(name=self._name)))
            except AlreadyExists:
                return await self._client.get(Node, self._name)

    async def _beat(self) -> None:
        now = self._now()
        patch: JSON = {"spec": {"holderIdentity": self._name, "renewTime": format_micro(now)}}
        try:
            await self._client.patch(Lease, self._name, patch, LEASE_NAMESPACE)
        except NotFound:
            await ensure_namespace(self._client, LEASE_NAMESPACE)
            spec = LeaseSpec(
                holder_identity=self._name, lease_duration_seconds=_LEASE_SECONDS, acquire_time=now, renew_time=now
            )
            metadata = ObjectMeta(name=self._name, namespace=LEASE_NAMESPACE)
            try:
                await self._client.create(Lease(metadata=metadata, spec=spec))
            except AlreadyExists:
                log.debug("lease is there already", node=self._name)

    def _tell(self, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self._recorder.event(Node(metadata=ObjectMeta(name=self._name)), kind, reason, message)
