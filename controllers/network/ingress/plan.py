"""From the containers of this node to what their published ports lead to. Pure.

Every time the whole answer is computed anew: who holds which port (`ports`), where each port leads, what to say of each
container. How the kernel is told is in `ruleset`.

| replica | gets new connections |
|---|---|
| ready | yes |
| runs, but is not ready | only while no replica of its owner on that port is ready |
| paused, ended, not started | no |
| about to stop | no, from now on |

That a port leads to what is not ready where nothing else is there is on purpose: a refused connection helps nobody, and
it is what users of compose know of a container that is still starting.

Example: `web` is scaled from 2 to 1. Container web-b-1 is being deleted, so 8080 leads to web-b-0 alone; web-b-1 is
Draining while connections to it are open, then Drained, and the node agent stops it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from fizz.client.objects import Key
from fizz.controllers.network.ingress.ports import Bind, Grant, Refusal, Wish, Wisher, allocate
from fizz.schemas import labels
from fizz.schemas.apps import Network
from fizz.schemas.container import Container, IngressStatus, Port, PortStatus
from fizz.schemas.publishing import ports_of_ingress

__all__ = ["Endpoint", "Life", "Plan", "Replica", "Route", "plan", "replica_of"]

_DEFAULT_NETWORK: Final = "bridge"
_DEFAULT_BRIDGE: Final = "docker0"
_GONE: Final = frozenset({"Stopped", "Succeeded", "Failed"})
"""Phases of containers that need no port any more."""
_BRIDGE_NAME: Final = "com.docker.network.bridge.name"


class Life(Enum):
    """How far a container is in its life, as the ingress sees it."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """Where a connection goes: an address and port of a container, behind a bridge of the host (empty if unknown)."""

    address: str
    port: int
    bridge: str = ""


@dataclass(frozen=True, slots=True)
class Replica:
    """A container with ports to publish. `address` is empty while it has none."""

    name: Key
    wisher: Wisher
    life: Life
    address: str = ""
    bridge: str = ""
    status: IngressStatus | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A port of the host and where it leads; with no endpoints it leads nowhere, and connections are refused."""

    bind: Bind
    endpoints: tuple[Endpoint, ...]
    owner: Key


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to hold: routes, and by uid what to say. Leaving replicas are said to be Draining."""

    routes: tuple[Route, ...]
    statuses: Mapping[str, IngressStatus]

    @property
    def binds(self) -> frozenset[Bind]:
        """The ports that must be the ingress's own."""
        return frozenset(route.bind for route in self.routes)


def plan(replicas: Sequence[Replica], taken: Mapping[Bind, str]) -> Plan:
    """What is to hold. `taken` are ports that the host refuses, with the reason as a sentence."""
    answers = allocate([replica.wisher for replica in replicas], taken)
    statuses: dict[str, IngressStatus] = {}
    candidates: dict[Bind, list[tuple[Replica, int]]] = {}
    for replica in replicas:
        answer = answers[replica.wisher.uid]
        if isinstance(answer, Refusal):
            statuses[replica.wisher.uid] = IngressStatus(state="Refused", reason="PortTaken", message=answer.message)
            continue
        for grant in answer:
            for bind in grant.binds:
                candidates.setdefault(bind, []).append((replica, grant.wish.container_port))
    routes = tuple(_route(bind, found) for bind, found in sorted(candidates.items()))
    serving = {(route.bind, endpoint) for route in routes for endpoint in route.endpoints}
    for replica in replicas:
        answer = answers[replica.wisher.uid]
        if not isinstance(answer, Refusal):
            statuses[replica.wisher.uid] = _status(replica, answer, serving)
    return Plan(routes, statuses)


def _route(bind: Bind, found: Sequence[tuple[Replica, int]]) -> Route:
    family = [(replica, port) for replica, port in found if replica.address]
    ready = [each for each in family if each[0].life is Life.READY]
    chosen = ready or [each for each in family if each[0].life is Life.RUNNING]
    endpoints = sorted({Endpoint(replica.address, port, replica.bridge) for replica, port in chosen})
    return Route(bind, tuple(endpoints), found[0][0].wisher.owner)


