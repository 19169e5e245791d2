"""What to do next for one Deployment: pure, from the world as it is known to a list of actions and a status.

A plan is a step and not a script: it says only what may be done now, and the changes that its actions cause make the
next plan. Doing it twice, or from a world that lags behind, is harmless: names are deterministic, deletions are bound
to what was seen, and only Containers that the Deployment manages are ever touched.

What is made for which replica is the business of `slots`, how one template follows another that of `rollout`, and
whether containers run at all that of `running`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fizz.controllers.deployment.following import Restart, mark_of, restarts
from fizz.controllers.deployment.heirs import replica_volumes
from fizz.controllers.deployment.rollback import RolledBack, rolled_back
from fizz.controllers.deployment.rollout import Step, step
from fizz.controllers.deployment.running import (
    RestartInPlace,
    SetState,
    halt,
    in_place,
    is_halted,
    resume,
)
from fizz.controllers.deployment.slots import Slot, arrange, is_good
from fizz.controllers.deployment.status import News, observe, status_of
from fizz.controllers.workloads.actions import Adopt, Create, Delete, SetFinalizers
from fizz.controllers.workloads.contents import contents_of, versions_of, why_outdated
from fizz.controllers.workloads.dependencies import Gate, GateState, gate, stops_after, stops_before
from fizz.controllers.workloads.template import (
    belongs_to,
    container_name,
    is_orphan_of,
    make_container,
    ordinal_of,
    template_hash,
    template_of,
)
from fizz.controllers.workloads.world import World
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, DeploymentStatus, Template
from fizz.schemas.container import Container
from fizz.schemas.inheritance import handed_on, inheritance_of
from fizz.schemas.publishing import is_adopted
from fizz.schemas.strategy import Limits, UpdateStrategy, chosen_order, limits

__all__ = [
    "Action",
    "Adopt",
    "Create",
    "Delete",
    "Plan",
    "Restart",
    "RestartInPlace",
    "RollBack",
    "SetFinalizers",
    "SetState",
    "plan",
]

_ORPHAN = "orphan"
"""The finalizer of a deletion that leaves the Containers."""


@dataclass(frozen=True, slots=True)
class RollBack:
    """Put the last template that worked back in the place of one that does not."""

    template: Template
    why: str

    def __str__(self) -> str:
        return f"roll back to template {template_hash(self.template)}: {self.why}"


Action = SetFinalizers | Adopt | Create | Delete | Restart | RollBack | SetState | RestartInPlace


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions in order, and the status that speaks of the world before them (None: leave it alone).

    `wait` is how long until time alone allows more; None if something will tell.
    """

    actions: tuple[Action, ...] = ()
    status: DeploymentStatus | None = None
    wait: timedelta | None = None


def plan(world: World, deployment: Deployment, now: datetime) -> Plan:
    """The next step for the Deployment. Raises nothing; an empty plan with an unchanged status means: as wanted."""
    owned = sorted(world.owned(deployment), key=lambda item: item.name)
    contents = contents_of(world, deployment)
    digest = template_hash(deployment.spec.template, contents)
    if deployment.metadata.deletion_timestamp is not None:
        return _stop(world, deployment, digest, owned, now)
    opening = gate(world, deployment)
    adoptions = [Adopt(item) for item in world.labelled(deployment) if is_orphan_of(item, deployment)]
    slots, excess = arrange(deployment, digest, [*owned, *(action.container for action in adoptions)])
    if is_halted(deployment):
        return _halt(world, deployment, digest, owned, [*adoptions, *_shrink(deployment, excess)], now)
    taken = _taken(world, deployment, digest, slots)
    undone = rolled_back(deployment, template_hash(deployment.spec.template))
    made = _step(world, deployment, slots, undone, now, lambda item: why_outdated(item, deployment, contents))
    volumes = replica_volumes(deployment, slots)
    actions: list[Action] = [*_finalizer(deployment), *adoptions, *_shrink(deployment, excess)]
    back = _roll_back(deployment, slots, made, undone)
    if back is not None:
        actions.append(back)
    elif opening.is_open:
        mark = mark_of(world, deployment)

        def make(ordinal: int) -> Create:
            old = next(iter(slots[ordinal].old), None)
            why = why_outdated(old, deployment, contents) if old else ""
            inheritance = inheritance_of(volumes, deployment.spec.template, ordinal)
            return Create(make_container(deployment, digest, ordinal, mark, contents, inheritance), why)

        actions += _replace(deployment, made, make, taken)
        current = [slot.current for slot in slots if slot.current]
        actions += restarts(mark, current, now)
        actions += in_place(deployment, slots, _limits(world, deployment, undone))
    actions += resume([slot.current for slot in slots if slot.current], gate_is_open=opening.is_open)
    blocked = f"container {min(taken)} exists and belongs to somebody else; delete or rename it" if taken else None
    news = News(
        opening, blocked, made.halted, undone, _stable(deployment, slots), versions_of(world, deployment), volumes
    )
    status = status_of(deployment, observe(deployment, digest, owned), news, now)
    return Plan(tuple(actions), status, made.wait)


def _step(
    world: World,
    deployment: Deployment,
    slots: Sequence[Slot],
    undone: RolledBack | None,
    now: datetime,
    outdated: Callable[[Container], str],
) -> Step:
    return step(slots, _strategy(deployment, undone), _limits(world, deployment, undone), now, outdated)


