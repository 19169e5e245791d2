"""From a ContainerSpec to the engine's create payload. Pure, and complete: every field of the spec ends up in it.

`create_request` is given what a spec only names: the engine's names of networks and volumes, resolved variables, files
on the host, and the version of the engine's API. What an engine of that version cannot do is either an `Unsupported`
error, where the container would be something else without it, or a warning, where it is the same only less well:

| field | since API | without |
|---|---|---|
| `healthcheck.startInterval` | 1.44 | warning: the interval holds in the start period, too |
| `networks[].gwPriority` | 1.48 | warning: the engine chooses the gateway |
| `networks[].macAddress` | 1.44 | the first network's is set on the container; for others an error |
| `networks[].interfaceName` | 1.49 | error |
| several networks | 1.44 | created in the first, joined to the others before the start |

Mounts have a table of their own, in `create_mounts`.

Source: "Create a container" in the Docker Engine API's reference, versions 1.41 to 1.51.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fizz.controllers.node.create_mounts import FileMount, mounts_of
from fizz.controllers.node.engine import ApiVersion, Connection, CreateRequest, Unsupported
from fizz.schemas.base import JSON
from fizz.schemas.container import ContainerSpec, Healthcheck, NetworkAttachment, Port, Resources
from fizz.schemas.durations import parse_duration
from fizz.schemas.quantity import parse_quantity

__all__ = ["Surroundings", "connections", "create_request", "stop_seconds"]

_NANO: Final = 1_000_000_000
_SHARES_OF_A_CORE: Final = 1024
_LEAST_SHARES: Final = 2

_SEVERAL_NETWORKS: Final = (1, 44)
_START_INTERVAL: Final = (1, 44)
_ENDPOINT_MAC: Final = (1, 44)
_GATEWAY_PRIORITY: Final = (1, 48)
_INTERFACE_NAME: Final = (1, 49)
_INTERFACE_OPTION: Final = "com.docker.network.endpoint.ifname"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a spec only names. `networks` and `volumes` go from our name to the engine's; `aliases` are names that the
    container has in every network; `shares_network_of` is the id that `networkMode: container:NAME` means, empty for a
    container that is not ours.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Sequence[tuple[str, str]] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[FileMount] = ()
    aliases: Sequence[str] = ()
    shares_network_of: str = ""
    api_version: ApiVersion = (1, 41)


def create_request(spec: ContainerSpec, around: Surroundings) -> tuple[CreateRequest, tuple[str, ...]]:
    """The payload, and warnings. Raises `Unsupported` for what this engine cannot do."""
    mounts, warnings = mounts_of(spec.mounts or [], around.volumes, around.files, around.api_version)
    endpoints, more = _endpoints(spec, around)
    at_create = endpoints if around.api_version >= _SEVERAL_NETWORKS else endpoints[:1]
    body = {
        **_config(spec, around),
        "HostConfig": {**_host_config(spec), **_network_mode(spec, endpoints, around), **mounts},
        "NetworkingConfig": {"EndpointsConfig": {each.network: each.settings for each in at_create}},
    }
    warnings += [*more, *_warnings(spec, around.api_version)]
    platform = spec.platform or ""
    return CreateRequest(around.name, body, platform, tuple(endpoints[len(at_create) :])), tuple(warnings)


def connections(spec: ContainerSpec, around: Surroundings) -> list[Connection]:
    """All networks that the container joins, in order. Raises `Unsupported` for what this engine cannot do."""
    return _endpoints(spec, around)[0]


def stop_seconds(spec: ContainerSpec) -> int | None:
    """The grace period in whole seconds, rounded up; None means the engine's ten."""
    if spec.stop_grace_period is None:
        return None
    return -(-parse_duration(spec.stop_grace_period) // _NANO)


def _given(**values: object) -> JSON:
    """The values that are there: an engine takes an absent field for its default, and null not always."""
    return {key: value for key, value in values.items() if value is not None}


def _config(spec: ContainerSpec, around: Surroundings) -> JSON:
    first = _by_priority(spec.networks)[:1]
    mac = first[0].mac_address if first and around.api_version < _ENDPOINT_MAC else None
    return _given(
        Image=spec.image,
        Entrypoint=spec.entrypoint,
        Cmd=spec.command,
        WorkingDir=spec.working_dir,
        User=spec.user,
        Env=[f"{name}={value}" for name, value in around.environment],
        Labels=dict(around.labels),
        ExposedPorts={_port_key(port): {} for port in spec.ports or []},
        Healthcheck=_healthcheck(spec.healthcheck, around.api_version),
        StopSignal=spec.stop_signal,
        StopTimeout=stop_seconds(spec),
        Hostname=spec.hostname,
        Domainname=spec.domainname,
        Tty=spec.tty,
        OpenStdin=spec.stdin_open,
        MacAddress=mac,
    )


def _healthcheck(check: Healthcheck | None, version: ApiVersion) -> JSON | None:
    if check is None:
        return None
    begin = check.start_interval if version >= _START_INTERVAL else None
    return _given(
        Test=check.test,
        Interval=_nanoseconds(check.interval),
        Timeout=_nanoseconds(check.timeout),
        Retries=check.retries,
        StartPeriod=_nanoseconds(check.start_period),
        StartInterval=_nanoseconds(begin),
    )


def _nanoseconds(duration: str | None) -> int | None:
    return None if duration is None else parse_duration(duration)


def _host_config(spec: ContainerSpec) -> JSON:
    policy = spec.restart_policy
    return _given(
        PortBindings=_bindings(spec.ports or []),
        RestartPolicy={
            "Name": policy.name if policy else "no",
            "MaximumRetryCount": (policy.maximum_retry_count if policy else None) or 0,
        },
        Init=spec.init,
        Privileged=spec.privileged,
        ReadonlyRootfs=spec.read_only,
        CapAdd=spec.cap_add,
        CapDrop=spec.cap_drop,
        GroupAdd=spec.group_add,
        SecurityOpt=spec.security_opt,
        Sysctls=spec.sysctls,
        Ulimits=[{"Name": each.name, "Soft": each.soft, "Hard": each.hard} for each in spec.ulimits or []] or None,
        ExtraHosts=[f"{each.hostname}:{each.ip}" for each in spec.extra_hosts or []] or None,
        Dns=spec.dns,
        DnsSearch=spec.dns_search,
        DnsOptions=spec.dns_opt,
        **_resources(spec.resources),
    )


def _resources(resources: Resources | None) -> JSON:
    limits = resources.limits if resources else None
    requests = resources.requests if resources else None
    return _given(
        NanoCpus=int(parse_quantity(limits.cpu) * _NANO) if limits and limits.cpu is not None else None,
        Memory=int(parse_quantity(limits.memory)) if limits and limits.memory is not None else None,
        PidsLimit=limits.pids if limits else None,
        CpuShares=_shares(requests.cpu) if requests and requests.cpu is not None else None,
        MemoryReservation=int(parse_quantity(requests.memory)) if requests and requests.memory is not None else None,
    )


def _shares(cores: str | int | float) -> int:
    """Cores that are reserved, as a weight: what the kernel divides by when all want more than there is."""
    return max(_LEAST_SHARES, int(parse_quantity(cores) * _SHARES_OF_A_CORE))


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


def _by_priority(networks: Sequence[NetworkAttachment] | None) -> list[NetworkAttachment]:
    """In the order of attachment: the highest priority first, else as written."""
    return sorted(networks or [], key=lambda each: -(each.priority or 0))


def _network_mode(spec: ContainerSpec, endpoints: Sequence[Connection], around: Surroundings) -> JSON:
    mode = spec.network_mode
    if mode and mode.startswith("container:") and around.shares_network_of:
        mode = f"container:{around.shares_network_of}"
    if mode:
        return {"NetworkMode": mode}
    return {"NetworkMode": endpoints[0].network if endpoints else "default"}


def _endpoints(spec: ContainerSpec, around: Surroundings) -> tuple[list[Connection], list[str]]:
    if spec.network_mode:
        return [], []
    found, warnings = [], []
    for index, each in enumerate(_by_priority(spec.networks)):
        field_name = f"networks[{each.name}]"
        if each.interface_name and around.api_version < _INTERFACE_NAME:
            raise _too_old(f"{field_name}.interfaceName", _INTERFACE_NAME, around.api_version)
        if each.mac_address and index and around.api_version < _ENDPOINT_MAC:
            raise _too_old(f"{field_name}.macAddress (of any but the first)", _ENDPOINT_MAC, around.api_version)
        if each.gw_priority is not None and around.api_version < _GATEWAY_PRIORITY:
            warnings.append(f"{field_name}.gwPriority needs a newer engine; this one chooses the gateway itself")
        found.append(Connection(around.networks[each.name], _endpoint(each, around)))
    return found, warnings


def _endpoint(each: NetworkAttachment, around: Surroundings) -> JSON:
    fixed = _given(IPv4Address=each.ipv4_address, IPv6Address=each.ipv6_address, LinkLocalIPs=each.link_local_ips)
    options = dict(each.driver_opts or {})
    if each.interface_name:
        options[_INTERFACE_OPTION] = each.interface_name
    return _given(
        Aliases=list(dict.fromkeys([*around.aliases, *(each.aliases or [])])),
        IPAMConfig=fixed or None,
        DriverOpts=options or None,
        MacAddress=each.mac_address if around.api_version >= _ENDPOINT_MAC else None,
        GwPriority=each.gw_priority if around.api_version >= _GATEWAY_PRIORITY else None,
    )


def _warnings(spec: ContainerSpec, version: ApiVersion) -> list[str]:
    found = []
    if spec.healthcheck and spec.healthcheck.start_interval and version < _START_INTERVAL:
        found.append("healthcheck.startInterval needs engine 25.0; the interval holds in the start period, too")
    if spec.resources and spec.resources.requests and spec.resources.requests.pids is not None:
        found.append("resources.requests.pids means nothing: processes can be limited, not reserved")
    return found


def _too_old(what: str, since: ApiVersion, version: ApiVersion) -> Unsupported:
    has = f"{version[0]}.{version[1]}"
    return Unsupported(f"{what} needs an engine with API {since[0]}.{since[1]}; this one has {has}")
