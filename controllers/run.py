"""The process that controllers run in: one client, one set of informers, all controllers or those named.

A controller that crashes hurts no other: the manager starts it again. The whole ends at SIGTERM or SIGINT, after what
is being done has been done.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from fizz.client.api import Client
from fizz.client.controller import Manager
from fizz.client.events import EventRecorder
from fizz.schemas import sockets
from fizz.schemas.node import NodeIngress
from fizz.schemas.settings import Settings

__all__ = ["CONTROLLERS", "AgentRuns", "UnknownController", "run"]

log: Final = structlog.get_logger()


class UnknownController(Exception):
    """There is no controller of that name; the message says which there are."""


class AgentRuns(Exception):
    """A node agent runs here already, and two would work against each other; the message says where."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What controllers are made of."""

    settings: Settings
    manager: Manager
    stack: AsyncExitStack
    publishers: list[NodeIngress] = field(default_factory=list)
    """Who publishes ports, once that was found out."""

    async def publisher(self) -> NodeIngress:
        """Who publishes ports on this node: the same for all who ask."""
        from fizz.controllers.network.ingress import detect

        if not self.publishers:
            self.publishers.append(await detect(self.settings))
        return self.publishers[0]

    async def recorder(self, component: str) -> EventRecorder:
        """A recorder of Events that is closed at the end."""
        recorder = EventRecorder(self.manager.client, component, self.settings.node_name)
        return await self.stack.enter_async_context(recorder)


async def _deployment(context: _Context) -> None:
    from fizz.controllers.deployment.reconcile import DeploymentController

    recorder = await context.recorder("deployment-controller")
    context.manager.add(DeploymentController(context.manager, recorder).controller())


async def _job(context: _Context) -> None:
    from fizz.controllers.job.reconcile import JobController

    recorder = await context.recorder("job-controller")
    context.manager.add(JobController(context.manager, recorder).controller())


async def _cronjob(context: _Context) -> None:
    from fizz.controllers.cronjob.reconcile import CronJobController

    recorder = await context.recorder("cronjob-controller")
    context.manager.add(CronJobController(context.manager, recorder).controller())


async def _scheduler(context: _Context) -> None:
    from fizz.controllers.scheduler.reconcile import Scheduler

    recorder = await context.recorder("scheduler")
    context.manager.add(Scheduler(context.manager, recorder).controller())


async def _gc(context: _Context) -> None:
    from fizz.controllers.gc.reconcile import Collector

    context.manager.add(Collector(context.manager.client))


async def _namespace(context: _Context) -> None:
    from fizz.controllers.namespace.reconcile import NamespaceController

    context.manager.add(NamespaceController(context.manager).controller())


async def _aggregation(context: _Context) -> None:
    from fizz.controllers.aggregation.reconcile import AggregationController

    context.manager.add(AggregationController(context.manager).controller())


async def _serviceaccount(context: _Context) -> None:
    from fizz.controllers.serviceaccount.reconcile import ServiceAccountController

    context.manager.add(ServiceAccountController(context.manager).controller())


async def _releases(context: _Context) -> None:
    from fizz.controllers.releases.reconcile import ReleaseController

    recorder = await context.recorder("release-controller")
    context.manager.add(ReleaseController(context.manager, recorder).controller())


async def _node(context: _Context) -> None:
    from fizz.controllers.node import NodeAgent

    held = context.stack.enter_context(sockets.claim(context.settings.agent_socket))
    if not held or sockets.answers(context.settings.agent_socket):
        raise AgentRuns(
            f"a node agent already answers at {context.settings.agent_socket}; stop that `fizz server` or "
            "`fizz controllers` first, or choose another folder with FIZZ_DATA_DIR"
        )
    recorder = await context.recorder("node-agent")
    NodeAgent(context.manager, recorder, context.settings, ingress=await context.publisher()).register()


async def _ingress(context: _Context) -> None:
    from fizz.controllers.network.ingress import Ingress, LinuxKernel, Listeners, table_name

    if (await context.publisher()).mode == "engine":
        return
    settings = context.settings
    table = table_name(str(settings.data_dir), settings.node_name)
    recorder = await context.recorder("ingress")
    Ingress(context.manager, recorder, settings.node_name, LinuxKernel(table), Listeners()).register(context.manager)


CONTROLLERS: Final[Mapping[str, Callable[[_Context], Awaitable[None]]]] = {
    "deployment": _deployment,
    "job": _job,
    "cronjob": _cronjob,
    "scheduler": _scheduler,
    "gc": _gc,
    "namespace": _namespace,
    "aggregation": _aggregation,
    "serviceaccount": _serviceaccount,
    "releases": _releases,
    "node": _node,
    "ingress": _ingress,
}
"""All controllers by name. Each is imported only where it runs."""


async def run(settings: Settings, names: Sequence[str] | None = None) -> None:
    """Run the controllers of those names, or all, until SIGTERM or SIGINT.

    Raises `UnknownController` or `AgentRuns` at once.
    """
    chosen = list(dict.fromkeys(names or CONTROLLERS))
    for name in chosen:
        if name not in CONTROLLERS:
            raise UnknownController(f"there is no controller {name!r}; there are {', '.join(CONTROLLERS)}")
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            Client(
                settings.server,
                token=settings.token,
                ca=settings.ca,
                user_agent="fizz-controllers",
                field_manager="fizz-controllers",
            )
        )
        context = _Context(settings, Manager(client), stack)
        for name in chosen:
            await CONTROLLERS[name](context)
        with _signals(context.manager.stop):
            log.info("controllers run", controllers=chosen, server=settings.server)
            await context.manager.run()
    log.info("controllers stopped")


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
