"""Anonymous volumes of a container, and which of them the next one has. Pure.

A container's volumes are told by the engine. Those without a name in the spec were made by it, for a mount without a
source or for a path that the image declares; the next container has them at the same paths, if it still has such a
mount there, or its image still declares the path. What another container lends (`volumesFrom`) is not its own.
"""

import posixpath
from collections.abc import Collection, Iterable, Mapping

from fizz.controllers.node.engine import EngineContainer
from fizz.schemas import labels
from fizz.schemas.container import Container, ContainerSpec
from fizz.schemas.inheritance import inherited
from fizz.schemas.mounts import AnonymousVolume

__all__ = ["as_status", "inherits", "known_volumes", "own_volumes", "undeclared"]


def own_volumes(
    spec: ContainerSpec, container: EngineContainer, lenders: Mapping[str, EngineContainer]
) -> dict[str, str]:
    """The engine's names of the container's anonymous volumes, by path. `lenders` are by reference, as `service:web`,
    the containers whose volumes it mounts, as far as they are ours.
    """
    written = {_path(mount.target) for mount in spec.mounts or [] if _is_anonymous(mount.type, mount.source)}
    covered = {_path(mount.target) for mount in spec.mounts or []} - written
    lent = {name for each in lenders.values() for name in each.volumes.values()}
    strangers = any(each.container and f"container:{each.container}" not in lenders for each in spec.volumes_from or [])
    return {
        path: name
        for path, name in container.volumes.items()
        if path in written or (path not in covered and name not in lent and not strangers)
    }


def known_volumes(
    item: Container, found: Iterable[EngineContainer], lenders: Mapping[str, EngineContainer]
) -> dict[str, str]:
    """What the Container has had so far: by its status, and by what the engine has for it."""
    told = (item.status.anonymous_volumes if item.status else None) or []
    volumes = {_path(each.target): each.name for each in told}
    for each in sorted(found, key=lambda each: (each.runs, each.id)):
        if each.labels.get(labels.UID) == item.metadata.uid:
            volumes |= own_volumes(item.spec, each, lenders)
    return volumes


def inherits(item: Container, known: Mapping[str, str]) -> dict[str, str]:
    """What a new container of the engine has at which path: what the Container had, else what the one before it had."""
    heritage = inherited(item)
    there = heritage.volumes if heritage is not None and heritage.node == item.spec.node_name else []
    return {**{_path(each.target): each.name for each in there}, **known}


def undeclared(spec: ContainerSpec, volumes: Mapping[str, str], declared: Collection[str]) -> set[str]:
    """Paths at which the new container has no anonymous volume any more. `declared` are the image's paths."""
    written = {_path(mount.target) for mount in spec.mounts or [] if _is_anonymous(mount.type, mount.source)}
    covered = {
        _path(target) for target in [*(each.target for each in spec.mounts or []), *(spec.tmpfs or {})]
    } - written
    return {
        path for path in volumes if path not in written and (path in covered or path not in set(map(_path, declared)))
    }


def as_status(volumes: Mapping[str, str]) -> list[AnonymousVolume] | None:
    """As a status tells it; None if there are none."""
    return [AnonymousVolume(target=path, name=name) for path, name in sorted(volumes.items())] or None


def _is_anonymous(kind: str, source: str | None) -> bool:
    return kind == "volume" and not source


def _path(target: str) -> str:
    return posixpath.normpath(target)
