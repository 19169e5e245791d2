"""Reading what iptables, conntrack and /proc say."""

import os
import socket

import pytest

from fizz.controllers.network.ingress.flows import parse
from fizz.controllers.network.ingress.holders import holder, inodes
from fizz.controllers.network.ingress.kernel import insert_position, is_open
from fizz.controllers.network.ingress.ports import Bind

ENTRY = (
    "tcp      6 {left} {state} src=10.0.0.2 dst=10.0.0.1 sport=4711 dport=8080 "
    "src=172.18.0.2 dst=10.0.0.2 sport=80 dport=4711 use=1"
)


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        pytest.param("-N DOCKER-USER\n-A DOCKER-USER -j RETURN\n", 1, id="before the engine's return"),
        pytest.param(
            "-N DOCKER-USER\n-A DOCKER-USER -i eth0 -j DROP\n-A DOCKER-USER -j RETURN\n",
            2,
            id="behind what the operator set",
        ),
        pytest.param("-N DOCKER-USER\n", None, id="at the end of an empty one"),
        pytest.param("-N DOCKER-USER\n-A DOCKER-USER -i eth0 -j DROP\n", None, id="at the end"),
    ],
)
def test_where_the_rule_stands(rules: str, place: int | None) -> None:
    assert insert_position(rules) == place


@pytest.mark.parametrize(
    ("state", "left", "is_in_use"),
    [
        pytest.param("ESTABLISHED", 431_999, True, id="a packet came a second ago"),
        pytest.param("ESTABLISHED", 431_900, False, id="silent for long"),
        pytest.param("FIN_WAIT", 100, True, id="closing"),
        pytest.param("TIME_WAIT", 100, False, id="closed"),
    ],
)
def test_which_connections_are_in_use(state: str, left: int, is_in_use: bool) -> None:
    flow = parse(ENTRY.format(state=state, left=left))

    assert flow is not None
    assert is_open(flow, 432_000) is is_in_use


def test_who_has_a_port_is_found_by_its_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert holder(Bind("127.0.0.1", port, "tcp")).endswith(f"(pid {os.getpid()})")
    assert holder(Bind("127.0.0.1", port, "tcp")) == ""


def test_only_who_listens_has_a_port() -> None:
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
    listens = "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1"
    connected = "   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 222 1"
    assert inodes("\n".join((head, listens, connected)), 8080) == {"111"}
