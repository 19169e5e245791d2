"""`Container` of `fizz.dev/v1`, and ContainerSpec: every runtime field of a compose service, typed, in camelCase.

Field names are Compose's in camelCase, except where Kubernetes has a name for the same thing (`env`, `resources`,
`containerPort`, `hostPort`). `command` and `entrypoint` mean what they mean in Compose and in images.
"""

from typing import Literal

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas.base import Model
from fizz.schemas.devices import BlkioConfig, Device, DeviceRequest
from fizz.schemas.env import EnvVar
from fizz.schemas.fields import Duration, Quantity, Time
from fizz.schemas.hooks import Hook, PostStartStatus
from fizz.schemas.limits import Resources, Ulimit
from fizz.schemas.meta import Condition, Object
from fizz.schemas.mounts import AnonymousVolume, FileProjection, Mount
from fizz.schemas.neighbours import Link, VolumesFrom
from fizz.schemas.probes import Probe

__all__ = [
    "Container",
    "ContainerSpec",
    "ContainerStatus",
    "CredentialSpec",
    "DesiredState",
    "ExtraHost",
    "Healthcheck",
    "IngressState",
    "IngressStatus",
    "Logging",
    "NetworkAttachment",
    "Phase",
    "Port",
    "PortStatus",
    "RestartPolicy",
]

Phase = Literal["Pending", "Creating", "Created", "Running", "Restarting", "Stopping", "Stopped", "Succeeded", "Failed"]
DesiredState = Literal["Created", "Running", "Paused", "Stopped"]
IngressState = Literal["Waiting", "Serving", "Draining", "Drained", "Refused"]


def _map(*keys: str) -> JsonDict:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


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


class Logging(Model):
    """Where the container's output goes."""

    driver: str | None = Field(None, description="The engine's log driver; its default if absent.")
    options: dict[str, str] | None = Field(None, description="Options of the driver.")


