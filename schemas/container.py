"""`Container` of `fizz.dev/v1`, and ContainerSpec: every runtime field of a compose service, typed, in camelCase.

Field names are Compose's in camelCase, except where Kubernetes has a name for the same thing (`env`, `resources`,
`containerPort`, `hostPort`). `command` and `entrypoint` mean what they mean in Compose and in images.
"""

from typing import Literal

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas.base import Model
from fizz.schemas.fields import Duration, Quantity, Time
from fizz.schemas.meta import Condition, Object

__all__ = [
    "BindOptions",
    "Container",
    "ContainerSpec",
    "ContainerStatus",
    "EnvVar",
    "ExtraHost",
    "FileProjection",
    "Healthcheck",
    "KeySelector",
    "Mount",
    "NetworkAttachment",
    "Phase",
    "Port",
    "PortStatus",
    "ResourceList",
    "Resources",
    "RestartPolicy",
    "TmpfsOptions",
    "Ulimit",
    "ValueFrom",
    "VolumeOptions",
]

Phase = Literal["Pending", "Creating", "Running", "Restarting", "Stopping", "Succeeded", "Failed"]


def _map(*keys: str) -> JsonDict:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class KeySelector(Model):
    """One key of a Secret or ConfigMap in the same namespace."""

    name: str = Field(description="Name of the object.")
    key: str = Field(description="The key in its data.")


class ValueFrom(Model):
    """Where a variable's value comes from; exactly one."""

    secret_key_ref: KeySelector | None = Field(None, description="A key of a Secret.")
    config_map_key_ref: KeySelector | None = Field(None, description="A key of a ConfigMap.")


class EnvVar(Model):
    """A variable in the container's environment."""

    name: str = Field(description="Name of the variable.")
    value: str | None = Field(None, description="Its value; neither value nor valueFrom means: set, but empty.")
    value_from: ValueFrom | None = Field(None, description="Where the value comes from instead.")


class Port(Model):
    """A port that the container listens on, published on the host if hostPort is given."""

    container_port: int = Field(ge=1, le=65535, description="The port inside the container.")
    protocol: Literal["tcp", "udp", "sctp"] = Field("tcp", description="tcp, udp or sctp.")
    publish: bool | None = Field(
        None, description="True to publish the port; on any free host port if hostPort is absent."
    )
    host_port: int | None = Field(None, ge=1, le=65535, description="The port on the host.")
    host_port_end: int | None = Field(None, ge=1, le=65535, description="Last port of a range, one of which is used.")
    host_ip: str | None = Field(None, alias="hostIP", description="The host address to publish on; all if absent.")
    name: str | None = Field(None, description="Name of the port.")
    app_protocol: str | None = Field(None, description="What is spoken over it, as http.")
    mode: Literal["ingress", "host"] | None = Field(
        None, description="ingress shares the port among replicas; host does not."
    )


class BindOptions(Model):
    """How a host path is mounted."""

    propagation: str | None = Field(None, description="rprivate, private, rshared, shared, rslave or slave.")
    create_host_path: bool | None = Field(
        None, description="True to create the host path as a folder if it is missing."
    )
    selinux: Literal["z", "Z"] | None = Field(None, description="Relabel: z shared, Z private.")
    recursive: str | None = Field(None, description="enabled, disabled, writable or readonly.")


class VolumeOptions(Model):
    """How a volume is mounted."""

    nocopy: bool | None = Field(None, description="True not to fill a new volume from the image.")
    subpath: str | None = Field(None, description="The folder of the volume to mount.")
    labels: dict[str, str] | None = Field(None, description="Labels of an anonymous volume.")


class TmpfsOptions(Model):
    """A file system in memory."""

    size: Quantity | None = Field(None, description="Its size at most.")
    mode: int | None = Field(None, description="Its mode, as the number that 0o1777 is.")


class Mount(Model):
    """Something mounted into the container's file system."""

    type: Literal["volume", "bind", "tmpfs", "image", "npipe", "cluster"] = Field(description="What is mounted.")
    source: str | None = Field(
        None,
        description="volume: name of a Volume in the namespace, absent for an anonymous one; "
        "bind: path on the host; image: its name.",
    )
    target: str = Field(description="Absolute path in the container.")
    read_only: bool | None = Field(None, description="True to mount read-only.")
    consistency: str | None = Field(None, description="Kept for other platforms; Linux ignores it.")
    bind: BindOptions | None = Field(None, description="How a host path is mounted.")
    volume: VolumeOptions | None = Field(None, description="How a volume is mounted.")
    tmpfs: TmpfsOptions | None = Field(None, description="How a file system in memory is made.")


