"""Networks: reads the object and the engine, decides by `resources`, acts, says what it saw.

`ready` holds what is known to be in the engine, by object. Containers are created only in networks that are in it; the
engine's events and every resync take out what is gone.
"""

from collections.abc import Callable
from typing import Final, Literal

import structlog

from fizz.client.controller import Requeue, Result
from fizz.client.objects import Key
from fizz.controllers.node.engine import EngineError, EngineLost, EngineNetwork, InUse, Missing
from fizz.controllers.node.engine import Networks as NetworkEngine
from fizz.controllers.node.naming import network_name
from fizz.controllers.node.objects import Objects
from fizz.controllers.node.resources import NetworkStep, Step, network_body, network_step, uses_network
from fizz.controllers.node.retries import Retries
from fizz.controllers.node.session import Session
from fizz.schemas import labels
from fizz.schemas.apps import Network, ResourceStatus
from fizz.schemas.container import Container

__all__ = ["NetworkReconciler"]

_LOST_SECONDS: Final = 2.0
"""When to look again after a call that the engine did not answer, should it not turn out to be away altogether."""
_PATIENCE: Final = 8
"""Failed removals, over about half a minute, until a network is left behind."""

Changed = Callable[[Key], None]
"""Called when what Containers can use has changed."""

Phase = Literal["Pending", "Ready", "Failed"]

log: Final = structlog.get_logger()


class NetworkReconciler:
    """Makes the engine's networks match the Networks."""

    def __init__(
        self, engine: NetworkEngine, objects: Objects, session: Session, retries: Retries[Key], changed: Changed
    ) -> None:
        self._engine, self._objects, self._session = engine, objects, session
        self._retries, self._changed = retries, changed
        self.ready: dict[Key, EngineNetwork] = {}

    async def reconcile(self, key: Key) -> Result | None:
        """Look at one Network, or at what is left of one."""
        if not self._session.live:
            return None
        network = self._objects.network(key)
        try:
            if network is None:
                return await self._collect(key)
            if (wait := self._retries.remaining(key, network.metadata.generation)) > 0:
                return Requeue(wait)
            return await self._reconcile(key, network)
        except EngineLost as error:
            log.warning("engine did not answer", network=str(key), error=str(error))
            return Requeue(_LOST_SECONDS)

    async def _reconcile(self, key: Key, network: Network) -> Result | None:
        name = network_name(network)
        users = [each for each in self._objects.containers(key.namespace) if _holds(each, key.name)]
        step = network_step(network, await self._engine.networks(name), self._session.owner, users)
        try:
            return await self._act(key, network, step)
        except EngineLost:
            raise
        except InUse as error:
            return await self._in_use(key, network, step, str(error))
        except EngineError as error:
            await self._write(network, "Failed", None, str(error))
            self._objects.tell(network, "Warning", "Failed", str(error))
        return Requeue(self._retries.failed(key, network.metadata.generation))

    async def _in_use(self, key: Key, network: Network, step: NetworkStep, error: str) -> Result | None:
        """The engine does not remove it yet. One that is to be replaced can be used until then. One that is to go and
        that no Container uses is held by somebody else, or by an engine that forgot to let go: after a while its object
        goes without it, and every resync tries again.
        """
        if step.step is Step.REPLACE:
            self._set_ready(key, step.found)
            await self._write(network, "Ready", step.found, step.message)
            return Requeue(self._retries.failed(key, network.metadata.generation))
        if self._retries.failures(key) < _PATIENCE:
            await self._write(network, "Pending", step.found, error)
            return Requeue(self._retries.failed(key, network.metadata.generation))
        log.warning("network stays in the engine for now", network=str(key), error=error)
        self._objects.tell(network, "Warning", "LeftBehind", error)
        await self._objects.release(network)
        self._retries.succeeded(key)
        return None

    async def _act(self, key: Key, network: Network, step: NetworkStep) -> Result | None:
        found = step.found
        match step.step:
            case Step.READY:
                if not network.spec.external:
                    await self._objects.hold(network)
            case Step.CREATE | Step.REPLACE:
                await self._objects.hold(network)
                if step.step is Step.REPLACE and found is not None:
                    await self._engine.remove_network(found.id)
                found = await self._create(network)
            case Step.REMOVE | Step.RELEASE:
                self._set_ready(key, None)
                if found is not None:
                    await self._remove(found)
                if labels.FINALIZER_NODE in (network.metadata.finalizers or []):
                    await self._objects.release(network)
                self._retries.succeeded(key)
                return None
            case Step.WAIT | Step.FAIL:
                if network.metadata.deletion_timestamp is None:
                    self._set_ready(key, None)
                phase: Phase = "Failed" if step.step is Step.FAIL else "Pending"
                await self._write(network, phase, self.ready.get(key), step.message)
                return None
        self._retries.succeeded(key)
        self._set_ready(key, found)
        await self._write(network, "Ready", found, "" if step.step is Step.REPLACE else step.message)
        return None

    async def _create(self, network: Network) -> EngineNetwork:
        body, warnings = network_body(network, self._session.owner, self._session.api_version)
        network_id = await self._engine.create_network(body)
        log.info("created network", kind="Network", namespace=network.namespace, name=network.name, engine=body["Name"])
        for warning in warnings:
            self._objects.tell(network, "Warning", "Unsupported", warning)
        return EngineNetwork(network_id, body["Name"], body["Labels"])

    async def _remove(self, found: EngineNetwork) -> None:
        try:
            await self._engine.remove_network(found.id)
        except Missing:
            return
        log.info("removed network", kind="Network", engine=found.name)

    async def _collect(self, key: Key) -> Result | None:
        """The object is gone: remove what is left, if the server agrees that it is gone."""
        self._set_ready(key, None)
        self._changed(key)  # who waits for it waits for another one now, and says so
        labelled = await self._engine.labelled_networks(f"{labels.NETWORK}={key.name}")
        owner = self._session.owner
        left = [
            each for each in labelled if owner.owns(each.labels) and each.labels.get(labels.NAMESPACE) == key.namespace
        ]
        if left and await self._objects.fresh(Network, key) is not None:
            return Requeue(_LOST_SECONDS)  # the informer is behind, and will say so
        for found in left:
            try:
                await self._remove(found)
            except InUse as error:
                log.debug("network stays until the next resync", network=str(key), error=str(error))
        self._retries.succeeded(key)
        return None

    def hurry(self, key: Key) -> None:
        """Something changed that may help a Network that waits."""
        self._retries.hurry(key)

    def forget(self, key: Key) -> None:
        """The engine's network is gone."""
        self._set_ready(key, None)

    def _set_ready(self, key: Key, found: EngineNetwork | None) -> None:
        before = self.ready.pop(key, None)
        if found is not None:
            self.ready[key] = found
        if (before is None) != (found is None) or (before and found and before.id != found.id):
            self._changed(key)

    async def _write(self, network: Network, phase: Phase, found: EngineNetwork | None, message: str) -> None:
        status = ResourceStatus(
            phase=phase,
            id=found.id if found else None,
            name=network_name(network),
            message=message or None,
            observed_generation=network.metadata.generation,
        )
        await self._objects.write_status(network, status)


def _holds(container: Container, network: str) -> bool:
    """Whether the Container keeps a Network from going. One that the engine has nothing of does not: it cannot join a
    Network that is being deleted, and if both waited for each other, neither would ever go on.
    """
    there = container.status is not None and container.status.container_id is not None
    return there and uses_network(container, network)
