"""Published ports on a real engine and a real kernel: who reaches what, whatever is done to it meanwhile.

Needs root, nftables and network namespaces; "outside" is a namespace that a cable of its own joins to the host.
"""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from fizz.controllers.network.ingress.reconcile import table_name
from tests.e2e.harness import Fizz, Server, eventually, free_port, output_of
from tests.e2e.load import Report, load

HOST, GUEST = "10.213.7.1", "10.213.7.2"
WHO = "/cgi-bin/who"
ASK = """
import sys, urllib.request
for _ in range(int(sys.argv[2])):
    print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode().strip())
"""
ASK_UDP = """
import socket, sys
for _ in range(int(sys.argv[3])):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((sys.argv[1], int(sys.argv[2])))
        client.send(b"?")
        print(client.recv(99).decode().strip())
"""
WEB = """
mkdir -p /www/cgi-bin; hostname > /www/index.html
printf '#!/bin/sh\\necho; echo $$REMOTE_ADDR $$HOSTNAME\\n' > /www/cgi-bin/who; chmod +x /www/cgi-bin/who
export HOSTNAME; exec httpd -f -p 80 -h /www
"""
ECHO = """
$$s = stream_socket_server("udp://0.0.0.0:53", $$e, $$m, STREAM_SERVER_BIND);
while (true) { stream_socket_recvfrom($$s, 99, 0, $$who); stream_socket_sendto($$s, gethostname(), 0, $$who); }
"""
APP = """
services:
  web:
    image: busybox:latest
    command: ["sh", "-c", {web}]
    ports: ["{port}:80"]
    stop_signal: SIGKILL
    scale: 3
  udp:
    image: wordpress:latest
    entrypoint: ["php", "-r", {echo}]
    ports: ["{udp}:53/udp"]
    stop_signal: SIGKILL
    scale: 2
"""
START_APACHE = """
rm -f /tmp/sick; hostname > /var/www/html/index.html
. /etc/apache2/envvars; mkdir -p $$APACHE_RUN_DIR $$APACHE_LOCK_DIR
exec apache2 -D FOREGROUND -c 'GracefulShutdownTimeout 1'
"""
APACHE = """
services:
  web:
    image: wordpress:latest
    entrypoint: ["sh", "-c", {apache}]
    ports: ["{port}:80"]
    stop_signal: SIGWINCH
    stop_grace_period: 20s
    environment: {{VERSION: "${{VERSION:-1}}"}}
    healthcheck:
      test: ["CMD", "php", "-r", "exit(!file_exists('/tmp/sick') && @file_get_contents('http://127.0.0.1/') ? 0 : 1);"]
      interval: 1s
      retries: 2
    x-fizz: {{restart_unhealthy: true}}
    scale: ${{SCALE:-3}}
    deploy: {{update_config: {{order: start-first}}}}  # the image has a volume, which each replica would hand on
"""


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    """The path of a network namespace that reaches the host at HOST and is GUEST."""
    name = f"fizz-{uuid.uuid4().hex[:6]}"
    inner, outer = f"{name}i", f"{name}o"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)

    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
        run("ip", "addr", "add", f"{HOST}/24", "dev", outer)
        run("ip", "link", "set", outer, "up")
        run("ip", "-n", name, "addr", "add", f"{GUEST}/24", "dev", inner)
        run("ip", "-n", name, "link", "set", inner, "up")
        yield f"/run/netns/{name}"
    finally:
        run("ip", "netns", "del", name)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def app(server: Server, port: int, udp_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """An app that runs: what is said to `fizz` to speak of it."""
    file = tmp_path_factory.mktemp("ingress") / "compose.yml"
    file.write_text(APP.format(web=json.dumps(WEB), echo=json.dumps(ECHO), port=port, udp=udp_port))
    project = ["-f", str(file), "-p", f"ingress-{uuid.uuid4().hex[:6]}"]
    server.fizz("up", "-d", "--wait", *project)
    yield project
    server.fizz("down", "-v", "-t", "0", *project)
    assert not _table(server)


def _ask(url: str, times: int = 1, *, netns: str | None = None) -> list[str]:
    return _python(netns, ASK, url, str(times))


def _python(netns: str | None, script: str, *arguments: str) -> list[str]:
    enter = ["nsenter", f"--net={netns}"] if netns else []
    done = subprocess.run(
        [*enter, sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _table(server: Server) -> str:
    """The server's table as nft shows it; empty if there is none."""
    name = table_name(str(server.folder), server.node)
    done = subprocess.run(["nft", "list", "table", "inet", name], capture_output=True, text=True, check=False)
    return done.stdout


def _clients(answers: list[str]) -> set[str]:
    return {line.split()[0].strip("[]").removeprefix("::ffff:") for line in answers}


def _servers(answers: list[str]) -> Counter[str]:
    return Counter(line.split()[-1] for line in answers)


def test_from_outside_all_replicas_are_reached_and_see_the_client(app: list[str], port: int, outside: str) -> None:
    answers = _ask(f"http://{HOST}:{port}{WHO}", 6, netns=outside)
    assert sorted(_servers(answers).values()) == [2, 2, 2]
    assert _clients(answers) == {GUEST}


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", HOST])
def test_from_this_host_it_is_reached_at_every_address(app: list[str], port: int, outside: str, address: str) -> None:
    assert len(_servers(_ask(f"http://{address}:{port}{WHO}", 6))) == 3


def test_containers_reach_it_by_the_hosts_address_even_themselves(
    app: list[str], port: int, outside: str, engine: docker.DockerClient
) -> None:
    script = f"for i in 1 2 3; do printf 'GET {WHO} HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {HOST} {port} | tail -n 1; done"
    web = engine.containers.list(
        filters={"label": [f"com.docker.compose.project={app[-1]}"], "publish": []}, ignore_removed=True
    )
    inside = next(each for each in web if "-web-" in str(each.name))
    same = output_of(inside, "sh", "-c", script)
    other = engine.containers.run("busybox:latest", ["sh", "-c", script], remove=True)
    assert isinstance(other, bytes)
    assert len(_servers(same.strip().splitlines())) == 3, same
    assert len(_servers(other.decode().strip().splitlines())) == 3, other


def test_udp_goes_round_as_well(app: list[str], udp_port: int, outside: str) -> None:
    assert len(set(_python(outside, ASK_UDP, HOST, str(udp_port), "4"))) == 2
    assert len(set(_python(None, ASK_UDP, "127.0.0.1", str(udp_port), "4"))) == 2


def test_ps_shows_what_docker_compose_shows(app: list[str], fizz: Fizz, port: int) -> None:
    assert fizz("ps", *app).stdout.count(f"0.0.0.0:{port}->80/tcp, [::]:{port}->80/tcp") == 3


def test_rules_flushed_by_hand_are_back_and_no_request_is_lost(server: Server, app: list[str], port: int) -> None:
    async def flush() -> Report:
        async with load(f"http://127.0.0.1:{port}/", clients=4, keep_alive=False) as report:
            await asyncio.to_thread(eventually, lambda: report.requests > 20, what="requests are answered")
            name = table_name(str(server.folder), server.node)
            await asyncio.to_thread(subprocess.run, ["nft", "delete", "table", "inet", name], check=True)
            await asyncio.to_thread(eventually, lambda: _table(server), within=2, what="the table is back")
            answered = report.requests
            await asyncio.to_thread(eventually, lambda: report.requests > answered + 20, what="they go on")
        return report

    before = _table(server)
    report = asyncio.run(flush())
    assert report.requests > 50, report
    assert not report.failures, report
    assert _without_counters(_table(server)) == _without_counters(before)


def _without_counters(listing: str) -> str:
    return re.sub(r"# handle \d+", "", listing)


def test_when_the_controllers_are_killed_traffic_flows_on(server: Server, app: list[str], port: int) -> None:
    async def kill() -> Report:
        async with load(f"http://127.0.0.1:{port}/", clients=4, keep_alive=False) as report:
            for _ in range(2):
                killed = server.child("controllers")
                os.kill(killed, signal.SIGKILL)
                await asyncio.to_thread(
                    eventually, lambda gone=killed: server.child("controllers") != gone, what="controllers run again"
                )
        return report

    report = asyncio.run(kill())
    assert report.requests > 50, report
    assert not report.failures, report


@pytest.mark.parametrize("keep_alive", [False, True], ids=["new connections", "keep-alive"])
def test_no_request_is_lost_when_replicas_come_go_are_updated_rolled_back_and_restarted(
    server: Server, project: str, tmp_path: Path, keep_alive: bool, engine: docker.DockerClient
) -> None:
    port, file = free_port(), tmp_path / "compose.yml"
    file.write_text(APACHE.format(apache=json.dumps(START_APACHE), port=port))
    names = ["-f", str(file), "-p", project]
    server.fizz("up", "-d", "--wait", *names)

    def scale(replicas: int) -> Callable[[], object]:
        return lambda: server.fizz("scale", f"web={replicas}", *names)

    def update(version: str, replicas: int) -> Callable[[], object]:
        return lambda: server.fizz("up", "-d", "--wait", *names, VERSION=version, SCALE=str(replicas))

    phases: list[tuple[str, Callable[[], object], int]] = [
        ("scale 3 to 1", scale(1), 1),
        ("scale 1 to 3", scale(3), 3),
        ("update of 3", update("2", 3), 3),
        ("rollback of 3", lambda: server.fizz("rollback", "--wait", *names), 3),
        ("an unhealthy one of 3", lambda: _sicken(engine, f"{project}-web-2"), 3),
        ("update to 1", update("3", 1), 1),
        ("update of 1, start first", update("4", 1), 1),
        ("rollback of 1, start first", lambda: server.fizz("rollback", "--wait", *names), 1),
    ]

    async def all_phases() -> dict[str, Report]:
        reports: dict[str, Report] = {}
        for name, act, replicas in phases:
            async with load(f"http://127.0.0.1:{port}/", clients=6, keep_alive=keep_alive) as reports[name]:
                await asyncio.to_thread(act)
                await asyncio.to_thread(_until_only, server, replicas, project)
        return reports

    try:
        reports = asyncio.run(all_phases())
    finally:
        server.fizz("down", "-v", "-t", "0", *names)
    sys.stdout.writelines(f"{name}: {report}\n" for name, report in reports.items())
    for name, report in reports.items():
        assert report.requests > 20, (name, report)
        assert not report.failures, (name, report)
    hosts = {host for report in reports.values() for host in report.answers}
    assert len(hosts) >= 11, hosts  # 3, then 2, 3, 3 and 1 that came, without counting those of one replica


def _sicken(engine: docker.DockerClient, name: str) -> None:
    """Make a container fail its health check, and wait until it was started again for that."""
    container = engine.containers.get(name)
    before = container.attrs["State"]["StartedAt"]
    output_of(container, "touch", "/tmp/sick")
    eventually(lambda: engine.containers.get(name).attrs["State"]["StartedAt"] != before, what=f"{name} is restarted")


def _until_only(server: Server, replicas: int, project: str) -> None:
    def look() -> bool:
        listed = json.loads(server.fizz("get", "containers", "-n", project, "-o", "json").stdout)["items"]
        states = [((item.get("status") or {}).get("ingress") or {}).get("state") for item in listed]
        return states == ["Serving"] * replicas

    eventually(look, what=f"{replicas} replicas serve, and no others are left")


def test_a_port_of_somebody_else_is_named_and_had_once_it_is_free(server: Server, project: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    names = ["-f", str(file), "-p", project]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(f"services: {{a: {{image: busybox, command: sleep 99, init: true, ports: ['{port}:80']}}}}\n")
        failed = server.fizz("up", "-d", *names, code=1)
        assert f"port {port}/tcp of the host is taken by" in failed.stderr
        assert f"(pid {os.getpid()})" in failed.stderr
    server.fizz("up", "-d", "--wait", *names)
    server.fizz("down", "-t", "0", *names)


def test_without_nftables_the_engine_publishes_and_up_says_what_that_costs(
    make_server: Callable[[], Server], project: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    port, file = free_port(), tmp_path / "compose.yml"
    file.write_text(f"services: {{a: {{image: busybox, command: sleep 99, init: true, ports: ['{port}:80']}}}}\n")
    server = make_server()
    server.start("--ingress", "engine")
    said = server.fizz("up", "-d", "--wait", "-f", file, "-p", project)
    assert "the engine publishes ports (it was asked for): only one replica can have a port" in said.stdout
    bindings = engine.containers.get(f"{project}-a-1").attrs["HostConfig"]["PortBindings"]
    assert [each["HostPort"] for each in bindings["80/tcp"]] == [str(port)]
    assert not _table(server)
    server.fizz("down", "-t", "0", "-f", file, "-p", project)
