"""What is said about images between a client and the agent of a node, over the API server: requests and progress.

Nothing here is stored. A build goes up as two parts of a form: `build`, a `Build` as JSON, and `context`, a tar file as
it is being made. What comes down for a build, a pull or a push is one `Progress` a line, as it happens:

    {"id": "sha256:1f..", "name": "[2/3] RUN make", "state": "running"}
    {"id": "sha256:1f..", "text": "cc -o web web.c\\n"}
    {"id": "sha256:1f..", "name": "[2/3] RUN make", "state": "done"}
    {"image": "sha256:9c.."}

The last line says the image's id, or the error that ended it.
"""

from typing import Literal

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import Time
from fizz.schemas.limits import Ulimit

__all__ = ["Build", "Image", "Progress", "StepState"]

StepState = Literal["waiting", "running", "done", "cached", "failed"]


class Build(Model):
    """How an image is built. `context` is sent beside it, unless `remote` says where the engine fetches it from."""

    tags: list[str] = Field(default_factory=list, description="The image's names.")
    remote: str | None = Field(None, description="URL of a git repository or tar file that is the context.")
    dockerfile: str = Field("Dockerfile", description="The Dockerfile's path in the context.")
    dockerfile_text: str | None = Field(None, description="The Dockerfile itself, instead of one in the context.")
    target: str | None = Field(None, description="The stage to build; the last if absent.")
    args: dict[str, str] = Field(default_factory=dict, description="Build arguments.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of the image.")
    cache_from: list[str] = Field(default_factory=list, description="Images whose layers may be used.")
    network: str | None = Field(None, description="Network of RUN steps: host, none, default or a network's name.")
    extra_hosts: list[str] = Field(default_factory=list, description="Lines for the hosts file, as name:address.")
    shm_size: int | None = Field(None, description="Size of /dev/shm in bytes.")
    memory: int | None = Field(None, description="Memory of RUN steps in bytes; the classic builder's only.")
    ulimits: list[Ulimit] = Field(default_factory=list, description="Limits of RUN steps.")
    platform: str | None = Field(None, description="The platform to build for; the engine's own if absent.")
    isolation: str | None = Field(None, description="Isolation technology of RUN steps on Windows.")
    pull: bool = Field(False, description="True to look for newer base images.")
    no_cache: bool = Field(False, description="True to run all steps anew.")
    builder: Literal["buildkit", "classic"] = Field("buildkit", description="Which of the engine's builders.")


class Progress(Model):
    """One thing that happened: a step changed (`state`), wrote something (`text`), or all is over (`image`, `error`).

    A step is a build's, or a layer of a pull or push. `detail` says more about its state in the engine's words; `done`
    and `total` are bytes.
    """

    id: str = Field("", description="The step; empty for the whole.")
    name: str | None = Field(None, description="What the step is about.")
    state: StepState | None = Field(None, description="How far it is.")
    detail: str | None = Field(None, description="More about that, as Downloading.")
    done: int | None = Field(None, description="Bytes done.")
    total: int | None = Field(None, description="Bytes in all.")
    text: str | None = Field(None, description="What it wrote.")
    warning: str | None = Field(None, description="What the author of the Dockerfile should know.")
    image: str | None = Field(None, description="Id of the image that came of it.")
    error: str | None = Field(None, description="Why nothing came of it.")


class Image(Model):
    """An image in the engine of a node."""

    id: str = Field(description="Its id, by content.")
    tags: list[str] = Field(default_factory=list, description="Its names.")
    digests: list[str] = Field(default_factory=list, description="What registries call it.")
    size: int = Field(0, description="Bytes.")
    created: Time | None = Field(None, description="When it was made.")
    tagged_at: Time | None = Field(None, description="When it last got a name, as by a pull or a build.")
    platform: str = Field("", description="What it runs on, as linux/amd64.")
