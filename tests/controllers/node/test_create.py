"""The create payload, field by field. The last test says that no field of the spec was forgotten."""

import re
from pathlib import Path
from typing import Any

import pytest

from fizz.controllers.node.create import connections, create_request
from fizz.controllers.node.engine import ApiVersion, Connection, Unsupported
from fizz.controllers.node.surroundings import Surroundings
from fizz.schemas.base import JSON
from fizz.schemas.container import ContainerSpec, NetworkAttachment

OLD: ApiVersion = (1, 41)
NEW: ApiVersion = (1, 51)
AROUND = Surroundings(
    name="blog-web-1",
    labels={"fizz.dev/uid": "u"},
    environment=[("A", "1"), ("B", ""), ("C", None)],
    networks={"front": "blog_front", "back": "blog_back", "default": "blog_default"},
    volumes={"data": "blog_data"},
    aliases=("web",),
)


def spec(**fields: Any) -> ContainerSpec:
    return ContainerSpec.load({"image": "busybox", **fields})


def made(version: ApiVersion = OLD, **fields: Any) -> JSON:
    around = Surroundings(
        AROUND.name,
        AROUND.labels,
        AROUND.environment,
        AROUND.networks,
        AROUND.volumes,
        aliases=AROUND.aliases,
        peers={"service:db": "abc"},
        links=["blog-db-1:db"],
        socket="/run/engine.sock",
        api_version=version,
    )
    return create_request(spec(**fields), around)[0].body


def at(body: JSON, path: str) -> Any:
    found: Any = body
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


