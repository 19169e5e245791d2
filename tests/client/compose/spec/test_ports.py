"""Ports in short form are taken apart into long ones."""

from typing import Any

import pytest

from fizz.client.compose.spec.ports import parse_range, split_port


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", [{"target": 80, "protocol": "tcp"}]),
        ("8080:80", [{"target": 80, "published": "8080", "protocol": "tcp"}]),
        ("53:53/udp", [{"target": 53, "published": "53", "protocol": "udp"}]),
        ("53/UDP", [{"target": 53, "protocol": "udp"}]),
        (":80", [{"target": 80, "protocol": "tcp"}]),
        ("0:80", [{"target": 80, "published": "0", "protocol": "tcp"}]),
        ("080:081", [{"target": 81, "published": "80", "protocol": "tcp"}]),
        ("127.0.0.1:81:80", [{"target": 80, "published": "81", "host_ip": "127.0.0.1", "protocol": "tcp"}]),
        ("127.0.0.1::80", [{"target": 80, "host_ip": "127.0.0.1", "protocol": "tcp"}]),
        ("[::1]:81:80", [{"target": 80, "published": "81", "host_ip": "::1", "protocol": "tcp"}]),
        ("::1:81:80", [{"target": 80, "published": "81", "host_ip": "::1", "protocol": "tcp"}]),
        ("90-92", [{"target": port, "protocol": "tcp"} for port in (90, 91, 92)]),
        (
            "8090-8091:90-91/sctp",
            [{"target": port, "published": f"80{port}", "protocol": "sctp"} for port in (90, 91)],
        ),
        ("8000-8010:80", [{"target": 80, "published": "8000-8010", "protocol": "tcp"}]),
        ("8000-8000:80", [{"target": 80, "published": "8000", "protocol": "tcp"}]),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_short_forms(text: str, ports: list[dict[str, Any]]) -> None:
    assert split_port(text) == ports


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no port in the container"),
        ("80:", "names no port in the container"),
        ("abc", 'has "abc" as port in the container'),
        ("0", 'has "0" as port in the container'),
        ("70000", 'has "70000" as port in the container'),
        ("-1", 'has "-1" as port in the container'),
        (" 80:80 ", 'has "80 " as port in the container'),
        ("82-80:80", 'has the range "82-80", which ends before it begins'),
        ("127.0.0.1:80", 'has "127.0.0.1" as port on the host'),
        ("99999:80", 'has "99999" as port on the host'),
        ("localhost:81:80", 'has "localhost" as address of the host'),
        ("9:8:7:6", 'has "9:8" as address of the host'),
        ("80/foo", 'has the unknown protocol "foo"; there are tcp, udp, sctp'),
        ("1-3:1-2", "maps 3 ports of the host to 2 of the container"),
    ],
    ids=repr,
)
def test_what_is_no_port(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_port(text)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [("80", (80, 80)), ("80-90", (80, 90)), ("90-80", None), ("0", None), ("65536", None), ("", None), ("8o", None)],
    ids=repr,
)
def test_ranges(text: str, bounds: tuple[int, int] | None) -> None:
    assert parse_range(text) == bounds
