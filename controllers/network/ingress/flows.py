"""Connections as the kernel tracks them: read from `conntrack`, and forgotten one by one.

What the kernel keeps of a connection that has ended (TIME_WAIT, for two minutes) knows where it led. When a container
goes, the engine deletes all that led to it: it lists the entries and then deletes each by the addresses and ports that
the client used, which takes a third of a second for a thousand. A client that comes again from one of these ports
meanwhile has a new entry there, that leads to another container, and loses it: his request is never answered.

So the ingress deletes them before, each by the addresses and ports of the answer. There stands the container that has
gone; an entry that leads to another one is not found by them. `conntrack -D` does as the engine does (and the id of an
entry is no help: it is made of its place in memory, which the next one gets); hence the message of our own.

Source: <linux/netfilter/nfnetlink_conntrack.h>, and nf_conntrack_netlink.c, `ctnetlink_del_conntrack`.
"""

import contextlib
import re
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["Flow", "delete_request", "forget", "parse"]

_NETLINK_NETFILTER: Final = 12
_DELETE: Final = 1 << 8 | 2
"""NFNL_SUBSYS_CTNETLINK and IPCTNL_MSG_CT_DELETE."""
_REQUEST: Final = 1
"""NLM_F_REQUEST; without NLM_F_ACK only what goes wrong is answered."""
_NESTED: Final = 0x8000
_ANSWER: Final = 2
"""CTA_TUPLE_REPLY."""
_IP, _PROTOCOL = 1, 2
_TCP: Final = 6
_LINE: Final = re.compile(
    r"^tcp\s+6\s+(?P<left>\d+)\s+(?P<state>[A-Z_0-9]+)\s+"
    r"src=\S+\s+dst=\S+\s+sport=\d+\s+dport=\d+\s.*?"
    r"src=(?P<server>\S+)\s+dst=(?P<client>\S+)\s+sport=(?P<server_port>\d+)\s+dport=(?P<client_port>\d+)\s"
)


@dataclass(frozen=True, slots=True)
class Flow:
    """A TCP connection as its answers have it: from whom they come and to whom they go. `left` are the seconds that the
    kernel keeps it without another packet.
    """

    server: str
    server_port: int
    client: str
    client_port: int
    state: str
    left: int


def parse(line: str) -> Flow | None:
    """From a line of `conntrack -L`; None if it is about something else than TCP."""
    match = _LINE.match(line)
    if match is None:
        return None
    return Flow(
        server=match["server"],
        server_port=int(match["server_port"]),
        client=match["client"],
        client_port=int(match["client_port"]),
        state=match["state"],
        left=int(match["left"]),
    )


def delete_request(flow: Flow) -> bytes:
    """The netlink message that deletes the entry whose answers come from there, and no other."""
    family = socket.AF_INET6 if ":" in flow.server else socket.AF_INET
    first = 3 if family == socket.AF_INET6 else 1  # CTA_IP_V6_SRC, CTA_IP_V4_SRC; the destination follows
    addresses = b"".join(
        _attribute(first + index, socket.inet_pton(family, address))
        for index, address in enumerate((flow.server, flow.client))
    )
    ports = b"".join(
        _attribute(kind, value)
        for kind, value in (
            (1, struct.pack("B", _TCP)),
            (2, struct.pack(">H", flow.server_port)),
            (3, struct.pack(">H", flow.client_port)),
        )
    )
    answer = _attribute(_IP | _NESTED, addresses) + _attribute(_PROTOCOL | _NESTED, ports)
    body = struct.pack("BBH", family, 0, 0) + _attribute(_ANSWER | _NESTED, answer)
    return struct.pack("=IHHII", 16 + len(body), _DELETE, _REQUEST, 0, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


def forget(flows: Iterable[Flow]) -> None:
    """Delete the entries, as far as they are still there. Without the right to do so, nothing happens."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as made:
        for flow in flows:
            made.sendto(delete_request(flow), (0, 0))
