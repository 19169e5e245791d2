"""Limits and reservations, whether they are written under `deploy` or at the service."""

from typing import Any, Final

from fizz.client.compose.translate.resources import given
from fizz.schemas.devices import BlkioConfig, BlockOperations, BlockRate, BlockWeight
from fizz.schemas.limits import GenericResource, Requests, ResourceList, Resources, Ulimit
from fizz.schemas.quantity import format_binary

__all__ = ["translate_limits"]

JSON = dict[str, Any]

_NUMBERS: Final = (
    "cpu_shares", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_count", "cpu_percent",
    "mem_swappiness", "oom_score_adj",
)  # fmt: skip
"""Zero says nothing in any of them, as in compose."""
_SIZES: Final = ("memswap_limit", "shm_size")


def translate_limits(service: JSON) -> JSON:
    """The fields of a ContainerSpec that limit what the container may take."""
    return given(
        resources=_resources(service),
        ulimits=_ulimits(service.get("ulimits") or {}) or None,
        blkio_config=_blkio(service.get("blkio_config") or {}),
        **{key: int(service[key]) for key in _NUMBERS if service.get(key)},
        **{key: _bytes(service[key]) for key in _SIZES if service.get(key)},
    )


def _resources(service: JSON) -> Resources | None:
    deploy = (service.get("deploy") or {}).get("resources") or {}
    limits, reservations = deploy.get("limits") or {}, deploy.get("reservations") or {}
    limit = given(
        cpu=_number(limits.get("cpus", service.get("cpus"))),
        memory=_bytes(limits.get("memory", service.get("mem_limit"))),
        pids=limits.get("pids", service.get("pids_limit")),
    )
    request = given(
        cpu=_number(reservations.get("cpus")),
        memory=_bytes(reservations.get("memory", service.get("mem_reservation"))),
        generic_resources=_generic(reservations.get("generic_resources", ())) or None,
    )
    if not limit and not request:
        return None
    return Resources(
        **given(limits=ResourceList(**limit) if limit else None, requests=Requests(**request) if request else None)
    )


def _generic(items: Any) -> list[GenericResource]:
    found = {str(spec["kind"]): int(spec.get("value", 0)) for item in items if (spec := _discrete(item)).get("kind")}
    return [GenericResource(kind=kind, value=value) for kind, value in found.items()]


def _discrete(item: JSON) -> JSON:
    return item.get("discrete_resource_spec") or {}


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.9f}".rstrip("0").rstrip(".")


def _bytes(value: str | None) -> str | None:
    return None if value is None else format_binary(int(value))


def _ulimits(ulimits: JSON) -> list[Ulimit]:
    return [
        Ulimit(name=name, soft=limit["soft"], hard=limit["hard"])
        if isinstance(limit, dict)
        else Ulimit(name=name, soft=limit, hard=limit)
        for name, limit in ulimits.items()
    ]


def _blkio(config: JSON) -> BlkioConfig | None:
    if not config:
        return None
    return BlkioConfig(
        **given(
            weight=config.get("weight") or None,
            weight_device=[
                BlockWeight(path=each["path"], weight=int(each.get("weight", 0)))
                for each in config.get("weight_device", ())
            ]
            or None,
            **{key: _rates(config.get(key, ())) or None for key in ("device_read_bps", "device_write_bps")},
            **{key: _operations(config.get(key, ())) or None for key in ("device_read_iops", "device_write_iops")},
        )
    )


def _rates(limits: Any) -> list[BlockRate]:
    return [BlockRate(path=each["path"], rate=format_binary(int(each.get("rate", 0)))) for each in limits]


def _operations(limits: Any) -> list[BlockOperations]:
    return [BlockOperations(path=each["path"], rate=int(each.get("rate", 0))) for each in limits]
