"""What of a project that docker compose started can go on as it is, and what would have to be made anew. Pure.

A container agrees with the file if compose would leave it alone, too: its label `config-hash` is the hash of the
service, which Fizz works out as compose does, and it was made from the image that the name stands for now. Where it
does not, the engine's description is compared with the wanted spec, so that the difference has a name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fizz.client.compose.hashing import service_hash
from fizz.schemas import labels
from fizz.schemas.container import ContainerSpec
from fizz.schemas.names import to_name

__all__ = ["Candidate", "Found", "assign", "config_files", "differences", "surplus"]

JSON = dict[str, Any]
_SHORT: Final = 12
_MOST: Final = 80


@dataclass(frozen=True, slots=True)
class Found:
    """A container that compose made, as the engine describes it (`docker inspect`)."""

    raw: JSON

    @property
    def id(self) -> str:
        return str(self.raw["Id"])

    @property
    def name(self) -> str:
        return str(self.raw["Name"]).removeprefix("/")

    @property
    def labels(self) -> Mapping[str, str]:
        return self.raw["Config"].get("Labels") or {}

    @property
    def service(self) -> str:
        return self.labels.get(labels.COMPOSE_SERVICE, "")

    @property
    def number(self) -> int:
        written = self.labels.get(labels.COMPOSE_CONTAINER_NUMBER, "")
        return int(written) if written.isdigit() else 0

    @property
    def is_oneoff(self) -> bool:
        return self.labels.get(labels.COMPOSE_ONEOFF) == "True"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A replica, the container that it takes over, and what differs: nothing, if that one goes on."""

    deployment: str
    ordinal: int
    found: Found
    differences: tuple[str, ...]

    def __str__(self) -> str:
        if not self.differences:
            return f"{self.found.name}: goes on as it is"
        return f"{self.found.name}: would be made anew: {'; '.join(self.differences)}"


def config_files(found: Iterable[Found]) -> tuple[list[str], str]:
    """The compose files that the containers were made from, and the folder; empty if they do not say it."""
    for each in found:
        files = each.labels.get(labels.COMPOSE_CONFIG_FILES, "")
        if files:
            return files.split(","), each.labels.get(labels.COMPOSE_WORKING_DIR, "")
    return [], ""


def assign(services: Mapping[str, JSON], deployments: Sequence[JSON], found: Sequence[Found]) -> list[Candidate]:
    """Who takes over what. `services` are those of the file, `deployments` what they become, images included."""
    wanted = {item["metadata"]["name"]: item["spec"] for item in deployments}
    result = []
    for name, service in services.items():
        spec = wanted.get(to_name(name))
        if spec is None:
            continue
        mine = sorted((each for each in found if each.service == name and not each.is_oneoff), key=lambda f: f.number)
        for ordinal, each in zip(range(spec.get("replicas", 1)), mine, strict=False):
            differs = tuple(differences(service, spec["template"]["spec"], each))
            result.append(Candidate(to_name(name), ordinal, each, differs))
    return result


def surplus(candidates: Iterable[Candidate], found: Iterable[Found]) -> list[str]:
    """The names of containers that nobody takes over: one-off ones, more replicas than wanted, other services."""
    taken = {each.found.id for each in candidates}
    return sorted(each.name for each in found if each.id not in taken)


def differences(service: JSON, spec: JSON, found: Found) -> Iterator[str]:
    """Why compose would make it anew, in words; nothing if it would not."""
    image = spec.get("imageID")
    if image and found.raw.get("Image") != image:
        yield f"image: {_id(found.raw.get('Image'))} -> {_id(image)}"
    if found.labels.get(labels.COMPOSE_CONFIG_HASH) == service_hash(service):
        return
    named = list(_named(ContainerSpec.load(spec), found.raw))
    yield from named
    if not named:
        yield "its configuration hash differs, though not in what the engine shows"


def _named(spec: ContainerSpec, raw: JSON) -> Iterator[str]:
    config, host = raw["Config"], raw["HostConfig"]
    yield from _differ("image", config.get("Image"), spec.image)
    yield from _differ("command", config.get("Cmd"), spec.command, unless=None)
    yield from _differ("entrypoint", config.get("Entrypoint"), spec.entrypoint, unless=None)
    yield from _differ("user", config.get("User") or "", spec.user, unless=None)
    yield from _differ("working_dir", config.get("WorkingDir") or "", spec.working_dir, unless=None)
    written = dict(pair.partition("=")[::2] for pair in config.get("Env") or [])
    for variable in spec.env or []:
        if variable.value_from is None and variable.value is not None:
            yield from _differ(f"environment {variable.name}", written.get(variable.name), variable.value)
    restart = (host.get("RestartPolicy") or {}).get("Name") or "no"
    yield from _differ("restart", restart, spec.restart_policy.name if spec.restart_policy else "no")
    yield from _differ("ports", sorted(_bound(host)), sorted(_wanted_ports(spec)))
    yield from _differ("mounts", sorted(each["Destination"] for each in raw.get("Mounts") or []), _targets(spec, raw))
    if not spec.network_mode:
        joined = raw["NetworkSettings"]["Networks"]
        yield from _differ("networks", len(joined), len(spec.networks or []))
    else:
        yield from _differ("network_mode", host.get("NetworkMode"), spec.network_mode.replace("service:", "container:"))


def _differ(what: str, there: object, wanted: object, unless: object = ...) -> Iterator[str]:
    """`what: there -> wanted` if they differ; `unless` is a wanted value that says nothing."""
    if there != wanted and (unless is ... or wanted is not unless):
        yield f"{what}: {_brief(there)} -> {_brief(wanted)}"


def _bound(host: JSON) -> Iterator[str]:
    for port, bindings in (host.get("PortBindings") or {}).items():
        for binding in bindings or []:
            yield f"{binding.get('HostPort') or 'any'}:{port}"


def _wanted_ports(spec: ContainerSpec) -> Iterator[str]:
    for port in spec.ports or []:
        if port.publish or port.host_port:
            yield f"{port.host_port or 'any'}:{port.container_port}/{port.protocol}"


def _targets(spec: ContainerSpec, raw: JSON) -> list[str]:
    """Where something is to be mounted; what only the image declares is there as well."""
    wanted = {mount.target for mount in spec.mounts or []}
    wanted |= {file.target for file in (*(spec.secrets or []), *(spec.configs or []))}
    return sorted(wanted | (set(raw["Config"].get("Volumes") or {}) & {each["Destination"] for each in raw["Mounts"]}))


def _id(image: object) -> str:
    return str(image).removeprefix("sha256:")[:_SHORT]


def _brief(value: object) -> str:
    text = "nothing" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
