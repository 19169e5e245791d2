"""A node in memory: fake engine, fake API server, and the agent's reconcilers and hints over them, without queues.

`settle` passes on events and lets everybody look until nothing is left to do now; `advance` lets time pass. `restart`
is what a crash of the agent and its new start do: everything that it knew is gone, the engine and the objects are not.
"""

import asyncio
import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

from fizz.client.controller import Requeue, Result
from fizz.client.objects import Key, T, key_of
from fizz.controllers.node.attempt import Ground
from fizz.controllers.node.draining import Drains
from fizz.controllers.node.ends import Ends
from fizz.controllers.node.engine import EngineEvent
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.files import Files
from fizz.controllers.node.hints import Hints
from fizz.controllers.node.hooks import PostStarts
from fizz.controllers.node.images import Images
from fizz.controllers.node.mirror import Mirror
from fizz.controllers.node.naming import Owner
from fizz.controllers.node.probe_calls import ProbeCalls
from fizz.controllers.node.probes import Probes
from fizz.controllers.node.reconcile import ContainerReconciler
from fizz.controllers.node.reconcile_networks import NetworkReconciler
from fizz.controllers.node.reconcile_volumes import VolumeReconciler
from fizz.controllers.node.retries import Retries
from fizz.controllers.node.session import Session
from fizz.controllers.node.sources import Sources
from fizz.schemas import labels
from fizz.schemas.apps import Network, ResourceStatus, Service, Volume
from fizz.schemas.base import JSON
from fizz.schemas.container import Container, ContainerStatus
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.sources import SourceRef

NODE = "node-1"
SERVER = "server-uid"
Item = Container | Network | Volume


def container(name: str, uid: str = "", **spec: Any) -> Container:
    """A Container of the namespace `blog`, bound to the node."""
    metadata = {**_metadata(name), "uid": uid or f"uid-{name}", "finalizers": [labels.FINALIZER_NODE]}
    content = {"image": "busybox", "command": ["sleep", "infinity"], "nodeName": NODE, **spec}
    return Container.load({"metadata": metadata, "spec": content})


def network(object_name: str = "default", **spec: Any) -> Network:
    """A Network of the namespace `blog`."""
    return Network.load({"metadata": _metadata(object_name), "spec": spec})


def volume(object_name: str = "data", **spec: Any) -> Volume:
    """A Volume of the namespace `blog`."""
    return Volume.load({"metadata": _metadata(object_name), "spec": spec})


