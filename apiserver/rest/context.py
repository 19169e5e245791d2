"""What every handler needs, gathered once: the store, the kinds, the clock, and who is watching."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fizz.apiserver import errors
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.store.types import Record, Store, Watcher

__all__ = ["Context"]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """Shared by all requests. `watchers` are the open watches, so that a shutdown can end them."""

    store: Store
    registry: Registry
    clock: Callable[[], datetime] = _now
    watchers: set[Watcher] = field(default_factory=set)

    def resource(self, target: Target) -> Resource:
        """The resource that a target names. Raises `NotFound` where none is served, or not in that scope."""
        found = self.registry.lookup(target.group, target.version, target.plural)
        if found is None or (target.namespace is not None and not found.namespaced):
            raise errors.NotFound.path()
        if target.name is not None and found.namespaced and target.namespace is None:
            raise errors.NotFound.path()
        return found

    async def record(self, resource: Resource, namespace: str | None, name: str) -> Record:
        """The stored object. Raises `NotFound`."""
        record = await self.store.get(resource.key(namespace, name))
        if record is None:
            raise errors.NotFound.of(resource.name, name)
        return record
