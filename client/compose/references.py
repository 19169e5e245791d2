"""What services refer to, and where: other services, networks, volumes, secrets, configs, models.

Two users: the checks, which look for what is not there, and normalising, which leaves out what nobody uses and adds the
dependencies that follow from links and shared namespaces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fizz.client.compose.nodes import BROKEN, Mark, Node
from fizz.client.compose.problems import Path

__all__ = ["KINDS", "Dependency", "Reference", "dependencies", "on_default_network", "references"]

KINDS: Final = ("networks", "volumes", "secrets", "configs", "models")
_NAMESPACES: Final = ("network_mode", "ipc", "pid", "uts", "cgroup")


@dataclass(frozen=True, slots=True)
class Reference:
    """A service uses something of the top level. `kind` is the key that it is defined under."""

    kind: str
    name: str
    place: Mark | Node
    path: Path
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A service needs another one first. `restart` and `required` as under `depends_on`."""

    name: str
    place: Mark | Node
    path: Path
    condition: str = "service_started"
    restart: bool = False
    required: bool = True


def references(name: str, service: Node) -> Iterator[Reference]:
    """Everything at the top level that a service uses by name."""
    root: Path = ("services", name)
    for kind in ("networks", "models"):
        if (used := service.get(kind)) is not None:
            for key in used.mapping():
                yield Reference(kind, key, used.key(key), (*root, kind))
    if on_default_network(service):
        yield Reference("networks", "default", service, root)
    for index, mount in enumerate(_items(service, "volumes")):
        form, source = mount.get("type"), mount.get("source")
        if form and form.value == "volume" and source and isinstance(source.value, str) and source.value:
            yield Reference("volumes", source.value, source, (*root, "volumes", index))
    for kind in ("secrets", "configs"):
        yield from _granted(kind, service, root)
    if (build := service.get("build")) is not None:
        yield from _granted("secrets", build, (*root, "build"))


def on_default_network(service: Node) -> bool:
    """Whether a service joins the network `default`, because it says nothing about networks."""
    networks = service.get("networks")
    return not ((networks and networks.mapping()) or service.get("network_mode") or service.get("provider"))


def _items(node: Node, key: str) -> list[Node]:
    child = node.get(key)
    return child.items() if child else []


def _granted(kind: str, holder: Node, root: Path) -> Iterator[Reference]:
    for index, item in enumerate(_items(holder, kind)):
        source = item.get("source")
        if source is None and any(child.tag == BROKEN for child in item.mapping().values()):
            continue
        name = source.value if source else ""
        if isinstance(name, str):
            yield Reference(kind, name, source or item, (*root, kind, index))


def dependencies(name: str, service: Node, *, implied: bool = True) -> Iterator[Dependency]:
    """The services that a service needs first, as written and as they follow if those that are `implied` are asked for,
    too; the first one for a name counts.
    """
    root: Path = ("services", name)
    if (written := service.get("depends_on")) is not None:
        for other, options in written.mapping().items():
            condition, restart, required = (options.get(key) for key in ("condition", "restart", "required"))
            yield Dependency(
                other,
                written.key(other),
                (*root, "depends_on"),
                str(condition.value) if condition else "service_started",
                bool(restart and restart.value),
                not (required and required.value is False),
            )
    if not implied:
        return
    for index, link in enumerate(_items(service, "links")):
        if isinstance(link.value, str):
            yield Dependency(link.value.split(":")[0], link, (*root, "links", index), restart=True)
    for key in _NAMESPACES:
        mode = service.get(key)
        if mode and isinstance(mode.value, str) and mode.value.startswith("service:"):
            yield Dependency(mode.value.removeprefix("service:"), mode, (*root, key), restart=True)
    for index, source in enumerate(_items(service, "volumes_from")):
        if isinstance(source.value, str) and not source.value.startswith("container:"):
            yield Dependency(source.value.split(":")[0], source, (*root, "volumes_from", index))
