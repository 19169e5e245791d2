"""Containers that a Container has to do with: whose namespaces it shares, whose volumes it mounts, what it links to.

A reference is written as in the spec: `service:web` is the first container of the Deployment `web`, `container:web` the
Container `web`, or, if there is none of that name, a container of the engine that is not ours. Only containers of the
same node can be meant; the agent knows no others.

A namespace belongs to one run of the engine's container. When that is made anew, whoever shares it has to be made anew,
too; when it is only started again, they have to be started again, or they are left with what it had before.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol

from fizz.client.objects import Key, key_of
from fizz.controllers.node.engine import EngineContainer
from fizz.controllers.node.mirror import Mirror
from fizz.controllers.node.naming import container_name, project_of, service_of
from fizz.schemas import labels
from fizz.schemas.container import Container, ContainerSpec
from fizz.schemas.names import to_name

__all__ = [
    "Neighbourhood",
    "doubt",
    "has_neighbour",
    "lacking",
    "links_of",
    "lost_its_processes",
    "namespaces",
    "peers_of",
    "references",
    "refresh",
]

_SERVICE: Final = "service:"
_CONTAINER: Final = "container:"
_LONGEST_LABEL: Final = 63
_DOUBT_SECONDS: Final = 2.0
_KILLED: Final = 137
"""Exit code of what was ended by SIGKILL."""


class _Containers(Protocol):
    def container(self, key: Key) -> Container | None: ...

    def containers(self, namespace: str | None = None) -> Sequence[Container]: ...


class Neighbourhood(Protocol):
    """What is known of all Containers of the node, and of what the engine has for them."""

    @property
    def objects(self) -> _Containers: ...

    @property
    def mirror(self) -> Mirror: ...


def namespaces(spec: ContainerSpec) -> list[str]:
    """References to the containers whose network, IPC or PID namespace is shared, each once."""
    modes = (spec.network_mode, spec.ipc, spec.pid)
    return list(dict.fromkeys(mode for mode in modes if mode and mode.startswith((_SERVICE, _CONTAINER))))


def references(spec: ContainerSpec) -> list[str]:
    """References to all containers that must be there before this one is created."""
    sources = [
        f"{_SERVICE}{each.deployment}" if each.deployment else f"{_CONTAINER}{each.container}"
        for each in spec.volumes_from or []
    ]
    return list(dict.fromkeys([*namespaces(spec), *sources]))


def has_neighbour(spec: ContainerSpec, other: Container) -> bool:
    """Whether one of the references may mean the other Container."""
    deployment = other.labels.get(labels.DEPLOYMENT)
    return any(
        reference == f"{_CONTAINER}{other.name}"
        or (reference.startswith(_SERVICE) and _label(reference.removeprefix(_SERVICE)) == deployment)
        for reference in references(spec)
    )


async def refresh(around: Neighbourhood, item: Container) -> None:
    """Look at the engine's containers that its references mean, so that what is known of them is true."""
    for reference in references(item.spec):
        if target := _target(around, item, reference):
            await around.mirror.look(key_of(target))


def peers_of(around: Neighbourhood, item: Container) -> dict[str, EngineContainer]:
    """By reference, the engine's containers that are meant. Namespaces are only there while the container runs."""
    needed = set(namespaces(item.spec))
    found = {}
    for reference in references(item.spec):
        target = _target(around, item, reference)
        for each in _engine_containers(around, target) if target else ():
            if each.runs or reference not in needed:
                found[reference] = each
    return found


def lacking(around: Neighbourhood, item: Container) -> str | None:
    """The first reference to a container of ours that is not there to be shared with, or does not run; None if none."""
    found = peers_of(around, item)
    for reference in references(item.spec):
        is_ours = reference.startswith(_SERVICE) or _target(around, item, reference) is not None
        if is_ours and reference not in found:
            return reference
    return None


def lost_its_processes(around: Neighbourhood, item: Container, container: EngineContainer, now: datetime) -> bool:
    """Whether it ended because another one did: a PID namespace ends with its first process, and all in it are killed.
    That is no end of its own. The kernel kills those before the first one is gone, and so does the engine tell it:
    what was killed a moment ago has the benefit of the doubt, see `doubt`.
    """
    reference = item.spec.pid or ""
    if container.state != "exited" or container.exit_code != _KILLED or reference not in namespaces(item.spec):
        return False
    if _target(around, item, reference) is None and not reference.startswith(_SERVICE):
        return False  # not ours: nobody would tell when it is back
    owner = peers_of(around, item).get(reference)
    if owner is None or owner.id not in container.shares:
        return True
    ended = container.finished_at
    began_anew = ended is not None and owner.started_at is not None and owner.started_at > ended
    return began_anew or doubt(item, container, now) > 0


def doubt(item: Container, container: EngineContainer, now: datetime) -> float:
    """Seconds until it is certain that what was killed in another's PID namespace was killed for itself; 0: it is."""
    shares = (item.spec.pid or "").startswith((_SERVICE, _CONTAINER))
    if not shares or container.state != "exited" or container.exit_code != _KILLED or container.finished_at is None:
        return 0.0
    left = _DOUBT_SECONDS - (now - container.finished_at).total_seconds()
    return min(max(0.0, left), _DOUBT_SECONDS)  # the clock may have been set back since


def links_of(around: Neighbourhood, item: Container) -> list[str]:
    """`name:alias` for every link. Those to a Deployment lead to each of its containers, and these also get the names
    that compose gives them: the service and the project with it, both with the number of the container that links.
    """
    ordinal = item.labels.get(labels.ORDINAL, "")
    number = int(ordinal) + 1 if ordinal.isdigit() else 1
    found = []
    for link in item.spec.links or []:
        if link.container:
            found.append(f"{link.container}:{link.alias}")
        for target in _of_deployment(around, item, link.deployment) if link.deployment else ():
            service = service_of(target)
            names = (link.alias, f"{service}-{number}", f"{project_of(target)}-{service}-{number}")
            found += [f"{container_name(target)}:{alias}" for alias in names]
    return list(dict.fromkeys(found))


def _target(around: Neighbourhood, item: Container, reference: str) -> Container | None:
    if reference.startswith(_SERVICE):
        return next(iter(_of_deployment(around, item, reference.removeprefix(_SERVICE))), None)
    return around.objects.container(Key(item.namespace, reference.removeprefix(_CONTAINER)))


def _of_deployment(around: Neighbourhood, item: Container, deployment: str) -> list[Container]:
    """The Containers of the Deployment, by number; those that are going are none."""
    found = [
        each
        for each in around.objects.containers(item.namespace)
        if each.labels.get(labels.DEPLOYMENT) == _label(deployment) and each.metadata.deletion_timestamp is None
    ]
    return sorted(found, key=_order)


def _engine_containers(around: Neighbourhood, target: Container) -> Iterator[EngineContainer]:
    key = key_of(target)
    for each in around.mirror:
        if around.mirror.key(each.id) == key and each.labels.get(labels.UID) == target.metadata.uid:
            yield each


def _order(item: Container) -> tuple[int, str, str]:
    """The first replica comes first; of two in one place, the older one, as long as it stays."""
    ordinal = item.labels.get(labels.ORDINAL, "")
    return int(ordinal) if ordinal.isdigit() else 0, str(item.metadata.creation_timestamp or ""), item.name


def _label(deployment: str) -> str:
    """The Deployment's name as a label's value."""
    return deployment if len(deployment) <= _LONGEST_LABEL else to_name(deployment)