BLOCK_RATE = {"Path": "/dev/sda", "Rate": 1024}
FIELDS: list[tuple[JSON, str, Any]] = [
    ({"image": "nginx:1"}, "Image", "nginx:1"),
    ({"entrypoint": ["/init"]}, "Entrypoint", ["/init"]),
    ({"entrypoint": []}, "Entrypoint", []),
    ({"command": ["serve", "-v"]}, "Cmd", ["serve", "-v"]),
    ({}, "Cmd", None),
    ({"workingDir": "/srv"}, "WorkingDir", "/srv"),
    ({"user": "1000:1000"}, "User", "1000:1000"),
    ({}, "Env", ["A=1", "B=", "C"]),
    ({}, "Labels", {"fizz.dev/uid": "u"}),
    ({"hostname": "h"}, "Hostname", "h"),
    ({"domainname": "example.com"}, "Domainname", "example.com"),
    ({"tty": True}, "Tty", True),
    ({"stdinOpen": True}, "OpenStdin", True),
    ({"stopSignal": "SIGQUIT"}, "StopSignal", "SIGQUIT"),
    ({"stopGracePeriod": "1m30s"}, "StopTimeout", 90),
    ({"stopGracePeriod": "1500ms"}, "StopTimeout", 2),
    ({"stopGracePeriod": "0"}, "StopTimeout", 0),
    ({}, "StopTimeout", None),
    ({"init": True}, "HostConfig.Init", True),
    ({"privileged": True}, "HostConfig.Privileged", True),
    ({"readOnly": True}, "HostConfig.ReadonlyRootfs", True),
    ({"capAdd": ["NET_ADMIN"]}, "HostConfig.CapAdd", ["CAP_NET_ADMIN"]),
    ({"capAdd": ["sys_time", "CAP_CHOWN", "SYS_TIME"]}, "HostConfig.CapAdd", ["CAP_CHOWN", "CAP_SYS_TIME"]),
    ({"capDrop": ["ALL"]}, "HostConfig.CapDrop", ["ALL"]),
    ({"groupAdd": ["audio"]}, "HostConfig.GroupAdd", ["audio"]),
    ({"securityOpt": ["no-new-privileges"]}, "HostConfig.SecurityOpt", ["no-new-privileges"]),
    ({"sysctls": {"net.core.somaxconn": "1024"}}, "HostConfig.Sysctls", {"net.core.somaxconn": "1024"}),
    (
        {"ulimits": [{"name": "nofile", "soft": 1024, "hard": -1}]},
        "HostConfig.Ulimits",
        [{"Name": "nofile", "Soft": 1024, "Hard": -1}],
    ),
    (
        {"extraHosts": [{"hostname": "db", "ip": "10.0.0.1"}, {"hostname": "up", "ip": "host-gateway"}]},
        "HostConfig.ExtraHosts",
        ["db:10.0.0.1", "up:host-gateway"],
    ),
    ({"dns": ["9.9.9.9"]}, "HostConfig.Dns", ["9.9.9.9"]),
    ({"dnsSearch": ["example.com"]}, "HostConfig.DnsSearch", ["example.com"]),
    ({"dnsOpt": ["ndots:2"]}, "HostConfig.DnsOptions", ["ndots:2"]),
    ({}, "HostConfig.RestartPolicy", None),
    ({"securityOpt": ["systempaths=unconfined"]}, "HostConfig.SecurityOpt", None),
    ({"securityOpt": ["systempaths=unconfined"]}, "HostConfig.MaskedPaths", []),
    ({"logging": {"driver": "none"}}, "HostConfig.LogConfig", {"Type": "none", "Config": {}}),
    ({"logging": {"options": {"tag": "x"}}}, "HostConfig.LogConfig", {"Type": "", "Config": {"tag": "x"}}),
    ({"tmpfs": {"/run": "size=1m", "/tmp": ""}}, "HostConfig.Tmpfs", {"/run": "size=1m", "/tmp": ""}),
    ({"ipc": "shareable"}, "HostConfig.IpcMode", "shareable"),
    ({"pid": "host"}, "HostConfig.PidMode", "host"),
    ({"pid": "service:db"}, "HostConfig.PidMode", "container:abc"),
    ({"ipc": "container:other"}, "HostConfig.IpcMode", "container:other"),
    ({"uts": "host"}, "HostConfig.UTSMode", "host"),
    ({"usernsMode": "host"}, "HostConfig.UsernsMode", "host"),
    ({"cgroup": "private"}, "HostConfig.CgroupnsMode", "private"),
    ({"cgroupParent": "p"}, "HostConfig.CgroupParent", "p"),
    ({"runtime": "runc"}, "HostConfig.Runtime", "runc"),
    ({"isolation": "default"}, "HostConfig.Isolation", "default"),
    ({"volumesFrom": [{"deployment": "db"}]}, "HostConfig.VolumesFrom", ["abc"]),
    ({"volumesFrom": [{"container": "far", "readOnly": True}]}, "HostConfig.VolumesFrom", ["far:ro"]),
    (
        {"devices": [{"source": "/dev/null", "target": "/dev/x", "permissions": "r"}, {"source": "/dev/zero"}]},
        "HostConfig.Devices",
        [
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"},
            {"PathOnHost": "/dev/zero", "PathInContainer": "/dev/zero", "CgroupPermissions": "rwm"},
        ],
    ),
    ({"deviceCgroupRules": ["c 1:3 r"]}, "HostConfig.DeviceCgroupRules", ["c 1:3 r"]),
    (
        {"deviceRequests": [{"count": -1, "capabilities": ["gpu"]}, {"driver": "cdi", "deviceIDs": ["v/c=0"]}]},
        "HostConfig.DeviceRequests",
        [{"Count": -1, "Capabilities": [["gpu"]]}, {"Driver": "cdi", "DeviceIDs": ["v/c=0"]}],
    ),
    ({"useApiSocket": True}, "HostConfig.Binds", ["/run/engine.sock:/var/run/docker.sock:rw"]),
    ({"cpuShares": 512}, "HostConfig.CpuShares", 512),
    ({"cpuPeriod": 50000}, "HostConfig.CpuPeriod", 50000),
    ({"cpuQuota": 25000}, "HostConfig.CpuQuota", 25000),
    ({"cpuRtPeriod": 5}, "HostConfig.CpuRealtimePeriod", 5),
    ({"cpuRtRuntime": 4}, "HostConfig.CpuRealtimeRuntime", 4),
    ({"cpuset": "0-1"}, "HostConfig.CpusetCpus", "0-1"),
    ({"cpuCount": 2}, "HostConfig.CpuCount", 2),
    ({"cpuPercent": 50}, "HostConfig.CpuPercent", 50),
    ({"memswapLimit": -1}, "HostConfig.MemorySwap", -1),
    ({"memSwappiness": 10}, "HostConfig.MemorySwappiness", 10),
    ({"oomKillDisable": True}, "HostConfig.OomKillDisable", True),
    ({"oomScoreAdj": -5}, "HostConfig.OomScoreAdj", -5),
    ({"shmSize": "8Mi"}, "HostConfig.ShmSize", 8_388_608),
    ({"storageOpt": {"size": "1G"}}, "HostConfig.StorageOpt", {"size": "1G"}),
    ({"blkioConfig": {"weight": 300}}, "HostConfig.BlkioWeight", 300),
    (
        {"blkioConfig": {"weightDevice": [{"path": "/dev/sda", "weight": 9}]}},
        "HostConfig.BlkioWeightDevice",
        [{"Path": "/dev/sda", "Weight": 9}],
    ),
    *(
        ({"blkioConfig": {field: [{"path": "/dev/sda", "rate": 1024}]}}, f"HostConfig.{key}", [BLOCK_RATE])
        for field, key in (
            ("deviceReadBps", "BlkioDeviceReadBps"),
            ("deviceWriteBps", "BlkioDeviceWriteBps"),
            ("deviceReadIops", "BlkioDeviceReadIOps"),
            ("deviceWriteIops", "BlkioDeviceWriteIOps"),
        )
    ),
    ({"networkMode": "service:db"}, "HostConfig.NetworkMode", "container:abc"),
    ({"networkMode": "bridge"}, "HostConfig.Links", ["blog-db-1:db"]),
    ({"networkMode": "host"}, "HostConfig.Links", None),
    ({"networks": [{"name": "front"}]}, "HostConfig.Links", None),
    ({"networks": [{"name": "front"}]}, "NetworkingConfig.EndpointsConfig.blog_front.Links", ["blog-db-1:db"]),
    ({}, "AttachStdout", True),
    ({}, "AttachStderr", True),
    ({"restartPolicy": {"name": "always"}}, "HostConfig.RestartPolicy", {"Name": "always", "MaximumRetryCount": 0}),
    (
        {"restartPolicy": {"name": "on-failure", "maximumRetryCount": 3}},
        "HostConfig.RestartPolicy",
        {"Name": "on-failure", "MaximumRetryCount": 3},
    ),
    ({"resources": {"limits": {"cpu": "500m"}}}, "HostConfig.NanoCpus", 500_000_000),
    ({"resources": {"limits": {"cpu": 1.5}}}, "HostConfig.NanoCpus", 1_500_000_000),
    ({"resources": {"limits": {"memory": "64Mi"}}}, "HostConfig.Memory", 67_108_864),
    ({"resources": {"limits": {"pids": 100}}}, "HostConfig.PidsLimit", 100),
    ({"resources": {"requests": {"cpu": "0.25"}}}, "HostConfig.CpuShares", None),
    ({"resources": {"requests": {"memory": "1G"}}}, "HostConfig.MemoryReservation", 1_000_000_000),
    ({"healthcheck": {"test": ["NONE"]}}, "Healthcheck", {"Test": ["NONE"]}),
    (
        {
            "healthcheck": {
                "test": ["CMD", "true"],
                "interval": "5s",
                "timeout": "300ms",
                "retries": 5,
                "startPeriod": "1m",
            }
        },
        "Healthcheck",
        {
            "Test": ["CMD", "true"],
            "Interval": 5_000_000_000,
            "Timeout": 300_000_000,
            "Retries": 5,
            "StartPeriod": 60_000_000_000,
        },
    ),
    ({"healthcheck": {"interval": "5s"}}, "Healthcheck", {"Interval": 5_000_000_000}),
    ({}, "Healthcheck", None),
    ({}, "HostConfig.NetworkMode", "default"),
    ({"networkMode": "host"}, "HostConfig.NetworkMode", "host"),
    ({"networkMode": "container:elsewhere"}, "HostConfig.NetworkMode", "container:elsewhere"),
    ({"networks": [{"name": "front"}]}, "HostConfig.NetworkMode", "blog_front"),
]


