"""The shell of Releases: reads informers, plans, asks the server whether that is how things are, and then acts.

The informers of several kinds are not equally far, so a Deployment that was as wanted before a Release seems to be so
after it, and a revision may be seen before the Release that names it. What a plan wants is therefore planned once more
from lists that are read then, after all that the informers know.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from fizz.client.api import Conflict, NotFound
from fizz.client.controller import Controller, Key, Manager
from fizz.client.events import EventRecorder
from fizz.controllers.releases.plan import Remove, SetStatus, World, plan
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.base import JSON
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.jobs import Job
from fizz.schemas.meta import Object
from fizz.schemas.releases import Release

__all__ = ["ReleaseController"]

log: Final = structlog.get_logger()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ReleaseController:
    """Says how Releases are doing, and removes what is kept for none. A key is a namespace and a project's label."""

    def __init__(self, manager: Manager, recorder: EventRecorder, now: Callable[[], datetime] = _utc_now) -> None:
        self._client, self._recorder, self._now = manager.client, recorder, now
        self._releases = manager.informer(Release)
        self._deployments = manager.informer(Deployment)
        self._jobs = manager.informer(Job)
        self._secrets = manager.informer(Secret)
        self._configs = manager.informer(ConfigMap)

    def controller(self) -> Controller:
        """What the manager runs."""
        return (
            Controller("releases", self.reconcile)
            .watches(self._releases, map=_of(labels.PROJECT))
            .watches(self._deployments, map=_of(labels.PROJECT))
            .watches(self._jobs, map=_of(labels.PROJECT))
            .watches(self._secrets, map=_of(labels.RELEASES_OF))
            .watches(self._configs, map=_of(labels.RELEASES_OF))
        )

    async def reconcile(self, key: Key) -> None:
        """Look at one project."""
        if not plan(self._known(key), self._now()):
            return
        for action in plan(await self._read(key), self._now()):
            match action:
                case SetStatus(release, status):
                    patch: JSON = {"status": {"message": None, **status.dump()}}
                    try:
                        await self._client.patch(Release, release.name, patch, release.namespace, "status")
                    except NotFound:
                        continue
                    self._tell(release, action)
                case Remove(revision):
                    meta = revision.metadata
                    try:
                        await self._client.delete(
                            type(revision),
                            revision.name,
                            revision.namespace,
                            uid=meta.uid,
                            resource_version=meta.resource_version,
                        )
                    except (NotFound, Conflict):  # it is gone, or a Release that was made just now has it
                        continue
            log.info(str(action), kind="Release", namespace=key.namespace, project=key.name)

    def _tell(self, release: Release, action: SetStatus) -> None:
        match action.status.phase:
            case "Deployed":
                self._recorder.event(release, "Normal", "Deployed", "all of it is as wanted")
            case "Failed":
                self._recorder.event(release, "Warning", "Failed", action.status.message or "")

    def _known(self, key: Key) -> World:
        place, project = key
        sources: list[Secret | ConfigMap] = [*self._secrets.list(place), *self._configs.list(place)]
        workloads: list[Deployment | Job] = [*self._deployments.list(place), *self._jobs.list(place)]
        return _world(project, self._releases.list(place), workloads, sources)

    async def _read(self, key: Key) -> World:
        """The same as it is at this moment. The revisions are read first: see `plan`."""
        place, project = key
        secrets, configs = await asyncio.gather(self._client.list(Secret, place), self._client.list(ConfigMap, place))
        releases = await self._client.list(Release, place)
        deployments, jobs = await asyncio.gather(self._client.list(Deployment, place), self._client.list(Job, place))
        workloads: list[Deployment | Job] = [*deployments.items, *jobs.items]
        return _world(project, releases.items, workloads, [*secrets.items, *configs.items])


def _world(
    project: str,
    releases: Sequence[Release],
    workloads: Sequence[Deployment | Job],
    sources: Sequence[Secret | ConfigMap],
) -> World:
    return World(
        releases=[each for each in releases if each.labels.get(labels.PROJECT) == project],
        workloads={(each.kind, each.name): each for each in workloads},
        versions={(each.kind, each.name): each.metadata.resource_version or "0" for each in sources},
        revisions=[each for each in sources if each.labels.get(labels.RELEASES_OF) == project],
    )


def _of(label: str) -> Callable[[Object], Iterator[Key]]:
    """The project that an object belongs to by that label."""

    def keys(item: Object) -> Iterator[Key]:
        if label in item.labels:
            yield Key(item.namespace, item.labels[label])

    return keys
