"""Namespace, Networks and Volumes of a project."""

from typing import Any

from fizz.client.compose.translate.meta import Scope
from fizz.schemas.apps import Ipam, IpamPool, Network, NetworkSpec, Volume, VolumeSpec
from fizz.schemas.core import Namespace
from fizz.schemas.meta import ObjectMeta

__all__ = ["given", "translate_namespace", "translate_networks", "translate_volumes"]

JSON = dict[str, Any]


def given(**values: Any) -> JSON:
    """The values that are there, so that a model has set what was said and nothing else."""
    return {name: value for name, value in values.items() if value is not None}


def translate_namespace(scope: Scope) -> Namespace:
    """The Namespace that is the project."""
    return Namespace(metadata=ObjectMeta(name=scope.namespace, labels=scope.labels()))


def translate_networks(scope: Scope, model: JSON) -> list[Network]:
    """A Network for each that services use."""
    return [
        Network(metadata=scope.meta(name), spec=NetworkSpec(**_network(network)))
        for name, network in model.get("networks", {}).items()
    ]


def _network(network: JSON) -> JSON:
    return given(
        name=network.get("name"),
        external=network.get("external"),
        driver=network.get("driver"),
        driver_opts=network.get("driver_opts"),
        attachable=network.get("attachable"),
        internal=network.get("internal"),
        enable_ipv4=network.get("enable_ipv4"),
        enable_ipv6=network.get("enable_ipv6"),
        ipam=_ipam(network.get("ipam")),
        labels=network.get("labels"),
    )


def _ipam(ipam: JSON | None) -> Ipam | None:
    if not ipam:
        return None
    pools = [
        IpamPool(
            **given(
                subnet=pool.get("subnet"),
                ip_range=pool.get("ip_range"),
                gateway=pool.get("gateway"),
                aux_addresses=pool.get("aux_addresses"),
            )
        )
        for pool in ipam.get("config", ())
    ]
    return Ipam(**given(driver=ipam.get("driver"), options=ipam.get("options"), config=pools or None))


def translate_volumes(scope: Scope, model: JSON) -> list[Volume]:
    """A Volume for each that services use."""
    return [
        Volume(
            metadata=scope.meta(name),
            spec=VolumeSpec(
                **given(
                    name=volume.get("name"),
                    external=volume.get("external"),
                    driver=volume.get("driver"),
                    driver_opts=volume.get("driver_opts"),
                    labels=volume.get("labels"),
                )
            ),
        )
        for name, volume in model.get("volumes", {}).items()
    ]
