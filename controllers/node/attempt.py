"""One attempt at one Container: the `Hands` that its actions act with.

An attempt resolves what the spec only names: variables, files, networks, the container whose network it shares. It does
so once, when the first action needs it, and from what the server has at that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol

from fizz.client.objects import Key
from fizz.controllers.node.anonymous import undeclared
from fizz.controllers.node.create import connections, create_request
from fizz.controllers.node.draining import Drains
from fizz.controllers.node.ends import Ends
from fizz.controllers.node.engine import (
    Connection,
    Containers,
    CreateRequest,
    EngineContainer,
    EngineNetwork,
    EngineVolume,
    Missing,
)
from fizz.controllers.node.files import Files
from fizz.controllers.node.hooks import PostStarts, exec_request, run_in_time
from fizz.controllers.node.images import Images
from fizz.controllers.node.mirror import Mirror
from fizz.controllers.node.naming import container_labels, container_name, network_name, service_names, service_of
from fizz.controllers.node.neighbours import links_of, namespaces, peers_of
from fizz.controllers.node.objects import Objects
from fizz.controllers.node.probes import Probes
from fizz.controllers.node.retries import Retries
from fizz.controllers.node.session import Session
from fizz.controllers.node.sources import SourceMissing, Sources, environment, files, targets
from fizz.controllers.node.surroundings import Surroundings
from fizz.schemas import labels
from fizz.schemas.container import Container
from fizz.schemas.execs import ExecRequest
from fizz.schemas.hooks import Hook
from fizz.schemas.publishing import for_engine, is_adopted
from fizz.schemas.sources import references

__all__ = ["Attempt", "Clock", "Ground", "address_of", "engine_names", "joinable", "own_networks"]


class Clock(Protocol):
    """The time of day."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What all attempts stand on. `networks` and `volumes` are those that the engine has, by object."""

    engine: Containers
    mirror: Mirror
    objects: Objects
    session: Session
    images: Images
    post_starts: PostStarts
    probes: Probes
    files: Files
    ends: Ends
    networks: Mapping[Key, EngineNetwork]
    volumes: Mapping[Key, EngineVolume]
    retries: Retries[Key]
    now: Clock
    socket: str = ""
    """Path of the engine's own unix socket; empty if it listens elsewhere."""
    drains: Drains = field(default_factory=Drains)
    ingress: bool = False
    """Whether the ingress publishes ports, and not the engine."""

    def on_engine(self, item: Container) -> Container:
        """The Container as the engine gets it: without the ports that the ingress publishes."""
        shared = self.ingress and not is_adopted(item)
        return item.model_copy(update={"spec": for_engine(item.spec)}) if shared else item


def own_networks(container: Container) -> Sequence[str]:
    """The names of the Networks that it is to be in; a network mode goes before them."""
    spec = container.spec
    return [] if spec.network_mode else [each.name for each in spec.networks or []]


def joinable(ground: Ground, item: Container) -> dict[str, EngineNetwork]:
    """By our name, the networks of the Container that the engine has, but for those that are being deleted."""
    found = {}
    for name in own_networks(item):
        key = Key(item.namespace, name)
        known = ground.objects.network(key)
        going = known is not None and known.metadata.deletion_timestamp is not None
        if key in ground.networks and not going:
            found[name] = ground.networks[key]
    return found


def engine_names(ground: Ground, item: Container) -> dict[str, str]:
    """The engine's names of the Container's networks, and ours for them."""
    names = {}
    for name in own_networks(item):
        key = Key(item.namespace, name)
        known = ground.objects.network(key)
        if key in ground.networks:
            names[ground.networks[key].name] = name
        elif known is not None:
            names[network_name(known)] = name
    return names


def address_of(ground: Ground, item: Container, container: EngineContainer) -> str:
    """Where this host reaches the container; empty if nowhere. One that shares a network is reached as its owner is."""
    mode = item.spec.network_mode or ""
    if mode == "host":
        return "127.0.0.1"
    if mode in namespaces(item.spec):
        owner = peers_of(ground, item).get(mode)
        return _first_address(owner, {}) if owner else ""
    drivers = {ground.networks[key].name: driver for key, driver in _drivers(ground, item).items()}
    return _first_address(container, drivers)


def _drivers(ground: Ground, item: Container) -> dict[Key, str]:
    keys = [Key(item.namespace, name) for name in own_networks(item)]
    known = {key: ground.objects.network(key) for key in keys if key in ground.networks}
    return {key: (network.spec.driver or "bridge") if network else "bridge" for key, network in known.items()}


def _first_address(container: EngineContainer, drivers: Mapping[str, str]) -> str:
    """That in a bridge network first: it is there that a host reaches its containers."""
    names = sorted(container.endpoints, key=lambda name: (drivers.get(name, "bridge") != "bridge", name))
    found = [container.endpoints[name] for name in names]
    return next((each.address or each.address6 for each in found if each.address or each.address6), "")


