"""The ingress's shell: reads what informers know, plans, holds ports, sets rules, says what it did.

There is one key, and every look computes everything. In order: ports are held before a container is told that it has
them, rules are set before a container is said to be Serving, and it is said to be Drained after they are gone. The node
agent starts a container when its ports are held, and stops it when it is Drained, or when its patience has ended.

What is done by hand to the rules is noticed (`RuleEvents`, and every ten seconds regardless) and mended.
"""

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from fizz.client.api import NotFound
from fizz.client.controller import Controller, Key, Manager, Requeue, Result
from fizz.client.events import EventRecorder
from fizz.client.informer import Informer
from fizz.controllers.network.ingress.kernel import Kernel, KernelError, RuleEvents
from fizz.controllers.network.ingress.plan import Life, Plan, Replica, plan, replica_of
from fizz.controllers.network.ingress.ports import Bind
from fizz.controllers.network.ingress.proxy import Listeners
from fizz.controllers.network.ingress.ruleset import ruleset
from fizz.schemas.apps import Deployment, Network
from fizz.schemas.base import JSON
from fizz.schemas.container import Container, IngressStatus
from fizz.schemas.publishing import ports_of_ingress

__all__ = ["Ingress", "table_name"]

_TAKEN_SECONDS: Final = 2.0
"""When to try again to have a port that somebody else has."""
_DRAIN_SECONDS: Final = 0.1
"""When to look again at connections that are still open."""
_CHECK_SECONDS: Final = 10.0
"""How often to look after the rules if nothing is heard of them."""
_SETTLE_SECONDS: Final = 0.2
"""How long after a change of rules to look, because changes come in bursts."""
_FAILED_SECONDS: Final = 2.0
_IPV6: Final = Path("/proc/net/if_inet6")

log: Final = structlog.get_logger()


def table_name(data_dir: str, node: str) -> str:
    """The name of the table: several servers may publish on one host, each by its own."""
    return f"fizz-{hashlib.sha256(f'{data_dir} {node}'.encode()).hexdigest()[:8]}"


