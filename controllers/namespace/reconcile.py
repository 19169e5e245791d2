"""The namespace controller's shell: lists what is left in a terminating Namespace, deletes it, lets the Namespace go.

What is left is always asked of the server and never of a cache: a namespace that goes too early leaves objects behind
that nobody can reach. Informers of the kinds that take their time only say when to look again.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from fizz.client.api import ApiError, NotFound, Operation, Unavailable
from fizz.client.controller import Controller, Key, Manager, Requeue, Result
from fizz.controllers.namespace.plan import FINALIZER, Contents, Doomed, plan
from fizz.schemas.apps import Deployment, Network, Volume
from fizz.schemas.base import JSON
from fizz.schemas.container import Container
from fizz.schemas.core import Namespace
from fizz.schemas.jobs import CronJob, Job
from fizz.schemas.kinds import Kind
from fizz.schemas.meta import Condition, Object

__all__ = ["NamespaceController"]

_AGAIN_SECONDS: Final = 1.0
"""When to look again at what is left, if no informer says so earlier."""
_BATCH: Final = 500

log: Final = structlog.get_logger()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class NamespaceController:
    """Empties terminating Namespaces. `now` is the clock that conditions are stamped by."""

    def __init__(self, manager: Manager, now: Callable[[], datetime] = _utc_now) -> None:
        self._client, self._now = manager.client, now
        self._namespaces = manager.informer(Namespace)
        self._slow = [manager.informer(model) for model in (CronJob, Job, Deployment, Container, Network, Volume)]

    def controller(self) -> Controller:
        """What the manager runs."""
        controller = Controller("namespace", self.reconcile).watches(self._namespaces)
        for informer in self._slow:
            controller.watches(informer, map=self._of_contents)
        return controller

    def _of_contents(self, changed: Object) -> Iterator[Key]:
        namespace = self._namespaces.get("", changed.namespace)
        if namespace is not None and _is_ours(namespace):
            yield Key("", changed.namespace)

    async def reconcile(self, key: Key) -> Result | None:
        """One step for one Namespace."""
        namespace = self._namespaces.get("", key.name)
        if namespace is None or not _is_ours(namespace):
            return None
        contents = await self._read(key.name)
        old = namespace.status.conditions if namespace.status else None
        made = plan(old, contents, (), self._now())
        if made.is_empty:
            await self._finalize(key.name)
            return None
        failures = await self._delete(key.name, made.deletions)
        if failures:
            made = plan(old, contents, failures, self._now())
        await self._write_conditions(namespace, made.conditions)
        return Requeue(_AGAIN_SECONDS)

    async def _read(self, name: str) -> Contents:
        objects: dict[Kind, Sequence[JSON]] = {}
        unanswered: dict[Kind, str] = {}
        for kind in await self._client.kinds():
            if not kind.namespaced:
                continue
            try:
                objects[kind] = (await self._client.list(kind, name)).items
            except Unavailable:
                raise
            except ApiError as error:
                unanswered[kind] = error.message
        return Contents(objects, unanswered)

    async def _delete(self, namespace: str, doomed: Sequence[Doomed]) -> list[str]:
        """Delete in batches that are one revision each, so that nobody sees half of an order. What went wrong."""
        failures: list[str] = []
        for start in range(0, len(doomed), _BATCH):
            batch = doomed[start : start + _BATCH]
            try:
                await self._client.transaction([Operation("delete", _reference(each, namespace)) for each in batch])
            except Unavailable:
                raise
            except ApiError as error:
                failures.append(error.message)
            else:
                kinds = sorted({each.kind.resource for each in batch})
                log.info("deleting contents", kind="Namespace", name=namespace, kinds=kinds, count=len(batch))
        return failures

    async def _write_conditions(self, namespace: Namespace, conditions: list[Condition]) -> None:
        written = [each.dump() for each in conditions]
        old = namespace.status.conditions if namespace.status else None
        if written == [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in old or []]:
            return
        try:
            await self._client.patch(
                Namespace, namespace.name, {"status": {"conditions": written}}, subresource="status"
            )
        except NotFound:
            return

    async def _finalize(self, name: str) -> None:
        """Our part is done: with no other finalizers, the Namespace goes now."""
        path = f"/api/v1/namespaces/{name}"
        try:
            live: JSON = await self._client.raw("GET", path)
            kept = [each for each in live.get("spec", {}).get("finalizers") or () if each != FINALIZER]
            await self._client.raw("PUT", f"{path}/finalize", body={**live, "spec": {"finalizers": kept}})
        except NotFound:
            return
        log.info("namespace is empty and goes", kind="Namespace", name=name)


def _is_ours(namespace: Namespace) -> bool:
    return namespace.metadata.deletion_timestamp is not None and FINALIZER in (namespace.spec.finalizers or [])


def _reference(doomed: Doomed, namespace: str) -> JSON:
    metadata = {"name": doomed.name, "namespace": namespace}
    return {"apiVersion": doomed.kind.api_version, "kind": doomed.kind.kind, "metadata": metadata}
