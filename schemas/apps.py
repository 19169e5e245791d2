"""The application kinds of `fizz.dev/v1`: Deployment, Service, Network, Volume."""

from typing import Literal

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas.base import Model
from fizz.schemas.container import ContainerSpec
from fizz.schemas.fields import Duration
from fizz.schemas.meta import Condition, Object
from fizz.schemas.mounts import AnonymousVolume
from fizz.schemas.strategy import UpdateStrategy

__all__ = [
    "Dependency",
    "DependencyCondition",
    "Deployment",
    "DeploymentSpec",
    "DeploymentStatus",
    "Ipam",
    "IpamPool",
    "Network",
    "NetworkSpec",
    "ReplicaVolumes",
    "ResourceStatus",
    "Restarts",
    "Service",
    "ServicePort",
    "ServiceSpec",
    "SourceVersion",
    "Template",
    "TemplateMeta",
    "Volume",
    "VolumeSpec",
]

_CONDITIONS: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}

DependencyCondition = Literal["Started", "Healthy", "CompletedSuccessfully"]


class Dependency(Model):
    """Another Deployment that must have come so far before this one's containers start."""

    name: str = Field(description="Name of a Deployment in the namespace.")
    condition: DependencyCondition = Field("Started", description="How far it must have come.")
    required: bool | None = Field(None, description="False if a missing or failed dependency is only a warning.")
    restart: bool | None = Field(None, description="True to restart this one when the dependency is restarted.")


class TemplateMeta(Model):
    """Metadata of the Containers made from a template."""

    labels: dict[str, str] | None = Field(None, description="Labels of the Containers.")
    annotations: dict[str, str] | None = Field(None, description="Annotations of the Containers.")


class Template(Model):
    """What the Containers of a Deployment look like. A change replaces them."""

    metadata: TemplateMeta | None = Field(None, description="Their metadata.")
    spec: ContainerSpec = Field(description="What runs and how.")


class Restarts(Model):
    """How often and how soon containers are started again. Kept with the Deployment; the engine's pace holds so far."""

    delay: Duration | None = Field(None, description="Time before a restart.")
    window: Duration | None = Field(None, description="Time after which a restart counts as a success.")
    max_attempts: int | None = Field(None, ge=0, description="How often at most.")


