"""Jobs, CronJobs and Deployments against a real API server, by a clock that only tests move, and with two of each
controller, as if two servers decided the same.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fizz.client.api import Client, NotFound
from fizz.client.controller import Controller, Key, Manager
from fizz.client.events import EventRecorder
from fizz.client.testing import eventually, server
from fizz.controllers.cronjob.reconcile import CronJobController
from fizz.controllers.deployment.reconcile import DeploymentController
from fizz.controllers.gc.reconcile import Collector
from fizz.controllers.job.reconcile import JobController
from fizz.schemas import labels, times
from fizz.schemas.base import JSON
from fizz.schemas.conditions import is_true
from fizz.schemas.container import Container
from fizz.schemas.core import Event
from fizz.schemas.jobs import CronJob, Job

TEMPLATE: JSON = {"spec": {"image": "busybox"}}


@dataclass
class Agent:
    """Ends what belongs to a Job with the next of its exit codes, runs the rest, and lets go what is deleted."""

    manager: Manager
    now: "Clock"
    codes: dict[str, list[int]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def controller(self) -> Controller:
        self._containers = self.manager.informer(Container)
        return Controller("agent", self.reconcile).watches(self._containers)

    async def reconcile(self, key: Key) -> None:
        container = self._containers.get(*key)
        if container is None:
            return
        job, phase = container.labels.get(labels.JOB), container.status.phase if container.status else None
        if container.metadata.deletion_timestamp:
            await self._patch(key, {"metadata": {"finalizers": None}})
        elif phase is None and key.name not in self.ran:
            self.ran.append(key.name)
            codes = self.codes.get(job, []) if job else []
            at = times.format_seconds(self.now())
            if codes:
                code = codes.pop(0)
                ended: JSON = {"phase": "Failed" if code else "Succeeded", "exitCode": code, "finishedAt": at}
                await self._patch(key, {"status": {**ended, "startedAt": at}}, "status")
            else:
                await self._patch(key, {"status": {"phase": "Running", "ready": True, "startedAt": at}}, "status")
        elif container.spec.desired_state == "Stopped" and phase == "Running":
            await self._patch(key, {"status": {"phase": "Stopped", "ready": False}}, "status")

    async def _patch(self, key: Key, patch: JSON, subresource: str | None = None) -> None:
        try:
            await self.manager.client.patch(Container, key.name, patch, key.namespace, subresource)
        except NotFound:
            return


class Clock:
    """What controllers take for the time."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Cluster:
    """A server with all that runs against it."""

    client: Client
    agent: Agent
    clock: Clock
    controllers: list[Controller]

    def wait(self, **length: float) -> None:
        """Let time go by, and wake who may have waited for that."""
        self.clock.moment += timedelta(**length)
        for controller in self.controllers:
            for name in ("migrate", "backup"):
                controller.trigger(Key("shop", name))

    async def create(self, kind: str, name: str, spec: JSON) -> None:
        metadata = {"name": name, "namespace": "shop"}
        await self.client.create({"apiVersion": "fizz.dev/v1", "kind": kind, "metadata": metadata, "spec": spec})

    async def job(self, name: str = "migrate") -> Job:
        return await self.client.get(Job, name, "shop")

    async def has(self, kind: str, name: str = "migrate") -> bool:
        status = (await self.job(name)).status
        return status is not None and is_true(status.conditions, kind)

    async def told(self, *reasons: str) -> None:
        """Wait for Events with these reasons: they are written behind the controllers' backs."""

        async def all_of_them() -> bool:
            return {*reasons} <= {event.reason for event in (await self.client.list(Event, "shop")).items}

        await eventually(all_of_them)

    async def ran(self, count: int) -> None:
        """Wait until so many containers have run."""
        await eventually(lambda: len(self.agent.ran) == count)

    async def succeeded(self, name: str, hour: datetime) -> None:
        """Wait until the run of that hour is written down, and has succeeded."""

        async def both() -> bool:
            status = (await self.client.get(CronJob, "backup", "shop")).status
            return status is not None and status.last_schedule_time == hour and await self.has("Complete", name)

        await eventually(both)

    async def runs(self) -> list[str]:
        """The times for which Jobs were made."""
        found = (await self.client.list(Job, "shop")).items
        return sorted(job.annotations[labels.SCHEDULED_AT] for job in found if labels.SCHEDULED_AT in job.annotations)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(server(tmp_path))
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        clock, managers, controllers = Clock(), [Manager(client), Manager(client)], []
        agent = Agent(managers[0], clock)
        for manager in managers:
            recorder = await stack.enter_async_context(EventRecorder(client, "test"))
            for made in (
                JobController(manager, recorder, clock).controller(),
                CronJobController(manager, recorder, clock).controller(),
                DeploymentController(manager, recorder).controller(),
            ):
                controllers.append(made)
                manager.add(made)
        managers[0].add(agent.controller())
        managers[0].add(Collector(client))
        work = [asyncio.create_task(manager.run()) for manager in managers]
        try:
            yield Cluster(client, agent, clock, controllers)
        finally:
            for manager in managers:
                manager.stop()
            await asyncio.gather(*work)


