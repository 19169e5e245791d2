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
    later,
    yes,
)
from fizz.client.compose.shapes.base import JSON
from fizz.client.compose.shapes.scalars import parse_size
from fizz.client.compose.spec.commands import Command, TestCommand
from fizz.client.compose.spec.devices import BLKIO, DEVICES, GPUS
from fizz.client.compose.spec.environment import ENV_FILES, LABEL_FILES
from fizz.client.compose.spec.files import GRANTED_CONFIGS, GRANTED_SECRETS, NAMES
from fizz.client.compose.spec.hosts import Hosts
from fizz.client.compose.spec.ulimits import ULIMITS
from fizz.client.compose.spec.volumes import MOUNTS

__all__ = ["CONTAINER", "ENVIRONMENT", "HEALTHCHECK", "WORKLOAD"]

ENVIRONMENT: Final = Pairs(absent=None, tight=True)
_STRINGS: Final = ListOf(Text())
_DISTINCT: Final = ListOf(Text(), duplicates="error")
_PULL_POLICY: Final = r"^(always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+)$"


class _PullPolicy(Text):
    """`if_not_present` is the old word for `missing`."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        text = super().read(node, path, reader)
        if text and isinstance(text.value, str) and text.value.startswith(("refresh", "every_")):
            reader.warn(node, path, f'"{text.value}" is not supported yet; it acts as always')
        return text.with_value("missing") if text and text.value == "if_not_present" else text


class _Tmpfs(Text):
    """`path`, or `path:options`."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        text = super().read(node, path, reader)
        _, _, options = str(text.value).partition(":") if text else ("", "", "")
        for option in filter(None, options.split(",")):
            name, _, value = option.partition("=")
            if not (name == "size" and parse_size(value) is not None) and not (name == "mode" and value.isdigit()):
                reader.warn(node, path, f'has the option "{option}", which is not supported yet')
        return text


class _Logging(Table):
    """A log driver and its options. Options of two files are merged if they speak of the same driver."""

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
        "interface_name": yes(Text(), "engine 28.1"),
        "ipv4_address": yes(Text(), "fixed address"),
        "ipv6_address": yes(Text(), "fixed address"),
        "link_local_ips": yes(_STRINGS, "link-local addresses"),
        "mac_address": yes(Text(), "fixed MAC address"),
        "driver_opts": yes(MapOf(Loose()), "options for the network's driver"),
        "priority": yes(Whole(floats=True, strings=False), "order of attachment"),
        "gw_priority": yes(Whole(floats=True, strings=False), "engine 28.0"),
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
        "start_interval": yes(Duration(), "engine 25.0", keep=True),
    }
)

_CREDENTIALS: Final = Table({"config": yes(Text()), "file": yes(Text()), "registry": yes(Text())})
_MODEL_BINDING: Final = Table({"endpoint_var": yes(Text()), "model_var": yes(Text())}, nullable=True)


def _nothing(node: Node) -> Node:
    return Node(None, node.file, node.line, node.column)