class DeploymentSpec(Model):
    """How many containers, after what, made from which template."""

    replicas: int = Field(1, ge=0, le=10_000, description="How many containers run.")
    desired_state: Literal["Running", "Paused", "Stopped"] | None = Field(
        None,
        description="Whether the containers run, are frozen, or are stopped and kept. Running if absent. While "
        "they are not to run, none is made or replaced.",
    )
    depends_on: list[Dependency] | None = Field(
        None,
        description="Deployments that must come first; they also stop last.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    restarts: Restarts | None = Field(None, description="How often and how soon containers are started again.")
    template: Template = Field(description="What the containers look like.")
    update_strategy: UpdateStrategy | None = Field(
        None, description="How containers are replaced when the template changes."
    )
    rollback_strategy: UpdateStrategy | None = Field(
        None, description="How they are replaced when a failed update is undone; as in an update if absent."
    )


class SourceVersion(Model):
    """A Secret or ConfigMap that the containers use, and the version of it that was seen."""

    kind: Literal["Secret", "ConfigMap"] = Field(description="Its kind.")
    name: str = Field(description="Its name, in the namespace.")
    resource_version: str = Field(description="Its resourceVersion.")


class ReplicaVolumes(Model):
    """The anonymous volumes of one replica. They are handed on to the Container that follows in its place."""

    ordinal: int = Field(description="Which replica it is, from 0.")
    node: str = Field(description="The node that they are on.")
    renewed_at: str | None = Field(
        None, description="The annotation fizz.dev/volumes-renewed-at of the Container that they were made for."
    )
    volumes: list[AnonymousVolume] = Field(
        description="The volumes.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )


class DeploymentStatus(Model):
    """How far the Deployment is."""

    observed_generation: int | None = Field(None, description="The generation that this status speaks of.")
    replicas: int | None = Field(None, description="Containers that exist.")
    updated_replicas: int | None = Field(None, description="Containers made from the present template.")
    running_replicas: int | None = Field(None, description="Containers of the present template that run.")
    ready_replicas: int | None = Field(None, description="Containers of the present template that are ready.")
    succeeded_replicas: int | None = Field(
        None, description="Containers of the present template that ended with exit code 0."
    )
    failed_replicas: int | None = Field(None, description="Containers of the present template that ended otherwise.")
    selector: str | None = Field(None, description="Label selector of its Containers, for scale clients.")
    stable_template: Template | None = Field(
        None, description="The last template that all replicas worked with; kept where a failed update is rolled back."
    )
    observed_sources: list[SourceVersion] | None = Field(
        None,
        description="The Secrets and ConfigMaps that the containers use, in the versions that this status speaks of.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    replica_volumes: list[ReplicaVolumes] | None = Field(
        None,
        description="The anonymous volumes of each replica that has any.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    conditions: list[Condition] | None = Field(
        None,
        description="Available: as many replicas as wanted are ready or have succeeded. "
        "Progressing: with the reason if it waits.",
        json_schema_extra=_CONDITIONS,
    )


class Deployment(Object):
    """Keeps a number of equal containers running. A compose service becomes a Deployment."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Deployment"
    spec: DeploymentSpec = Field(description="What is wanted.")
    status: DeploymentStatus | None = Field(None, description="How far it is.")


class ServicePort(Model):
    """A port of a Service."""

    name: str | None = Field(None, description="Name of the port.")
    port: int = Field(ge=1, le=65535, description="The port that clients use inside the networks.")
    protocol: Literal["tcp", "udp", "sctp"] = Field("tcp", description="tcp, udp or sctp.")
    host_port: int | None = Field(None, ge=1, le=65535, description="The port that is published on the host.")
    host_port_end: int | None = Field(None, ge=1, le=65535, description="Last port of a published range.")
    host_ip: str | None = Field(None, alias="hostIP", description="The host address that it is published on.")
    app_protocol: str | None = Field(None, description="What is spoken over it, as http.")


class ServiceSpec(Model):
    """A stable name and ports for the containers of a Deployment."""

    deployment: str = Field(description="Name of the Deployment in the namespace whose containers answer.")
    ports: list[ServicePort] | None = Field(
        None, description="The ports.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    aliases: list[str] | None = Field(
        None, description="Further names, in all networks of the containers; for containers that are made afterwards."
    )


class Service(Object):
    """A stable name and ports for the containers of a Deployment. A compose service becomes a Service, too."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Service"
    spec: ServiceSpec = Field(description="What is wanted.")


class IpamPool(Model):
    """A range of addresses."""

    subnet: str | None = Field(None, description="The subnet in CIDR form.")
    ip_range: str | None = Field(None, description="The part of it that containers get addresses from.")
    gateway: str | None = Field(None, description="The gateway's address.")
    aux_addresses: dict[str, str] | None = Field(None, description="Addresses that are taken, by host name.")


class Ipam(Model):
    """How addresses are given out."""

    driver: str | None = Field(None, description="The address driver; default if absent.")
    options: dict[str, str] | None = Field(None, description="Options of the driver.")
    config: list[IpamPool] | None = Field(None, description="Ranges of addresses.")


class NetworkSpec(Model):
    """A network of the engine."""

    name: str | None = Field(None, description="The engine's name for it; <project>_<name> if absent.")
    external: bool | None = Field(None, description="True if it exists already and is neither made nor removed.")
    driver: str | None = Field(None, description="The driver; the engine's default if absent.")
    driver_opts: dict[str, str] | None = Field(None, description="Options of the driver.")
    attachable: bool | None = Field(None, description="True if other containers may join it.")
    internal: bool | None = Field(None, description="True to cut it off from the outside.")
    enable_ipv4: bool | None = Field(None, description="False to give out no IPv4 addresses.")
    enable_ipv6: bool | None = Field(None, description="True to give out IPv6 addresses.")
    ipam: Ipam | None = Field(None, description="How addresses are given out.")
    labels: dict[str, str] | None = Field(None, description="Labels of the engine's network.")


class ResourceStatus(Model):
    """What the agent sees of a network or volume of the engine."""

    phase: Literal["Pending", "Ready", "Failed"] | None = Field(None, description="Whether it is there.")
    id: str | None = Field(None, description="The engine's id.")
    name: str | None = Field(None, description="The engine's name.")
    message: str | None = Field(None, description="What is wrong, as a sentence.")
    observed_generation: int | None = Field(None, description="The generation that the agent acted on.")


class Network(Object):
    """A network that containers join."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Network"
    spec: NetworkSpec = Field(default_factory=NetworkSpec, description="What is wanted.")
    status: ResourceStatus | None = Field(None, description="What the agent sees.")


class VolumeSpec(Model):
    """A volume of the engine."""

    name: str | None = Field(None, description="The engine's name for it; <project>_<name> if absent.")
    external: bool | None = Field(None, description="True if it exists already and is neither made nor removed.")
    driver: str | None = Field(None, description="The driver; local if absent.")
    driver_opts: dict[str, str] | None = Field(None, description="Options of the driver.")
    labels: dict[str, str] | None = Field(None, description="Labels of the engine's volume.")
    reclaim_policy: Literal["Retain", "Delete"] = Field(
        "Retain", description="Whether the data stays (Retain) or goes (Delete) when the Volume is deleted."
    )


class Volume(Object):
    """Data that outlives containers."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Volume"
    spec: VolumeSpec = Field(default_factory=VolumeSpec, description="What is wanted.")
    status: ResourceStatus | None = Field(None, description="What the agent sees.")
