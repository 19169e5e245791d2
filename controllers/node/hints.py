"""Who has to look again, and when: everything that happens is only a hint to the three reconcilers.

| what happened | who looks |
|---|---|
| a container of ours started, ended, changed its health ... | its Container |
| one started, or its Container is to go | Containers that share its namespaces or volumes |
| any container is gone, or has another name | Containers that wait for its name |
| a container joined or left a network | its Container |
| a network or volume came or went | Networks and Volumes that are not ready, or were it |
| a Network or Volume became ready, or is not any more | Containers that use it |
| a Container is gone, or has nothing in the engine any more | Networks and Volumes that it used, and that wait to go |
| an image came | Containers that wait for one |
| the agent learned everything anew | all |

That an object changed, its controller hears by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fizz.client.objects import Key, key_of
from fizz.controllers.node.attempt import Ground
from fizz.controllers.node.engine import EngineEvent
from fizz.controllers.node.mirror import key_of_labels
from fizz.controllers.node.naming import container_name
from fizz.controllers.node.neighbours import has_neighbour
from fizz.controllers.node.reconcile_networks import NetworkReconciler
from fizz.controllers.node.reconcile_volumes import VolumeReconciler
from fizz.controllers.node.resources import uses_network, uses_volume
from fizz.schemas import labels
from fizz.schemas.apps import Network, Volume
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.sources import SourceRef, references

__all__ = ["Hints", "Look"]

_WORTH_A_LOOK: Final = frozenset(
    {"start", "restart", "die", "stop", "pause", "unpause", "rename", "health_status", "destroy", "oom"}
)
"""What may change a Container's status or call for an action. Others only make the mirror's copy stale."""
_IMAGE_TROUBLES: Final = frozenset({"ImageMissing", "ImagePullFailed"})

Look = Callable[[Key], None]


@dataclass(slots=True)
class Hints:
    """Passes on hints. `container`, `network` and `volume` put a key into the queue of its controller."""

    ground: Ground
    networks: NetworkReconciler
    volumes: VolumeReconciler
    container: Look
    network: Look
    volume: Look

    def all(self) -> None:
        """Everybody looks."""
        objects = self.ground.objects
        for network in objects.networks():
            self.network(key_of(network))
        for volume in objects.volumes():
            self.volume(key_of(volume))
        for key in {*map(key_of, objects.containers()), *self.ground.mirror.keys()}:
            self.container(key)

    def event(self, event: EngineEvent) -> None:
        """Something happened in the engine."""
        match event.type:
            case "container":
                self._container_event(event)
            case "network":
                self._network_event(event)
            case "volume":
                self._volume_event(event)
            case "image":
                self._waiting(_IMAGE_TROUBLES)

    def _container_event(self, event: EngineEvent) -> None:
        ground = self.ground
        adopted = ground.mirror.is_adopted(event.id)
        key = ground.mirror.key(event.id) if adopted else key_of_labels(event.labels)
        if key is not None and (adopted or event.labels.get(labels.SERVER) == ground.session.owner.server):
            ground.ends.take(event, ground.mirror.get(event.id))
            if event.action == "destroy":
                ground.mirror.forget(event.id)
            else:
                ground.mirror.mark(event.id, key)
            if event.action in _WORTH_A_LOOK:
                self.container(key)
            if event.action == "start":
                self._sharers(key)
        if event.action in {"destroy", "rename"}:
            self._waiting(frozenset({"NameTaken"}), event.name if event.action == "destroy" else None)
        if event.action == "destroy":
            self._set_aside(event.name)

    def _set_aside(self, name: str) -> None:
        """Those look at once that gave this name to a successor, and may have it back."""
        for item in self.ground.objects.containers():
            has = item.status.container_name if item.status else None
            if has and has != name and has.endswith(f"_{name}"):
                self.container(key_of(item))

    def _sharers(self, key: Key) -> None:
        other = self.ground.objects.container(key)
        for item in self.ground.objects.containers(key.namespace) if other else ():
            if other is not None and has_neighbour(item.spec, other):
                self.container(key_of(item))

    def _waiting(self, reasons: frozenset[str], engine_name: str | None = None) -> None:
        """Those look at once that wait for one of these reasons (and for this name, if one is given)."""
        for item in self.ground.objects.containers():
            waits = item.status is not None and item.status.reason in reasons
            if waits and (engine_name is None or container_name(item) == engine_name):
                self.ground.retries.succeeded(key_of(item))
                self.container(key_of(item))

    def _network_event(self, event: EngineEvent) -> None:
        joined = self.ground.mirror.key(event.container) if event.container else None
        if joined is not None:
            self.ground.mirror.mark(event.container, joined)
            self.container(joined)
        for network in self.ground.objects.networks():
            key = key_of(network)
            ready = self.networks.ready.get(key)
            gone = event.action == "destroy" and ready is not None and ready.id == event.id
            if gone:
                self.networks.forget(key)
            joined_or_left = event.container and network.status is not None and network.status.id == event.id
            if gone or ((joined_or_left or not event.container) and _waits(network, ready is not None)):
                self._hurry_network(key)

    def _volume_event(self, event: EngineEvent) -> None:
        for volume in self.ground.objects.volumes():
            key = key_of(volume)
            ready = self.volumes.ready.get(key)
            gone = event.action == "destroy" and ready is not None and ready.name == event.id
            if gone:
                self.volumes.forget(key)
            if gone or _waits(volume, ready is not None):
                self._hurry_volume(key)

    def container_gone(self, item: Container) -> None:
        """A Container is gone."""
        self.ground.images.forget(item)
        self.ground.post_starts.forget(key_of(item))
        self.ground.retries.succeeded(key_of(item))
        self._let_go(item)

    def container_changed(self, old: Container, new: Container) -> None:
        """A Container changed."""
        had, has = (each.status is not None and each.status.container_id is not None for each in (old, new))
        if had and not has:
            self._let_go(old)
        if old.metadata.deletion_timestamp is None and new.metadata.deletion_timestamp is not None:
            self._sharers(key_of(new))  # from now on, its successor is the one to share with

    def _let_go(self, item: Container) -> None:
        objects = self.ground.objects
        for each in item.spec.networks or []:
            network = objects.network(Key(item.namespace, each.name))
            if network is not None and _waits(network, ready=True):
                self._hurry_network(key_of(network))
        for mount in item.spec.mounts or []:
            volume = objects.volume(Key(item.namespace, mount.source or ""))
            if volume is not None and _waits(volume, ready=True):
                self._hurry_volume(key_of(volume))

    def _hurry_network(self, key: Key) -> None:
        self.networks.hurry(key)
        self.network(key)

    def _hurry_volume(self, key: Key) -> None:
        self.volumes.hurry(key)
        self.volume(key)

    def network_changed(self, key: Key) -> None:
        """A Network became ready, or is not any more."""
        for item in self.ground.objects.containers(key.namespace):
            if uses_network(item, key.name):
                self.container(key_of(item))

    def volume_changed(self, key: Key) -> None:
        """A Volume became ready, or is not any more."""
        for item in self.ground.objects.containers(key.namespace):
            if uses_volume(item, key.name):
                self.container(key_of(item))

    def users(self, source: Secret | ConfigMap) -> Iterator[Key]:
        """The Containers that use a Secret or ConfigMap."""
        reference = SourceRef("Secret" if isinstance(source, Secret) else "ConfigMap", source.name)
        for item in self.ground.objects.containers(source.namespace):
            if reference in references(item.spec):
                yield key_of(item)


def _waits(item: Network | Volume, ready: bool) -> bool:
    """Whether something that happens elsewhere may be what it waits for."""
    return not ready or item.metadata.deletion_timestamp is not None or bool(item.status and item.status.message)
