"""What a container may take of its host, and which devices it sees, as the engine is told. Pure.

A reservation of processors is the scheduler's business and no weight on the engine, as in compose; `cpuShares` is one.
"""

from collections.abc import Sequence
from typing import Final

from fizz.controllers.node.surroundings import given
from fizz.schemas.base import JSON
from fizz.schemas.container import ContainerSpec
from fizz.schemas.devices import BlkioConfig, BlockOperations, BlockRate, Device, DeviceRequest
from fizz.schemas.limits import Resources
from fizz.schemas.quantity import parse_quantity

__all__ = ["limits_of"]

_NANO: Final = 1_000_000_000


def limits_of(spec: ContainerSpec) -> JSON:
    """The part of a HostConfig that is about resources and devices."""
    return given(
        **_resources(spec.resources),
        **_blkio(spec.blkio_config or BlkioConfig()),
        CpuShares=spec.cpu_shares,
        CpuPeriod=spec.cpu_period,
        CpuQuota=spec.cpu_quota,
        CpuRealtimePeriod=spec.cpu_rt_period,
        CpuRealtimeRuntime=spec.cpu_rt_runtime,
        CpusetCpus=spec.cpuset,
        CpuCount=spec.cpu_count,
        CpuPercent=spec.cpu_percent,
        MemorySwap=_bytes(spec.memswap_limit),
        MemorySwappiness=spec.mem_swappiness,
        OomKillDisable=spec.oom_kill_disable,
        OomScoreAdj=spec.oom_score_adj,
        ShmSize=_bytes(spec.shm_size),
        StorageOpt=spec.storage_opt,
        Ulimits=[{"Name": each.name, "Soft": each.soft, "Hard": each.hard} for each in spec.ulimits or []] or None,
        Devices=[_device(each) for each in spec.devices or []] or None,
        DeviceCgroupRules=spec.device_cgroup_rules,
        DeviceRequests=[_request(each) for each in spec.device_requests or []] or None,
    )


def _bytes(written: str | int | float | None) -> int | None:
    return None if written is None else int(parse_quantity(written))


def _resources(resources: Resources | None) -> JSON:
    limits = resources.limits if resources else None
    requests = resources.requests if resources else None
    return given(
        NanoCpus=int(parse_quantity(limits.cpu) * _NANO) if limits and limits.cpu is not None else None,
        Memory=_bytes(limits.memory) if limits else None,
        PidsLimit=limits.pids if limits else None,
        MemoryReservation=_bytes(requests.memory) if requests else None,
    )


def _blkio(config: BlkioConfig) -> JSON:
    return given(
        BlkioWeight=config.weight,
        BlkioWeightDevice=[{"Path": each.path, "Weight": each.weight} for each in config.weight_device or []] or None,
        BlkioDeviceReadBps=_rates(config.device_read_bps),
        BlkioDeviceWriteBps=_rates(config.device_write_bps),
        BlkioDeviceReadIOps=_rates(config.device_read_iops),
        BlkioDeviceWriteIOps=_rates(config.device_write_iops),
    )


def _rates(limits: Sequence[BlockRate] | Sequence[BlockOperations] | None) -> list[JSON] | None:
    return [{"Path": each.path, "Rate": _bytes(each.rate)} for each in limits or []] or None


def _device(device: Device) -> JSON:
    return {
        "PathOnHost": device.source,
        "PathInContainer": device.target or device.source,
        "CgroupPermissions": device.permissions or "rwm",
    }


def _request(request: DeviceRequest) -> JSON:
    """`Capabilities` is a choice of sets; ours is one set. A driver that was not said is the engine's to choose."""
    return given(
        Driver=request.driver,
        Count=request.count,
        DeviceIDs=request.device_ids,
        Capabilities=[request.capabilities] if request.capabilities else None,
        Options=request.options,
    )
