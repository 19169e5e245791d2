"""What every handler needs, gathered once: the store, the kinds, the clock, and who is watching."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, Self

from fizz.apiserver import errors
from fizz.apiserver.admission.admission import Admission
from fizz.apiserver.admission.conversion import Conversions
from fizz.apiserver.auth.access import Access
from fizz.apiserver.auth.authenticator import Authenticator
from fizz.apiserver.auth.keys import Keys
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.store.types import Record, Store

__all__ = ["Context", "Streams"]


def _now() -> datetime:
    return datetime.now(UTC)


class Closable(Protocol):
    """Something that can be told to end."""

    def close(self) -> object: ...


class Streams:
    """The open streams. When the server stops, all are ended, and so is each that is opened after that."""

    def __init__(self) -> None:
        self._open: dict[Closable, Collection[str]] = {}
        self._ended = False

    def __len__(self) -> int:
        return len(self._open)

    def add(self, stream: Closable, prefixes: Collection[str] = ()) -> None:
        """Remember a stream, and the prefixes of the resources that it shows."""
        self._open[stream] = prefixes
        if self._ended:
            stream.close()

    def discard(self, stream: Closable) -> None:
        self._open.pop(stream, None)

    def end_of(self, prefix: str) -> None:
        """End the streams of a resource that is served no longer."""
        for stream in [each for each, prefixes in self._open.items() if prefix in prefixes]:
            stream.close()

    def end(self) -> None:
        """End all, now and from now on."""
        self._ended = True
        for stream in list(self._open):
            stream.close()


@dataclass(frozen=True, slots=True)
class Context:
    """Shared by all requests."""

    store: Store
    registry: Registry
    access: Access
    authenticator: Authenticator
    admission: Admission
    conversions: Conversions
    clock: Callable[[], datetime] = _now
    streams: Streams = field(default_factory=Streams)

    @classmethod
    def over(cls, store: Store, registry: Registry, keys: Keys) -> Self:
        """The context of a server over an open store."""
        authenticator, admission = Authenticator(store, registry, keys, _now), Admission(store, registry)
        conversions = Conversions(admission.caller, admission.services)
        return cls(store, registry, Access(store, registry), authenticator, admission, conversions)

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