@pytest.mark.parametrize(
    ("fields", "path", "wanted"), FIELDS, ids=[f"{path}-{index}" for index, (_, path, _) in enumerate(FIELDS)]
)
def test_a_field_ends_up_where_the_engine_reads_it(fields: JSON, path: str, wanted: object) -> None:
    assert at(made(**fields), path) == wanted


def test_name_and_platform_go_beside_the_payload() -> None:
    request, warnings = create_request(spec(platform="linux/arm64"), AROUND)

    assert (request.name, request.platform, request.connect, warnings) == ("blog-web-1", "linux/arm64", (), ())


PORTS: list[tuple[str, JSON, Any]] = [
    ("only exposed", {"containerPort": 80}, None),
    ("any free port", {"containerPort": 80, "publish": True}, [{"HostIp": "", "HostPort": ""}]),
    ("a port", {"containerPort": 80, "hostPort": 8080}, [{"HostIp": "", "HostPort": "8080"}]),
    ("not published", {"containerPort": 80, "hostPort": 8080, "publish": False}, None),
    (
        "a range",
        {"containerPort": 80, "hostPort": 8080, "hostPortEnd": 8090},
        [{"HostIp": "", "HostPort": "8080-8090"}],
    ),
    (
        "a range of one",
        {"containerPort": 80, "hostPort": 8080, "hostPortEnd": 8080},
        [{"HostIp": "", "HostPort": "8080"}],
    ),
    (
        "an address",
        {"containerPort": 80, "hostPort": 8080, "hostIP": "127.0.0.1"},
        [{"HostIp": "127.0.0.1", "HostPort": "8080"}],
    ),
]


