"""The anonymous volumes of each replica, remembered while one Container follows another. Pure; see `inheritance`.

What a Container has, its status tells. It is taken down in the Deployment's status before the Container is deleted, so
that it outlives the time in which there is none. With the Deployment, or with a replica that is not wanted any more,
the memory goes; the volumes stay in the engine.
"""

from collections.abc import Iterator, Sequence

from fizz.controllers.deployment.slots import Slot
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, ReplicaVolumes
from fizz.schemas.container import Container

__all__ = ["replica_volumes"]


def replica_volumes(deployment: Deployment, slots: Sequence[Slot]) -> list[ReplicaVolumes]:
    """What each replica has: as its newest Container tells that has come so far, else as it was known before."""
    status = deployment.status
    known = {each.ordinal: each for each in (status.replica_volumes if status else None) or []}
    found = (next(map(_record, _telling(slot)), known.get(slot.ordinal)) for slot in slots)
    return [each for each in found if each is not None and each.volumes]


def _telling(slot: Slot) -> Iterator[Container]:
    """The Containers that have come so far as to have volumes, those that are to stay first, and the newest first."""
    groups = ([slot.current] if slot.current else [], slot.old, slot.leaving)
    for group in groups:
        for item in sorted(group, key=lambda item: str(item.metadata.creation_timestamp or ""), reverse=True):
            if item.status and (item.status.container_id or item.status.anonymous_volumes):
                yield item


def _record(item: Container) -> ReplicaVolumes:
    return ReplicaVolumes(
        ordinal=int(item.labels[labels.ORDINAL]),
        node=item.spec.node_name or "",
        renewed_at=(item.metadata.annotations or {}).get(labels.VOLUMES_RENEWED_AT),
        volumes=(item.status.anonymous_volumes if item.status else None) or [],
    )
