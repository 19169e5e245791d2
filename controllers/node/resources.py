"""Networks and Volumes: payloads, and what to do next about one. Pure.

| Network, found in the engine | then |
|---|---|
| external, there | Ready |
| external, absent | Pending; the engine says when it comes |
| ours, of this name and spec | Ready, even if an earlier object made it |
| ours, of this name but another spec | made anew; while containers use it, Ready with a message |
| somebody else's of that name | Failed: it is neither used nor touched |
| none | created |

| Volume, found in the engine | then |
|---|---|
| external | as for a Network |
| ours, of whatever object of that name | Ready: data outlives its Volume, unless that says Delete |
| somebody else's of that name | Ready with a message: it is used, and never removed |
| none | created |

A deleted one waits until no Container uses it. Then a Network is removed, and a Volume only if `reclaimPolicy` is
Delete and it is ours. One that is handed over to an object that follows (`fizz up` while it is being deleted) goes at
once, and leaves what is in the engine to that one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from fizz.controllers.node.engine import ApiVersion, EngineNetwork, EngineVolume
from fizz.controllers.node.naming import Owner, network_labels, network_name, spec_hash, volume_labels, volume_name
from fizz.schemas import labels
from fizz.schemas.apps import Ipam, Network, Volume
from fizz.schemas.base import JSON
from fizz.schemas.container import Container

__all__ = [
    "NetworkStep",
    "Step",
    "VolumeStep",
    "network_body",
    "network_step",
    "uses_network",
    "uses_volume",
    "volume_body",
    "volume_step",
]

_ENABLE_IPV4: Final = (1, 47)


class Step(Enum):
    """What to do next."""

    READY = "it is there"
    CREATE = "create it"
    REPLACE = "remove what is there, then create it"
    REMOVE = "remove it, then release the object"
    RELEASE = "release the object"
    WAIT = "wait"
    FAIL = "nothing, until somebody changes something"


@dataclass(frozen=True, slots=True)
class NetworkStep:
    """What to do next about a Network, with which of the engine's."""

    step: Step
    found: EngineNetwork | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class VolumeStep:
    """What to do next about a Volume, with which of the engine's."""

    step: Step
    found: EngineVolume | None = None
    message: str = ""


def uses_network(container: Container, network: str) -> bool:
    """Whether the Container joins the Network of that name."""
    return any(each.name == network for each in container.spec.networks or [])


def uses_volume(container: Container, volume: str) -> bool:
    """Whether the Container mounts the Volume of that name."""
    return any(each.type == "volume" and each.source == volume for each in container.spec.mounts or [])


def network_step(
    network: Network, found: Sequence[EngineNetwork], owner: Owner, users: Sequence[Container]
) -> NetworkStep:
    """The next step for a Network. `found` are the engine's networks of its name, `users` the Containers that join."""
    name, external = network_name(network), bool(network.spec.external)
    adopted = (network.metadata.annotations or {}).get(labels.ADOPTS)
    ours = next((each for each in found if each.id == adopted), None) if adopted else None
    ours = ours or next((each for each in found if _is_of(network, labels.NETWORK, each.labels, owner)), None)
    if network.metadata.deletion_timestamp is not None:
        if _is_handed_over(network):
            return NetworkStep(Step.RELEASE)
        if users:
            return NetworkStep(Step.WAIT, None, f"used by {_names(users)}")
        return NetworkStep(Step.RELEASE) if external or ours is None else NetworkStep(Step.REMOVE, ours)
    if external:
        if found:
            return NetworkStep(Step.READY, found[0])
        return NetworkStep(Step.WAIT, None, f"the engine has no network {name!r}, though it is declared as external")
    if ours is not None:
        if ours.id == adopted or ours.labels.get(labels.SPEC_HASH) == spec_hash(network.spec):
            return NetworkStep(Step.READY, ours)
        return NetworkStep(Step.REPLACE, ours, "what is changed takes effect when no container uses the network")
    if found:
        hint = "remove it, choose another name, or declare the Network as external"
        return NetworkStep(Step.FAIL, None, f"the engine has a network {name!r} that is not Fizz's; {hint}")
    return NetworkStep(Step.CREATE)


