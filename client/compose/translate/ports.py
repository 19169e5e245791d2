"""Ports of a service: published ones, and those that are only exposed."""

from typing import Any

from fizz.client.compose.spec.ports import parse_range
from fizz.client.compose.translate.resources import given
from fizz.schemas.apps import ServicePort
from fizz.schemas.container import Port

__all__ = ["container_ports", "service_ports"]

JSON = dict[str, Any]


def container_ports(service: JSON) -> list[Port]:
    """The ports as written, the published ones first; an exposed port that is published too is there once."""
    ports = [_published(port) for port in service.get("ports", ())]
    known = {(port.container_port, port.protocol) for port in ports}
    for written in service.get("expose", ()):
        number, _, protocol = str(written).partition("/")
        bounds = parse_range(number)
        for each in range(bounds[0], bounds[1] + 1) if bounds else ():
            port = Port(container_port=each, protocol=protocol.lower() or "tcp")
            if (port.container_port, port.protocol) not in known:
                known.add((port.container_port, port.protocol))
                ports.append(port)
    return ports


def _published(port: JSON) -> Port:
    bounds = parse_range(str(port.get("published", ""))) or (None, None)
    return Port(
        container_port=port["target"],
        protocol=port.get("protocol", "tcp").lower(),
        publish=True,
        **given(
            host_port=bounds[0],
            host_port_end=bounds[1] if bounds[1] != bounds[0] else None,
            host_ip=port.get("host_ip"),
            name=port.get("name"),
            app_protocol=port.get("app_protocol"),
            mode="host" if port.get("mode") == "host" else None,
        ),
    )


def service_ports(ports: list[Port]) -> list[ServicePort]:
    """The same ports as others see them."""
    return [
        ServicePort(
            port=port.container_port,
            protocol=port.protocol,
            **given(
                name=port.name,
                host_port=port.host_port,
                host_port_end=port.host_port_end,
                host_ip=port.host_ip,
                app_protocol=port.app_protocol,
            ),
        )
        for port in ports
    ]