class FileProjection(Model):
    """One key of a Secret or ConfigMap as a file in the container."""

    name: str = Field(description="Name of the Secret or ConfigMap in the namespace.")
    key: str = Field(description="The key in its data.")
    target: str = Field(description="Absolute path of the file.")
    uid: str | None = Field(None, description="Owner of the file; 0 if absent.")
    gid: str | None = Field(None, description="Group of the file; 0 if absent.")
    mode: int | None = Field(None, description="Mode of the file, as the number that 0o444 is (the default).")


class NetworkAttachment(Model):
    """The container's place in one network."""

    name: str = Field(description="Name of a Network in the namespace.")
    aliases: list[str] | None = Field(None, description="Further names of the container in the network.")
    ipv4_address: str | None = Field(None, description="A fixed IPv4 address.")
    ipv6_address: str | None = Field(None, description="A fixed IPv6 address.")
    link_local_ips: list[str] | None = Field(None, alias="linkLocalIPs", description="Link-local addresses.")
    mac_address: str | None = Field(None, description="A fixed MAC address.")
    driver_opts: dict[str, str] | None = Field(None, description="Options for the network's driver.")
    interface_name: str | None = Field(None, description="Name of the interface in the container.")
    priority: int | None = Field(None, description="Order of attachment; the highest first.")
    gw_priority: int | None = Field(None, description="The network with the highest gives the default gateway.")


class Healthcheck(Model):
    """How the engine finds out whether the container works."""

    test: list[str] | None = Field(
        None, description="NONE; or CMD and arguments; or CMD-SHELL and a shell's line. Absent: the image's."
    )
    interval: Duration | None = Field(None, description="Time between checks; 30s if absent.")
    timeout: Duration | None = Field(None, description="Time after which a check has failed; 30s if absent.")
    retries: int | None = Field(None, ge=0, description="Failures in a row that make it unhealthy; 3 if absent.")
    start_period: Duration | None = Field(None, description="Time from start in which failures do not count.")
    start_interval: Duration | None = Field(None, description="Time between checks in the start period (engine 25.0).")


class ResourceList(Model):
    """Amounts of resources."""

    cpu: Quantity | None = Field(None, description="Cores, as 0.5 or 500m.")
    memory: Quantity | None = Field(None, description="Bytes, as 64Mi.")
    pids: int | None = Field(None, description="Processes; -1 for no limit.")


class Resources(Model):
    """What the container may take and what is kept for it."""

    limits: ResourceList | None = Field(None, description="The most that it gets.")
    requests: ResourceList | None = Field(None, description="What is reserved for it.")


class Ulimit(Model):
    """A limit of the kernel for the container's processes."""

    name: str = Field(description="Name of the limit, as nofile.")
    soft: int = Field(description="The limit that holds; -1 for none.")
    hard: int = Field(description="The limit up to which a process may raise it; -1 for none.")


class ExtraHost(Model):
    """A line in the container's hosts file."""

    hostname: str = Field(description="The name.")
    ip: str = Field(description="The address, or host-gateway.")


class RestartPolicy(Model):
    """Whether the engine starts the container again when it ends."""

    name: Literal["no", "always", "on-failure", "unless-stopped"] = Field("no", description="When to start it again.")
    maximum_retry_count: int | None = Field(None, ge=0, description="on-failure: how often at most.")


