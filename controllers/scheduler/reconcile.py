"""The scheduler's shell: binds unbound Containers, and says so on those that must wait.

Deciding and remembering the decision happen in one go, without waiting in between, so that many workers can write
bindings at the same time and each still sees what the others have decided.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, Literal

import structlog

from fizz.client.api import NotFound
from fizz.client.controller import Controller, Key, Manager
from fizz.client.events import EventRecorder
from fizz.client.watch import EventType
from fizz.controllers.scheduler.plan import Bind, Release, Wait, decide
from fizz.schemas.base import JSON
from fizz.schemas.conditions import find, set_condition
from fizz.schemas.container import Container
from fizz.schemas.node import Node

__all__ = ["Scheduler"]

_WORKERS: Final = 16
_SCHEDULED: Final = "Scheduled"
_UNSCHEDULABLE: Final = "Unschedulable"

log: Final = structlog.get_logger()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Scheduler:
    """Binds Containers to Nodes. `now` is the clock that conditions are stamped by."""

    def __init__(self, manager: Manager, recorder: EventRecorder, now: Callable[[], datetime] = _utc_now) -> None:
        self._client, self._recorder, self._now = manager.client, recorder, now
        self._containers = manager.informer(Container)
        self._nodes = manager.informer(Node)
        self._load: Counter[str] = Counter()
        """Containers on each node."""
        self._assumed: dict[Key, str] = {}
        """Bindings that were decided and are not seen in the cache yet; they count, too."""
        self._containers.add_handler(self._count)

    def controller(self) -> Controller:
        """What the manager runs."""
        return (
            Controller("scheduler", self.reconcile, workers=_WORKERS)
            .watches(self._containers, map=self._unbound)
            .watches(self._nodes, map=self._all_unbound)
        )

    def _count(self, _: EventType, old: Container | None, new: Container | None) -> None:
        if old is not None and old.spec.node_name:
            self._load[old.spec.node_name] -= 1
        if new is not None and new.spec.node_name:
            self._load[new.spec.node_name] += 1
            self._assumed.pop(Key(new.namespace, new.name), None)

    def _unbound(self, changed: Container) -> Iterator[Key]:
        if not changed.spec.node_name:
            yield Key(changed.namespace, changed.name)

    def _all_unbound(self, _: Node) -> Iterator[Key]:
        for container in self._containers.list():
            yield from self._unbound(container)

    async def reconcile(self, key: Key) -> None:
        """Bind one Container, if it is not bound."""
        container = self._containers.get(*key)
        if container is None:
            self._assumed.pop(key, None)
            return
        if key in self._assumed:
            return
        match decide(container, self._nodes.list(), self._load + Counter(self._assumed.values())):
            case Bind(node):
                self._assumed[key] = node
                try:
                    await self._bind(container, node)
                except BaseException:
                    self._assumed.pop(key, None)
                    raise
            case Wait(message):
                await self._wait(container, message)
            case Release(finalizers):
                await self._patch(container, {"metadata": {"finalizers": list(finalizers)}})
            case None:
                return

    async def _bind(self, container: Container, node: str) -> None:
        current = container
        if find(container.status.conditions if container.status else None, _SCHEDULED):
            current = await self._say(container, "True", "Bound", f"runs on {node}")
        await self._patch(current, {"spec": {"nodeName": node}})
        log.info("bound", kind="Container", namespace=container.namespace, name=container.name, node=node)

    async def _wait(self, container: Container, message: str) -> None:
        said = find(container.status.conditions if container.status else None, _SCHEDULED)
        if said and said.status == "False" and said.message == message:
            return
        self._recorder.event(container, "Warning", _UNSCHEDULABLE, message)
        log.info("unschedulable", kind="Container", namespace=container.namespace, name=container.name, why=message)
        await self._say(container, "False", _UNSCHEDULABLE, message)

    async def _say(
        self, container: Container, status: Literal["True", "False"], reason: str, message: str
    ) -> Container:
        """Write the condition `Scheduled`. Until it is bound, a Container's status is the scheduler's."""
        old = container.status.conditions if container.status else None
        conditions = set_condition(old, _SCHEDULED, status, now=self._now(), reason=reason, message=message)
        waits = status == "False"
        written = {
            "phase": "Pending",
            "conditions": [each.dump() for each in conditions],
            "reason": reason if waits else None,
            "message": message if waits else None,
        }
        return await self._patch(container, {"status": written}, "status")

    async def _patch(self, container: Container, patch: JSON, subresource: str | None = None) -> Container:
        """Patch the Container, provided that it still is what was seen."""
        metadata = {**patch.get("metadata", {}), "resourceVersion": container.metadata.resource_version}
        whole = {**patch, "metadata": metadata}
        try:
            return await self._client.patch(Container, container.name, whole, container.namespace, subresource)
        except NotFound:
            return container
