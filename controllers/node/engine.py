"""The engine as the agent needs it: a few verbs, and the values that go in and come out.

`DockerEngine` speaks to a Docker Engine, `FakeEngine` is one in memory; both pass tests/controllers/node/
test_engine_conformance.py. What goes in are the engine's own JSON payloads (made by `create` and `resources`, both
pure); what comes out are frozen values. Nobody else in this room reads the engine's JSON.

Verbs are idempotent where the engine makes it possible: starting what runs and stopping what is stopped succeed.

Errors:

    EngineError
    ├── EngineLost      the engine does not answer; it may or may not have done what was asked
    ├── Missing         no such container, network or volume
    │   └── ImageMissing  the image is not in the engine
    ├── NameTaken       another container has the name
    ├── InUse           the network or volume still has users
    ├── PullFailed      the image could not be fetched
    ├── PushFailed      the image could not be brought to its registry
    ├── BuildFailed     the image could not be built; the message is the builder's
    ├── Unsupported     this engine is too old for something; the message names the field
    └── Refused         the engine says no for another reason; the message is its own
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from fizz.controllers.node.inside import Conversation, Execs, Execution, LogEntry, Processes
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest
from fizz.schemas.images import Build, Progress

__all__ = [
    "ApiVersion",
    "BuildFailed",
    "Connection",
    "Containers",
    "Conversation",
    "CreateRequest",
    "Created",
    "Endpoint",
    "Engine",
    "EngineContainer",
    "EngineError",
    "EngineEvent",
    "EngineImage",
    "EngineInfo",
    "EngineLost",
    "EngineNetwork",
    "EngineState",
    "EngineVolume",
    "Execs",
    "Execution",
    "ImageMissing",
    "Images",
    "InUse",
    "LogEntry",
    "Logs",
    "Missing",
    "NameTaken",
    "Networks",
    "Processes",
    "PublishedPort",
    "PullFailed",
    "PushFailed",
    "Refused",
    "Unsupported",
    "Volumes",
]

ApiVersion = tuple[int, int]
"""Version of the engine's API, as (1, 41)."""

EngineState = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


class EngineError(Exception):
    """Anything that goes wrong with the engine. The library's error, if there was one, is the `__cause__`."""


class EngineLost(EngineError):
    """The engine does not answer. It may or may not have done what was asked."""


class Missing(EngineError):
    """No such container, network or volume."""


class ImageMissing(Missing):
    """The image is not in the engine."""


class NameTaken(EngineError):
    """Another container has the name."""


class InUse(EngineError):
    """The network or volume still has users."""


class PullFailed(EngineError):
    """The image could not be fetched."""


class PushFailed(EngineError):
    """The image could not be brought to its registry."""


class BuildFailed(EngineError):
    """The image could not be built; the message is the builder's."""


class Unsupported(EngineError):
    """This engine is too old for something that is asked of it; the message names the field."""


