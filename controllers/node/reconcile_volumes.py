"""Volumes: reads the object and the engine, decides by `resources`, acts, says what it saw.

`ready` holds what is known to be in the engine, by object, as in `reconcile_networks`.
"""

from collections.abc import Callable
from typing import Final, Literal

import structlog

from fizz.client.controller import Requeue, Result
from fizz.client.objects import Key
from fizz.controllers.node.engine import EngineError, EngineLost, EngineVolume, InUse, Missing
from fizz.controllers.node.engine import Volumes as VolumeEngine
from fizz.controllers.node.naming import volume_name
from fizz.controllers.node.objects import Objects
from fizz.controllers.node.resources import Step, VolumeStep, uses_volume, volume_body, volume_step
from fizz.controllers.node.retries import Retries
from fizz.controllers.node.session import Session
from fizz.schemas import labels
from fizz.schemas.apps import ResourceStatus, Volume

__all__ = ["VolumeReconciler"]

_LOST_SECONDS: Final = 2.0
"""When to look again after a call that the engine did not answer, should it not turn out to be away altogether."""

Changed = Callable[[Key], None]
"""Called when what Containers can use has changed."""

Phase = Literal["Pending", "Ready", "Failed"]

log: Final = structlog.get_logger()


class VolumeReconciler:
    """Makes the engine's volumes match the Volumes."""

    def __init__(
        self, engine: VolumeEngine, objects: Objects, session: Session, retries: Retries[Key], changed: Changed
    ) -> None:
        self._engine, self._objects, self._session = engine, objects, session
        self._retries, self._changed = retries, changed
        self.ready: dict[Key, EngineVolume] = {}

    async def reconcile(self, key: Key) -> Result | None:
        """Look at one Volume. What a Volume leaves behind, nobody collects: it is data."""
        if not self._session.live:
            return None
        volume = self._objects.volume(key)
        if volume is None:
            self._set_ready(key, None)
            self._retries.succeeded(key)
            return None
        if (wait := self._retries.remaining(key, volume.metadata.generation)) > 0:
            return Requeue(wait)
        users = [each for each in self._objects.containers(key.namespace) if uses_volume(each, key.name)]
        try:
            step = volume_step(volume, await self._engine.volume(volume_name(volume)), self._session.owner, users)
            return await self._act(key, volume, step)
        except EngineLost as error:
            log.warning("engine did not answer", volume=str(key), error=str(error))
            return Requeue(_LOST_SECONDS)
        except InUse as error:
            await self._write(volume, "Pending", str(error))
        except EngineError as error:
            await self._write(volume, "Failed", str(error))
            self._objects.tell(volume, "Warning", "Failed", str(error))
        return Requeue(self._retries.failed(key, volume.metadata.generation))

    async def _act(self, key: Key, volume: Volume, step: VolumeStep) -> Result | None:
        found = step.found
        match step.step:
            case Step.READY:
                if not volume.spec.external:
                    await self._objects.hold(volume)
            case Step.CREATE:
                await self._objects.hold(volume)
                found = await self._engine.create_volume(volume_body(volume, self._session.owner))
                log.info("created volume", kind="Volume", namespace=key.namespace, name=key.name, engine=found.name)
            case Step.REMOVE | Step.RELEASE:
                self._set_ready(key, None)
                if found is not None:
                    await self._remove(found)
                if labels.FINALIZER_NODE in (volume.metadata.finalizers or []):
                    await self._objects.release(volume)
                self._retries.succeeded(key)
                return None
            case _:
                if volume.metadata.deletion_timestamp is None:
                    self._set_ready(key, None)
                await self._write(volume, "Pending", step.message)
                return None
        self._retries.succeeded(key)
        self._set_ready(key, found)
        await self._write(volume, "Ready", step.message)
        return None

    async def _remove(self, found: EngineVolume) -> None:
        try:
            await self._engine.remove_volume(found.name)
        except Missing:
            return
        log.info("removed volume", kind="Volume", engine=found.name)

    def hurry(self, key: Key) -> None:
        """Something changed that may help a Volume that waits."""
        self._retries.hurry(key)

    def forget(self, key: Key) -> None:
        """The engine's volume is gone."""
        self._set_ready(key, None)

    def _set_ready(self, key: Key, found: EngineVolume | None) -> None:
        before = self.ready.pop(key, None)
        if found is not None:
            self.ready[key] = found
        if (before is None) != (found is None):
            self._changed(key)

    async def _write(self, volume: Volume, phase: Phase, message: str) -> None:
        status = ResourceStatus(
            phase=phase,
            name=volume_name(volume),
            message=message or None,
            observed_generation=volume.metadata.generation,
        )
        await self._objects.write_status(volume, status)