def _status(replica: Replica, grants: Sequence[Grant], serving: set[tuple[Bind, Endpoint]]) -> IngressStatus:
    ports = [
        PortStatus(
            container_port=grant.wish.container_port,
            protocol=grant.wish.protocol,
            host_ip=bind.address,
            host_port=bind.port,
        )
        for grant in grants
        for bind in grant.binds
    ]
    if replica.life is Life.LEAVING:
        return IngressStatus(state="Draining", ports=ports)
    serves = any(
        (bind, Endpoint(replica.address, grant.wish.container_port, replica.bridge)) in serving
        for grant in grants
        for bind in grant.binds
    )
    return IngressStatus(state="Serving" if serves else "Waiting", ports=ports)


def replica_of(item: Container, networks: Mapping[str, Network], *, ipv6: bool) -> Replica | None:
    """What the ingress needs to know of a Container; None if it publishes nothing for it, or nothing any more.
    `networks` are those of the Container's namespace, by name. `ipv6` says whether the host has IPv6.
    """
    ports = ports_of_ingress(item)
    if not ports or (item.status is not None and item.status.phase in _GONE):
        return None
    ordinal = item.labels.get(labels.ORDINAL, "0")
    status = item.status.ingress if item.status else None
    wisher = Wisher(
        uid=item.metadata.uid or "",
        owner=Key(item.namespace, item.labels.get(labels.DEPLOYMENT) or item.name),
        ordinal=int(ordinal) if ordinal.isdigit() else 0,
        wishes=tuple(_wish(port, ipv6=ipv6) for port in ports),
        held=frozenset(
            (port.container_port, Bind(port.host_ip or "0.0.0.0", port.host_port, port.protocol))
            for port in (status.ports if status else None) or []
        ),
    )
    address, bridge = _place(item, networks)
    return Replica(Key(item.namespace, item.name), wisher, _life(item), address, bridge, status)


def _wish(port: Port, *, ipv6: bool) -> Wish:
    anywhere = ("0.0.0.0", "::") if ipv6 else ("0.0.0.0",)  # as the engine publishes, too
    return Wish(
        container_port=port.container_port,
        protocol=port.protocol,
        addresses=(port.host_ip,) if port.host_ip else anywhere,
        first=port.host_port,
        last=port.host_port_end if port.host_port is not None else None,
    )


def _life(item: Container) -> Life:
    status = item.status
    if item.metadata.deletion_timestamp is not None or (status is not None and status.phase == "Stopping"):
        return Life.LEAVING
    if status is None or status.phase != "Running" or status.reason == "Paused":
        return Life.WAITING
    return Life.READY if status.ready else Life.RUNNING


def _place(item: Container, networks: Mapping[str, Network]) -> tuple[str, str]:
    """Its address in the network through which it answers, and that network's bridge on the host.

    The engine gives the default route to the network with the highest gwPriority, then to the first by the engine's
    name; internal networks never have one.
    """
    addresses = (item.status.ip_addresses if item.status else None) or {}
    if not item.spec.networks:
        return addresses.get(_DEFAULT_NETWORK, ""), _DEFAULT_BRIDGE
    fitting = []
    for each in item.spec.networks:
        network = networks.get(each.name)
        if network is None or each.name not in addresses or network.spec.internal:
            continue
        if network.spec.driver not in {None, "", "bridge"}:
            continue
        engine_name = (network.status.name if network.status else None) or each.name
        fitting.append((-(each.gw_priority or 0), engine_name, each.name))
    if not fitting:
        return "", ""
    name = min(fitting)[-1]
    return addresses[name], _bridge(networks[name])


def _bridge(network: Network) -> str:
    given = (network.spec.driver_opts or {}).get(_BRIDGE_NAME)
    identity = network.status.id if network.status else None
    return given or (f"br-{identity[:12]}" if identity else "")
