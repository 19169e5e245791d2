"""The places of a Deployment's replicas, and the Containers that are in them. Pure.

Replicas are slots numbered from 0. In a slot there may be the Container of the present template (`current`), others of
older templates (`old`), and some that are being deleted already (`leaving`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fizz.controllers.workloads.template import container_name, ordinal_of
from fizz.schemas.apps import Deployment
from fizz.schemas.conditions import find
from fizz.schemas.container import Container

__all__ = ["Slot", "arrange", "good_since", "is_good", "trouble_of"]

_CRASHES: Final = 3
"""Restarts after which a container that is being restarted counts as one that does not work."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One replica's place."""

    ordinal: int
    current: Container | None = None
    old: list[Container] = field(default_factory=list)
    leaving: list[Container] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return self.current is None and not self.old and not self.leaving

    @property
    def serves(self) -> bool:
        """Whether something in it does its work, and goes on with it."""
        return any(is_good(item) for item in ([self.current] if self.current else []) + self.old)


def arrange(deployment: Deployment, digest: str, containers: Sequence[Container]) -> tuple[list[Slot], list[Container]]:
    """The wanted slots with what is in them, and the Containers that are in no wanted slot."""
    current: dict[int, Container] = {}
    slots = [Slot(index) for index in range(deployment.spec.replicas)]
    excess: list[Container] = []
    for item in containers:
        ordinal = ordinal_of(item)
        if ordinal is None or ordinal >= deployment.spec.replicas:
            excess.append(item)
        elif item.metadata.deletion_timestamp is not None:
            slots[ordinal].leaving.append(item)
        elif item.name == container_name(deployment, digest, ordinal):
            current[ordinal] = item
        else:
            slots[ordinal].old.append(item)
    return [Slot(slot.ordinal, current.get(slot.ordinal), slot.old, slot.leaving) for slot in slots], excess


def is_good(container: Container) -> bool:
    """Whether it does its work: it is ready, or has completed it."""
    status = container.status
    return status is not None and (bool(status.ready) or status.phase == "Succeeded")


def good_since(container: Container) -> datetime | None:
    """Since when it is good; None if it is not."""
    status = container.status
    if status is None or not is_good(container):
        return None
    ready = find(status.conditions, "Ready")
    if status.ready and ready is not None and ready.last_transition_time is not None:
        return ready.last_transition_time
    return status.finished_at or status.started_at


def trouble_of(container: Container) -> str | None:
    """Why it does not work, as a sentence; None while it does, or may still begin to."""
    status = container.status
    if status is None:
        return None
    if status.phase == "Failed":
        return status.message or (
            f"ended with exit code {status.exit_code}" if status.exit_code is not None else "failed"
        )
    if status.phase in {None, "Pending", "Creating"} and status.reason not in {None, "Unschedulable"}:
        return status.message
    if status.phase == "Restarting" and (status.restart_count or 0) >= _CRASHES:
        return status.message or "it crashes again and again"
    return "is unhealthy" if status.health == "unhealthy" else None
