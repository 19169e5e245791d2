"""Ports in their short forms: `80`, `"8080:80"`, `"127.0.0.1:8000-8010:80-90/udp"`, and the long form.

    [[address:][published]:]target[/protocol]       published and target may be ranges a-b

A range of targets becomes one port each, in the order of texts, as compose has them. A range of published ports for one
target stays a range: the engine takes a free one out of it.
"""

import ipaddress
import re
from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import ListOf, Loose, Reader, Table, Text, Whole, yes

__all__ = ["PORTS", "PROTOCOLS", "parse_range", "split_port"]

PROTOCOLS: Final = ("tcp", "udp", "sctp")
_RANGE: Final = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")


def parse_range(text: str, lowest: int = 1) -> tuple[int, int] | None:
    """`80` or `80-90` as first and last port; None if it is neither."""
    match = _RANGE.fullmatch(text)
    if not match:
        return None
    first, last = int(match.group(1)), int(match.group(2) or match.group(1))
    return (first, last) if lowest <= first <= last <= 65535 else None


def split_port(text: str) -> list[dict[str, str | int]]:
    """The long forms that a short form stands for. Raises `ValueError` saying what is wrong."""
    rest, _, protocol = text.partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol not in PROTOCOLS:
        raise ValueError(f'has the unknown protocol "{protocol}"; there are {", ".join(PROTOCOLS)}')
    *before, target = rest.split(":")
    published = before.pop() if before else ""
    address = _address(":".join(before))
    if not target:
        raise ValueError("names no port in the container")
    targets = parse_range(target)
    for part in (published, target):
        if (ends := _RANGE.fullmatch(part)) and ends.group(2) and int(ends.group(1)) > int(ends.group(2)):
            raise ValueError(f'has the range "{part}", which ends before it begins')
    if targets is None:
        raise ValueError(f'has "{target}" as port in the container; a port is a number from 1 to 65535')
    hosts = parse_range(published, lowest=0) if published else None
    if published and hosts is None:
        raise ValueError(f'has "{published}" as port on the host; a port is a number from 0 to 65535')
    return [
        {
            "target": port,
            **({"published": _published(hosts, targets, offset)} if hosts else {}),
            **({"host_ip": address} if address else {}),
            "protocol": protocol,
        }
        for offset, port in sorted(enumerate(range(targets[0], targets[1] + 1)), key=lambda each: str(each[1]))
    ]


def _address(text: str) -> str:
    if not text:
        return ""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        raise ValueError(f'has "{text}" as address of the host; it must be an IP address') from None
    return bare


def _published(hosts: tuple[int, int], targets: tuple[int, int], offset: int) -> str:
    if hosts[1] - hosts[0] == targets[1] - targets[0]:
        return str(hosts[0] + offset)
    if targets[0] != targets[1]:
        raise ValueError(
            f"maps {hosts[1] - hosts[0] + 1} ports of the host to {targets[1] - targets[0] + 1} of the container"
        )
    return f"{hosts[0]}-{hosts[1]}"


def _expand(node: Node, path: Path, reader: Reader) -> list[Node] | None:
    if isinstance(node.value, dict):
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, str | int):
        reader.wrong_type(node, path, 'a port like 80 or "8080:80"')
        return []
    try:
        ports = split_port(str(node.value))
    except ValueError as error:
        reader.error(node, path, str(error))
        return []
    mode, protocol = node.with_value("ingress"), node.with_value(ports[0]["protocol"])  # shared: there may be thousands
    return [
        node.with_value(
            {
                "mode": mode,
                "protocol": protocol,
                **{name: node.with_value(value) for name, value in port.items() if name != "protocol"},
            }
        )
        for port in ports
    ]


def _finish(node: Node, path: Path, reader: Reader) -> Node | None:
    published, protocol, address = node.get("published"), node.get("protocol"), node.get("host_ip")
    if address is not None and isinstance(address.value, str) and not reader.as_written(address):
        try:
            ipaddress.ip_address(address.value)
        except ValueError:
            reader.error(address, (*path, "host_ip"), f'must be an IP address, not "{address.value}"')
            return None
    if published and published.value and not parse_range(str(published.value), lowest=0):
        if reader.as_written(published):
            return node
        reader.refuse(
            published, (*path, "published"), f'must be a port or a range like 8000-8010, not "{published.value}"'
        )
    if protocol and str(protocol.value).lower() not in ("", *PROTOCOLS) and not reader.as_written(protocol):
        reader.refuse(protocol, (*path, "protocol"), f'must be one of {", ".join(PROTOCOLS)}, not "{protocol.value}"')
    defaults = {"mode": node.with_value("ingress"), "protocol": node.with_value("tcp")}
    return node.with_value({**defaults, **node.mapping()})


def _key(node: Node) -> tuple[object, ...]:
    """Two ports with the same are one: a later one says more about it."""
    if isinstance(node.value, str):
        return (node.value,)
    values = [node.get(name) for name in ("host_ip", "published", "target", "protocol")]
    found = [value.value if value else None for value in values]
    return (found[0] or "0.0.0.0", str(found[1] or ""), *found[2:])


_PORT: Final = Table(
    {
        "name": yes(Text(), "name of the port of the Service"),
        "mode": yes(Text(), "`host` gives the port to one container, `ingress` (the default) to all replicas"),
        "host_ip": yes(Text(), "address of the host"),
        "target": yes(Whole(0, (1 << 32) - 1, runs=(1, 65535)), "port in the container"),
        "published": yes(Loose(whole=True), "port or range of ports on the host"),
        "protocol": yes(Text(), "tcp, udp, sctp"),
        "app_protocol": yes(Text(), "appProtocol of the port of the Service"),
    },
    required=("target",),
    finish=_finish,
    wanted='a port like 80 or "8080:80", or a mapping',
)

PORTS: Final = ListOf(_PORT, key=_key, expand=_expand)
