"""Anonymous volumes and who has them next: what passes from a Container to the one that follows in its place. Pure.

An anonymous volume is made by the engine for one container: for a path that the image declares (`VOLUME`), or for a
mount without a source. It holds data all the same. So it is remembered, by the replica, in the Deployment's status, and
the next Container of that replica is told of it by an annotation:

    fizz.dev/inherited-volumes: {"node": "one", "volumes": [{"target": "/data", "name": "5448...6984"}]}

Only Containers with the same mark `fizz.dev/volumes-renewed-at` follow each other in this; who changes the mark in the
template, as `fizz up --renew-anon-volumes` does, gets new volumes, and the old ones stay in the engine for whoever
wants them back.

Source: "Volumes" of the Compose Specification; what docker compose does when it recreates a container.
"""

from collections.abc import Sequence

from pydantic import Field, ValidationError

from fizz.schemas import labels
from fizz.schemas.apps import DeploymentStatus, ReplicaVolumes, Template
from fizz.schemas.base import Model
from fizz.schemas.container import Container
from fizz.schemas.mounts import AnonymousVolume

__all__ = ["Inheritance", "handed_on", "inheritance_of", "inherited", "renewal_of"]


class Inheritance(Model):
    """Volumes that a Container has from the one before it, and the node that they are on."""

    node: str = Field(description="The node that the volumes are on.")
    volumes: list[AnonymousVolume] = Field(description="The volumes.")

    def written(self) -> str:
        """The annotation's value."""
        return self.model_dump_json(by_alias=True)


def inherited(container: Container) -> Inheritance | None:
    """What the Container's annotation says; None if it has none, or one that makes no sense."""
    text = (container.metadata.annotations or {}).get(labels.INHERITED_VOLUMES)
    try:
        return Inheritance.model_validate_json(text) if text else None
    except ValidationError:
        return None


def renewal_of(template: Template) -> str | None:
    """The mark of the template's Containers."""
    return ((template.metadata and template.metadata.annotations) or {}).get(labels.VOLUMES_RENEWED_AT)


def inheritance_of(records: Sequence[ReplicaVolumes], template: Template, ordinal: int) -> Inheritance | None:
    """What a new Container of that replica has from the one before; None if there is nothing."""
    mark = renewal_of(template)
    for record in records:
        if record.ordinal == ordinal and record.renewed_at == mark and record.volumes:
            return Inheritance(node=record.node, volumes=record.volumes)
    return None


def handed_on(status: DeploymentStatus | None, template: Template) -> list[str]:
    """The paths of all volumes that Containers of the template have from those before them."""
    mark = renewal_of(template)
    records = (status.replica_volumes if status else None) or []
    return sorted({volume.target for each in records if each.renewed_at == mark for volume in each.volumes})
