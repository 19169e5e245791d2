"""What a container is made of: the keys that services, one-off hooks and jobs have in common."""

import re
from typing import Any, Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import (
    Amount,
    Bytes,
    Duration,
    Flag,
    Key,
    ListOf,
    Loose,
    MapOf,
    Pairs,
    Reader,
    Shape,
    Table,
    Text,
    Whole,
    refused,
    yes,
)
from fizz.client.compose.shapes.base import JSON
from fizz.client.compose.spec.commands import Command, TestCommand
from fizz.client.compose.spec.devices import BLKIO, DEVICES, GPUS
from fizz.client.compose.spec.environment import ENV_FILES, LABEL_FILES
from fizz.client.compose.spec.files import GRANTED_CONFIGS, GRANTED_SECRETS, NAMES
from fizz.client.compose.spec.hosts import Hosts
from fizz.client.compose.spec.ulimits import ULIMITS
from fizz.client.compose.spec.volumes import MOUNTS

__all__ = ["CONTAINER", "HEALTHCHECK", "WORKLOAD"]

_ENVIRONMENT: Final = Pairs(absent=None, tight=True)
_STRINGS: Final = ListOf(Text())
_DISTINCT: Final = ListOf(Text(), duplicates="error")
_PULL_POLICY: Final = r"^(always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+)$"


# domain/path:tag@digest, by the grammar of references (distribution/reference, regexp.go); no name at all is told
# elsewhere.
_IMAGE: Final = (
    r"^$|^(?:(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9][a-zA-Z0-9-]*)*)(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?(?:@[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,})?$"
)


