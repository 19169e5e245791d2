"""What the engine's objects are called and labelled. Pure.

Labels tie the engine's objects to ours: `uid` to the very object, `namespace` and `container` to its name, `spec-hash`
to what it was made from, `server` and `node` to who may remove it. The labels of docker compose stand beside them for
the tools that read those.

Several Fizz servers may share one engine. What keeps them apart is the label `fizz.dev/server`: the uid of the
Namespace `fizz-system`, which is made once for a data directory and is unique. An agent removes only what carries its
own server's uid and its own node's name; whatever else it finds, it leaves alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fizz import __version__
from fizz.schemas import labels
from fizz.schemas.apps import Network, Service, Volume
from fizz.schemas.base import Model
from fizz.schemas.container import Container, ContainerSpec
from fizz.schemas.meta import Object
from fizz.schemas.names import to_name

__all__ = [
    "Owner",
    "container_labels",
    "container_name",
    "is_predecessor",
    "network_labels",
    "network_name",
    "project_of",
    "service_names",
    "service_of",
    "spec_hash",
    "volume_labels",
    "volume_name",
]

_NOT_ON_THE_ENGINE: Final = {"node_name", "desired_state", "readiness_probe", "liveness_probe", "startup_probe"}
"""Where a container runs, whether, and how it is probed, is no part of what it is."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who makes objects in an engine: a server, by its uid, on one of its nodes."""

    server: str
    node: str

    @property
    def labels(self) -> dict[str, str]:
        """What the owner's objects carry."""
        return {labels.SERVER: self.server, labels.NODE: self.node}

    @property
    def selector(self) -> str:
        """The label that finds them, as the engine's filters write it."""
        return f"{labels.SERVER}={self.server}"

    def owns(self, found: Mapping[str, str]) -> bool:
        """Whether an object with these labels is the owner's, so that it may be removed."""
        return all(found.get(key) == value for key, value in self.labels.items())


def project_of(item: Object) -> str:
    """The compose project, else the namespace."""
    return item.labels.get(labels.PROJECT) or item.namespace


def service_of(container: Container) -> str:
    """The compose service, else the Deployment, CronJob or Job, else the Container itself. Always a name of it in its
    networks.
    """
    keys = (labels.SERVICE, labels.DEPLOYMENT, labels.CRON_JOB, labels.JOB)
    return next((container.labels[key] for key in keys if container.labels.get(key)), container.name)


def service_names(container: Container, services: Iterable[Service]) -> list[str]:
    """The names that Services give the container in its networks. A Service that came from a compose file is known by
    the name that is written there, which `service_of` gives, and not by the plainer one of the object.
    """
    deployment = container.labels.get(labels.DEPLOYMENT)
    found: list[str] = []
    for service in services:
        if deployment is not None and deployment in {service.spec.deployment, to_name(service.spec.deployment)}:
            own = [] if labels.SERVICE in service.labels else [service.name]
            found += [*own, *(service.spec.aliases or [])]
    return sorted(set(found))


def container_name(container: Container) -> str:
    """`spec.containerName`, else `<project>-<service>-<number>`, numbers beginning with 1; without an ordinal
    `<project>-<name>`. Those of Jobs that are told apart by run or attempt stay beside one another:
    `<project>-<job>-<number>-retry-<attempt>`.
    """
    if container.spec.container_name:
        return container.spec.container_name
    ordinal = container.labels.get(labels.ORDINAL)
    if ordinal is None or not ordinal.isdigit():
        return f"{project_of(container)}-{container.name}"
    service, job = service_of(container), container.labels.get(labels.JOB)
    stem = service if job is None or job == to_name(service) else job
    attempt = container.labels.get(labels.ATTEMPT, "0")
    return f"{project_of(container)}-{stem}-{int(ordinal) + 1}" + (f"-retry-{attempt}" if attempt != "0" else "")


def is_predecessor(found: Mapping[str, str], item: Container, owner: Owner) -> bool:
    """Whether the engine's container with these labels is of the same replica, made from another template. The two have
    the same name, unless one is given; while one follows the other, the old one makes room.
    """
    wanted = container_labels(item, owner)
    same = (labels.SERVER, labels.NODE, labels.NAMESPACE, labels.DEPLOYMENT, labels.COMPOSE_CONTAINER_NUMBER)
    return (
        labels.DEPLOYMENT in wanted
        and item.spec.container_name is None
        and all(found.get(key) == wanted[key] for key in same)
        and found.get(labels.UID) != wanted[labels.UID]
    )


def network_name(network: Network) -> str:
    """`spec.name`, else `<project>_<name>`."""
    return network.spec.name or f"{project_of(network)}_{network.name}"


def volume_name(volume: Volume) -> str:
    """`spec.name`, else `<project>_<name>`."""
    return volume.spec.name or f"{project_of(volume)}_{volume.name}"


def spec_hash(spec: Model) -> str:
    """Sixteen hexadecimal digits that change when the engine's object must. Fields that equal their default do not
    count, so that a later version of Fizz, which knows more fields, finds the same hash.
    """
    exclude = _NOT_ON_THE_ENGINE if isinstance(spec, ContainerSpec) else None
    content = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=exclude)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def container_labels(container: Container, owner: Owner) -> dict[str, str]:
    """The labels of the engine's container: those of the spec, ours, and compose's."""
    digest = spec_hash(container.spec)
    ordinal = container.labels.get(labels.ORDINAL, "0")
    owners = (labels.DEPLOYMENT, labels.JOB)
    return {
        **(container.spec.labels or {}),
        **{key: container.labels[key] for key in owners if container.labels.get(key)},
        **_common(container, owner),
        labels.CONTAINER: container.name,
        labels.SPEC_HASH: digest,
        labels.COMPOSE_SERVICE: service_of(container),
        labels.COMPOSE_CONTAINER_NUMBER: str(int(ordinal) + 1) if ordinal.isdigit() else "1",
        labels.COMPOSE_ONEOFF: "True" if container.labels.get(labels.ONEOFF) == "true" else "False",
        labels.COMPOSE_CONFIG_HASH: digest,
        **({labels.COMPOSE_IMAGE: container.spec.image_id} if container.spec.image_id else {}),
    }


def network_labels(network: Network, owner: Owner) -> dict[str, str]:
    """The labels of the engine's network."""
    return {
        **(network.spec.labels or {}),
        **_common(network, owner),
        labels.NETWORK: network.name,
        labels.SPEC_HASH: spec_hash(network.spec),
        labels.COMPOSE_NETWORK: _as_written(network, network_name(network)),
    }


def volume_labels(volume: Volume, owner: Owner) -> dict[str, str]:
    """The labels of the engine's volume."""
    return {
        **(volume.spec.labels or {}),
        **_common(volume, owner),
        labels.VOLUME: volume.name,
        labels.COMPOSE_VOLUME: _as_written(volume, volume_name(volume)),
    }


def _as_written(item: Object, engine_name: str) -> str:
    """The name in the compose file: an object's name may be a plainer form of it, the engine's is not."""
    stem = f"{project_of(item)}_"
    return engine_name.removeprefix(stem) if engine_name.startswith(stem) else item.name


def _common(item: Object, owner: Owner) -> dict[str, str]:
    return {
        **owner.labels,
        labels.NAMESPACE: item.namespace,
        labels.UID: item.metadata.uid or "",
        labels.COMPOSE_PROJECT: project_of(item),
        labels.COMPOSE_VERSION: __version__,
    }