class ContainerSpec(Model):
    """What runs and how: every runtime field of a compose service."""

    image: str = Field(min_length=1, description="The image, by name or digest.")
    pull_policy: Literal["always", "never", "missing", "build", "daily", "weekly"] | None = Field(
        None, description="When to pull the image; missing if absent."
    )
    platform: str | None = Field(None, description="The platform of the image, as linux/arm64.")
    container_name: str | None = Field(
        None, description="The engine's name for the container instead of <project>-<service>-<n>."
    )
    entrypoint: list[str] | None = Field(None, description="Replaces the image's entry point.")
    command: list[str] | None = Field(None, description="Replaces the image's command.")
    working_dir: str | None = Field(None, description="Folder in which the command starts.")
    user: str | None = Field(None, description="User, or user:group, by name or number.")
    env: list[EnvVar] | None = Field(None, description="The environment.", json_schema_extra=_map("name"))
    labels: dict[str, str] | None = Field(None, description="Labels of the engine's container.")
    ports: list[Port] | None = Field(
        None, description="Ports it listens on.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    mounts: list[Mount] | None = Field(None, description="What is mounted into it.", json_schema_extra=_map("target"))
    secrets: list[FileProjection] | None = Field(
        None, description="Secrets as files.", json_schema_extra=_map("target")
    )
    configs: list[FileProjection] | None = Field(
        None, description="ConfigMaps as files.", json_schema_extra=_map("target")
    )
    networks: list[NetworkAttachment] | None = Field(
        None, description="Networks it joins.", json_schema_extra=_map("name")
    )
    network_mode: str | None = Field(None, description="none, host, bridge, or container:<name>, instead of networks.")
    healthcheck: Healthcheck | None = Field(None, description="How to find out whether it works.")
    restart_policy: RestartPolicy | None = Field(None, description="When the engine starts it again; never if absent.")
    resources: Resources | None = Field(None, description="What it may take and what is kept for it.")
    stop_signal: str | None = Field(None, description="The signal that asks it to end.")
    stop_grace_period: Duration | None = Field(
        None, description="Time between that signal and its kill; 10s if absent."
    )
    hostname: str | None = Field(None, description="Its host name.")
    domainname: str | None = Field(None, description="Its domain name.")
    init: bool | None = Field(None, description="True to run an init process that reaps children.")
    tty: bool | None = Field(None, description="True to give it a terminal.")
    stdin_open: bool | None = Field(None, description="True to keep its standard input open.")
    privileged: bool | None = Field(None, description="True to give it all rights on the host.")
    read_only: bool | None = Field(None, description="True to mount its root file system read-only.")
    cap_add: list[str] | None = Field(None, description="Capabilities to add.")
    cap_drop: list[str] | None = Field(None, description="Capabilities to take away.")
    group_add: list[str] | None = Field(None, description="Further groups of its user.")
    security_opt: list[str] | None = Field(None, description="Options of the security modules.")
    sysctls: dict[str, str] | None = Field(None, description="Kernel parameters.")
    ulimits: list[Ulimit] | None = Field(None, description="Limits of the kernel.", json_schema_extra=_map("name"))
    extra_hosts: list[ExtraHost] | None = Field(
        None, description="Lines in its hosts file.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    dns: list[str] | None = Field(None, description="DNS servers.")
    dns_search: list[str] | None = Field(None, description="DNS search domains.")
    dns_opt: list[str] | None = Field(None, description="DNS options.")
    node_name: str | None = Field(None, description="The node that runs it; set by the scheduler.")


class PortStatus(Model):
    """A published port as the engine published it."""

    container_port: int = Field(description="The port inside the container.")
    protocol: str = Field("tcp", description="tcp, udp or sctp.")
    host_ip: str | None = Field(None, alias="hostIP", description="The host address.")
    host_port: int = Field(description="The port on the host.")


class ContainerStatus(Model):
    """What the agent of the container's node sees."""

    phase: Phase | None = Field(None, description="Where the container is in its life.")
    health: Literal["starting", "healthy", "unhealthy"] | None = Field(
        None, description="What its health check says; absent without one."
    )
    ready: bool | None = Field(None, description="True if it runs and is not starting or unhealthy.")
    container_id: str | None = Field(None, alias="containerID", description="The engine's id.")
    container_name: str | None = Field(None, description="The engine's name.")
    image_id: str | None = Field(None, alias="imageID", description="The image that runs, by content.")
    exit_code: int | None = Field(None, description="Exit code of its last end.")
    restart_count: int | None = Field(None, description="How often the engine started it again.")
    started_at: Time | None = Field(None, description="When it last started.")
    finished_at: Time | None = Field(None, description="When it last ended.")
    ip_addresses: dict[str, str] | None = Field(None, description="Its address by network name.")
    ports: list[PortStatus] | None = Field(None, description="Ports as published.")
    observed_generation: int | None = Field(None, description="The generation that the agent acted on.")
    message: str | None = Field(None, description="What keeps it from running, as a sentence.")
    reason: str | None = Field(None, description="What keeps it from running, as one CamelCase word.")
    conditions: list[Condition] | None = Field(
        None, description="Details of its state.", json_schema_extra=_map("type")
    )


class Container(Object):
    """One container on one node, made and replaced by its Deployment."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Container"
    spec: ContainerSpec = Field(description="What runs and how.")
    status: ContainerStatus | None = Field(None, description="What the agent of its node sees.")