@pytest.mark.parametrize(("port", "wanted"), [row[1:] for row in PORTS], ids=[row[0] for row in PORTS])
def test_a_port_is_exposed_and_published(port: JSON, wanted: object) -> None:
    body = made(ports=[port])

    assert body["ExposedPorts"] == {"80/tcp": {}}
    assert body["HostConfig"]["PortBindings"].get("80/tcp") == wanted


def test_one_port_can_be_published_twice_and_over_udp() -> None:
    ports = [
        {"containerPort": 53, "hostPort": 53},
        {"containerPort": 53, "hostPort": 1053},
        {"containerPort": 53, "hostPort": 53, "protocol": "udp"},
    ]
    body = made(ports=ports)

    assert body["ExposedPorts"] == {"53/tcp": {}, "53/udp": {}}
    assert [each["HostPort"] for each in body["HostConfig"]["PortBindings"]["53/tcp"]] == ["53", "1053"]


NETWORKS = [
    {"name": "back"},
    {
        "name": "front",
        "priority": 10,
        "aliases": ["www"],
        "ipv4Address": "10.0.0.2",
        "ipv6Address": "fd00::2",
        "linkLocalIPs": ["169.254.1.1"],
        "driverOpts": {"a": "b"},
    },
]
FRONT = {
    "Aliases": ["blog-web-1", "web", "www"],
    "IPAMConfig": {"IPv4Address": "10.0.0.2", "IPv6Address": "fd00::2", "LinkLocalIPs": ["169.254.1.1"]},
    "DriverOpts": {"a": "b"},
}


def test_an_old_engine_creates_in_the_first_network_and_the_others_are_joined() -> None:
    request, _ = create_request(spec(networks=NETWORKS), AROUND)

    assert request.body["HostConfig"]["NetworkMode"] == "blog_front"
    assert request.body["NetworkingConfig"] == {"EndpointsConfig": {"blog_front": FRONT}}
    assert request.connect == (Connection("blog_back", {"Aliases": ["blog-web-1", "web"]}),)


def test_a_new_engine_creates_in_all_networks() -> None:
    around = Surroundings("blog-web-1", networks=AROUND.networks, aliases=("web",), api_version=NEW)

    request, _ = create_request(spec(networks=NETWORKS), around)

    assert request.body["NetworkingConfig"]["EndpointsConfig"] == {
        "blog_front": FRONT,
        "blog_back": {"Aliases": ["blog-web-1", "web"]},
    }
    assert request.connect == ()
    assert [each.network for each in connections(spec(networks=NETWORKS), around)] == ["blog_front", "blog_back"]


def test_a_mac_address_goes_where_the_engine_looks_for_it() -> None:
    networks = [{"name": "front", "macAddress": "02:42:ac:11:00:02"}]

    old, new = made(OLD, networks=networks), made(NEW, networks=networks)

    assert old["MacAddress"] == "02:42:ac:11:00:02"
    assert "MacAddress" not in new
    assert new["NetworkingConfig"]["EndpointsConfig"]["blog_front"]["MacAddress"] == "02:42:ac:11:00:02"


def test_what_new_engines_know_of_networks_is_told_to_them() -> None:
    body = made(NEW, networks=[{"name": "front", "gwPriority": 5, "interfaceName": "eth7"}])

    endpoint = body["NetworkingConfig"]["EndpointsConfig"]["blog_front"]
    assert endpoint["GwPriority"] == 5
    assert endpoint["DriverOpts"] == {"com.docker.network.endpoint.ifname": "eth7"}


