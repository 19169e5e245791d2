"""`Node` of `fizz.dev/v1`: a host with a Docker Engine and an agent."""

from typing import Literal

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import Quantity
from fizz.schemas.meta import Condition, Object

__all__ = ["Engine", "Node", "NodeIngress", "NodeSpec", "NodeStatus"]


class NodeSpec(Model):
    """What the operator of the node wants of it."""

    unschedulable: bool | None = Field(None, description="True if no new container shall be bound to the node.")


class Engine(Model):
    """The engine that runs the node's containers."""

    version: str | None = Field(None, description="Version of the engine.")
    api_version: str | None = Field(None, description="Engine API version in use.")
    operating_system: str | None = Field(None, description="Name of the host's operating system.")
    architecture: str | None = Field(None, description="Architecture of the host, as x86_64.")
    kernel_version: str | None = Field(None, description="Kernel of the host.")
    storage_driver: str | None = Field(None, description="How the engine keeps layers.")
    cgroup_version: str | None = Field(None, description="1 or 2.")


class NodeIngress(Model):
    """Who publishes the ports of the node's containers."""

    mode: Literal["nftables", "engine"] = Field(
        description="nftables: Fizz, so that replicas share a port. engine: the engine, one container a port."
    )
    message: str | None = Field(None, description="Why the engine does it.")


class NodeStatus(Model):
    """What the agent sees of the node."""

    conditions: list[Condition] | None = Field(
        None,
        description="Ready is True while the agent reports and its engine answers.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    engine: Engine | None = Field(None, description="The engine that runs the containers.")
    ingress: NodeIngress | None = Field(None, description="Who publishes ports.")
    capacity: dict[str, Quantity] | None = Field(None, description="cpu and memory of the host.")
    agent: str | None = Field(
        None,
        description="Where the agent answers for logs and engine state: `unix:///path` or `http://host:port`.",
    )


class Node(Object):
    """A host with a Docker Engine and an agent that acts for it."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Node"
    spec: NodeSpec = Field(default_factory=NodeSpec, description="What its operator wants of it.")
    status: NodeStatus | None = Field(None, description="What its agent sees.")