class CredentialSpec(Model):
    """A managed service account of Windows; one of the three."""

    config: str | None = Field(None, description="Name of a ConfigMap that has it.")
    file: str | None = Field(None, description="A file in the engine's folder for them.")
    registry: str | None = Field(None, description="A value in the registry of the host.")


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
    image_id: str | None = Field(
        None,
        alias="imageID",
        description="The image by content, as `fizz up` found it: this one runs, whatever the name stands for by now.",
    )
    pull_policy: str | None = Field(
        None,
        pattern=r"^(always|never|missing|build|daily|weekly|every_([0-9]+[wdhms])+)$",
        description="When to pull the image: always, never, missing (if absent), build, daily, weekly, every_<time>.",
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
    network_mode: str | None = Field(
        None,
        description="Instead of networks: none, host, bridge, service:<Deployment> for the network of its first "
        "container, or container:<name> for that of a Container or of another container of the engine.",
    )
    links: list[Link] | None = Field(
        None, description="Further names for other containers.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    volumes_from: list[VolumesFrom] | None = Field(
        None, description="Volumes of other containers.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    tmpfs: dict[str, str] | None = Field(
        None, description="File systems in memory: path in the container, and the kernel's options, as size=64m."
    )
    healthcheck: Healthcheck | None = Field(None, description="How to find out whether it works.")
    restart_policy: RestartPolicy | None = Field(None, description="When the engine starts it again; never if absent.")
    restart_unhealthy: bool | None = Field(
        None, description="True to restart it when it is unhealthy; if absent, where a restart policy restarts it."
    )
    readiness_probe: Probe | None = Field(
        None, description="While it fails, the container is not ready: it gets no connections."
    )
    liveness_probe: Probe | None = Field(
        None, description="When it fails, the container is restarted, unless restartUnhealthy is false."
    )
    startup_probe: Probe | None = Field(
        None, description="Until it succeeds, the others wait; when it fails, the container is restarted, too."
    )
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
    stdin_once: bool | None = Field(
        None, description="True to end its standard input when the first who is attached to it has no more."
    )
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
    annotations: dict[str, str] | None = Field(None, description="Annotations for the runtime (engine 24.0).")
    logging: Logging | None = Field(None, description="Where its output goes.")
    ipc: str | None = Field(
        None, description="IPC namespace: none, host, private, shareable, service:<Deployment> or container:<name>."
    )
    pid: str | None = Field(None, description="PID namespace: host, service:<Deployment> or container:<name>.")
    uts: str | None = Field(None, description="UTS namespace: host.")
    userns_mode: str | None = Field(None, description="User namespace: host.")
    cgroup: Literal["host", "private"] | None = Field(None, description="Cgroup namespace; the engine's if absent.")
    cgroup_parent: str | None = Field(None, description="The control group that its own is made in.")
    runtime: str | None = Field(None, description="The engine's runtime that runs it, as runc.")
    isolation: str | None = Field(None, description="How it is isolated (Windows): default, process or hyperv.")
    credential_spec: CredentialSpec | None = Field(None, description="Its managed service account (Windows).")
    devices: list[Device] | None = Field(
        None, description="Devices of the host.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    device_cgroup_rules: list[str] | None = Field(None, description="Devices that it may use, as c 1:3 rwm.")
    device_requests: list[DeviceRequest] | None = Field(
        None, description="Devices by capability, as GPUs.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    use_api_socket: bool | None = Field(None, description="True to give it the socket of the engine's API.")
    cpu_shares: int | None = Field(None, description="Weight of its processor time; 1024 is usual.")
    cpu_period: int | None = Field(None, description="Length of a period of processor time in microseconds.")
    cpu_quota: int | None = Field(None, description="Processor time in each period in microseconds.")
    cpu_rt_period: int | None = Field(None, description="The period for realtime processes in microseconds.")
    cpu_rt_runtime: int | None = Field(None, description="The time for realtime processes in microseconds.")
    cpuset: str | None = Field(None, description="The processors that it may use, as 0-2,4.")
    cpu_count: int | None = Field(None, description="How many processors it may use (Windows).")
    cpu_percent: int | None = Field(None, description="Percentage of the processors (Windows).")
    memswap_limit: Quantity | None = Field(None, description="Bytes of memory and swap together; -1 for no limit.")
    mem_swappiness: int | None = Field(None, description="How readily its memory is swapped out: 0 to 100.")
    oom_kill_disable: bool | None = Field(None, description="True if nothing is killed when its memory runs out.")
    oom_score_adj: int | None = Field(None, description="How soon it is killed when the host runs out: -1000 to 1000.")
    shm_size: Quantity | None = Field(None, description="Bytes of /dev/shm; 64Mi if absent.")
    storage_opt: dict[str, str] | None = Field(None, description="Options of the storage driver, as size.")
    blkio_config: BlkioConfig | None = Field(None, description="How disks are shared.")
    post_start: list[Hook] | None = Field(
        None,
        description="Commands that are run in it after every start, one after the other; it counts as started then.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    pre_stop: list[Hook] | None = Field(
        None,
        description="Commands that are run in it before it is stopped, one after the other.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    node_name: str | None = Field(None, description="The node that runs it; set by the scheduler.")
    desired_state: DesiredState | None = Field(
        None,
        description="Whether its program runs: Created keeps it from its first start, Paused freezes it, Stopped ends "
        "it and keeps the container. Running if absent. Of a Container of a Deployment, the Deployment sets it.",
    )


class PortStatus(Model):
    """A published port as it is published."""

    container_port: int = Field(description="The port inside the container.")
    protocol: str = Field("tcp", description="tcp, udp or sctp.")
    host_ip: str | None = Field(None, alias="hostIP", description="The host address.")
    host_port: int = Field(description="The port on the host.")


class IngressStatus(Model):
    """What the ingress of the container's node does for it. Written by the ingress alone."""

    state: IngressState = Field(
        description="Waiting: its ports are its own, but it gets no new connections. Serving: it gets them. "
        "Draining: it gets no more, some are still open. Drained: none is left, it may stop. "
        "Refused: a port cannot be published; reason and message say why."
    )
    ports: list[PortStatus] | None = Field(None, description="The ports on the host that lead to it.")
    reason: str | None = Field(None, description="Why a port cannot be published, as one CamelCase word.")
    message: str | None = Field(None, description="The same as a sentence that names who has the port.")


class ContainerStatus(Model):
    """What the agent of the container's node sees."""

    phase: Phase | None = Field(None, description="Where the container is in its life.")
    health: Literal["starting", "healthy", "unhealthy"] | None = Field(
        None, description="What its health check and its probes say together; absent without any."
    )
    ready: bool | None = Field(None, description="True if it runs and is not starting or unhealthy.")
    container_id: str | None = Field(None, alias="containerID", description="The engine's id.")
    container_name: str | None = Field(None, description="The engine's name.")
    image_id: str | None = Field(None, alias="imageID", description="The image that runs, by content.")
    exit_code: int | None = Field(None, description="Exit code of its last end.")
    restart_count: int | None = Field(None, description="How often the engine started it again.")
    unhealthy_restarts: int | None = Field(
        None, description="How often it was restarted for being unhealthy since it was last stable."
    )
    last_unhealthy_restart: Time | None = Field(None, description="When it did so last.")
    started_at: Time | None = Field(None, description="When it last started.")
    finished_at: Time | None = Field(None, description="When it last ended.")
    ip_addresses: dict[str, str] | None = Field(None, description="Its address by network name.")
    ports: list[PortStatus] | None = Field(None, description="Ports as published, by the engine or by the ingress.")
    anonymous_volumes: list[AnonymousVolume] | None = Field(
        None,
        description="The volumes that were made for paths without a Volume; they outlive the engine's container.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    ingress: IngressStatus | None = Field(None, description="What the ingress of its node does for it.")
    post_start: PostStartStatus | None = Field(None, description="The hooks after the last start, if there are any.")
    observed_restart: str | None = Field(
        None, description="The annotation fizz.dev/restarted-at that the agent acted on."
    )
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
