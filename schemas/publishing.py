"""Which ports of a container the ingress publishes, and what is left for the engine. Pure.

The ingress and the node agent must agree on this, and never speak to each other; so it stands on the floor. On a node
whose ingress is `nftables`, Fizz publishes what `ingress_ports` says, and the engine's container is made from
`for_engine`. On a node whose ingress is `engine`, the engine publishes everything.

| port | published by |
|---|---|
| `mode: host` | the engine: the port is this very container's |
| sctp | the engine |
| of a container that was adopted (`fizz adopt`) | the engine, which had published it before |
| of a container with `networkMode: host`, `none` or `container:` | the engine, as far as that makes sense |
| any other | the ingress |
"""

from typing import Final

from fizz.schemas import labels
from fizz.schemas.container import Container, ContainerSpec, Port

__all__ = ["for_engine", "ingress_ports", "is_adopted", "is_published", "ports_of_ingress"]

_OWN_ADDRESS: Final = {None, "", "bridge", "default"}
"""Network modes in which a container has an address that the host can reach."""


def is_published(port: Port) -> bool:
    """Whether the port is to be reachable on the host at all."""
    return port.publish is True or (port.publish is None and port.host_port is not None)


def ingress_ports(spec: ContainerSpec) -> list[Port]:
    """The ports that the ingress publishes, as written."""
    if spec.network_mode not in _OWN_ADDRESS:
        return []
    return [port for port in spec.ports or [] if _is_shared(port)]


def is_adopted(item: Container) -> bool:
    """Whether the engine's container is one that somebody else made, and that goes on."""
    return labels.ADOPTS in (item.metadata.annotations or {})


def ports_of_ingress(item: Container) -> list[Port]:
    """The ports of a Container that the ingress publishes."""
    return [] if is_adopted(item) else ingress_ports(item.spec)


def for_engine(spec: ContainerSpec) -> ContainerSpec:
    """The same without what the ingress publishes: those ports are only exposed."""
    if not ingress_ports(spec):
        return spec
    ports = [_exposed(port) if _is_shared(port) else port for port in spec.ports or []]
    return spec.model_copy(update={"ports": ports})


def _is_shared(port: Port) -> bool:
    return is_published(port) and port.mode != "host" and port.protocol != "sctp"


def _exposed(port: Port) -> Port:
    return Port(container_port=port.container_port, protocol=port.protocol, publish=False)
