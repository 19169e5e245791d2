"""From a ContainerSpec to the engine's create payload. Pure, and complete: every field of the spec ends up in it.

`create_request` is given what a spec only names (see `surroundings`). What an engine of that version cannot do is
either an `Unsupported` error, where the container would be something else without it, or a warning, where it is the
same only less well:

| field | since API | without |
|---|---|---|
| `healthcheck.startInterval` | 1.44 | warning: the interval holds in the start period, too |
| `annotations` | 1.43 | warning: the runtime gets none |
| `credentialSpec`, `cpuCount`, `cpuPercent` | Windows | warning: Linux has no such thing |
| several networks | 1.44 | created in the first, joined to the others before the start |

Networks, mounts, and limits with devices have modules of their own, the first two with tables like this one.

Source: "Create a container" in the Docker Engine API's reference, versions 1.41 to 1.51.
"""

from collections.abc import Sequence
from typing import Final

from fizz.controllers.node.create_limits import limits_of
from fizz.controllers.node.create_mounts import mounts_of
from fizz.controllers.node.create_networks import config_mac, endpoints_of, network_mode
from fizz.controllers.node.engine import ApiVersion, Connection, CreateRequest, Unsupported
from fizz.controllers.node.surroundings import Surroundings, given
from fizz.schemas.base import JSON
from fizz.schemas.container import ContainerSpec, Healthcheck, Logging, Port, RestartPolicy
from fizz.schemas.durations import parse_duration
from fizz.schemas.neighbours import VolumesFrom

__all__ = ["connections", "create_request", "stop_seconds"]

_NANO: Final = 1_000_000_000
_SEVERAL_NETWORKS: Final = (1, 44)
_START_INTERVAL: Final = (1, 44)
_ANNOTATIONS: Final = (1, 43)
_UNCONFINED: Final = "systempaths=unconfined"
"""The one option that is compose's and not the engine's: nothing of /proc and /sys is hidden."""
_SOCKET: Final = "/var/run/docker.sock"
"""Where programs in a container look for the engine."""


def create_request(spec: ContainerSpec, around: Surroundings) -> tuple[CreateRequest, tuple[str, ...]]:
    """The payload, and warnings. Raises `Unsupported` for what this engine cannot do."""
    mounts, warnings = mounts_of(spec.mounts or [], around.volumes, around.files, around.api_version, around.inherited)
    if spec.use_api_socket:
        mounts["Binds"] = [*mounts.get("Binds", ()), _socket(around)]
    endpoints, more = endpoints_of(spec, around)
    at_create = endpoints if around.api_version >= _SEVERAL_NETWORKS else endpoints[:1]
    body = {
        **_config(spec, around),
        "HostConfig": {**_host_config(spec, around), **network_mode(spec, endpoints, around), **mounts},
        "NetworkingConfig": {"EndpointsConfig": {each.network: each.settings for each in at_create}},
    }
    warnings += [*more, *_warnings(spec, around.api_version)]
    platform = spec.platform or ""
    return CreateRequest(around.name, body, platform, tuple(endpoints[len(at_create) :])), tuple(warnings)


def connections(spec: ContainerSpec, around: Surroundings) -> list[Connection]:
    """All networks that the container joins, in order. Raises `Unsupported` for what this engine cannot do."""
    return endpoints_of(spec, around)[0]


