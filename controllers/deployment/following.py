"""`dependsOn[].restart`: containers are started again when what they depend on was made anew. Pure.

Each Container is marked with what it was started after: for every dependency that it follows, the first Container that
this had then. When the mark is out of date and the gate is open again, so that the dependency is as it has to be, the
Container is told to restart, by an annotation that its node agent acts on. Its engine's container stays.

    web is marked       db=uid-1
    db is updated       db's first Container is uid-2; web's gate closes, until that one is healthy
    the gate opens      web is marked db=uid-2, and restarted

A restart that somebody asked for counts as well, so that restarts are passed on. One that the engine makes does not, as
in Compose. Whoever shares a namespace with its dependency is left to the node agent, which has to make it anew anyway.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fizz.controllers.workloads.dependencies import has_started, wanted_containers
from fizz.controllers.workloads.world import World
from fizz.schemas import labels, times
from fizz.schemas.apps import Deployment
from fizz.schemas.container import Container

__all__ = ["Restart", "mark_of", "restarts"]


@dataclass(frozen=True, slots=True)
class Restart:
    """Mark a Container anew, and restart it if `at` says when that was decided."""

    container: Container
    mark: str
    at: str | None
    why: str = ""

    def __str__(self) -> str:
        what = "restart" if self.at else "mark"
        return f"{what} {self.container.name}" + (f": {self.why}" if self.why else "")

    @property
    def annotations(self) -> dict[str, str]:
        """What the Container is told."""
        return {labels.STARTED_AFTER: self.mark, **({labels.RESTARTED_AT: self.at} if self.at else {})}


def mark_of(world: World, deployment: Deployment) -> str:
    """What a Container that is started now is started after; empty if it follows nothing."""
    spec = deployment.spec.template.spec
    shared = {spec.network_mode, spec.ipc, spec.pid}
    found = {}
    for dependency in deployment.spec.depends_on or []:
        target = world.workload(dependency.name)
        if not dependency.restart or f"service:{dependency.name}" in shared or not isinstance(target, Deployment):
            continue
        first = next(iter(wanted_containers(world, target)), None)
        if first is not None and first.metadata.uid:
            asked = (first.metadata.annotations or {}).get(labels.RESTARTED_AT)
            found[dependency.name] = f"{first.metadata.uid}@{asked}" if asked else first.metadata.uid
    return " ".join(f"{name}={uid}" for name, uid in sorted(found.items()))


def restarts(mark: str, containers: Iterable[Container], now: datetime) -> Iterator[Restart]:
    """What is to be marked anew, and restarted if it was started after another Container of the same dependency."""
    wanted = _read(mark)
    for item in containers:
        old = (item.metadata.annotations or {}).get(labels.STARTED_AFTER, "")
        if old == mark or not mark:
            continue
        known = _read(old)
        changed = sorted(name for name, uid in wanted.items() if known.get(name, uid) != uid)
        runs = item.status is not None and item.status.phase == "Running" and has_started(item)
        why = f"{', '.join(changed)} was made anew or restarted" if changed and runs else ""
        yield Restart(item, mark, times.format_micro(now) if why else None, why)


def _read(mark: str) -> dict[str, str]:
    pairs = (each.partition("=") for each in mark.split())
    return {name: uid for name, _, uid in pairs}