def _strategy(deployment: Deployment, undone: RolledBack | None) -> UpdateStrategy | None:
    return (undone and deployment.spec.rollback_strategy) or deployment.spec.update_strategy


def _limits(world: World, deployment: Deployment, undone: RolledBack | None) -> Limits:
    spec, strategy = deployment.spec, _strategy(deployment, undone)
    inherits = handed_on(deployment.status, spec.template)
    # The engine publishes the ports of what was adopted, and a successor gets them only when that is gone.
    shared = world.ports_shared and not any(is_adopted(item) for item in world.owned(deployment))
    order, _ = chosen_order(strategy, spec.template.spec, ports_shared=shared, handed_on=inherits)
    return limits(strategy, order, spec.replicas)


def _roll_back(deployment: Deployment, slots: Sequence[Slot], made: Step, undone: RolledBack | None) -> RollBack | None:
    """The way back from an update that failed, if it is wanted and there is one. A rollback is not itself undone.

    From contents that do not work no template leads back: that is the business of a whole release.
    """
    strategy = deployment.spec.update_strategy
    if not made.halted or undone or strategy is None or strategy.failure_action != "Rollback":
        return None
    template = _stable(deployment, slots)
    if template is None or template_hash(template) == template_hash(deployment.spec.template):
        return None
    return RollBack(template, made.halted)


def _stable(deployment: Deployment, slots: Sequence[Slot]) -> Template | None:
    """The template to go back to when a later one fails; None where nobody asks for that."""
    strategy = deployment.spec.update_strategy
    if strategy is None or strategy.failure_action != "Rollback":
        return None
    if slots and all(slot.current and is_good(slot.current) and not slot.old for slot in slots):
        return deployment.spec.template
    if deployment.status and deployment.status.stable_template:
        return deployment.status.stable_template
    return next((template_of(item) for slot in slots for item in slot.old), None)


def _finalizer(deployment: Deployment) -> Iterator[Action]:
    """Before the first Container is made, deletion is made to wait for the ordered stop."""
    finalizers = deployment.metadata.finalizers or []
    if labels.FINALIZER_ORDERED_STOP not in finalizers:
        yield SetFinalizers((*finalizers, labels.FINALIZER_ORDERED_STOP))


def _taken(world: World, deployment: Deployment, digest: str, slots: Sequence[Slot]) -> frozenset[str]:
    """Names that are needed and that Containers of somebody else have."""
    needed = (container_name(deployment, digest, slot.ordinal) for slot in slots if slot.current is None)
    found = (world.container(name) for name in needed)
    return frozenset(
        item.name
        for item in found
        if item is not None and not belongs_to(item, deployment) and not is_orphan_of(item, deployment)
    )


def _may_delete(deployment: Deployment, item: Container) -> bool:
    """Whether it is there and the Deployment's own. What is just being adopted is left for the next step."""
    return item.metadata.deletion_timestamp is None and belongs_to(item, deployment)


def _shrink(deployment: Deployment, excess: Sequence[Container]) -> Iterator[Action]:
    """Delete what is in no wanted slot, the highest ordinal first."""
    for item in sorted(excess, key=lambda item: (ordinal_of(item) or 0, item.name), reverse=True):
        if _may_delete(deployment, item):
            yield Delete(item, "not wanted any more")


def _replace(
    deployment: Deployment, made: Step, make: Callable[[int], Create], taken: frozenset[str]
) -> Iterator[Action]:
    """What a step of the update comes to: deletions of what is there and may be deleted, then what is new."""
    for item, why in made.remove:
        if _may_delete(deployment, item):
            yield Delete(item, why)
    for ordinal in made.fill:
        creation = make(ordinal)
        if creation.container.name not in taken:
            yield creation


def _halt(
    world: World,
    deployment: Deployment,
    digest: str,
    owned: Sequence[Container],
    tidying: Sequence[Action],
    now: datetime,
) -> Plan:
    """Not to run: what depends on this one stops first, if it is to stop, too; then its Containers are told."""
    waiting = stops_before(world, deployment) if deployment.spec.desired_state == "Stopped" else []
    pause = Gate(GateState.WAITING, f"stops after {', '.join(waiting)}") if waiting else Gate(GateState.OPEN)
    known = deployment.status
    news = News(
        pause,
        stable=known.stable_template if known else None,
        sources=versions_of(world, deployment),
        volumes=(known.replica_volumes if known else None) or [],
    )
    status = status_of(deployment, observe(deployment, digest, owned), news, now)
    told = () if waiting else halt(deployment, owned)
    return Plan((*_finalizer(deployment), *tidying, *told), status)


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
    known = deployment.status.replica_volumes if deployment.status else None
    news = News(pause, sources=versions_of(world, deployment), volumes=known or [])
    status = status_of(deployment, observe(deployment, digest, owned), news, now)
    doomed = () if waiting else (item for item in owned if item.metadata.deletion_timestamp is None)
    volumes = (deployment.metadata.annotations or {}).get(labels.REMOVE_VOLUMES) == "true"
    return Plan(tuple(Delete(item, "its deployment is being deleted", volumes) for item in doomed), status)
