"""What may be written in several ways is printed in one: the canonical form of compose's `config`."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project, render

Make = Callable[..., dict[str, Any]]
NETWORK = {"networks": {"default": None}}


def test_a_plain_service_gets_the_default_network(service: Make) -> None:
    assert service("") == {"image": "x", **NETWORK}


@pytest.mark.parametrize(
    ("keys", "form"),
    [
        ("command: sh -c 'a b'", {"command": ["sh", "-c", "a b"]}),
        ("command:", {}),
        ("command: []", {"command": []}),
        ("entrypoint: [a, b c]", {"entrypoint": ["a", "b c"]}),
        (
            "environment: [B=2, A=1, FOO, NOPE, C=, 'D=x=y', A=3]",
            {"environment": {"A": "3", "B": "2", "C": "", "D": "x=y", "FOO": "foo", "NOPE": None}},
        ),
        (
            "environment: {A: 1, B: true, C: 1.50, D: , FOO: , E: 2024-01-01}",
            {
                "environment": {
                    "A": "1",
                    "B": "true",
                    "C": "1.5",
                    "D": None,
                    "E": "2024-01-01 00:00:00 +0000 UTC",
                    "FOO": "foo",
                }
            },
        ),
        ("labels: [a=1, b]", {"labels": {"a": "1", "b": ""}}),
        ("labels: {a: 1, b: , c: yes}", {"labels": {"a": "1", "b": "", "c": "yes"}}),
        ("dns: 8.8.8.8\ndns_search: a\ntmpfs: /run", {"dns": ["8.8.8.8"], "dns_search": ["a"], "tmpfs": ["/run"]}),
        ("dns: ''\ncap_add: []", {}),
        ("cap_add: [A, B, A]\ncap_drop: [ALL]", {"cap_add": ["A", "B"], "cap_drop": ["ALL"]}),
        ("expose: [80, '81', 82-84, 85/udp, '80']", {"expose": ["80", "81", "82-84", "85/udp"]}),
        ("extra_hosts: ['b:1.1.1.1', 'a=::1', 'c:[::2]']", {"extra_hosts": ["a=::1", "b=1.1.1.1", "c=::2"]}),
        (
            "extra_hosts: {a: [1.1.1.1, 2.2.2.2], b: host-gateway}",
            {"extra_hosts": ["a=1.1.1.1", "a=2.2.2.2", "b=host-gateway"]},
        ),
        (
            "ulimits: {nofile: 3, core: '4', nproc: {soft: 1, hard: '2'}}",
            {"ulimits": {"core": 4, "nofile": 3, "nproc": {"soft": 1, "hard": 2}}},
        ),
        ("sysctls: [a=1, b=2]", {"sysctls": {"a": "1", "b": "2"}}),
        ("group_add: [1000, mail]", {"group_add": ["1000", "mail"]}),
        (
            "healthcheck: {test: curl x, interval: 90s, retries: '3'}",
            {"healthcheck": {"test": ["CMD-SHELL", "curl x"], "interval": "1m30s", "retries": 3}},
        ),
        ("healthcheck: {disable: true}", {"healthcheck": {"disable": True}}),
        ("healthcheck: {}", {"healthcheck": {}}),
        ("stop_grace_period: 1d2h", {"stop_grace_period": "26h0m0s"}),
        ("stop_grace_period: 500us", {"stop_grace_period": "500µs"}),
        (
            "tty: yes\nstdin_open: 'on'\nprivileged: 'TRUE'\nread_only: n\ninit: off",
            {"tty": True, "stdin_open": True, "privileged": True, "init": False},
        ),
        (
            "mem_limit: 64m\nmem_reservation: 1024\ncpus: '0.5'\npids_limit: '7'",
            {"mem_limit": "67108864", "mem_reservation": "1024", "cpus": 0.5, "pids_limit": 7},
        ),
        ("mem_limit: 0\ncpus: 0\nhostname: ''", {}),
        ("scale: 0", {"scale": 0}),
        (
            "deploy: {replicas: '2', resources: {limits: {memory: 1g, cpus: 1.0}}}",
            {"deploy": {"replicas": 2, "resources": {"limits": {"memory": "1073741824", "cpus": 1}}}},
        ),
        ("deploy:", {}),
        ("pull_policy: if_not_present", {"pull_policy": "missing"}),
        ("network_mode: host", {"network_mode": "host", "networks": ...}),
        (
            "devices: ['/dev/a', '/dev/b:/dev/c:r']",
            {
                "devices": [
                    {"source": "/dev/a", "target": "/dev/a", "permissions": "rwm"},
                    {"source": "/dev/b", "target": "/dev/c", "permissions": "r"},
                ]
            },
        ),
        ("gpus: all", {"gpus": [{"count": -1}]}),
        ("build: .", {"build": {"context": "/project", "dockerfile": "Dockerfile"}}),
        (
            "build: {args: [A=1, FOO, NOPE], additional_contexts: {a: ./a, b: 'https://b'}}",
            {
                "build": {
                    "context": "/project",
                    "dockerfile": "Dockerfile",
                    "args": {"A": "1", "FOO": "foo"},
                    "additional_contexts": {"a": "/project/a", "b": "https://b"},
                }
            },
        ),
        (
            "build: https://github.com/a/b.git",
            {"build": {"context": "https://github.com/a/b.git", "dockerfile": "Dockerfile"}},
        ),
        ("x-mine: {a: [1, 1.0, 2024-01-01]}", {"x-mine": {"a": [1, 1, "2024-01-01T00:00:00Z"]}}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_forms_of_a_service(service: Make, keys: str, form: dict[str, Any]) -> None:
    expected = {key: value for key, value in {**NETWORK, **form}.items() if value is not ...}
    assert service(keys) == {"image": "x", **expected}


def test_ports_and_volumes_are_printed_in_long_form(service: Make) -> None:
    web = service("ports: ['8080:80', 81]\nvolumes: [./a:/a:ro, /b]")
    assert web["ports"] == [
        {"mode": "ingress", "target": 80, "published": "8080", "protocol": "tcp"},
        {"mode": "ingress", "target": 81, "protocol": "tcp"},
    ]
    assert web["volumes"] == [
        {"type": "bind", "source": "/project/a", "target": "/a", "read_only": True, "bind": {}},
        {"type": "volume", "target": "/b"},
    ]


def test_dependencies_follow_from_links_and_shared_namespaces(project: Callable[..., Project]) -> None:
    text = """\
