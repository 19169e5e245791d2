"""What a container uses, from the engine's figures. Pure.

| shown | made from |
|---|---|
| CPU % | processor time between two readings, over that of the whole machine, times its processors |
| memory | the control group's usage without the page cache that can be given up at once |
| network | bytes over all interfaces since the start |
| blocks | bytes read from and written to disks since the start |

Source: Docker Engine API, "Get container stats based on resource usage", which says how the shares are calculated.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from fizz.client.cli.containers import engine_name
from fizz.schemas.types import JSON

__all__ = ["HEADER", "Usage", "binary", "decimal", "usage_of"]

HEADER: Final = ("CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS")
_BINARY: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_DECIMAL: Final = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Usage:
    """Shares in percent, the rest in bytes; `known` is False for a container that does not run."""

    id: str
    name: str
    known: bool = False
    cpu: float = 0.0
    memory: int = 0
    limit: int = 0
    received: int = 0
    sent: int = 0
    read: int = 0
    written: int = 0
    processes: int = 0

    @property
    def memory_share(self) -> float:
        return 100 * self.memory / self.limit if self.limit else 0.0

    def row(self) -> tuple[str, ...]:
        """The table's cells."""
        if not self.known:
            return (self.id[:12], self.name, "--", "-- / --", "--", "--", "--", "--")
        return (self.id[:12], self.name, *self._texts())

    def _texts(self) -> tuple[str, ...]:
        return (
            f"{self.cpu:.2f}%",
            f"{binary(self.memory)} / {binary(self.limit)}",
            f"{self.memory_share:.2f}%",
            f"{decimal(self.received)} / {decimal(self.sent)}",
            f"{decimal(self.read)} / {decimal(self.written)}",
            str(self.processes),
        )

    def as_json(self) -> JSON:
        """The fields that docker stats has."""
        keys = ("CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs")
        texts = self._texts() if self.known else self.row()[2:]
        return {"Container": self.id[:12], "ID": self.id[:12], "Name": self.name, **dict(zip(keys, texts, strict=True))}


def usage_of(item: JSON, figures: JSON | None) -> Usage:
    """From the engine's figures of a container; None if it does not run."""
    identity, name = str((item.get("status") or {}).get("containerID") or ""), engine_name(item)
    if not figures or not figures.get("memory_stats"):
        return Usage(identity, name)
    memory: Any = figures["memory_stats"]
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    networks = (figures.get("networks") or {}).values()
    blocks = (figures.get("blkio_stats") or {}).get("io_service_bytes_recursive") or ()
    return Usage(
        identity,
        name,
        known=True,
        cpu=_share(figures.get("cpu_stats") or {}, figures.get("precpu_stats") or {}),
        memory=max(0, memory.get("usage", 0) - cache),
        limit=memory.get("limit", 0),
        received=sum(each.get("rx_bytes", 0) for each in networks),
        sent=sum(each.get("tx_bytes", 0) for each in networks),
        read=_bytes(blocks, "read"),
        written=_bytes(blocks, "write"),
        processes=(figures.get("pids_stats") or {}).get("current", 0),
    )


def _share(now: JSON, before: JSON) -> float:
    used = now.get("cpu_usage", {}).get("total_usage", 0) - before.get("cpu_usage", {}).get("total_usage", 0)
    whole = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    processors = now.get("online_cpus") or len(now.get("cpu_usage", {}).get("percpu_usage") or ()) or 1
    return 100 * used / whole * processors if used > 0 and whole > 0 else 0.0


def _bytes(blocks: Iterable[JSON], operation: str) -> int:
    return sum(each["value"] for each in blocks if str(each.get("op", "")).lower() == operation)


def binary(number: float) -> str:
    """`1.5MiB`"""
    return _scaled(number, 1024, _BINARY)


def decimal(number: float) -> str:
    """`1.5MB`"""
    return _scaled(number, 1000, _DECIMAL)


def _scaled(number: float, base: int, units: tuple[str, ...]) -> str:
    for unit in units[:-1]:
        if number < base:
            return f"{number:.4g}{unit}"
        number /= base
    return f"{number:.4g}{units[-1]}"