async def test_a_job_is_retried_when_its_time_has_come_and_fails_in_the_end(cluster: Cluster) -> None:
    cluster.agent.codes["migrate"] = [1, 1]
    await cluster.create("Job", "migrate", {"backoffLimit": 1, "template": TEMPLATE})

    async def failed_once() -> bool:
        status = (await cluster.job()).status
        return status is not None and status.failed == 1

    await eventually(failed_once)
    cluster.wait(seconds=9)
    before = len(cluster.agent.ran)
    cluster.wait(seconds=1)
    await eventually(lambda: cluster.has("Failed"))

    assert before == 1
    assert len(cluster.agent.ran) == 2
    await cluster.told("ContainerCreated", "BackoffLimitExceeded")


async def test_what_runs_at_the_deadline_is_stopped_and_kept(cluster: Cluster) -> None:
    await cluster.create("Job", "migrate", {"activeDeadlineSeconds": 60, "template": TEMPLATE})
    await cluster.ran(1)
    cluster.wait(seconds=60)
    await eventually(lambda: cluster.has("Failed"))

    (container,) = (await cluster.client.list(Container, "shop")).items
    assert container.status is not None
    assert container.status.phase == "Stopped"


async def test_a_deployment_waits_for_a_job_and_for_each_of_its_runs(cluster: Cluster) -> None:
    cluster.agent.codes["migrate"] = [0, 0]
    needs = [{"name": "migrate", "condition": "CompletedSuccessfully"}]
    await cluster.create("Deployment", "web", {"dependsOn": needs, "template": TEMPLATE})
    await cluster.create("Job", "migrate", {"template": TEMPLATE})
    await cluster.ran(2)
    first = list(cluster.agent.ran)
    await cluster.client.patch(Job, "migrate", {"spec": {"template": {"spec": {"image": "newer"}}}}, "shop")
    await cluster.ran(3)
    await eventually(lambda: cluster.has("Complete"))

    names = [name.partition("-")[0] for name in cluster.agent.ran]
    assert names == ["migrate", "web", "migrate"]
    assert cluster.agent.ran[2] != first[0]


async def test_each_time_is_run_once_and_the_server_forgets_the_oldest(cluster: Cluster) -> None:
    template: JSON = {"spec": {"template": TEMPLATE}}
    schedule: JSON = {"schedule": "@hourly", "successfulJobsHistoryLimit": 2, "jobTemplate": template}
    await cluster.create("CronJob", "backup", schedule)
    hours: list[datetime] = []
    for _ in range(4):
        hour = cluster.clock.moment.replace(minute=0) + timedelta(hours=1)
        name = f"backup-{int(hour.timestamp()) // 60}"
        hours.append(hour)
        cluster.agent.codes[name] = [0]
        cluster.wait(hours=1)
        await cluster.succeeded(name, hour)

    async def forgotten() -> bool:
        return await cluster.runs() == [times.format_seconds(hour) for hour in hours[-2:]]

    await eventually(forgotten)
    assert len(cluster.agent.ran) == len(set(cluster.agent.ran)) == 4
    await cluster.told("JobCreated", "JobCompleted", "JobDeleted")


async def test_a_run_that_replaces_another_begins_when_that_is_gone_and_all_goes_with_the_schedule(
    cluster: Cluster,
) -> None:
    template = {"spec": {"template": TEMPLATE}}
    await cluster.create(
        "CronJob", "backup", {"schedule": "@hourly", "concurrencyPolicy": "Replace", "jobTemplate": template}
    )
    for count in (1, 2):
        cluster.wait(hours=1)
        await cluster.ran(count)
    runs = await cluster.runs()
    await cluster.client.delete(CronJob, "backup", "shop")

    async def empty() -> bool:
        lists = [await cluster.client.list(kind, "shop") for kind in (Job, Container)]
        return not any(listed.items for listed in lists)

    await eventually(empty)
    assert runs == [times.format_seconds(cluster.clock.moment.replace(minute=0))]
