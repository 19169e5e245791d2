"""Whether the containers of a Deployment run: stopped, paused, going on, restarted in place. Pure.

`spec.desiredState` is told to each Container, and the agent of its node acts. Nothing is made or replaced meanwhile.

    stop      what depends on this one and is stopped, too, comes first: web, then db
    start     as at the first start: the gate of `dependsOn` must be open
    restart   the annotation `fizz.dev/restarted-at`: Containers that have an earlier time, or none, are restarted where
              they are, as many at a time as an update replaces; the next when those are ready again

A restart of a dependency that is under way closes the gate, so what was restarted together restarts in the order of
dependencies, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fizz.controllers.deployment.slots import Slot, is_good
from fizz.controllers.workloads.running import annotation, is_restarting
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.container import Container, DesiredState
from fizz.schemas.strategy import Limits

__all__ = [
    "RestartInPlace",
    "SetState",
    "halt",
    "in_place",
    "is_halted",
    "resume",
]


@dataclass(frozen=True, slots=True)
class SetState:
    """Tell a Container whether to run. `grace` are the seconds that it has to end, None for its own."""

    container: Container
    state: DesiredState
    grace: str | None = None

    def __str__(self) -> str:
        return f"let {self.container.name} be {self.state.lower()}"


@dataclass(frozen=True, slots=True)
class RestartInPlace:
    """Tell a Container to restart; `at` is when that was asked for."""

    container: Container
    at: str
    grace: str | None = None

    def __str__(self) -> str:
        return f"restart {self.container.name}: it was asked for"


def is_halted(deployment: Deployment) -> bool:
    """Whether its containers are not to run."""
    return deployment.spec.desired_state in {"Paused", "Stopped"}


def halt(deployment: Deployment, owned: Sequence[Container]) -> Iterator[SetState]:
    """What the Containers are told while they are not to run."""
    state = deployment.spec.desired_state or "Running"
    for item in owned:
        if item.metadata.deletion_timestamp is None and (item.spec.desired_state or "Running") != state:
            yield SetState(item, state, annotation(deployment, labels.STOP_GRACE))


def resume(containers: Sequence[Container], *, gate_is_open: bool) -> Iterator[SetState]:
    """What the Containers are told when they are to run again: paused ones at once, stopped ones behind the gate."""
    for item in containers:
        state = item.spec.desired_state or "Running"
        if state == "Paused" or (state != "Running" and gate_is_open):
            yield SetState(item, "Running")


def in_place(deployment: Deployment, slots: Sequence[Slot], limits: Limits) -> Iterator[RestartInPlace]:
    """Who is restarted next."""
    asked = annotation(deployment, labels.RESTARTED_AT)
    if not asked:
        return
    current = [slot.current for slot in slots if slot.current is not None and not slot.old]
    due = [item for item in current if (annotation(item, labels.RESTARTED_AT) or "") < asked]
    under_way = [item for item in current if item not in due and (is_restarting(item) or not is_good(item))]
    at_once = max(1, limits.surge + limits.unavailable)
    # Those that do not work lose nothing by a restart.
    due.sort(key=is_good)
    for item in due[: max(0, at_once - len(under_way))] if any(map(is_good, due)) else due:
        yield RestartInPlace(item, asked, annotation(deployment, labels.STOP_GRACE))