class Attempt:
    """Acts for one Container, `item`; None if it is gone, when there is only to stop and remove.

    `peers` are the containers of ours that its references mean, see `neighbours`; `volumes` the anonymous volumes that
    it has, by path, whatever container had them before.
    """

    def __init__(
        self,
        ground: Ground,
        item: Container | None,
        peers: Mapping[str, EngineContainer] | None = None,
        volumes: Mapping[str, str] | None = None,
    ) -> None:
        self.engine = ground.engine
        self.created = ""
        self._ground, self._item = ground, None if item is None else ground.on_engine(item)
        self._peers = {reference: each.id for reference, each in (peers or {}).items()}
        self._volumes = dict(volumes or {})
        self._sources: Sources | None = None
        self._names: tuple[str, ...] | None = None
        self._request: CreateRequest | None = None

    async def request(self) -> CreateRequest:
        if self._request is None:
            item = self._container()
            await self._read_names()
            around = self._surroundings(environment(item.spec.env, await self._read()))
            if lacking := sorted(set(own_networks(item)) - set(around.networks)):
                raise Missing(f"Network {lacking[0]!r} is not ready any more")
            image = await self._ground.images.reference(item)
            around = replace(around, inherited=await self._inherited(image))
            self._request, warnings = create_request(item.spec, around)
            self._request = replace(self._request, body={**self._request.body, "Image": image})
            for warning in warnings:
                self.tell("Warning", "Unsupported", warning)
        return self._request

    async def _inherited(self, image: str) -> dict[str, str]:
        """The volumes that the container has from those before it, as far as it still has a place for them."""
        if not self._volumes:
            return {}
        declared = await self._ground.images.declared_volumes(image)
        gone = undeclared(self._container().spec, self._volumes, declared)
        return {path: name for path, name in self._volumes.items() if path not in gone}

    async def connections(self) -> Sequence[Connection]:
        await self._read_names()
        around, spec = self._surroundings([]), self._container().spec
        there = [each for each in spec.networks or [] if each.name in around.networks]
        return connections(spec.model_copy(update={"networks": there}), around)

    async def write_files(self) -> None:
        item = self._container()
        if targets(item.spec):
            self._ground.files.write(item.metadata.uid or "", files(item.spec, await self._read()))

    async def hooks(self, hooks: Sequence[Hook] | None) -> list[ExecRequest]:
        """The commands as the engine runs them. Raises `SourceMissing`."""
        sources = await self._read()
        return [exec_request(hook, sources) for hook in hooks or []]

    async def before_stop(self, container: EngineContainer) -> None:
        hooks = self._item.spec.pre_stop if self._item else None
        if not hooks or container.state != "running":
            return
        try:
            error = await run_in_time(self.engine, container.id, await self.hooks(hooks))
        except SourceMissing as missing:
            error = str(missing)
        if error:
            self.tell("Warning", "FailedPreStopHook", f"before stopping {container.name}: {error}")

    async def remove_files(self, uid: str) -> None:
        self._ground.files.remove(uid)

    async def release(self) -> None:
        await self._ground.objects.release(self._container())

    def tell(self, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        if self._item is not None:
            self._ground.objects.tell(self._item, kind, reason, message)

    def _container(self) -> Container:
        assert self._item is not None, "there is nothing to create for a Container that is gone"
        return self._item

    async def _read(self) -> Sources:
        if self._sources is None:
            item = self._container()
            self._sources = await self._ground.objects.sources(item.namespace, references(item.spec))
        return self._sources

    async def _read_names(self) -> None:
        """The names that Services give the container, if it is in a network that has names."""
        item = self._container()
        if self._names is None and own_networks(item):
            self._names = tuple(service_names(item, await self._ground.objects.services(item.namespace)))

    def _surroundings(self, variables: Sequence[tuple[str, str | None]]) -> Surroundings:
        item, ground = self._container(), self._ground
        volumes = {key.name: volume.name for key, volume in ground.volumes.items() if key.namespace == item.namespace}
        return Surroundings(
            name=container_name(item),
            labels=container_labels(item, ground.session.owner),
            environment=variables,
            networks={name: network.name for name, network in joinable(ground, item).items()},
            volumes=volumes,
            files=ground.files.mounts(item.metadata.uid or "", targets(item.spec)),
            aliases=_aliases(item, self._names or ()),
            peers=self._peers,
            links=links_of(ground, item),
            socket=ground.socket,
            api_version=ground.session.api_version,
        )


def _aliases(item: Container, names: Sequence[str]) -> tuple[str, ...]:
    """The names by which others find it. What was run once beside a service does not answer for it, unless so said."""
    once = item.labels.get(labels.ONEOFF) == "true"
    if once and (item.metadata.annotations or {}).get(labels.USE_ALIASES) != "true":
        return ()
    return (service_of(item), *names)
