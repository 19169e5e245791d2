"""Ports of a service: published ones, and those that are only exposed."""

from collections.abc import Iterator
from typing import Any

from fizz.client.compose.spec.ports import parse_range
from fizz.client.compose.translate.resources import given
from fizz.schemas.apps import ServicePort
from fizz.schemas.container import Port

__all__ = ["container_ports", "service_ports"]

JSON = dict[str, Any]


def container_ports(service: JSON) -> list[Port]:
    """The ports as written, the published ones first; an exposed port that is published too is there once."""
    return [
        Port(**port, publish=True, **_mode(written)) if written else Port(**port) for port, written in _ports(service)
    ]


def service_ports(service: JSON) -> list[ServicePort]:
    """The same ports as others see them."""
    return [ServicePort(port=port.pop("container_port"), **port) for port, _ in _ports(service)]


def _ports(service: JSON) -> Iterator[tuple[JSON, JSON | None]]:
    """What both models have of each port, and what is written of one that is published."""
    known = set()
    for port in service.get("ports", ()):
        protocol = port.get("protocol", "tcp").lower()
        known.add((port["target"], protocol))
        yield {"container_port": port["target"], "protocol": protocol, **_published(port)}, port
    for written in service.get("expose", ()):
        number, _, protocol = str(written).partition("/")
        protocol = protocol.lower() or "tcp"
        bounds = parse_range(number)
        for each in range(bounds[0], bounds[1] + 1) if bounds else ():
            if (each, protocol) not in known:
                known.add((each, protocol))
                yield {"container_port": each, "protocol": protocol}, None


def _published(port: JSON) -> JSON:
    bounds = parse_range(str(port.get("published", ""))) or (None, None)
    return given(
        host_port=bounds[0],
        host_port_end=bounds[1] if bounds[1] != bounds[0] else None,
        host_ip=port.get("host_ip"),
        name=port.get("name"),
        app_protocol=port.get("app_protocol"),
    )


def _mode(port: JSON) -> JSON:
    return {"mode": "host"} if port.get("mode") == "host" else {}
