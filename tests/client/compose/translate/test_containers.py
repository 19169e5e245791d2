"""Every key of a service that is honoured reaches the ContainerSpec."""

import posixpath
from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project, translate
from fizz.schemas.names import to_name

Make = Callable[..., Project]


@pytest.fixture
def spec(project: Make) -> Callable[..., dict[str, Any]]:
    """`spec(keys of the service, rest of the file, files)` -> its ContainerSpec as it goes over the wire."""

    def make(keys: str, rest: str = "", *arguments: Any) -> dict[str, Any]:
        lines = "".join(f"    {line}\n" for line in keys.splitlines())
        made = project(f"services:\n  web:\n    image: x\n{lines}{rest}", *arguments)
        (deployment,) = [item for item in translate(made) if item.kind == "Deployment"]
        found: dict[str, Any] = deployment.dump()["spec"]["template"]["spec"]
        return found

    return make


NETWORKS = [{"name": "default", "aliases": ["web"]}]
DATA = {"type": "volume", "source": "data", "target": "/d"}
HOST = {"uts": "host", "usernsMode": "host"}
RUNC = {"runtime": "runc"}
LOG_OPTIONS = {"max-file": "2", "x": ""}
LINKS = [{"container": "a", "alias": "a"}, {"container": "b", "alias": "c"}]
VOLUMES_FROM = [{"container": "a"}, {"container": "b", "readOnly": True}]


def test_a_plain_service(spec: Callable[..., dict[str, Any]]) -> None:
    assert spec("") == {"image": "x", "networks": NETWORKS}


