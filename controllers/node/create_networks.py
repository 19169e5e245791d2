"""A container's place in its networks, as the engine is told. Pure.

| field | since API | without |
|---|---|---|
| `networks[].gwPriority` | 1.48 | warning: the engine chooses the gateway |
| `networks[].macAddress` | 1.44 | the first network's is set on the container; for others an error |
| `networks[].interfaceName` | 1.49 | error |

Links are told once for each network; in the engine's own network, which has no names, they are the container's.
"""

from collections.abc import Sequence
from typing import Final

from fizz.controllers.node.engine import ApiVersion, Connection
from fizz.controllers.node.surroundings import Surroundings, given, too_old
from fizz.schemas.base import JSON
from fizz.schemas.container import ContainerSpec, NetworkAttachment

__all__ = ["config_mac", "endpoints_of", "network_mode"]

_ENDPOINT_MAC: Final = (1, 44)
_GATEWAY_PRIORITY: Final = (1, 48)
_INTERFACE_NAME: Final = (1, 49)
_INTERFACE_OPTION: Final = "com.docker.network.endpoint.ifname"


def endpoints_of(spec: ContainerSpec, around: Surroundings) -> tuple[list[Connection], list[str]]:
    """All networks that the container joins, in order, and warnings. Raises `Unsupported`."""
    if spec.network_mode:
        return [], []
    found, warnings = [], []
    for index, each in enumerate(_by_priority(spec.networks)):
        field_name = f"networks[{each.name}]"
        if each.interface_name and around.api_version < _INTERFACE_NAME:
            raise too_old(f"{field_name}.interfaceName", _INTERFACE_NAME, around.api_version)
        if each.mac_address and index and around.api_version < _ENDPOINT_MAC:
            raise too_old(f"{field_name}.macAddress (of any but the first)", _ENDPOINT_MAC, around.api_version)
        if each.gw_priority is not None and around.api_version < _GATEWAY_PRIORITY:
            warnings.append(f"{field_name}.gwPriority needs a newer engine; this one chooses the gateway itself")
        found.append(Connection(around.networks[each.name], _endpoint(each, around)))
    return found, warnings


def config_mac(spec: ContainerSpec, version: ApiVersion) -> str | None:
    """The first network's MAC address, where the engine takes it as the container's."""
    first = _by_priority(spec.networks)[:1]
    return first[0].mac_address if first and not spec.network_mode and version < _ENDPOINT_MAC else None


def network_mode(spec: ContainerSpec, endpoints: Sequence[Connection], around: Surroundings) -> JSON:
    """`NetworkMode`, and links where no network of ours takes them."""
    if not spec.network_mode:
        return {"NetworkMode": endpoints[0].network if endpoints else "default"}
    links = list(around.links) if spec.network_mode in {"bridge", "default"} else []
    return {"NetworkMode": around.mode(spec.network_mode), **({"Links": links} if links else {})}


def _by_priority(networks: Sequence[NetworkAttachment] | None) -> list[NetworkAttachment]:
    """In the order of attachment: the highest priority first, else as written."""
    return sorted(networks or [], key=lambda each: -(each.priority or 0))


def _endpoint(each: NetworkAttachment, around: Surroundings) -> JSON:
    fixed = given(IPv4Address=each.ipv4_address, IPv6Address=each.ipv6_address, LinkLocalIPs=each.link_local_ips)
    options = dict(each.driver_opts or {})
    if each.interface_name:
        options[_INTERFACE_OPTION] = each.interface_name
    return given(
        Aliases=list(dict.fromkeys([around.name, *around.aliases, *(each.aliases or [])])),
        Links=list(around.links) or None,
        IPAMConfig=fixed or None,
        DriverOpts=options or None,
        MacAddress=each.mac_address if around.api_version >= _ENDPOINT_MAC else None,
        GwPriority=each.gw_priority if around.api_version >= _GATEWAY_PRIORITY else None,
    )