def stop_seconds(spec: ContainerSpec) -> int | None:
    """The grace period in whole seconds, rounded up; None means the engine's ten."""
    if spec.stop_grace_period is None:
        return None
    return -(-parse_duration(spec.stop_grace_period) // _NANO)


def _config(spec: ContainerSpec, around: Surroundings) -> JSON:
    return given(
        Image=spec.image,
        Entrypoint=spec.entrypoint,
        Cmd=spec.command,
        WorkingDir=spec.working_dir,
        User=spec.user,
        Env=[name if value is None else f"{name}={value}" for name, value in around.environment],
        Labels=dict(around.labels),
        ExposedPorts={_port_key(port): {} for port in spec.ports or []},
        Healthcheck=_healthcheck(spec.healthcheck, around.api_version),
        StopSignal=spec.stop_signal,
        StopTimeout=stop_seconds(spec),
        Hostname=spec.hostname,
        Domainname=spec.domainname,
        Tty=spec.tty,
        OpenStdin=spec.stdin_open,
        StdinOnce=spec.stdin_once,
        MacAddress=config_mac(spec, around.api_version),
        AttachStdout=True,
        AttachStderr=True,
    )


def _healthcheck(check: Healthcheck | None, version: ApiVersion) -> JSON | None:
    if check is None:
        return None
    begin = check.start_interval if version >= _START_INTERVAL else None
    return given(
        Test=check.test,
        Interval=_nanoseconds(check.interval),
        Timeout=_nanoseconds(check.timeout),
        Retries=check.retries,
        StartPeriod=_nanoseconds(check.start_period),
        StartInterval=_nanoseconds(begin),
    )


def _nanoseconds(duration: str | None) -> int | None:
    return None if duration is None else parse_duration(duration)


def _host_config(spec: ContainerSpec, around: Surroundings) -> JSON:
    return given(
        PortBindings=_bindings(spec.ports or []),
        RestartPolicy=_restart_policy(spec.restart_policy),
        Init=spec.init,
        Privileged=spec.privileged,
        ReadonlyRootfs=spec.read_only,
        CapAdd=_capabilities(spec.cap_add),
        CapDrop=_capabilities(spec.cap_drop),
        GroupAdd=spec.group_add,
        **_security(spec.security_opt),
        Sysctls=spec.sysctls,
        ExtraHosts=[f"{each.hostname}:{each.ip}" for each in spec.extra_hosts or []] or None,
        Dns=spec.dns,
        DnsSearch=spec.dns_search,
        DnsOptions=spec.dns_opt,
        Annotations=spec.annotations if around.api_version >= _ANNOTATIONS else None,
        LogConfig=_log_config(spec.logging),
        Tmpfs=spec.tmpfs,
        VolumesFrom=[_volumes_from(each, around) for each in spec.volumes_from or []] or None,
        IpcMode=around.mode(spec.ipc) if spec.ipc else None,
        PidMode=around.mode(spec.pid) if spec.pid else None,
        UTSMode=spec.uts,
        UsernsMode=spec.userns_mode,
        CgroupnsMode=spec.cgroup,
        CgroupParent=spec.cgroup_parent,
        Runtime=spec.runtime,
        Isolation=spec.isolation,
        **limits_of(spec),
    )


def _restart_policy(policy: RestartPolicy | None) -> JSON | None:
    return {"Name": policy.name, "MaximumRetryCount": policy.maximum_retry_count or 0} if policy else None


def _capabilities(written: Sequence[str] | None) -> list[str] | None:
    """Each once, in the kernel's spelling and in the order of the alphabet, as the engine's own clients send them."""
    upper = {each.strip().upper() for each in written or []}
    return sorted(each if each == "ALL" or each.startswith("CAP_") else f"CAP_{each}" for each in upper) or None


def _security(options: Sequence[str] | None) -> JSON:
    rest = [each for each in options or [] if each != _UNCONFINED]
    bare: JSON = {"MaskedPaths": [], "ReadonlyPaths": []} if _UNCONFINED in (options or []) else {}
    return {**({"SecurityOpt": rest} if rest else {}), **bare}


def _log_config(logging: Logging | None) -> JSON | None:
    return {"Type": logging.driver or "", "Config": logging.options or {}} if logging else None


def _volumes_from(source: VolumesFrom, around: Surroundings) -> str:
    reference = f"service:{source.deployment}" if source.deployment else f"container:{source.container}"
    name = around.peers.get(reference) or source.container or ""
    return f"{name}:ro" if source.read_only else name


def _socket(around: Surroundings) -> str:
    if not around.socket:
        raise Unsupported("useApiSocket needs an engine that listens on a unix socket; this one listens elsewhere")
    return f"{around.socket}:{_SOCKET}:rw"


def _port_key(port: Port) -> str:
    return f"{port.container_port}/{port.protocol}"


def _bindings(ports: Sequence[Port]) -> JSON:
    """`{"80/tcp": [{"HostIp": "", "HostPort": "8080-8090"}]}`. An empty HostPort is any free one."""
    bindings: JSON = {}
    for port in ports:
        if port.publish is False or (port.publish is None and port.host_port is None):
            continue
        written = "" if port.host_port is None else str(port.host_port)
        if port.host_port is not None and port.host_port_end not in {None, port.host_port}:
            written = f"{port.host_port}-{port.host_port_end}"
        bindings.setdefault(_port_key(port), []).append({"HostIp": port.host_ip or "", "HostPort": written})
    return bindings


def _warnings(spec: ContainerSpec, version: ApiVersion) -> list[str]:
    found = []
    if spec.healthcheck and spec.healthcheck.start_interval and version < _START_INTERVAL:
        found.append("healthcheck.startInterval needs engine 25.0; the interval holds in the start period, too")
    if spec.annotations and version < _ANNOTATIONS:
        found.append("annotations need engine 24.0; the runtime gets none")
    windows = {"credentialSpec": spec.credential_spec, "cpuCount": spec.cpu_count, "cpuPercent": spec.cpu_percent}
    found += [f"{name} is for Windows; on Linux it has no effect" for name, value in windows.items() if value]
    if spec.resources and spec.resources.requests and spec.resources.requests.pids is not None:
        found.append("resources.requests.pids means nothing: processes can be limited, not reserved")
    return found
