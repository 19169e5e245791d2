"""Commands that the agent runs in a container at certain moments of its life."""

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas.base import Model
from fizz.schemas.env import EnvVar
from fizz.schemas.fields import Time

__all__ = ["Hook", "PostStartStatus"]

_BY_NAME: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}


class Hook(Model):
    """A command that is run in the container."""

    command: list[str] = Field(description="The command and its arguments.")
    user: str | None = Field(None, description="User, or user:group; the container's if absent.")
    privileged: bool | None = Field(None, description="True to run it with all rights.")
    working_dir: str | None = Field(None, description="Folder in which it starts; the container's if absent.")
    env: list[EnvVar] | None = Field(None, description="Variables besides the container's.", json_schema_extra=_BY_NAME)


class PostStartStatus(Model):
    """The hooks after one start of the container: done, or failed."""

    container_id: str = Field(alias="containerID", description="The engine's container.")
    started_at: Time = Field(description="The start after which they ran.")
    error: str | None = Field(None, description="What went wrong; then the rest of the hooks did not run.")
