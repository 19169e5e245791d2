"""What a container has to do with others: whose volumes it mounts, and under which further names it knows them.

A neighbour is named by its Deployment in the namespace, and then it is the first container of that, whatever that is
called and however often it is made anew; or as a container, by the name of a Container in the namespace or else by the
engine's name.
"""

from pydantic import Field

from fizz.schemas.base import Model

__all__ = ["Link", "VolumesFrom"]


class VolumesFrom(Model):
    """All volumes of another container, mounted where that has them. One of deployment and container."""

    deployment: str | None = Field(None, description="The first container of this Deployment.")
    container: str | None = Field(None, description="A Container, or a container of the engine, by name.")
    read_only: bool | None = Field(None, description="True to mount them read-only.")


class Link(Model):
    """A further name for another container, which only this one knows. One of deployment and container."""

    deployment: str | None = Field(None, description="All containers of this Deployment.")
    container: str | None = Field(None, description="A container of the engine, by name.")
    alias: str = Field(description="The name for it.")
