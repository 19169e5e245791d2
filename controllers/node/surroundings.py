"""What a ContainerSpec only names, and the agent has found out: the world that a payload is made in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fizz.controllers.node.create_mounts import FileMount
from fizz.controllers.node.engine import ApiVersion, Unsupported
from fizz.schemas.base import JSON

__all__ = ["Surroundings", "given", "too_old"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a spec only names. `networks` and `volumes` go from our name to the engine's; `aliases` are names that the
    container has in every network, besides its own. `peers` goes from a reference, as `service:web` or
    `container:web`, to the engine's id; what is not in it is no container of ours. `links` are `name:alias`. A value
    of `environment` is None if the variable shall not be set. `socket` is the path of the engine's own socket, empty
    if it listens elsewhere. `inherited` are the engine's names of volumes that it has from a container before it, by
    path.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Sequence[tuple[str, str | None]] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[FileMount] = ()
    aliases: Sequence[str] = ()
    peers: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[str] = ()
    socket: str = ""
    inherited: Mapping[str, str] = field(default_factory=dict)
    api_version: ApiVersion = (1, 41)

    def mode(self, written: str) -> str:
        """A namespace as the engine wants it: `container:ID` where it is that of a container of ours."""
        return f"container:{self.peers[written]}" if written in self.peers else written


def given(**values: object) -> JSON:
    """The values that are there: an engine takes an absent field for its default, and null not always."""
    return {key: value for key, value in values.items() if value is not None}


def too_old(what: str, since: ApiVersion, version: ApiVersion) -> Unsupported:
    """The error for what an engine of that version cannot do."""
    has = f"{version[0]}.{version[1]}"
    return Unsupported(f"{what} needs an engine with API {since[0]}.{since[1]}; this one has {has}")