def volume_step(volume: Volume, found: EngineVolume | None, owner: Owner, users: Sequence[Container]) -> VolumeStep:
    """The next step for a Volume. `found` is the engine's volume of its name, `users` the Containers that mount it."""
    name, external = volume_name(volume), bool(volume.spec.external)
    adopted = (volume.metadata.annotations or {}).get(labels.ADOPTS) == name
    ours = found is not None and (adopted or _is_of(volume, labels.VOLUME, found.labels, owner))
    if volume.metadata.deletion_timestamp is not None:
        if _is_handed_over(volume):
            return VolumeStep(Step.RELEASE)
        if users:
            return VolumeStep(Step.WAIT, None, f"used by {_names(users)}")
        goes = ours and not external and volume.spec.reclaim_policy == "Delete"
        return VolumeStep(Step.REMOVE, found) if goes else VolumeStep(Step.RELEASE)
    if found is not None:
        if ours or external:
            return VolumeStep(Step.READY, found)
        return VolumeStep(Step.READY, found, "it was not made by this Fizz: it is used as it is, and never removed")
    if external:
        return VolumeStep(Step.WAIT, None, f"the engine has no volume {name!r}, though it is declared as external")
    return VolumeStep(Step.CREATE)


def _is_handed_over(item: Network | Volume) -> bool:
    return (item.metadata.annotations or {}).get(labels.HAND_OVER) == "true"


def _is_of(item: Network | Volume, label: str, found: Mapping[str, str], owner: Owner) -> bool:
    """Whether the owner made it for an object of this name, be it this one or an earlier one."""
    return owner.owns(found) and found.get(labels.NAMESPACE) == item.namespace and found.get(label) == item.name


def _names(users: Sequence[Container]) -> str:
    shown = sorted(user.name for user in users)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def network_body(network: Network, owner: Owner, version: ApiVersion) -> tuple[JSON, tuple[str, ...]]:
    """The payload that creates a network, and warnings about what this engine cannot do."""
    spec = network.spec
    body: JSON = {"Name": network_name(network), "CheckDuplicate": True, "Labels": network_labels(network, owner)}
    optional: JSON = {
        "Driver": spec.driver,
        "Options": spec.driver_opts,
        "Attachable": spec.attachable,
        "Internal": spec.internal,
        "EnableIPv6": spec.enable_ipv6,
        "IPAM": _ipam(spec.ipam) if spec.ipam else None,
    }
    warnings: tuple[str, ...] = ()
    if version >= _ENABLE_IPV4:
        optional["EnableIPv4"] = spec.enable_ipv4
    elif spec.enable_ipv4 is False:
        warnings = ("enableIpv4: false needs a newer engine; this one gives out IPv4 addresses",)
    return {**body, **{key: value for key, value in optional.items() if value is not None}}, warnings


def _ipam(ipam: Ipam) -> JSON:
    pools = []
    for pool in ipam.config or []:
        written: JSON = {
            "Subnet": pool.subnet,
            "IPRange": pool.ip_range,
            "Gateway": pool.gateway,
            "AuxiliaryAddresses": pool.aux_addresses,
        }
        pools.append({key: value for key, value in written.items() if value is not None})
    result: JSON = {"Driver": ipam.driver or "default"}
    if pools:
        result["Config"] = pools
    if ipam.options:
        result["Options"] = ipam.options
    return result


def volume_body(volume: Volume, owner: Owner) -> JSON:
    """The payload that creates a volume."""
    spec = volume.spec
    body: JSON = {"Name": volume_name(volume), "Labels": volume_labels(volume, owner)}
    if spec.driver:
        body["Driver"] = spec.driver
    if spec.driver_opts:
        body["DriverOpts"] = spec.driver_opts
    return body