def secret(name: str, **data: str) -> Secret:
    """A Secret of the namespace `blog`."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return Secret.load({"metadata": _metadata(name), "data": encoded})


def config(name: str, **data: str) -> ConfigMap:
    """A ConfigMap of the namespace `blog`."""
    return ConfigMap.load({"metadata": _metadata(name), "data": data})


def _metadata(name: str) -> JSON:
    return {"name": name, "namespace": "blog", "uid": f"uid-{name}", "generation": 1}


@dataclass
class FakeObjects:
    """The API server, as far as the agent needs it. `changed` are the objects that somebody has to hear of."""

    items: dict[tuple[type[Item], Key], Item] = field(default_factory=dict)
    sources_by_name: dict[SourceRef, Secret | ConfigMap] = field(default_factory=dict)
    services_there: list[Service] = field(default_factory=list)
    told: list[tuple[str, str, str, str]] = field(default_factory=list)
    changed: list[tuple[type[Item], Key]] = field(default_factory=list)
    gone: list[Container] = field(default_factory=list)
    replaced: list[tuple[Container, Container]] = field(default_factory=list)
    status_writes: int = 0

    def put(self, *items: Item) -> None:
        for item in items:
            self.items[type(item), key_of(item)] = item
            self.changed.append((type(item), key_of(item)))

    def put_source(self, source: Secret | ConfigMap) -> None:
        kind: Literal["Secret", "ConfigMap"] = "Secret" if isinstance(source, Secret) else "ConfigMap"
        self.sources_by_name[SourceRef(kind, source.name)] = source
        for item in self.containers(source.namespace):
            self.changed.append((Container, key_of(item)))

    def delete(self, item: Item) -> None:
        """Ask for the object's end."""
        known = self.items[type(item), key_of(item)]
        if known.metadata.deletion_timestamp is None:
            new = known.model_copy(deep=True)
            new.metadata.deletion_timestamp = datetime(2026, 1, 1, tzinfo=UTC)
            new.metadata.generation = (new.metadata.generation or 0) + 1
            self.put(new)
            if isinstance(known, Container) and isinstance(new, Container):
                self.replaced.append((known, new))
        self._go_if_free(type(item), key_of(item))

    def drop(self, item: Item) -> None:
        """The object is gone at once, whatever its finalizers say."""
        del self.items[type(item), key_of(item)]
        self.changed.append((type(item), key_of(item)))
        if isinstance(item, Container):
            self.gone.append(item)

    def _go_if_free(self, kind: type[Item], key: Key) -> None:
        item = self.items[kind, key]
        if item.metadata.deletion_timestamp is not None and not item.metadata.finalizers:
            self.drop(item)

    # The protocol

    def container(self, key: Key) -> Container | None:
        return self._get(Container, key)

    def containers(self, namespace: str | None = None) -> Sequence[Container]:
        found = [item for item in self.items.values() if isinstance(item, Container)]
        return [item for item in found if namespace is None or item.namespace == namespace]

    def networks(self) -> Sequence[Network]:
        return [item for item in self.items.values() if isinstance(item, Network)]

    def volumes(self) -> Sequence[Volume]:
        return [item for item in self.items.values() if isinstance(item, Volume)]

    def network(self, key: Key) -> Network | None:
        return self._get(Network, key)

    def volume(self, key: Key) -> Volume | None:
        return self._get(Volume, key)

    def _get(self, kind: type[T], key: Key) -> T | None:
        return cast("T | None", self.items.get((cast("type[Item]", kind), key)))

    def versions(self, namespace: str, references: Iterable[SourceRef]) -> tuple[str, ...]:
        found = (self.sources_by_name.get(reference) for reference in sorted(references))
        return tuple(str(item.dump()) if item else "" for item in found)

    async def fresh(self, kind: type[T], key: Key) -> T | None:
        return self._get(kind, key)

    async def sources(self, namespace: str, references: Iterable[SourceRef]) -> Sources:
        return {each: self.sources_by_name[each] for each in references if each in self.sources_by_name}

    async def services(self, namespace: str) -> Sequence[Service]:
        return [each for each in self.services_there if each.namespace == namespace]

    async def write_status(self, item: Item, status: ContainerStatus | ResourceStatus) -> None:
        known = self.items.get((type(item), key_of(item)))
        if isinstance(known, Container) and isinstance(status, ContainerStatus):
            status.ingress = known.status.ingress if known.status else None  # as `ApiObjects` leaves it alone
        if known is None or known.metadata.uid != item.metadata.uid or known.status == status:
            return
        new = known.model_copy(deep=True)
        new.status = status
        self.status_writes += 1
        self.put(new)
        if isinstance(known, Container) and isinstance(new, Container):
            self.replaced.append((known, new))

    async def hold(self, item: Network | Volume) -> None:
        known = self.items[type(item), key_of(item)]
        if labels.FINALIZER_NODE not in (known.metadata.finalizers or []):
            new = known.model_copy(deep=True)
            new.metadata.finalizers = [*(known.metadata.finalizers or []), labels.FINALIZER_NODE]
            self.put(new)

    async def discard(self, item: Container) -> None:
        self.delete(item)

    async def release(self, item: Item) -> None:
        known = self.items.get((type(item), key_of(item)))
        if known is None or known.metadata.uid != item.metadata.uid:
            return
        left = [each for each in known.metadata.finalizers or [] if each != labels.FINALIZER_NODE]
        if left != known.metadata.finalizers:
            new = known.model_copy(deep=True)
            new.metadata.finalizers = left
            self.put(new)
        self._go_if_free(type(item), key_of(item))

    def tell(self, item: Item, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self.told.append((item.name, kind, reason, message))

    def reasons(self, name: str) -> list[str]:
        """The reasons of the Events about an object."""
        return [reason for about, _, reason, _ in self.told if about == name]


class World:
    """The node. `engine` and `objects` outlive the agent."""

    def __init__(self, folder: Path, engine: FakeEngine | None = None, objects: FakeObjects | None = None) -> None:
        self.folder = folder
        self.engine = engine or FakeEngine()
        self.objects = objects or FakeObjects()
        self.seconds = 0.0
        self.ingress = False
        self.restart()

    def restart(self) -> None:
        """The agent begins, knowing nothing."""
        engine, objects = self.engine, self.objects
        self.session = Session(Owner(SERVER, NODE))
        self.mirror = Mirror(engine)
        self.ends = Ends()
        self.due: dict[tuple[str, Key], float] = {}
        self.events: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        engine.listeners.clear()
        images = Images(engine, self._look("container"), self._tell, clock=self.clock, now=self.now)
        self.networks = NetworkReconciler(
            engine, objects, self.session, Retries(self.clock), lambda key: self.hints.network_changed(key)
        )
        self.volumes = VolumeReconciler(
            engine, objects, self.session, Retries(self.clock), lambda key: self.hints.volume_changed(key)
        )
        self.files = Files(self.folder / "files")
        self.ground = Ground(
            engine=engine,
            mirror=self.mirror,
            objects=objects,
            session=self.session,
            images=images,
            post_starts=PostStarts(engine, self._look("container")),
            probes=Probes(ProbeCalls(engine), self._look("container"), self._tell, self.clock),
            files=self.files,
            ends=self.ends,
            networks=self.networks.ready,
            volumes=self.volumes.ready,
            retries=Retries(self.clock),
            now=self.now,
            drains=Drains(self.clock),
            ingress=self.ingress,
        )
        self.containers = ContainerReconciler(self.ground)
        self.hints = Hints(
            self.ground,
            self.networks,
            self.volumes,
            container=self._look("container"),
            network=self._look("network"),
            volume=self._look("volume"),
        )

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def _look(self, kind: str) -> Any:
        def look(key: Key) -> None:
            self.due[kind, key] = 0.0

        return look

    def _tell(self, key: Key, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        item = self.objects.container(key)
        if item:
            self.objects.tell(item, kind, reason, message)

    async def connect(self) -> None:
        """Connect to the engine and learn everything, as `watch` does."""
        self.events = asyncio.Queue()
        self.engine.listeners = {self.events}
        self.session.api_version = (await self.engine.info()).api_version
        await self.mirror.resync(self.session.owner.selector)
        self.ends.back(self.mirror)
        self.session.live = True
        self.hints.all()

    def lose(self) -> None:
        """What `watch` does when the engine is lost."""
        self._pass_on_events()
        self.ends.lost(each.id for each in self.mirror if each.runs)
        self.session.live = False
        self.networks.ready.clear()
        self.volumes.ready.clear()

    async def settle(self, rounds: int = 200) -> None:
        """Let everybody look until nothing is left to do now. Fails if that does not come to an end."""
        if not self.session.live:
            await self.connect()
        for _ in range(rounds):
            await asyncio.sleep(0)  # pulls run beside us
            self._pass_on_events()
            self._pass_on_objects()
            work = [what for what, when in self.due.items() if when <= self.seconds]
            if not work:
                return
            for kind, key in work:
                if self.due.get((kind, key), 1.0) > self.seconds:
                    continue
                del self.due[kind, key]
                result = await self._reconcile(kind, key)
                if isinstance(result, Requeue):
                    self.due.setdefault((kind, key), self.seconds + result.after)
        raise AssertionError(f"it never settles: {self.due}")

    async def advance(self, seconds: float) -> None:
        """Time passes."""
        end = self.seconds + seconds
        while upcoming := [when for when in self.due.values() if when <= end]:
            self.seconds = max(self.seconds, min(upcoming))
            await self.settle()
        self.seconds = end

    async def probe(self) -> None:
        """A second passes, and the probes that are due are made."""
        self.seconds += 1
        for turn in self.ground.probes.due():
            await self.ground.probes.make(turn)
        await self.settle()

    async def _reconcile(self, kind: str, key: Key) -> Result | None:
        match kind:
            case "container":
                return await self.containers.reconcile(key)
            case "network":
                return await self.networks.reconcile(key)
        return await self.volumes.reconcile(key)

    def _pass_on_events(self) -> None:
        while not self.events.empty():
            event = self.events.get_nowait()
            if event is not None:
                self.hints.event(event)

    def _pass_on_objects(self) -> None:
        changed, self.objects.changed = self.objects.changed, []
        for kind, key in changed:
            self._look(kind.__name__.lower())(key)
        replaced, self.objects.replaced = self.objects.replaced, []
        for old, new in replaced:
            self.hints.container_changed(old, new)
        gone, self.objects.gone = self.objects.gone, []
        for item in gone:
            self.hints.container_gone(item)

    def status(self, name: str) -> ContainerStatus:
        """The status of a Container."""
        item = self.objects.container(Key("blog", name))
        assert item is not None, f"there is no Container {name}"
        return item.status or ContainerStatus()

    def in_engine(self) -> dict[str, str]:
        """The engine's containers: state by name."""
        return {box.request.name: box.state for box in self.engine.boxes.values()}