services:
  web: {image: x, depends_on: [db], links: [cache, "db:alias"], ipc: "service:job", volumes_from: [data, "container:q"]}
  db: {image: x}
  cache: {image: x}
  job: {image: x}
  data: {image: x}
"""
    started = {"condition": "service_started", "required": True}
    assert project(text).services["web"]["depends_on"] == {
        "cache": {**started, "restart": True},
        "data": started,
        "db": started,
        "job": {**started, "restart": True},
    }


def test_resources_get_names_and_those_that_nobody_uses_are_left_out(project: Callable[..., Project]) -> None:
    text = """\
name: shop
services:
  web: {image: x, networks: [front, out], volumes: [data:/d, ext:/e], secrets: [key], configs: [conf]}
networks: {front: {driver_opts: {mtu: 1500}}, out: {external: true}, unused: {}}
volumes: {data: , ext: {external: {name: old}}, unused: }
secrets: {key: {file: ./k}, unused: {file: x}}
configs: {conf: {content: "a $$b"}}
"""
    made = project(text).model
    assert {kind: made[kind] for kind in ("networks", "volumes", "secrets", "configs")} == {
        "networks": {
            "front": {"name": "shop_front", "driver_opts": {"mtu": "1500"}},
            "out": {"name": "out", "external": True},
        },
        "volumes": {"data": {"name": "shop_data"}, "ext": {"name": "old", "external": True}},
        "secrets": {"key": {"name": "shop_key", "file": "/project/k"}},
        "configs": {"conf": {"name": "shop_conf", "content": "a $b"}},
    }


def test_dollars_are_doubled_so_that_the_output_can_be_loaded_again(project: Callable[..., Project]) -> None:
    first = project('name: a\nservices: {web: {image: x, command: ["$$HOME"], labels: {$x: y}}}\n')
    printed = render(first)
    assert printed["services"]["web"]["command"] == ["$$HOME"]
    assert printed["services"]["web"]["labels"] == {"$$x": "y"}
    assert render(first, escape=False)["services"]["web"]["command"] == ["$HOME"]


def test_paths_start_from_the_project_and_from_home(service: Make) -> None:
    mounts = service("volumes: [~:/h, ~/a:/a, .:/b, ../c/./d:/e, 'C:\\x:/f', /g/:/g]")["volumes"]
    assert [mount["source"] for mount in mounts] == ["/home/me", "/home/me/a", "/project", "/c/d", "C:\\x", "/g/"]


def test_paths_stay_relative_if_asked_for(service: Make) -> None:
    assert service("volumes: [./a:/a]", resolve_paths=False)["volumes"][0]["source"] == "./a"


def test_variables_stay_if_asked_for(service: Make) -> None:
    keys = "ports: ['$P:80', 81, '$Q']\ntty: $T\nmem_limit: ${M:-1g}\nvolumes: ['${V:-/a}:/b']\nenvironment: [A=$B]"
    web = service(keys, interpolate=False, consistency=False)
    assert web["ports"] == ["$P:80", {"mode": "ingress", "protocol": "tcp", "target": 81}, "$Q"]
    assert web["volumes"][0]["source"] == "${V:-/a}"
    assert web["tty"] == "$T"
    assert web["environment"] == {"A": "$B"}
    assert web["mem_limit"] == "${M:-1g}"


def test_the_model_is_sorted(project: Callable[..., Project]) -> None:
    made = render(project("services:\n  b: {tty: true, image: x}\n  a: {image: x}\n"))

    def is_sorted(value: Any) -> bool:
        if isinstance(value, dict):
            return list(value) == sorted(value) and all(map(is_sorted, value.values()))
        return all(map(is_sorted, value)) if isinstance(value, list) else True

    assert list(made["services"]) == ["a", "b"]
    assert is_sorted(made)
