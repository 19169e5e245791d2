"""What becomes of the Releases of one project: pure, from them and what they speak of to actions.

    newest, all its Deployments are as wanted,
      and its Jobs have succeeded                 Deployed, and deployedAt the first time
    newest, one of them cannot get there          Failed, and why
    newest, else                                  Progressing
    any other                                     Superseded; one that had failed stays Failed, so that nobody goes
                                                  back to it by himself

Their words count only if they are about what they are to be now: the generation, and the Secrets and ConfigMaps that a
Deployment uses. Nobody waits for CronJobs.

A revision that no Release names is removed. Whoever makes a Release writes, in the same transaction, all revisions that
it names and the one before it does not; so a removal on the condition that the revision is as it was seen never takes
one that a new Release has.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fizz.schemas import labels
from fizz.schemas.apps import Deployment, DeploymentStatus
from fizz.schemas.conditions import find, is_true
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.jobs import Job
from fizz.schemas.releases import Release, ReleaseStatus

__all__ = ["Action", "Remove", "SetStatus", "World", "plan"]

Revision = Secret | ConfigMap
Workload = Deployment | Job
_WORKLOADS: Final = frozenset({"Deployment", "Job"})
_FATAL: Final = frozenset({"DependencyFailed", "NameTaken", "ReplicaFailed", "ReplicaUnhealthy", "RolledBack"})


@dataclass(frozen=True, slots=True)
class World:
    """One project: its Releases, the Deployments and Jobs of its namespace by kind and name, and what is kept for its
    Releases. `versions` are those of the Secrets and ConfigMaps that its containers use, by kind and name.
    """

    releases: Sequence[Release]
    workloads: Mapping[tuple[str, str], Workload] = field(default_factory=dict)
    versions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    revisions: Sequence[Revision] = ()


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Write a Release's status."""

    release: Release
    status: ReleaseStatus

    def __str__(self) -> str:
        more = f": {self.status.message}" if self.status.message else ""
        return f"{self.release.name} is {self.status.phase}{more}"


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a revision that no Release names, provided that it still is what was seen."""

    revision: Revision

    def __str__(self) -> str:
        return f"remove {self.revision.kind} {self.revision.name}, which no release names"


Action = SetStatus | Remove


def plan(world: World, now: datetime) -> tuple[Action, ...]:
    """What is to be done. Empty: all is as it should be."""
    return (*_statuses(world, now), *_removals(world))


def _statuses(world: World, now: datetime) -> Iterator[SetStatus]:
    newest = max(world.releases, key=lambda each: each.spec.number, default=None)
    for release in world.releases:
        old = release.status or ReleaseStatus()
        if release is newest:
            phase, message = _judge(release, world)
            since = old.deployed_at or (now if phase == "Deployed" else None)
            new = ReleaseStatus(phase=phase, message=message, deployed_at=since)
        elif old.phase == "Failed":
            continue
        else:
            new = ReleaseStatus(phase="Superseded", deployed_at=old.deployed_at)
        if (new.phase, new.message, new.deployed_at) != (old.phase, old.message, old.deployed_at):
            yield SetStatus(release, new)


def _judge(release: Release, world: World) -> tuple[str, str | None]:
    """How the newest Release is doing, and what does not work."""
    wanted = [(each.kind, each.name) for each in release.spec.resources if each.kind in _WORKLOADS]
    found = [world.workloads.get(key) for key in wanted]
    for item in found:
        if item is not None and _is_observed(item, world.versions) and (trouble := _trouble(item)):
            return "Failed", f"{item.name}: {trouble}"
    good = all(item is not None and _is_observed(item, world.versions) and _is_complete(item) for item in found)
    return ("Deployed" if good else "Progressing"), None


def _is_observed(item: Workload, versions: Mapping[tuple[str, str], str]) -> bool:
    status = item.status
    if item.metadata.deletion_timestamp is not None or status is None:
        return False
    return status.observed_generation == item.metadata.generation and all(
        int(seen.resource_version) >= int(versions.get((seen.kind, seen.name), "0"))
        for seen in (status.observed_sources if isinstance(status, DeploymentStatus) else None) or ()
    )


def _is_complete(item: Workload) -> bool:
    if isinstance(item, Job):
        return is_true(item.status.conditions if item.status else None, "Complete")
    progressing = find(item.status.conditions, "Progressing") if item.status else None
    return progressing is not None and progressing.reason == "Complete"


def _trouble(item: Workload) -> str:
    if isinstance(item, Job):
        failed = find(item.status.conditions, "Failed") if item.status else None
        return (failed.message or failed.reason or "failed") if failed and failed.status == "True" else ""
    progressing = find(item.status.conditions, "Progressing") if item.status else None
    if progressing is None or progressing.status != "False" or progressing.reason not in _FATAL:
        return ""
    return progressing.message or progressing.reason or ""


def _removals(world: World) -> Iterator[Remove]:
    named = {(each.kind, each.revision) for release in world.releases for each in release.spec.resources}
    for item in world.revisions:
        is_revision = labels.REVISION_OF in item.labels and item.metadata.deletion_timestamp is None
        if is_revision and (item.kind, item.name) not in named:
            yield Remove(item)