@pytest.mark.parametrize(
    ("keys", "form"),
    [
        ("command: a b\nentrypoint: [e]", {"command": ["a", "b"], "entrypoint": ["e"]}),
        (
            "environment: [B=2, A=, NOPE, FOO]",
            {
                "env": [
                    {"name": "A", "value": ""},
                    {"name": "B", "value": "2"},
                    {"name": "FOO", "value": "foo"},
                    {"name": "NOPE", "unset": True},
                ]
            },
        ),
        ("labels: {b: 1, a: 2}", {"labels": {"a": "2", "b": "1"}}),
        (
            "ports: ['8080:80', '127.0.0.1:9000-9001:53/udp', 443]\nexpose: ['80', 81-82]",
            {
                "ports": [
                    {"containerPort": 80, "protocol": "tcp", "publish": True, "hostPort": 8080},
                    {
                        "containerPort": 53,
                        "protocol": "udp",
                        "publish": True,
                        "hostPort": 9000,
                        "hostPortEnd": 9001,
                        "hostIP": "127.0.0.1",
                    },
                    {"containerPort": 443, "protocol": "tcp", "publish": True},
                    {"containerPort": 81, "protocol": "tcp"},
                    {"containerPort": 82, "protocol": "tcp"},
                ]
            },
        ),
        (
            "ports: [{target: 80, published: 0, name: web, app_protocol: http, mode: host}]",
            {
                "ports": [
                    {
                        "containerPort": 80,
                        "protocol": "tcp",
                        "publish": True,
                        "name": "web",
                        "appProtocol": "http",
                        "mode": "host",
                    }
                ]
            },
        ),
        (
            "volumes: [./a:/a:ro, '/b:/b:z,rshared', "
            "{type: bind, source: /c, target: /c, bind: {create_host_path: false}}]",
            {
                "mounts": [
                    {
                        "type": "bind",
                        "source": "/project/a",
                        "target": "/a",
                        "readOnly": True,
                        "bind": {"createHostPath": True},
                    },
                    {
                        "type": "bind",
                        "source": "/b",
                        "target": "/b",
                        "bind": {"createHostPath": True, "propagation": "rshared", "selinux": "z"},
                    },
                    {"type": "bind", "source": "/c", "target": "/c", "bind": {"createHostPath": False}},
                ]
            },
        ),
        (
            "volumes: [/data, {type: volume, target: /v, volume: {nocopy: true, labels: [a=b]}}]",
            {
                "mounts": [
                    {"type": "volume", "target": "/data"},
                    {"type": "volume", "target": "/v", "volume": {"nocopy": True, "labels": {"a": "b"}}},
                ]
            },
        ),
        (
            "tmpfs: ['/run:size=64m,noexec', /tmp]\n"
            "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1k, mode: 0700}}]",
            {
                "mounts": [{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1Ki", "mode": 0o700}}],
                "tmpfs": {"/run": "size=64m,noexec", "/tmp": ""},
            },
        ),
        (
            "volumes: [{type: image, source: alpine, target: /i, image: {subpath: etc}}]",
            {"mounts": [{"type": "image", "source": "alpine", "target": "/i", "volume": {"subpath": "etc"}}]},
        ),
        ("network_mode: none", {"networkMode": "none", "networks": ...}),
        ("network_mode: ''", {"networkMode": "none", "networks": ...}),
        (
            "healthcheck: {test: curl, interval: 90s, retries: 2}",
            {"healthcheck": {"test": ["CMD-SHELL", "curl"], "interval": "1m30s", "retries": 2}},
        ),
        ("healthcheck: {disable: true, test: x}", {"healthcheck": {"test": ["NONE"]}}),
        ("restart: always", {"restartPolicy": {"name": "always"}}),
        ("restart: 'no'", {"restartPolicy": {"name": "no"}}),
        ("restart: on-failure:3", {"restartPolicy": {"name": "on-failure", "maximumRetryCount": 3}}),
        (
            "deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}",
            {"restartPolicy": {"name": "on-failure", "maximumRetryCount": 2}},
        ),
        ("restart: 'no'\ndeploy: {restart_policy: {condition: any}}", {"restartPolicy": {"name": "always"}}),
        (
            "mem_limit: 64m\nmem_reservation: 32m\ncpus: 0.5\npids_limit: 9",
            {
                "resources": {
                    "limits": {"cpu": "0.5", "memory": "64Mi", "pids": 9},
                    "requests": {"memory": "32Mi"},
                }
            },
        ),
        (
            "deploy: {resources: {limits: {cpus: '2', memory: 1g, pids: 5}, "
            "reservations: {cpus: '0.25', memory: 1000b}}}",
            {
                "resources": {
                    "limits": {"cpu": "2", "memory": "1Gi", "pids": 5},
                    "requests": {"cpu": "0.25", "memory": "1000"},
                }
            },
        ),
        ("stop_signal: SIGINT\nstop_grace_period: 90s", {"stopSignal": "SIGINT", "stopGracePeriod": "1m30s"}),
        (
            "init: false\ntty: true\nstdin_open: true\nprivileged: true\nread_only: true",
            {"init": False, "tty": True, "stdinOpen": True, "privileged": True, "readOnly": True},
        ),
        (
            "user: '1'\nworking_dir: /w\nhostname: h\ndomainname: d\nplatform: linux/amd64\ncontainer_name: cc",
            {
                "user": "1",
                "workingDir": "/w",
                "hostname": "h",
                "domainname": "d",
                "platform": "linux/amd64",
                "containerName": "cc",
            },
        ),
        (
            "cap_add: [A]\ncap_drop: [B]\ngroup_add: [1]\nsecurity_opt: [s]\nsysctls: [a=1]",
            {"capAdd": ["A"], "capDrop": ["B"], "groupAdd": ["1"], "securityOpt": ["s"], "sysctls": {"a": "1"}},
        ),
        ("dns: 1.1.1.1\ndns_search: [a]\ndns_opt: [o]", {"dns": ["1.1.1.1"], "dnsSearch": ["a"], "dnsOpt": ["o"]}),
        (
            "ulimits: {nproc: {soft: 1, hard: 2}, core: 3}",
            {"ulimits": [{"name": "core", "soft": 3, "hard": 3}, {"name": "nproc", "soft": 1, "hard": 2}]},
        ),
        (
            "extra_hosts: ['b:1.1.1.1', 'a=host-gateway']",
            {"extraHosts": [{"hostname": "a", "ip": "host-gateway"}, {"hostname": "b", "ip": "1.1.1.1"}]},
        ),
        ("pull_policy: always", {"pullPolicy": "always"}),
        ("pull_policy: every_3h", {"pullPolicy": "every_3h"}),
        ("pull_policy: refresh", {"pullPolicy": "always"}),
        ("pull_policy: refresh\npull_refresh_after: 1h30m", {"pullPolicy": "every_1h30m"}),
        ("pull_policy: daily\npull_refresh_after: 12h", {"pullPolicy": "daily"}),
        ("volumes: ['data:/d:z']", {"mounts": [{**DATA, "bind": {"selinux": "z"}}]}),
        ("annotations: {a: 1}\nuts: host\nuserns_mode: host", {"annotations": {"a": "1"}, **HOST}),
        ("cgroup: private\ncgroup_parent: p\nruntime: runc", {"cgroup": "private", "cgroupParent": "p", **RUNC}),
        ("isolation: default\ncredential_spec: {file: f}", {"isolation": "default", "credentialSpec": {"file": "f"}}),
        ("logging: {driver: d, options: {max-file: 2, x: }}", {"logging": {"driver": "d", "options": LOG_OPTIONS}}),
        ("ipc: shareable\npid: host", {"ipc": "shareable", "pid": "host"}),
        ("external_links: [a, 'b:c']", {"links": LINKS}),
        ("volumes_from: ['container:a', 'container:b:ro']", {"volumesFrom": VOLUMES_FROM}),
        ("storage_opt: {size: 1}\nshm_size: 8m", {"storageOpt": {"size": "1"}, "shmSize": "8Mi"}),
        ("cpu_shares: 1\ncpu_quota: 2\ncpu_period: 3", {"cpuShares": 1, "cpuQuota": 2, "cpuPeriod": 3}),
        ("cpu_rt_period: 1\ncpu_rt_runtime: 2\ncpuset: '0'", {"cpuRtPeriod": 1, "cpuRtRuntime": 2, "cpuset": "0"}),
        ("cpu_count: 1\ncpu_percent: 2", {"cpuCount": 1, "cpuPercent": 2}),
        ("memswap_limit: -1\nmem_swappiness: 9", {"memswapLimit": "-1", "memSwappiness": 9}),
        ("oom_kill_disable: true\noom_score_adj: 7", {"oomKillDisable": True, "oomScoreAdj": 7}),
        (
            "devices: [/dev/a, '/dev/b:/dev/c:r', 'vendor.com/class=one']\ndevice_cgroup_rules: ['c 1:3 r']",
            {
                "devices": [
                    {"source": "/dev/a", "target": "/dev/a", "permissions": "rwm"},
                    {"source": "/dev/b", "target": "/dev/c", "permissions": "r"},
                ],
                "deviceCgroupRules": ["c 1:3 r"],
                "deviceRequests": [{"driver": "cdi", "deviceIDs": ["vendor.com/class=one"]}],
            },
        ),
        (
            "gpus: [{driver: d, device_ids: [a], options: {o: 1}}]\n"
            "deploy: {resources: {reservations: {devices: [{capabilities: [x], count: 2}]}}}",
            {
                "deviceRequests": [
                    {"capabilities": ["x"], "count": 2},
                    {"driver": "d", "deviceIDs": ["a"], "capabilities": ["gpu"], "options": {"o": "1"}},
                ]
            },
        ),
        (
            "blkio_config: {weight: 3, weight_device: [{path: /d, weight: 4}], "
            "device_read_bps: [{path: /d, rate: 1mb}], device_write_iops: [{path: /d, rate: 5}]}",
            {
                "blkioConfig": {
                    "weight": 3,
                    "weightDevice": [{"path": "/d", "weight": 4}],
                    "deviceReadBps": [{"path": "/d", "rate": "1Mi"}],
                    "deviceWriteIops": [{"path": "/d", "rate": 5}],
                }
            },
        ),
        (
            "deploy: {resources: {reservations: {generic_resources: "
            "[{discrete_resource_spec: {kind: ssd, value: 2}}]}}}",
            {"resources": {"requests": {"genericResources": [{"kind": "ssd", "value": 2}]}}},
        ),
        (
            "post_start: [{command: a b, user: u, privileged: true, working_dir: /w, environment: [A=1]}]\n"
            "pre_stop: [{command: [c]}]",
            {
                "postStart": [
                    {
                        "command": ["a", "b"],
                        "user": "u",
                        "privileged": True,
                        "workingDir": "/w",
                        "env": [{"name": "A", "value": "1"}],
                    }
                ],
                "preStop": [{"command": ["c"]}],
            },
        ),
        ("mac_address: 02:42:ac:11:65:43", {"networks": [{**NETWORKS[0], "macAddress": "02:42:ac:11:65:43"}]}),
    ],
    ids=lambda each: each.split("\n")[0][:60] if isinstance(each, str) else "",
)
def test_keys(spec: Callable[..., dict[str, Any]], keys: str, form: dict[str, Any]) -> None:
    expected = {key: value for key, value in {"networks": NETWORKS, **form}.items() if value is not ...}
    assert spec(keys, "volumes: {data: }\n") == {"image": "x", **expected}


def test_networks_are_joined_by_name_with_the_service_as_alias(spec: Callable[..., dict[str, Any]]) -> None:
    keys = (
        "networks: {front: {aliases: [w, web], ipv4_address: 10.0.0.5, priority: 3, driver_opts: {a: 1}, "
        "link_local_ips: [169.254.1.1], gw_priority: 1, interface_name: e1, ipv6_address: '::5'}, Back_End: }\n"
        "mac_address: 02:42:ac:11:65:43"
    )
    assert spec(keys, "networks: {front: , Back_End: }\n")["networks"] == [
        {"name": to_name("Back_End"), "aliases": ["web"]},
        {
            "name": "front",
            "aliases": ["web", "w"],
            "ipv4Address": "10.0.0.5",
            "ipv6Address": "::5",
            "linkLocalIPs": ["169.254.1.1"],
            "macAddress": "02:42:ac:11:65:43",
            "driverOpts": {"a": "1"},
            "interfaceName": "e1",
            "priority": 3,
            "gwPriority": 1,
        },
    ]


def test_secrets_and_configs_become_files(spec: Callable[..., dict[str, Any]]) -> None:
    keys = (
        "secrets: [a, {source: B_c, target: rel, uid: '1', gid: '2', mode: 0440}, {source: ext, target: /x}]\n"
        "configs: [k, {source: l, target: /etc/l, mode: '0400'}]"
    )
    rest = (
        "secrets: {a: {file: f}, B_c: {environment: FOO}, ext: {external: true, name: Shared}}\n"
        "configs: {k: {content: x}, l: {external: true}}\n"
    )
    found = spec(keys, rest, {"f": "1"})
    assert found["secrets"] == [
        {"name": "a", "key": "a", "target": "/run/secrets/a"},
        {"name": to_name("B_c"), "key": "B_c", "target": "/run/secrets/rel", "uid": "1", "gid": "2", "mode": 0o440},
        {"name": to_name("Shared"), "key": "Shared", "target": "/x"},
    ]
    assert found["configs"] == [
        {"name": "k", "key": "k", "target": "/k"},
        {"name": "l", "key": "l", "target": "/etc/l", "mode": 0o400},
    ]
    assert all(posixpath.isabs(item["target"]) for item in found["secrets"])


def test_other_services_are_named_by_their_deployments(project: Make) -> None:
    text = """
    services:
      web: {image: x, network_mode: "service:d_b", ipc: "service:d_b", pid: "service:d_b", volumes_from: ["d_b:ro"]}
      app: {image: x, links: [d_b, "d_b:data"]}
      d_b: {image: y}
    """
    made = {item.name: item.dump() for item in translate(project(text)) if item.kind == "Deployment"}
    web, app = (made[name]["spec"]["template"]["spec"] for name in ("web", "app"))
    db = to_name("d_b")

    assert (web["networkMode"], web["ipc"], web["pid"]) == (f"service:{db}",) * 3
    assert web["volumesFrom"] == [{"deployment": db, "readOnly": True}]
    assert app["links"] == [{"deployment": db, "alias": "d_b"}, {"deployment": db, "alias": "data"}]


def test_a_service_that_is_only_built_runs_the_image_that_compose_would_build(project: Make) -> None:
    (deployment,) = [
        item.dump() for item in translate(project("services: {web: {build: .}}")) if item.kind == "Deployment"
    ]
    spec = deployment["spec"]["template"]["spec"]
    assert (spec["image"], spec["pullPolicy"]) == ("project-web", "build")