def test_a_start_interval_is_told_to_engines_that_know_it() -> None:
    body = made(NEW, healthcheck={"startInterval": "1s"})

    assert body["Healthcheck"] == {"StartInterval": 1_000_000_000}


def test_the_network_of_another_container_goes_by_its_id() -> None:
    around = Surroundings("web", peers={"container:main": "abc"})

    assert (
        create_request(spec(networkMode="container:main"), around)[0].body["HostConfig"]["NetworkMode"]
        == "container:abc"
    )


def test_windows_things_are_a_warning_that_names_them() -> None:
    _, warnings = create_request(spec(credentialSpec={"file": "x"}, cpuCount=1, cpuPercent=2), AROUND)

    assert [each.split()[0] for each in warnings] == ["credentialSpec", "cpuCount", "cpuPercent"]


def test_an_engine_that_listens_on_no_socket_cannot_give_it_away() -> None:
    with pytest.raises(Unsupported, match="useApiSocket"):
        create_request(spec(useApiSocket=True), AROUND)


def test_annotations_go_to_engines_that_know_them() -> None:
    assert made(NEW, annotations={"a": "b"})["HostConfig"]["Annotations"] == {"a": "b"}


def test_with_a_network_mode_no_network_is_joined() -> None:
    body = made(networkMode="host", networks=[{"name": "front"}])

    assert body["NetworkingConfig"] == {"EndpointsConfig": {}}


WARNINGS: list[tuple[str, JSON]] = [
    ("startInterval", {"healthcheck": {"test": ["CMD", "true"], "startInterval": "1s"}}),
    ("gwPriority", {"networks": [{"name": "front", "gwPriority": 1}]}),
    ("requests.pids", {"resources": {"requests": {"pids": 5}}}),
    (
        "createHostPath",
        {
            "mounts": [
                {"type": "bind", "source": "/a", "target": "/a", "bind": {"selinux": "z", "createHostPath": False}},
            ]
        },
    ),
]


@pytest.mark.parametrize(("named", "fields"), WARNINGS, ids=[row[0] for row in WARNINGS])
def test_what_an_old_engine_does_less_well_is_a_warning_that_names_it(named: str, fields: JSON) -> None:
    _, warnings = create_request(spec(**fields), AROUND)

    assert len(warnings) == 1
    assert named in warnings[0]


ERRORS: list[tuple[str, JSON]] = [
    ("networks[front].interfaceName", {"networks": [{"name": "front", "interfaceName": "eth7"}]}),
    (
        "networks[back].macAddress",
        {"networks": [{"name": "front"}, {"name": "back", "macAddress": "02:42:ac:11:00:02"}]},
    ),
    ("mounts[/x].type: image", {"mounts": [{"type": "image", "source": "i", "target": "/x"}]}),
    ("mounts[/x].type: cluster", {"mounts": [{"type": "cluster", "source": "i", "target": "/x"}]}),
    (
        "mounts[/x].volume.subpath",
        {"mounts": [{"type": "volume", "source": "data", "target": "/x", "volume": {"subpath": "y"}}]},
    ),
    (
        "mounts[/x].bind.recursive: readonly",
        {"mounts": [{"type": "bind", "source": "/y", "target": "/x", "bind": {"recursive": "readonly"}}]},
    ),
]


@pytest.mark.parametrize(("named", "fields"), ERRORS, ids=[row[0] for row in ERRORS])
def test_what_an_old_engine_cannot_do_is_an_error_that_names_it(named: str, fields: JSON) -> None:
    with pytest.raises(Unsupported, match=re.escape(named)):
        create_request(spec(**fields), AROUND)


def test_no_field_of_the_spec_is_forgotten() -> None:
    elsewhere = {"container_name", "pull_policy", "env", "labels", "secrets", "configs", "node_name", "links"}
    elsewhere |= {"desired_state", "image_id", "post_start", "pre_stop", "restart_unhealthy"}
    elsewhere |= {"readiness_probe", "liveness_probe", "startup_probe"}
    folder = Path(__file__).parents[3] / "controllers" / "node"
    code = "".join((folder / name).read_text() for name in ("create.py", "create_limits.py", "create_networks.py"))

    fields = set(ContainerSpec.model_fields) - elsewhere
    unread = {name for name in fields if not re.search(rf"\bspec\.{name}\b", code)}
    unread |= {name for name in NetworkAttachment.model_fields if not re.search(rf"\beach\.{name}\b", code)}

    assert unread == set()