class Refused(EngineError):
    """The engine says no; the message is its own."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The engine and its host. `cpus` are cores, `memory` is bytes."""

    version: str
    api_version: ApiVersion
    operating_system: str = ""
    architecture: str = ""
    kernel_version: str = ""
    storage_driver: str = ""
    cgroup_version: str = ""
    cpus: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A container's place in a network. The ids and addresses are empty while the container is not running."""

    network_id: str = ""
    address: str = ""
    address6: str = ""


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port as the engine published it."""

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


@dataclass(frozen=True, slots=True)
class EngineContainer:
    """A container of the engine.

    `exit_code` and `finished_at` tell of the last end, `health` is None without a health check and `health_output` is
    what its last check printed. `endpoints` goes by the engine's network names. To stop it, the engine sends
    `stop_signal` and, `stop_seconds` later, SIGKILL. `shares` are the other containers, by id or name, whose namespaces
    it shares or whose volumes it mounts, `volumes` the names of the volumes that are mounted in it, by path.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    state: EngineState
    image: str = ""
    image_id: str = ""
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    restart_count: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    health: Literal["starting", "healthy", "unhealthy"] | None = None
    health_output: str = ""
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    ports: tuple[PublishedPort, ...] = ()
    stop_signal: str = "SIGTERM"
    stop_seconds: int = 10
    tty: bool = False
    shares: frozenset[str] = frozenset()
    volumes: Mapping[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether it has a process, or the engine is about to start one again."""
        return self.state in {"running", "paused", "restarting"}


@dataclass(frozen=True, slots=True)
class EngineNetwork:
    """A network of the engine."""

    id: str
    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EngineVolume:
    """A volume of the engine."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EngineImage:
    """An image in the engine; `tagged_at` is when it last got a name, as by a pull. `size` is bytes, `platform` is as
    linux/amd64, `digests` are what registries call it, and `volumes` the paths that it declares as volumes.
    """

    id: str
    tagged_at: datetime | None = None
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int = 0
    created: datetime | None = None
    platform: str = ""
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something that the engine says happened.

    `id` names the container or network, or is the volume's or image's name. `labels` and `name` are the
    container's. `container` is the one that was connected to a network, `signal` what a container was sent.
    """

    type: Literal["container", "network", "volume", "image"]
    action: str
    id: str
    time: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    container: str = ""
    signal: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """A network that a container joins: the engine's name for it, and its EndpointSettings."""

    network: str
    settings: JSON


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What the engine is asked to create. The container then joins `connect`, in order, before it is started."""

    name: str
    body: JSON
    platform: str = ""
    connect: tuple[Connection, ...] = ()


@dataclass(frozen=True, slots=True)
class Created:
    """The id of a new container, and what the engine says about it that is worth telling."""

    id: str
    warnings: tuple[str, ...] = ()


class Containers(Protocol):
    """Verbs for containers. `container` is an id."""

    async def containers(self, label: str) -> Sequence[EngineContainer]:
        """All containers, running or not, with the label: `key` or `key=value`."""

    async def inspect(self, container: str) -> EngineContainer:
        """One container, by its id or its name. Raises `Missing`."""

    async def create(self, request: CreateRequest) -> Created:
        """Create a container. Raises `NameTaken`, `ImageMissing`, `Missing` or `Refused`."""

    async def connect(self, container: str, connection: Connection) -> None:
        """Let the container join a network. Raises `Missing`."""

    async def rename(self, container: str, name: str) -> None:
        """Give it another name, while it runs or not. Raises `Missing` or `NameTaken`."""

    async def start(self, container: str) -> None:
        """Start it, unless it runs. Raises `Missing` or `Refused`."""

    async def stop(self, container: str, seconds: int | None = None) -> None:
        """Stop it with its signal, and kill it after `seconds`, or the time that it was created with. Raises
        `Missing`.
        """

    async def pause(self, container: str) -> None:
        """Freeze its processes, unless they are. Raises `Missing`, or `Refused` if it does not run."""

    async def unpause(self, container: str) -> None:
        """Let them go on, unless they do. Raises `Missing`, or `Refused` if it does not run."""

    async def kill(self, container: str, signal: str) -> None:
        """Send its program a signal, as SIGHUP. Raises `Missing`, or `Refused` if it does not run."""

    async def execute(self, container: str, request: ExecRequest) -> Execution:
        """Run a command in it, and wait until it ends. Raises `Missing`, or `Refused` if the container does not run."""

    async def remove(self, container: str, volumes: Collection[str] = ()) -> None:
        """Remove it by force, and these volumes of its, as far as nobody else uses them. All others stay, anonymous
        ones, too. Raises `Missing`.
        """

    async def ping(self) -> None:
        """Whether the engine answers, quickly, and whoever comes. One that is about to stop does not: it still answers
        on old connections, and takes no new ones. Raises `EngineLost`.
        """


class Networks(Protocol):
    """Verbs for networks."""

    async def networks(self, name: str) -> Sequence[EngineNetwork]:
        """The networks of that name: none, one, or, in old engines, several."""

    async def labelled_networks(self, label: str) -> Sequence[EngineNetwork]:
        """The networks with the label: `key` or `key=value`."""

    async def create_network(self, body: JSON) -> str:
        """Create a network and return its id. Raises `Refused`."""

    async def remove_network(self, network: str) -> None:
        """Remove the network of that id. Raises `Missing` or `InUse`."""


class Volumes(Protocol):
    """Verbs for volumes."""

    async def volume(self, name: str) -> EngineVolume | None:
        """The volume of that name, or None."""

    async def create_volume(self, body: JSON) -> EngineVolume:
        """Create a volume. Raises `Refused`."""

    async def remove_volume(self, name: str) -> None:
        """Remove a volume and what is in it. Raises `Missing` or `InUse`."""


class Images(Protocol):
    """Verbs for images."""

    async def image(self, name: str) -> EngineImage | None:
        """The image of that name, or None."""

    def pull(self, name: str, platform: str) -> AsyncGenerator[Progress, None]:
        """Fetch the image; ends when it is there. Raises `PullFailed`. An empty platform means the host's."""

    def push(self, name: str) -> AsyncGenerator[Progress, None]:
        """Bring the image to its registry. Raises `PushFailed`."""

    def build(self, build: Build, context: AsyncIterable[bytes]) -> AsyncGenerator[Progress, None]:
        """Build an image from a context, a tar file. The last thing told is its id. Raises `BuildFailed`."""


class Logs(Protocol):
    """The verb for logs."""

    def logs(
        self, container: EngineContainer, *, follow: bool, tail: int | None, since: str
    ) -> AsyncGenerator[Sequence[LogEntry], None]:
        """What the container wrote, in batches. With `follow` it goes on until the container ends.

        `tail` limits it to so many lines from the end; `since` is an RFC 3339 time, or empty. Raises `Missing`.
        """


class Engine(Containers, Networks, Volumes, Images, Logs, Execs, Protocol):
    """An engine, whole."""

    async def info(self) -> EngineInfo:
        """What the engine is. Raises `EngineLost`; so does everything else."""

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[EngineEvent]]:
        """What happens from now on: nothing that is done after entering the context is left out.

        Raises `EngineLost` on entering, and from the iterator when the connection ends.
        """

    async def raw(self, container: str) -> JSON:
        """The engine's own description of a container, for people. Raises `Missing`."""

    async def close(self) -> None:
        """End all streams and give up all connections."""
