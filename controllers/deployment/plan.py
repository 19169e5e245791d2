"""What to do next for one Deployment: pure, from the world as it is known to a list of actions and a status.

A plan is a step and not a script: it says only what may be done now, and the changes that its actions cause make the
next plan. Doing it twice, or from a world that lags behind, is harmless: names are deterministic, deletions are bound
to what was seen, and only Containers that the Deployment manages are ever touched.

Replicas are slots numbered from 0. In a slot there may be the Container of the present template (`current`) and others
(`stale`: of an older template, or being deleted). Example, replicas 2, template changed from a to b:

    slot 0: stale a-0             -> delete a-0
    slot 1: stale a-1 (deleting)  -> wait, its name in the engine and its ports are still taken
    then    slot 0 empty          -> create b-0
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fizz.controllers.deployment.dependencies import Gate, GateState, gate, stops_after
from fizz.controllers.deployment.status import observe, status_of
from fizz.controllers.deployment.template import (
    belongs_to,
    container_name,
    is_orphan_of,
    make_container,
    ordinal_of,
    template_hash,
)
from fizz.controllers.deployment.world import World
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, DeploymentStatus
from fizz.schemas.container import Container

__all__ = ["Action", "Adopt", "Create", "Delete", "Plan", "SetFinalizers", "plan"]

_ORPHAN = "orphan"
"""The finalizer of a deletion that leaves the Containers."""


@dataclass(frozen=True, slots=True)
class SetFinalizers:
    """Replace the Deployment's finalizers."""

    finalizers: tuple[str, ...]

    def __str__(self) -> str:
        return f"set finalizers to {', '.join(self.finalizers) or 'none'}"


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take over a Container that belongs to nobody."""

    container: Container

    def __str__(self) -> str:
        return f"adopt {self.container.name}"


@dataclass(frozen=True, slots=True)
class Create:
    """Make a Container."""

    container: Container

    def __str__(self) -> str:
        return f"create {self.container.name}"


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a Container, provided that it still is what was seen."""

    container: Container
    why: str

    def __str__(self) -> str:
        return f"delete {self.container.name}: {self.why}"


Action = SetFinalizers | Adopt | Create | Delete


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions in order, and the status that speaks of the world before them (None: leave it alone)."""

    actions: tuple[Action, ...] = ()
    status: DeploymentStatus | None = None


@dataclass(frozen=True, slots=True)
class _Slot:
    """One replica's place: the Container of the present template, and the others that are still in it."""

    ordinal: int
    current: Container | None = None
    stale: list[Container] = field(default_factory=list)


def plan(world: World, deployment: Deployment, now: datetime) -> Plan:
    """The next step for the Deployment. Raises nothing; an empty plan with an unchanged status means: as wanted."""
    owned = sorted(world.owned(deployment), key=lambda item: item.name)
    digest = template_hash(deployment.spec.template)
    if deployment.metadata.deletion_timestamp is not None:
        return _stop(world, deployment, digest, owned, now)
    opening = gate(world, deployment)
    adoptions = [Adopt(item) for item in world.labelled(deployment) if is_orphan_of(item, deployment)]
    adopted = [action.container for action in adoptions]
    slots, excess = _arrange(deployment, digest, [*owned, *adopted])
    taken = _taken(world, deployment, digest, slots)
    actions: list[Action] = [*_finalizer(deployment), *adoptions, *_shrink(deployment, excess)]
    if opening.is_open:
        actions += _stop_first(deployment, digest, slots, frozenset(taken))
    blocked = f"container {min(taken)} exists and belongs to somebody else; delete or rename it" if taken else None
    status = status_of(deployment, observe(deployment, digest, owned), opening, blocked, now)
    return Plan(tuple(actions), status)


def _finalizer(deployment: Deployment) -> Iterator[Action]:
    """Before the first Container is made, deletion is made to wait for the ordered stop."""
    finalizers = deployment.metadata.finalizers or []
    if labels.FINALIZER_ORDERED_STOP not in finalizers:
        yield SetFinalizers((*finalizers, labels.FINALIZER_ORDERED_STOP))


def _arrange(
    deployment: Deployment, digest: str, containers: Sequence[Container]
) -> tuple[list[_Slot], list[Container]]:
    """The wanted slots with what is in them, and the Containers that are in no wanted slot."""
    current: dict[int, Container] = {}
    stale: dict[int, list[Container]] = {}
    excess: list[Container] = []
    for item in containers:
        ordinal = ordinal_of(item)
        if ordinal is None or ordinal >= deployment.spec.replicas:
            excess.append(item)
        elif item.name == container_name(deployment, digest, ordinal) and item.metadata.deletion_timestamp is None:
            current[ordinal] = item
        else:
            stale.setdefault(ordinal, []).append(item)
    slots = [_Slot(index, current.get(index), stale.get(index, [])) for index in range(deployment.spec.replicas)]
    return slots, excess


def _taken(world: World, deployment: Deployment, digest: str, slots: Sequence[_Slot]) -> set[str]:
    """Names that are needed and that Containers of somebody else have."""
    needed = (container_name(deployment, digest, slot.ordinal) for slot in slots if slot.current is None)
    found = (world.container(name) for name in needed)
    return {
        item.name
        for item in found
        if item is not None and not belongs_to(item, deployment) and not is_orphan_of(item, deployment)
    }


def _may_delete(deployment: Deployment, item: Container) -> bool:
    """Whether it is there and the Deployment's own. What is just being adopted is left for the next step."""
    return item.metadata.deletion_timestamp is None and belongs_to(item, deployment)


def _shrink(deployment: Deployment, excess: Sequence[Container]) -> Iterator[Action]:
    """Delete what is in no wanted slot, the highest ordinal first."""
    for item in sorted(excess, key=lambda item: (ordinal_of(item) or 0, item.name), reverse=True):
        if _may_delete(deployment, item):
            yield Delete(item, "not wanted any more")


def _stop_first(deployment: Deployment, digest: str, slots: Sequence[_Slot], taken: frozenset[str]) -> Iterator[Action]:
    """Bring every slot to the present template: the old Container goes, and is gone, before the new one comes."""
    for slot in slots:
        for item in slot.stale:
            if _may_delete(deployment, item):
                yield Delete(item, "made from an older template")
        if slot.current is None and not slot.stale and container_name(deployment, digest, slot.ordinal) not in taken:
            yield Create(make_container(deployment, digest, slot.ordinal))


def _stop(world: World, deployment: Deployment, digest: str, owned: Sequence[Container], now: datetime) -> Plan:
    """Deletion: what depends on this one stops first; then its Containers go; then it may go itself."""
    finalizers = deployment.metadata.finalizers or []
    if labels.FINALIZER_ORDERED_STOP not in finalizers:
        return Plan()
    release = SetFinalizers(tuple(item for item in finalizers if item != labels.FINALIZER_ORDERED_STOP))
    if _ORPHAN in finalizers or not owned:
        return Plan((release,))
    waiting = stops_after(world, deployment)
    pause = Gate(GateState.WAITING, f"stops after {', '.join(waiting)}") if waiting else Gate(GateState.OPEN)
    status = status_of(deployment, observe(deployment, digest, owned), pause, None, now)
    doomed = () if waiting else (item for item in owned if item.metadata.deletion_timestamp is None)
    return Plan(tuple(Delete(item, "its deployment is being deleted") for item in doomed), status)
