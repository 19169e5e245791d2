"""Forgetting connections that have ended, and only those that were meant."""

import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fizz.controllers.network.ingress.flows import Flow, delete_request, parse

LINE = (
    "tcp      6 119 TIME_WAIT src=10.0.0.9 dst=10.0.0.1 sport=54786 dport=8080 src=127.0.0.1 dst=127.0.0.1 "
    "sport=5000 dport=54786 [ASSURED] mark=0 use=1"
)
FLOW = Flow("127.0.0.1", 5000, "127.0.0.1", 54786, "TIME_WAIT", 119)
ANSWER = (  # as `conntrack -D` sends it besides the other direction, seen by strace
    b"\x34\x00\x02\x80\x14\x00\x01\x80\x08\x00\x01\x00\x7f\x00\x00\x01\x08\x00\x02\x00\x7f\x00\x00\x01"
    b"\x1c\x00\x02\x80\x05\x00\x01\x00\x06\x00\x00\x00\x06\x00\x02\x00\x13\x88\x00\x00\x06\x00\x03\x00\xd6\x02\x00\x00"
)


def test_of_a_line_the_direction_of_the_answer_counts() -> None:
    assert parse(LINE) == FLOW
    assert parse(LINE.replace(" src=127.0.0.1", " [UNREPLIED] src=127.0.0.1")) == FLOW
    assert parse(LINE.replace("tcp      6", "udp      17").replace(" TIME_WAIT", "")) is None
    assert parse("conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.") is None


def test_the_message_names_the_entry_by_its_answers_alone() -> None:
    message = delete_request(FLOW)
    order = sys.byteorder

    assert message[:8] == len(message).to_bytes(4, order) + (0x102).to_bytes(2, order) + (1).to_bytes(2, order)
    assert message[16:] == bytes([socket.AF_INET, 0, 0, 0]) + ANSWER


def test_addresses_of_ipv6_are_sixteen_bytes() -> None:
    message = delete_request(replace(FLOW, server="fd00::1", client="fd00::2"))

    assert message[16] == socket.AF_INET6
    assert b"\x14\x00\x03\x00" + socket.inet_pton(socket.AF_INET6, "fd00::1") in message
    assert b"\x14\x00\x04\x00" + socket.inet_pton(socket.AF_INET6, "fd00::2") in message


COME_AGAIN = """
import socket, subprocess, sys
from fizz.controllers.network.ingress.flows import forget, parse

host = sys.argv[1]
family, ip = (socket.AF_INET6, "ip6") if ":" in host else (socket.AF_INET, "ip")

def lead_to(port):
    rule = f"table {ip} t {{ chain c {{ type nat hook output priority -100; tcp dport 80 dnat to :{port}; }}; }}"
    subprocess.run(["nft", f"table {ip} t; delete table {ip} t; {rule}"], check=True)

def flows():
    listed = subprocess.run(["conntrack", "-L", "-f", f"ipv{6 if ':' in host else 4}"], capture_output=True, text=True)
    return [flow for line in listed.stdout.splitlines() if (flow := parse(line))]

first, second = (socket.create_server((host, port), family=family) for port in (5000, 5001))
lead_to(5000)
with socket.create_connection((host, 80), source_address=(host, 4711)), first.accept()[0] as served:
    served.close()
(ended,) = flows()
lead_to(5001)
with socket.create_connection((host, 80), source_address=(host, 4711)) as client, second.accept()[0] as served:
    forget([ended])
    served.sendall(b"answered")
    print(ended.server_port, ended.state, client.recv(99).decode())
forget(flows())
print(flows())
"""


@pytest.fixture
def netns() -> Iterator[str]:
    """A network namespace of its own."""
    name = f"fizz-{uuid.uuid4().hex[:6]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.mark.e2e
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_came_again_from_the_same_port_and_is_led_elsewhere_keeps_his_connection(netns: str, host: str) -> None:
    assert shutil.which("conntrack"), "hack/engine installs conntrack"

    done = subprocess.run(
        ["nsenter", f"--net=/run/netns/{netns}", sys.executable, "-c", COME_AGAIN, host],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.split("\n")[:2], done.stderr) == (["5000 TIME_WAIT answered", "[]"], "")