CONTAINER: Final[dict[str, Key]] = {
    "annotations": later(Pairs()),
    "blkio_config": later(BLKIO, keep=True),
    "cap_add": yes(_STRINGS, "capAdd"),
    "cap_drop": yes(_STRINGS, "capDrop"),
    "cgroup": later(Text(choices=("host", "private"))),
    "cgroup_parent": later(Text()),
    "command": yes(Command(), "command", keep=True),
    "configs": yes(GRANTED_CONFIGS),
    "cpu_count": later(Whole(0)),
    "cpu_percent": later(Whole(0, 100)),
    "cpu_shares": later(Whole(floats=True)),
    "cpu_quota": later(Whole(floats=True)),
    "cpu_period": later(Whole(floats=True)),
    "cpu_rt_period": later(Whole(floats=True)),
    "cpu_rt_runtime": later(Whole(floats=True)),
    "cpus": yes(Amount(single=True), "resources.limits.cpu"),
    "cpuset": later(Text()),
    "credential_spec": later(_CREDENTIALS, keep=True),
    "device_cgroup_rules": later(_DISTINCT),
    "devices": later(DEVICES),
    "dns": yes(_Texts(Text(), single=True), "dns"),
    "dns_opt": yes(_STRINGS, "dnsOpt"),
    "dns_search": yes(ListOf(Text(), single=True), "dnsSearch"),
    "domainname": yes(Text(), "domainname"),
    "entrypoint": yes(Command(), "entrypoint", keep=True),
    "env_file": yes(ENV_FILES, "read when the project is loaded"),
    "label_file": yes(LABEL_FILES, "read when the project is loaded"),
    "environment": yes(ENVIRONMENT, "env; a name without value takes it from the environment"),
    "extra_hosts": yes(Hosts(), "extraHosts"),
    "gpus": later(GPUS),
    "group_add": yes(ListOf(Loose(whole=True), duplicates="error"), "groupAdd"),
    "hostname": yes(Text(), "hostname"),
    "image": yes(Text(), "image"),
    "init": yes(Flag(), "init", keep=True),
    "ipc": later(Text()),
    "isolation": later(Text()),
    "labels": yes(Pairs(), "labels of the engine's container"),
    "logging": later(_Logging({"driver": yes(Text()), "options": yes(MapOf(Loose(null="")))}), keep=True),
    "mac_address": yes(Text(), "macAddress of the first network"),
    "mem_limit": yes(Bytes(), "resources.limits.memory"),
    "mem_reservation": yes(Bytes(floats=False), "resources.requests.memory"),
    "mem_swappiness": later(Bytes(floats=False)),
    "memswap_limit": later(Bytes()),
    "network_mode": yes(Text(), "networkMode; service:NAME is the first container of that service"),
    "models": later(MapOf(_MODEL_BINDING, names=NAMES, from_list=_nothing)),
    "networks": yes(MapOf(_ATTACHMENT, names=NAMES, from_list=_nothing)),
    "oom_kill_disable": later(Flag()),
    "oom_score_adj": later(Whole(-1000, 1000)),
    "pid": later(Text()),
    "pids_limit": yes(Whole(floats=True), "resources.limits.pids"),
    "platform": yes(Text(), "platform"),
    "privileged": yes(Flag(), "privileged"),
    "pull_policy": yes(
        _PullPolicy(pattern=_PULL_POLICY, form="always, never, missing, build, refresh, daily, weekly or every_<time>"),
        "pullPolicy; refresh and every_<time> are yet to come",
    ),
    "pull_refresh_after": later(Text()),
    "read_only": yes(Flag(), "readOnly"),
    "runtime": later(Text()),
    "security_opt": yes(_DISTINCT, "securityOpt"),
    "shm_size": later(Bytes()),
    "secrets": yes(GRANTED_SECRETS),
    "sysctls": yes(Pairs(), "sysctls"),
    "stop_grace_period": yes(Duration(), "stopGracePeriod", keep=True),
    "stop_signal": yes(Text(), "stopSignal"),
    "storage_opt": later(MapOf(Loose(whole=True))),
    "tmpfs": yes(ListOf(_Tmpfs(), single=True), "mounts of type tmpfs, with the options size and mode"),
    "ulimits": yes(ULIMITS, "ulimits"),
    "use_api_socket": later(Flag(strict=True)),
    "user": yes(Text(), "user"),
    "uts": later(Text()),
    "userns_mode": later(Text()),
    "volumes": yes(MOUNTS),
    "volumes_from": later(_DISTINCT),
    "working_dir": yes(Text(), "workingDir"),
}

WORKLOAD: Final[dict[str, Key]] = {
    "expose": yes(ListOf(_Expose()), "ports that are not published"),
    "healthcheck": yes(HEALTHCHECK, keep=True),
    "stdin_open": yes(Flag(), "stdinOpen"),
    "tty": yes(Flag(), "tty"),
}
"""What services and jobs have besides, but the containers of hooks do not."""
