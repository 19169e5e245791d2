"""The kernel's side of the ingress: one table of nftables, one rule for the engine's chain, and connection tracking.

`nft`, `iptables` and `conntrack` are run as programs: they are the tools that speak to every kernel, and that an
operator uses to look. `conntrack` may be missing; then nobody knows which connections are still open.

Docker drops what it did not publish itself (FORWARD's policy, and the isolation between its networks), and a table of
our own cannot take a drop back. `DOCKER-USER` is the chain that it leaves to others and asks first. The rule stands at
that chain's end, so that what the operator forbids there stays forbidden.
"""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, Protocol

from fizz.controllers.network.ingress import flows
from fizz.controllers.network.ingress.flows import Flow
from fizz.controllers.network.ingress.ruleset import MARK

__all__ = ["Kernel", "KernelError", "LinuxKernel", "RuleEvents", "insert_position", "is_open"]

_CHAIN: Final = "DOCKER-USER"
_NETLINK_NETFILTER: Final = 12
_GROUP_NFTABLES: Final = 7
"""NFNLGRP_NFTABLES of <linux/netfilter/nfnetlink.h>."""
_QUIET_SECONDS: Final = 5
"""A connection without a packet for so long is taken for one that is only kept for later."""
_OPEN: Final = frozenset({"ESTABLISHED", "SYN_RECV", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK"})
_ENDED: Final = frozenset({"TIME_WAIT", "CLOSE"})
_PROC: Final = Path("/proc/sys/net")


class KernelError(Exception):
    """A rule could not be set; the message is that of nft or iptables."""


class Kernel(Protocol):
    """What the reconciler needs. `table` is the name of the table."""

    table: str

    async def apply(self, ruleset: str) -> None:
        """Make the table so, in one transaction. Raises `KernelError`."""

    async def is_intact(self) -> bool:
        """Whether the table is as it was after the last `apply`."""

    async def open_forwarding(self) -> None:
        """Let the engine's rules pass what the table redirects; safe to repeat. Raises `KernelError`."""

    async def close_forwarding(self) -> None:
        """Take that back."""

    def open_localnet(self, bridges: Collection[str]) -> frozenset[str]:
        """Let packets from 127.0.0.1 leave over these bridges; those for which it worked."""

    async def has_connections(self, address: str) -> bool:
        """Whether a TCP connection that was redirected to that address is open and in use."""

    async def forget_closed(self, address: str) -> None:
        """Forget the TCP connections that were redirected to that address and have come to their end; see `flows`."""

    async def forget_udp(self, addresses: Iterable[str]) -> None:
        """Let UDP flows to these addresses find a new destination with their next packet."""


class LinuxKernel:
    """The kernel that this process runs on. `table` is the name of the table."""

    def __init__(self, table: str) -> None:
        self.table = table
        self._intact: str | None = None
        self._rule = (
            *("-m", "connmark", "--mark", f"{MARK:#x}/{MARK:#x}"),
            *("-m", "comment", "--comment", table, "-j", "ACCEPT"),
        )

    async def apply(self, ruleset: str) -> None:
        self._intact = None
        code, _, error = await _run("nft", "-f", "-", stdin=ruleset)
        if code:
            raise KernelError(f"nft refuses the rules of table {self.table}: {error}")
        self._intact = await self._listing()

    async def is_intact(self) -> bool:
        return self._intact is not None and await self._listing() == self._intact

    async def _listing(self) -> str:
        code, output, _ = await _run("nft", "list", "table", "inet", self.table)
        return "" if code else output

    async def open_forwarding(self) -> None:
        for program in ("iptables", "ip6tables"):
            code, _, _ = await _run(program, "-w", "-C", _CHAIN, *self._rule)
            if not code:
                continue
            code, rules, _ = await _run(program, "-w", "-S", _CHAIN)
            if code:
                continue  # the engine sets no rules of this family, so none are in the way
            place = insert_position(rules)
            how = ("-I", _CHAIN, str(place)) if place else ("-A", _CHAIN)
            code, _, error = await _run(program, "-w", *how, *self._rule)
            if code:
                raise KernelError(f"{program} refuses the rule in {_CHAIN}: {error}")

    async def close_forwarding(self) -> None:
        for program in ("iptables", "ip6tables"):
            await _run(program, "-w", "-D", _CHAIN, *self._rule)

    def open_localnet(self, bridges: Collection[str]) -> frozenset[str]:
        opened = set()
        for bridge in bridges:
            setting = _PROC / "ipv4/conf" / bridge / "route_localnet"
            with contextlib.suppress(OSError):  # the bridge is gone, or /proc is read-only: the proxy serves localhost
                if setting.read_text().strip() != "1":
                    setting.write_text("1")
                opened.add(bridge)
        return frozenset(opened)

    async def has_connections(self, address: str) -> bool:
        return any(is_open(flow, _established_seconds()) for flow in await self._flows(address))

    async def forget_closed(self, address: str) -> None:
        ended = [flow for flow in await self._flows(address) if flow.state in _ENDED]
        await asyncio.to_thread(flows.forget, ended)

    async def _flows(self, address: str) -> list[Flow]:
        family = "ipv6" if ":" in address else "ipv4"
        mark = ("--mark", f"{MARK:#x}/{MARK:#x}")
        selection = ("-L", "-f", family, "-p", "tcp", *mark, "--reply-src", address)
        code, output, _ = await _run("conntrack", *selection)
        return [flow for line in output.splitlines() if (flow := flows.parse(line))] if not code else []

    async def forget_udp(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            family = "ipv6" if ":" in address else "ipv4"
            await _run("conntrack", "-D", "-f", family, "-p", "udp", "--reply-src", address)


def insert_position(rules: str) -> int | None:
    """Where in a chain, as `iptables -S` shows it, a rule stands last and still counts: before a final RETURN. None
    means: behind all others.
    """
    lines = [line for line in rules.splitlines() if line.startswith("-A ")]
    return len(lines) if lines and lines[-1].endswith("-j RETURN") else None


def is_open(flow: Flow, established_seconds: int) -> bool:
    """Whether a connection is in use. The kernel gives an established one `established_seconds` to live with every
    packet, so what is left of them tells when the last came.
    """
    if flow.state == "ESTABLISHED":
        return flow.left > established_seconds - _QUIET_SECONDS
    return flow.state in _OPEN


def _established_seconds() -> int:
    with contextlib.suppress(OSError, ValueError):
        return int((_PROC / "netfilter/nf_conntrack_tcp_timeout_established").read_text())
    return 0


async def _run(program: str, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, output and errors; 127 where there is no such program."""
    command = [program, *arguments]
    try:
        done = await asyncio.to_thread(
            subprocess.run, command, input=stdin, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError:
        return 127, "", f"{program} is not installed"
    return done.returncode, done.stdout, done.stderr.strip()


class RuleEvents:
    """Calls `changed` whenever somebody changes a rule of nftables, ourselves included. A hint and no more: legacy
    iptables says nothing here, and a burst may be lost.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Begin to listen. Where the kernel does not let us, there are no hints."""
        with contextlib.suppress(OSError):
            made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
            made.setblocking(False)
            made.bind((0, 1 << (_GROUP_NFTABLES - 1)))
            asyncio.get_running_loop().add_reader(made.fileno(), self._read)
            self._socket = made

    def _read(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(OSError):  # all read, or some were lost: then something did change
            while self._socket.recv(65536):
                continue
        self._changed()

    def close(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
