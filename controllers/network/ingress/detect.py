"""Who publishes ports on this node: Fizz by nftables where it can, else the engine.

It can where the rules of this process's network are the engine's, too: as root, with `nft` and `iptables`, and with an
engine behind a unix socket whose process lives in the same network namespace. Docker Desktop's engine is in a virtual
machine, a rootless one in a namespace of its own.
"""

import asyncio
import os
import shutil
from pathlib import Path

from fizz.schemas import sockets
from fizz.schemas.node import NodeIngress
from fizz.schemas.settings import Settings, SettingsError

__all__ = ["detect"]


async def detect(settings: Settings) -> NodeIngress:
    """Who publishes. Raises `SettingsError` if nftables was asked for and cannot be."""
    if settings.ingress == "engine":
        return NodeIngress(mode="engine", message="it was asked for")
    why = _obstacle(settings.docker_host) or await _refusal()
    if not why:
        return NodeIngress(mode="nftables")
    if settings.ingress == "nftables":
        raise SettingsError(f"ingress is 'nftables', but {why}")
    return NodeIngress(mode="engine", message=why)


def _obstacle(docker_host: str) -> str:
    if os.geteuid() != 0:
        return "Fizz does not run as root"
    if missing := [name for name in ("nft", "iptables") if shutil.which(name) is None]:
        return f"{missing[0]} is not installed"
    if not docker_host.startswith("unix://"):
        return f"the engine is at {docker_host}, not on this host"
    elsewhere = sockets.shares_network(Path(docker_host.removeprefix("unix://"))) is False
    return "the engine is in another network namespace" if elsewhere else ""


async def _refusal() -> str:
    """Why the kernel does not let us; empty if it does."""
    process = await asyncio.create_subprocess_exec(
        "nft", "list", "tables", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, error = await process.communicate()
    if process.returncode:
        return f"nft does not work here: {error.decode(errors='replace').strip()}"
    if b"docker-bridges" in output:
        return "the engine uses nftables itself, and leaves no chain for others"
    return ""
