"""What a container may take of its host: processors, memory, processes, disks, and the limits of the kernel."""

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import Quantity

__all__ = ["GenericResource", "Requests", "ResourceList", "Resources", "Ulimit"]


class ResourceList(Model):
    """Amounts of resources."""

    cpu: Quantity | None = Field(None, description="Cores, as 0.5 or 500m.")
    memory: Quantity | None = Field(None, description="Bytes, as 64Mi.")
    pids: int | None = Field(None, description="Processes; -1 for no limit.")


class GenericResource(Model):
    """Something countable that a node has, by a name of its operator's."""

    kind: str = Field(description="What it is called.")
    value: int = Field(description="How many.")


class Requests(ResourceList):
    """Amounts that are reserved."""

    generic_resources: list[GenericResource] | None = Field(
        None,
        description="Countable things of the node; kept for the scheduler.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["kind"]},
    )


class Resources(Model):
    """What the container may take and what is kept for it."""

    limits: ResourceList | None = Field(None, description="The most that it gets.")
    requests: Requests | None = Field(None, description="What is reserved for it.")


class Ulimit(Model):
    """A limit of the kernel for the container's processes."""

    name: str = Field(description="Name of the limit, as nofile.")
    soft: int = Field(description="The limit that holds; -1 for none.")
    hard: int = Field(description="The limit up to which a process may raise it; -1 for none.")