class Ingress:
    """Publishes the ports of the Containers of one node. `ipv6`: whether the host has it, which is found out if not
    given.
    """

    name = "ingress"

    def __init__(
        self,
        manager: Manager,
        recorder: EventRecorder,
        node: str,
        kernel: Kernel,
        listeners: Listeners,
        *,
        ipv6: bool | None = None,
    ) -> None:
        self._client, self._recorder, self._kernel, self._listeners = manager.client, recorder, kernel, listeners
        self._ipv6 = _IPV6.exists() if ipv6 is None else ipv6
        self._key = Key("", node)
        self._containers: Informer[Container] = manager.informer(Container, field_selector=f"spec.nodeName={node}")
        self._networks: Informer[Network] = manager.informer(Network)
        self._deployments: Informer[Deployment] = manager.informer(Deployment)
        self._controller = Controller("ingress", self.reconcile, workers=1)
        self._applied: str | None = None
        self._doubtful = True
        """Whether somebody may have changed the rules."""
        self._udp: frozenset[str] = frozenset()
        """The addresses that UDP ports lead to."""
        self._written: dict[str, JSON] = {}
        """By uid, what we last said of a Container."""

    def register(self, manager: Manager) -> None:
        """Let the manager run it."""
        self._controller.watches(self._containers, map=self._of_container)
        self._controller.watches(self._networks, map=lambda _: (self._key,))
        manager.add(self._controller)
        manager.add(self)

    def _of_container(self, item: Container) -> Iterable[Key]:
        return (self._key,) if ports_of_ingress(item) else ()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen to changes of the rules, and look after them now and then. Rules stay when this ends."""
        changed = asyncio.Event()
        events = RuleEvents(changed.set)
        events.open()
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self.look_again()
                await asyncio.wait([stopping], timeout=_SETTLE_SECONDS)
                changed.clear()
                await self._next(stopping, changed)
        finally:
            events.close()
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)
            await self._listeners.close()

    def look_again(self) -> None:
        """Somebody may have changed the rules."""
        self._doubtful = True
        self._controller.trigger(self._key)

    async def _next(self, stopping: "asyncio.Task[bool]", changed: asyncio.Event) -> None:
        changing = asyncio.create_task(changed.wait())
        await asyncio.wait([stopping, changing], timeout=_CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)

    async def reconcile(self, key: Key) -> Result | None:
        """Make everything as it should be."""
        await self._deployments.synced()
        items = {item.metadata.uid or "": item for item in self._containers.list()}
        replicas = self._replicas(items)
        made, taken = await self._hold(replicas)
        try:
            await self._set_rules(made)
        except KernelError as error:
            log.error("rules cannot be set", error=str(error))
            await self._say(items, replicas, _failed(replicas, str(error)))
            return Requeue(_FAILED_SECONDS)
        self._listeners.lead({route.bind: route.endpoints for route in made.routes})
        self._listeners.keep_only(made.binds)
        draining = await self._draining(items, replicas, made)
        await self._forget_closed(items, replicas, draining)
        statuses = {
            uid: status.model_copy(update={"state": "Drained"})
            if status.state == "Draining" and uid not in draining
            else status
            for uid, status in made.statuses.items()
        }
        await self._say(items, replicas, statuses)
        if draining:
            return Requeue(_DRAIN_SECONDS)
        return Requeue(_TAKEN_SECONDS) if taken else None

    def _replicas(self, items: Mapping[str, Container]) -> list[Replica]:
        found = []
        for item in sorted(items.values(), key=lambda each: (str(each.metadata.creation_timestamp), each.name)):
            networks = {network.name: network for network in self._networks.list(item.namespace)}
            replica = replica_of(item, networks, ipv6=self._ipv6)
            if replica is not None:
                found.append(replica)
        return found

    async def _hold(self, replicas: Sequence[Replica]) -> tuple[Plan, Mapping[Bind, str]]:
        """The plan with the ports that can be had, and the others. Each round learns of one of these at least."""
        taken: dict[Bind, str] = {}
        while True:
            made = plan(replicas, taken)
            refused = await self._listeners.hold(sorted(made.binds))
            if not refused:
                return made, taken
            taken |= refused

    async def _set_rules(self, made: Plan) -> None:
        bridges = {endpoint.bridge for route in made.routes for endpoint in route.endpoints if endpoint.bridge}
        text = ruleset(self._kernel.table, made.routes, self._kernel.open_localnet(bridges))
        doubtful, self._doubtful = self._doubtful, False
        before = self._applied
        if text == before and not (doubtful and not await self._kernel.is_intact()):
            if doubtful and made.routes:
                await self._kernel.open_forwarding()
            return
        self._applied = None
        if made.routes:
            await self._kernel.open_forwarding()
        await self._kernel.apply(text)
        if not made.routes:
            await self._kernel.close_forwarding()
        self._applied = text
        if text == before:
            log.warning("rules were changed by somebody else, and are as they should be again")
        else:
            ports = sorted({str(route.bind) for route in made.routes})
            log.info("rules set", ports=ports, endpoints=sum(len(route.endpoints) for route in made.routes))
        udp = frozenset(
            endpoint.address for route in made.routes if route.bind.protocol == "udp" for endpoint in route.endpoints
        )
        await self._kernel.forget_udp(sorted(self._udp - udp))
        self._udp = udp

    async def _draining(self, items: Mapping[str, Container], replicas: Sequence[Replica], made: Plan) -> set[str]:
        """The leaving replicas with connections that are in use. Nobody waits where a whole Deployment goes."""
        found = set()
        for replica in replicas:
            uid = replica.wisher.uid
            if replica.life is not Life.LEAVING or not replica.address or made.statuses[uid].state != "Draining":
                continue
            if replica.status is not None and replica.status.state == "Drained":
                continue
            if self._goes_altogether(items[uid]):
                continue
            if self._listeners.has_connections(replica.address) or await self._kernel.has_connections(replica.address):
                found.add(uid)
        return found

    async def _forget_closed(
        self, items: Mapping[str, Container], replicas: Sequence[Replica], draining: Collection[str]
    ) -> None:
        """Before it is said that a replica is drained: let the kernel forget what has ended there, see `flows`."""
        for replica in replicas:
            uid, said = replica.wisher.uid, replica.status.state if replica.status is not None else ""
            is_drained = replica.life is Life.LEAVING and uid not in draining and said != "Drained"
            if is_drained and replica.address and not self._goes_altogether(items[uid]):
                await self._kernel.forget_closed(replica.address)

    def _goes_altogether(self, item: Container) -> bool:
        owner = next((each for each in item.metadata.owner_references or [] if each.controller), None)
        if owner is None:
            return True
        deployment = self._deployments.get(item.namespace, owner.name)
        return deployment is None or deployment.metadata.deletion_timestamp is not None

    async def _say(
        self, items: Mapping[str, Container], replicas: Sequence[Replica], statuses: Mapping[str, IngressStatus]
    ) -> None:
        """Write what changed, all at once."""
        self._written = {uid: said for uid, said in self._written.items() if uid in items}
        writes = []
        for replica in replicas:
            status = statuses.get(replica.wisher.uid)
            if status is not None:
                writes.append(self._write(items[replica.wisher.uid], status))
        await asyncio.gather(*writes)

    async def _write(self, item: Container, status: IngressStatus) -> None:
        uid, wanted = item.metadata.uid or "", status.model_dump(mode="json", by_alias=True)
        old = item.status.ingress if item.status else None
        known = self._written.get(uid) or (old.model_dump(mode="json", by_alias=True) if old else None)
        if known == wanted:
            return
        body: JSON = {"metadata": {"uid": uid}, "status": {"ingress": wanted}}  # a null removes what was there
        try:
            await self._client.patch(Container, item.name, body, item.namespace, "status")
        except NotFound:
            return
        self._written[uid] = wanted
        if status.state == "Refused" and (known or {}).get("message") != status.message:
            self._recorder.event(item, "Warning", status.reason or "Refused", status.message or "")


def _failed(replicas: Sequence[Replica], why: str) -> dict[str, IngressStatus]:
    """What to say if rules cannot be set: those that had come so far keep what they have."""
    return {
        replica.wisher.uid: IngressStatus(state="Refused", reason="IngressFailed", message=why)
        for replica in replicas
        if replica.status is None or replica.status.state in {"Waiting", "Refused"}
    }