class _PullPolicy(Text):
    """`if_not_present` is the old word for `missing`."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        text = super().read(node, path, reader)
        return text.with_value("missing") if text and text.value == "if_not_present" else text


class _Logging(Table):
    """A log driver and its options. Options of two files are merged if they speak of the same driver."""

    yields = False

    def merge(self, base: Node, over: Node) -> Node:
        old, new = base.get("driver"), over.get("driver")
        if old is not None and new is not None and old.value != new.value:
            return over
        return super().merge(base, over)


class _Texts(ListOf):
    """One or several texts; an empty one says nothing."""

    def dump(self, node: Node) -> Any:
        return [child.value for child in node.items() if child.value != ""]


class _Expose(Shape):
    """A port that containers of the same networks reach, or a range, with a protocol."""

    _FORM: Final = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(/(tcp|udp|sctp))?", re.IGNORECASE)

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        port = Loose(whole=True).read(node, path, reader)
        if port is not None and not reader.as_written(port) and not self._FORM.fullmatch(str(port.value)):
            reader.refuse(node, path, f'must be a port like 80, 80-90 or 53/udp, not "{port.value}"')
        return port

    def schema(self) -> JSON:
        return {"type": ["string", "integer"]}


_ATTACHMENT: Final = Table(
    {
        "aliases": yes(_STRINGS, "further names in the network"),
        "interface_name": yes(Text(), "name of the interface", since="28.1"),
        "ipv4_address": yes(Text(), "fixed address"),
        "ipv6_address": yes(Text(), "fixed address"),
        "link_local_ips": yes(_STRINGS, "link-local addresses"),
        "mac_address": yes(Text(), "fixed MAC address"),
        "driver_opts": yes(MapOf(Loose()), "options for the network's driver"),
        "priority": yes(Whole(floats=True, strings=False), "order of attachment"),
        "gw_priority": yes(Whole(floats=True, strings=False), "which network is the gateway", since="28.0"),
    },
    nullable=True,
)

HEALTHCHECK: Final = Table(
    {
        "disable": yes(Flag(), "no check, even if the image has one"),
        "interval": yes(Duration(), "time between checks", keep=True),
        "retries": yes(Whole(0, floats=True), "failures that make it unhealthy", keep=True),
        "test": yes(TestCommand(), "command of the check"),
        "timeout": yes(Duration(), "time after which a check has failed", keep=True),
        "start_period": yes(Duration(), "time in which failures do not count", keep=True),
        "start_interval": yes(Duration(), "time between checks in the start period", keep=True, since="25.0"),
    }
)

_CREDENTIALS: Final = Table(
    {
        "config": yes(Text(), "name of a config"),
        "file": yes(Text(), "file in the engine's folder"),
        "registry": yes(Text(), "value in the registry of the host"),
    }
)
_MODEL_BINDING: Final = Table({"endpoint_var": yes(Text()), "model_var": yes(Text())}, nullable=True)


def _nothing(node: Node) -> Node:
    return Node(None, node.file, node.line, node.column)


CONTAINER: Final[dict[str, Key]] = {
    "annotations": yes(Pairs(), "annotations", since="24.0"),
    "blkio_config": yes(BLKIO, "blkioConfig", keep=True),
    "cap_add": yes(_STRINGS, "capAdd"),
    "cap_drop": yes(_STRINGS, "capDrop"),
    "cgroup": yes(Text(choices=("host", "private")), "cgroup"),
    "cgroup_parent": yes(Text(), "cgroupParent"),
    "command": yes(Command(), "command", keep=True),
    "configs": yes(GRANTED_CONFIGS),
    "cpu_count": yes(Whole(0), "cpuCount; Windows"),
    "cpu_percent": yes(Whole(0, 100), "cpuPercent; Windows"),
    "cpu_shares": yes(Whole(floats=True), "cpuShares"),
    "cpu_quota": yes(Whole(floats=True), "cpuQuota"),
    "cpu_period": yes(Whole(floats=True), "cpuPeriod"),
    "cpu_rt_period": yes(Whole(floats=True), "cpuRtPeriod"),
    "cpu_rt_runtime": yes(Whole(floats=True), "cpuRtRuntime"),
    "cpus": yes(Amount(single=True), "resources.limits.cpu"),
    "cpuset": yes(Text(), "cpuset"),
    "credential_spec": yes(_CREDENTIALS, "credentialSpec; Windows", keep=True),
    "device_cgroup_rules": yes(_DISTINCT, "deviceCgroupRules"),
    "devices": yes(DEVICES, "devices; those with a CDI name are deviceRequests"),
    "dns": yes(_Texts(Text(), single=True), "dns"),
    "dns_opt": yes(_STRINGS, "dnsOpt"),
    "dns_search": yes(ListOf(Text(), single=True, kept=True), "dnsSearch"),
    "domainname": yes(Text(), "domainname"),
    "entrypoint": yes(Command(), "entrypoint", keep=True),
    "env_file": yes(ENV_FILES, "read when the project is loaded"),
    "label_file": yes(LABEL_FILES, "read when the project is loaded"),
    "environment": yes(_ENVIRONMENT, "env; a name without value takes it from the environment"),
    "extra_hosts": yes(Hosts(), "extraHosts"),
    "gpus": yes(GPUS, "deviceRequests with the capability gpu"),
    "group_add": yes(ListOf(Loose(whole=True), duplicates="error"), "groupAdd"),
    "hostname": yes(Text(), "hostname"),
    "image": yes(
        Text(runs=_IMAGE, form="the name of an image like nginx:1.27 or registry.example.org/team/app:v2"), "image"
    ),
    "init": yes(Flag(), "init", keep=True),
    "ipc": yes(Text(), "ipc; service:NAME is the first container of that service"),
    "isolation": yes(Text(), "isolation; Windows"),
    "labels": yes(Pairs(), "labels of the engine's container"),
    "logging": yes(
        _Logging({"driver": yes(Text(), "log driver"), "options": yes(MapOf(Loose(null="")), "options of the driver")}),
        "logging",
        keep=True,
    ),
    "mac_address": yes(Text(), "macAddress of the first network"),
    "mem_limit": yes(Bytes(), "resources.limits.memory"),
    "mem_reservation": yes(Bytes(floats=False), "resources.requests.memory"),
    "mem_swappiness": yes(Bytes(floats=False), "memSwappiness"),
    "memswap_limit": yes(Bytes(), "memswapLimit"),
    "network_mode": yes(Text(), "networkMode; service:NAME is the first container of that service"),
    "models": refused(MapOf(_MODEL_BINDING, names=NAMES, from_list=_nothing), "not available yet"),
    "networks": yes(MapOf(_ATTACHMENT, names=NAMES, from_list=_nothing)),
    "oom_kill_disable": yes(Flag(), "oomKillDisable"),
    "oom_score_adj": yes(Whole(-1000, 1000), "oomScoreAdj"),
    "pid": yes(Text(), "pid; service:NAME is the first container of that service"),
    "pids_limit": yes(Whole(floats=True), "resources.limits.pids"),
    "platform": yes(Text(), "platform"),
    "privileged": yes(Flag(), "privileged"),
    "pull_policy": yes(
        _PullPolicy(pattern=_PULL_POLICY, form="always, never, missing, build, refresh, daily, weekly or every_<time>"),
        "pullPolicy; refresh acts as always, but for pull_refresh_after",
    ),
    "pull_refresh_after": yes(
        Text(runs=r"^([0-9]+[wdhms])+$", form="a time like 12h, 1d or 1h30m"),
        "with pull_policy: refresh, the age at which the image is pulled again",
    ),
    "read_only": yes(Flag(), "readOnly"),
    "runtime": yes(Text(), "runtime"),
    "security_opt": yes(_DISTINCT, "securityOpt"),
    "shm_size": yes(Bytes(), "shmSize"),
    "secrets": yes(GRANTED_SECRETS),
    "sysctls": yes(Pairs(), "sysctls"),
    "stop_grace_period": yes(Duration(), "stopGracePeriod", keep=True),
    "stop_signal": yes(Text(), "stopSignal"),
    "storage_opt": yes(MapOf(Loose(whole=True, null="")), "storageOpt"),
    "tmpfs": yes(ListOf(Text(), single=True, kept=True), "tmpfs, with the options of the kernel"),
    "ulimits": yes(ULIMITS, "ulimits"),
    "use_api_socket": yes(Flag(strict=True), "useApiSocket, and the credentials for registries as a Secret"),
    "user": yes(Text(), "user"),
    "uts": yes(Text(), "uts"),
    "userns_mode": yes(Text(), "usernsMode"),
    "volumes": yes(MOUNTS),
    "volumes_from": yes(_DISTINCT, "volumesFrom; the first container of that service"),
    "working_dir": yes(Text(), "workingDir"),
}

WORKLOAD: Final[dict[str, Key]] = {
    "expose": yes(ListOf(_Expose()), "ports that are not published"),
    "healthcheck": yes(HEALTHCHECK, keep=True),
    "stdin_open": yes(Flag(), "stdinOpen"),
    "tty": yes(Flag(), "tty"),
}
"""What services and jobs have besides, but the containers of hooks do not."""
