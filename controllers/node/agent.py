"""The agent of a node: wires the parts of this room together, and nothing else.

Three controllers look at Containers, Networks and Volumes; `hints` says when. Beside them run the watch over the engine
(the agent itself), the answers to the API server's questions about logs, and the reports of the Node. The manager runs
each on its own: one that crashes hurts no other.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import structlog

from fizz.client.controller import Controller
from fizz.client.events import EventRecorder
from fizz.client.manager import Manager
from fizz.client.objects import Key
from fizz.client.watch import EventType
from fizz.controllers.node.agent_api import AgentApi
from fizz.controllers.node.attempt import Ground
from fizz.controllers.node.docker_engine import DockerEngine
from fizz.controllers.node.draining import Drains
from fizz.controllers.node.ends import Ends
from fizz.controllers.node.engine import Engine, EngineContainer, EngineError, EngineInfo
from fizz.controllers.node.files import Files
from fizz.controllers.node.hints import Hints
from fizz.controllers.node.hooks import PostStarts
from fizz.controllers.node.identity import cluster_id
from fizz.controllers.node.images import Images
from fizz.controllers.node.mirror import Mirror
from fizz.controllers.node.naming import Owner
from fizz.controllers.node.node_status import NodeReporter
from fizz.controllers.node.objects import ApiObjects
from fizz.controllers.node.probe_calls import ProbeCalls
from fizz.controllers.node.probes import Probes
from fizz.controllers.node.reconcile import ContainerReconciler
from fizz.controllers.node.reconcile_networks import NetworkReconciler
from fizz.controllers.node.reconcile_volumes import VolumeReconciler
from fizz.controllers.node.retries import Retries
from fizz.controllers.node.session import Session
from fizz.controllers.node.status import was_final
from fizz.controllers.node.watch import EngineWatch
from fizz.schemas import labels, sockets
from fizz.schemas.apps import Network, Volume
from fizz.schemas.container import Container
from fizz.schemas.node import NodeIngress
from fizz.schemas.settings import Settings

__all__ = ["NodeAgent"]

_CONTAINER_WORKERS: Final = 256
"""Containers that are looked at at the same time. Most of them wait: for the engine's pool of threads, or for a
container that takes its time to stop."""
_RESOURCE_WORKERS: Final = 8

log: Final = structlog.get_logger()


class NodeAgent:
    """The agent of the node `settings.node_name`. `engine` is the one at `settings.docker_host` if not given, `ingress`
    says who publishes ports, the engine if not given.
    """

    name = "node-agent"

    def __init__(
        self,
        manager: Manager,
        recorder: EventRecorder,
        settings: Settings,
        engine: Engine | None = None,
        ingress: NodeIngress | None = None,
    ) -> None:
        self._manager, self._settings = manager, settings
        self._engine: Engine = engine or DockerEngine(settings.docker_host)
        self._session = Session(Owner("", settings.node_name))
        self._objects = ApiObjects(manager, recorder, settings.node_name)
        self._mirror = Mirror(self._engine)
        self.pulse = self._mirror.pulse
        self._images = Images(self._engine, lambda key: self._hints.container(key), self._tell, clock=_clock, now=_now)
        self._post_starts = PostStarts(self._engine, lambda key: self._hints.container(key))
        self._probes = Probes(ProbeCalls(self._engine), lambda key: self._hints.container(key), self._tell, _clock)
        parts = (self._engine, self._objects, self._session)
        self._networks = NetworkReconciler(*parts, Retries(_clock), lambda key: self._hints.network_changed(key))
        self._volumes = VolumeReconciler(*parts, Retries(_clock), lambda key: self._hints.volume_changed(key))
        self._ground = Ground(
            engine=self._engine,
            mirror=self._mirror,
            objects=self._objects,
            session=self._session,
            images=self._images,
            post_starts=self._post_starts,
            probes=self._probes,
            files=Files(settings.runtime_dir / "files"),
            ends=Ends(_boot_time() if settings.docker_host.startswith("unix://") else None),
            networks=self._networks.ready,
            volumes=self._volumes.ready,
            retries=Retries(_clock),
            now=_now,
            socket=settings.docker_host.removeprefix("unix://") if settings.docker_host.startswith("unix://") else "",
            drains=Drains(_clock),
            ingress=ingress is not None and ingress.mode == "nftables",
        )
        containers = ContainerReconciler(self._ground)
        self._containers_controller = Controller("node-containers", containers.reconcile, workers=_CONTAINER_WORKERS)
        self._networks_controller = Controller("node-networks", self._networks.reconcile, workers=_RESOURCE_WORKERS)
        self._volumes_controller = Controller("node-volumes", self._volumes.reconcile, workers=_RESOURCE_WORKERS)
        self._hints = Hints(
            self._ground,
            self._networks,
            self._volumes,
            container=self._containers_controller.trigger,
            network=self._networks_controller.trigger,
            volume=self._volumes_controller.trigger,
        )
        self._reporter = NodeReporter(
            manager.client, recorder, self._engine, settings.node_name, f"unix://{settings.agent_socket}", _now, ingress
        )

    def register(self) -> None:
        """Let the manager run the agent with its controllers."""
        objects = self._objects
        objects.containers_informer.add_handler(self._container_changed)
        objects.networks_informer.add_handler(self._resource_changed)
        objects.volumes_informer.add_handler(self._resource_changed)
        self._containers_controller.watches(objects.containers_informer)
        self._containers_controller.watches(objects.secrets_informer, map=self._hints.users)
        self._containers_controller.watches(objects.configs_informer, map=self._hints.users)
        self._networks_controller.watches(objects.networks_informer)
        self._volumes_controller.watches(objects.volumes_informer)
        api = AgentApi(self._engine, self, self._settings.agent_socket)
        controllers = (self._networks_controller, self._volumes_controller, self._containers_controller)
        for runnable in (*controllers, self, self._reporter, self._probes, api):
            self._manager.add(runnable)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep up with the engine until `stop` is set."""
        watching = asyncio.create_task(self._watch(), name=self.name)
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([stopping, watching], return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
        finally:
            self._session.live = False
            for task in (stopping, watching):
                task.cancel()
            await asyncio.gather(stopping, watching, return_exceptions=True)
            await self._images.close()
            await self._post_starts.close()

    async def _watch(self) -> None:
        self._session.owner = Owner(await cluster_id(self._manager.client), self._settings.node_name)
        objects = self._objects
        for informer in (objects.containers_informer, objects.networks_informer, objects.volumes_informer):
            await informer.synced()  # first, because an engine drops events for those who do not take them
        watch = EngineWatch(
            self._engine,
            self._session,
            self._mirror,
            self._ground.ends,
            back=self._engine_back,
            lost=self._engine_lost,
            resynced=self._resynced,
            event=self._hints.event,
        )
        await watch.run()

    async def close(self) -> None:
        """Give up the engine, after everything has come to its end."""
        await self._engine.close()

    # What those who read logs need to know of Containers

    @property
    def known(self) -> bool:
        """Whether what the engine has is known."""
        return self._session.live

    async def look(self, key: Key) -> EngineContainer | None:
        """What the engine has for the Container: the one that runs, else any."""
        try:
            found = await self._mirror.look(key)
        except EngineError:
            return None
        return max(found, key=lambda container: container.runs, default=None)

    def goes_on(self, key: Key) -> bool:
        """Whether the Container may write something after what it wrote."""
        item = self._objects.container(key)
        return item is not None and item.metadata.deletion_timestamp is None and not was_final(item)

    # What happens

    def _engine_back(self, info: EngineInfo) -> None:
        socket = self._ground.socket
        self._probes.reachable = bool(socket) and sockets.shares_network(Path(socket)) is not False
        self._reporter.engine_back(info)

    def _engine_lost(self, why: str) -> None:
        self._networks.ready.clear()
        self._volumes.ready.clear()
        self._reporter.engine_lost(why)
        self.pulse.beat()

    async def _resynced(self) -> None:
        """Everything is known: all look, and files and networks of nobody go."""
        uids = {item.metadata.uid for item in self._objects.containers()}
        uids |= {container.labels.get(labels.UID) for container in self._mirror}
        for uid in self._ground.files.uids():
            if uid not in uids:
                self._ground.files.remove(uid)
        for left in await self._engine.labelled_networks(self._session.owner.selector):
            name = left.labels.get(labels.NETWORK)
            if name:
                self._hints.network(Key(left.labels.get(labels.NAMESPACE, ""), name))
        self._hints.all()

    def _container_changed(self, kind: EventType, old: Container | None, new: Container | None) -> None:
        if new is not None:
            self._objects.seen(new)
            if old is not None:
                self._hints.container_changed(old, new)
        elif old is not None:
            self._objects.gone(old)
            self._hints.container_gone(old)
            self._ground.drains.forget(old.metadata.uid or "")
        self.pulse.beat()

    def _resource_changed(self, kind: EventType, old: Network | Volume | None, new: Network | Volume | None) -> None:
        if new is not None:
            self._objects.seen(new)
        elif old is not None:
            self._objects.gone(old)

    def _tell(self, key: Key, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        item = self._objects.container(key)
        if item is not None:
            self._objects.tell(item, kind, reason, message)


def _now() -> datetime:
    return datetime.now(UTC)


def _clock() -> float:
    return asyncio.get_running_loop().time()


def _boot_time(stat: Path = Path("/proc/stat")) -> datetime | None:
    """When the host booted, None where that cannot be told."""
    try:
        lines = stat.read_text().splitlines()
    except OSError:
        return None
    seconds = next((line.split()[1] for line in lines if line.startswith("btime ")), None)
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
