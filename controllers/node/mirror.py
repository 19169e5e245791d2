"""The engine's containers as the agent knows them: complete after every resync, and told by events what is out of date.

The mirror is looked at by Container (its namespace and name, which the engine's labels say). What an event touches is
stale, and is inspected when somebody looks. So a burst of events costs one inspection, and a look costs none when
nothing happened.

Containers that were adopted bear no labels of ours, and the engine's labels cannot be changed. Here they do: `adopt`
says which, and whoever looks sees them with ours. So nobody else needs to know.

A resync lists everything while events go on. What was touched after the listing began is newer than the listing says:
it is kept, and stale; what was removed meanwhile stays removed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fizz.client.objects import Key
from fizz.controllers.node.engine import Containers, EngineContainer, Missing
from fizz.controllers.node.pulse import Pulse
from fizz.schemas import labels

__all__ = ["Mirror", "key_of_labels"]


def key_of_labels(found: Mapping[str, str]) -> Key | None:
    """The Container that the engine's labels name, or None if they name none."""
    namespace, name = found.get(labels.NAMESPACE), found.get(labels.CONTAINER)
    return Key(namespace, name) if namespace and name else None


class Mirror:
    """What the agent knows of the engine's containers. `pulse` beats when any of it changes."""

    def __init__(self, engine: Containers) -> None:
        self._engine = engine
        self._known: dict[str, EngineContainer] = {}
        self._keys: dict[str, Key] = {}
        self._by_key: dict[Key, set[str]] = {}
        self._stale: set[str] = set()
        self._adopted: dict[str, tuple[Key, Mapping[str, str]]] = {}
        self._gone: set[str] = set()
        """Adopted ones that are not there any more."""
        self._turn = 0
        self._touched: dict[str, int] = {}
        self.pulse = Pulse()

    def __iter__(self) -> Iterator[EngineContainer]:
        return iter(list(self._known.values()))

    def keys(self) -> list[Key]:
        """The Containers that have something in the engine."""
        return list(self._by_key)

    def get(self, container: str) -> EngineContainer | None:
        """What was last known of a container."""
        return self._known.get(container)

    def key(self, container: str) -> Key | None:
        """The Container that a container belongs to."""
        return self._keys.get(container)

    def named(self, name: str) -> EngineContainer | None:
        """The container of that name, as far as it is known."""
        return next((each for each in self._known.values() if each.name == name), None)

    def adopt(self, container: str, key: Key, ours: Mapping[str, str]) -> None:
        """The container is the Container's, and is to be seen with these labels, too."""
        known = self._adopted.get(container)
        if container in self._gone or known == (key, ours):
            return
        self._adopted[container] = (key, ours)
        self.mark(container, key)

    def is_adopted(self, container: str) -> bool:
        """Whether it was adopted, so that the engine's events do not say whose it is."""
        return container in self._adopted

    def mark(self, container: str, key: Key) -> None:
        """Something happened to the container, or it is new."""
        self._touch(container)
        self._index(container, key)
        self._stale.add(container)

    def put(self, container: EngineContainer) -> None:
        """This is how the container is now."""
        key = key_of_labels(container.labels)
        if key is None:
            return
        self._touch(container.id)
        self._set(container, key)

    def forget(self, container: str) -> None:
        """The container is gone."""
        self._touch(container)
        self._drop(container)

    async def look(self, key: Key) -> list[EngineContainer]:
        """What the engine has for a Container, as of now. Raises `EngineLost`."""
        for container in sorted(self._by_key.get(key, ())):
            if container in self._stale:
                self._stale.discard(container)  # before asking: what happens while we ask makes it stale again
                try:
                    found = await self._engine.inspect(container)
                except Missing:
                    self._drop(container)
                except BaseException:
                    self._stale.add(container)
                    raise
                else:
                    self._set(found, key, fresh=False)
        return [self._known[each] for each in sorted(self._by_key.get(key, ())) if each in self._known]

    async def resync(self, label: str) -> None:
        """Learn everything anew: the containers with the label. Raises `EngineLost`."""
        self._turn += 1
        turn = self._turn
        listed = {container.id: container for container in await self._engine.containers(label)}
        for adopted in list(self._adopted):
            try:
                listed[adopted] = await self._engine.inspect(adopted)
            except Missing:
                continue
        for container in list(self._keys):
            if container not in listed and self._touched.get(container, 0) < turn:
                self._drop(container)
        for found in listed.values():
            key = self._adopted[found.id][0] if found.id in self._adopted else key_of_labels(found.labels)
            if key is not None and self._touched.get(found.id, 0) < turn:
                self._set(found, key)
        self._touched = {container: when for container, when in self._touched.items() if when >= turn}

    def _touch(self, container: str) -> None:
        self._touched[container] = self._turn
        self.pulse.beat()

    def _index(self, container: str, key: Key) -> None:
        self._keys[container] = key
        self._by_key.setdefault(key, set()).add(container)

    def _set(self, container: EngineContainer, key: Key, *, fresh: bool = True) -> None:
        if container.id in self._adopted:
            container = replace(container, labels={**container.labels, **self._adopted[container.id][1]})
        self._known[container.id] = container
        self._index(container.id, key)
        if fresh:
            self._stale.discard(container.id)

    def _drop(self, container: str) -> None:
        self._known.pop(container, None)
        self._stale.discard(container)
        if self._adopted.pop(container, None) is not None:
            self._gone.add(container)
        key = self._keys.pop(container, None)
        if key is not None:
            self._by_key[key].discard(container)
            if not self._by_key[key]:
                del self._by_key[key]
