"""Networks, volumes and models at the top level."""

from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.paths import located
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import Flag, ListOf, Loose, MapOf, Pairs, Reader, Table, Text, Whole, yes
from fizz.client.compose.spec.external import External, finish_external
from fizz.client.compose.spec.files import NAMES

__all__ = ["MODELS", "NETWORKS", "VOLUMES"]

_NAME: Final = Text(runs=".", form="a name")

_POOL: Final = Table(
    {
        "subnet": yes(Text(), "subnet"),
        "ip_range": yes(Text(), "part of it for containers"),
        "gateway": yes(Text(), "gateway"),
        "aux_addresses": yes(MapOf(Text()), "addresses that are taken"),
    }
)


class _Pools(ListOf):
    """Address pools. A later file's pools replace an earlier one's; each is put over the one of the same subnet."""

    def __init__(self) -> None:
        super().__init__(_POOL, duplicates="keep")

    def merge(self, base: Node, over: Node) -> Node:
        known = {_subnet(pool): pool for pool in base.items()}
        pools = [_POOL.merge(known[_subnet(pool)], pool) if _subnet(pool) in known else pool for pool in over.items()]
        return over.with_value([*pools])


def _subnet(pool: Node) -> object:
    subnet = pool.get("subnet")
    return subnet.value if subnet else None


_IPAM: Final = Table(
    {
        "driver": yes(Text(), "address driver"),
        "config": yes(_Pools()),
        "options": yes(MapOf(Text()), "options of the address driver"),
    }
)

_NETWORK: Final = Table(
    {
        "name": yes(_NAME, "the engine's name", keep=True),
        "driver": yes(Text(), "driver"),
        "driver_opts": yes(MapOf(Loose()), "options of the driver"),
        "ipam": yes(_IPAM),
        "external": yes(External(), "must exist already"),
        "internal": yes(Flag(), "cut off from the outside"),
        "enable_ipv4": yes(Flag(), "IPv4 addresses", keep=True, since={"false": "27.0"}),
        "enable_ipv6": yes(Flag(), "IPv6 addresses", keep=True),
        "attachable": yes(Flag(), "other containers may join"),
        "labels": yes(Pairs(), "labels of the engine's network"),
    },
    nullable=True,
    finish=finish_external,
)


def _finish_volume(node: Node, path: Path, reader: Reader) -> Node | None:
    whole = finish_external(node, path, reader)
    options = whole.get("driver_opts") if whole else None
    if whole is None or options is None:
        return whole
    driver, kind, device = whole.get("driver"), options.get("o"), options.get("device")
    is_bind = driver and driver.value == "local" and kind and kind.value == "bind"
    if not is_bind or device is None or not isinstance(device.value, str):
        return whole
    resolved = device.with_value(located(reader.base, reader.home, device.value))
    return whole.with_value(
        {**whole.mapping(), "driver_opts": options.with_value({**options.mapping(), "device": resolved})}
    )


_VOLUME: Final = Table(
    {
        "name": yes(_NAME, "the engine's name", keep=True),
        "driver": yes(Text(), "driver"),
        "driver_opts": yes(MapOf(Loose()), "options of the driver"),
        "external": yes(External(), "must exist already"),
        "labels": yes(Pairs(duplicates="error"), "labels of the engine's volume"),
    },
    nullable=True,
    finish=_finish_volume,
)

_MODEL: Final = Table(
    {
        "name": yes(Text()),
        "model": yes(Text()),
        "context_size": yes(Whole(strings=False)),
        "runtime_flags": yes(ListOf(Text(), duplicates="keep")),
    },
    required=("model",),
)

NETWORKS: Final = MapOf(_NETWORK, names=NAMES)
VOLUMES: Final = MapOf(_VOLUME, names=NAMES)
MODELS: Final = MapOf(_MODEL, names=NAMES)
