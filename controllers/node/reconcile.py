"""One Container: reads what is wanted and what the engine has, plans, acts, looks once more, says what it saw.

What goes wrong becomes a `Trouble`, which the status shows, and a time to try again; only what the API server refuses
is raised, for the controller's own back-off.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from fizz.client.controller import Requeue, Result
from fizz.client.objects import Key, key_of
from fizz.controllers.node.adoption import adoption_of
from fizz.controllers.node.anonymous import inherits, known_volumes, own_volumes
from fizz.controllers.node.attempt import Attempt, Ground, address_of, engine_names, joinable, own_networks
from fizz.controllers.node.engine import (
    EngineContainer,
    EngineError,
    EngineLost,
    ImageMissing,
    NameTaken,
    Unsupported,
)
from fizz.controllers.node.hooks import is_due, record_of
from fizz.controllers.node.naming import container_name, is_predecessor, spec_hash
from fizz.controllers.node.neighbours import lacking, lost_its_processes, namespaces, peers_of, refresh
from fizz.controllers.node.obstacles import name_taken, obstacle
from fizz.controllers.node.plan import (
    Action,
    Create,
    Kill,
    Pause,
    Release,
    Remove,
    Start,
    Stop,
    Unpause,
    View,
    Wanted,
    chosen,
    is_left_out,
    plan,
    shares_others,
)
from fizz.controllers.node.probing import NOT_PROBED
from fizz.controllers.node.sickness import HEALTH_CHECK, Sickness, Verdict, verdict
from fizz.controllers.node.sources import SourceMissing, targets
from fizz.controllers.node.status import (
    AfterStart,
    Trouble,
    is_final,
    is_restart_due,
    paused_by_hand,
    status_of,
    was_final,
    with_ingress,
)
from fizz.schemas import labels
from fizz.schemas.container import Container, ContainerStatus
from fizz.schemas.publishing import is_adopted
from fizz.schemas.sources import references

__all__ = ["ContainerReconciler"]

_LOST_SECONDS: Final = 2.0
"""When to look again after a call that the engine did not answer, should it not turn out to be away altogether."""
_TOLD: Final = (Create, Start, Stop, Kill, Pause, Unpause, Remove)
"""Actions that the log tells of, unless it tells everything."""
_OUTPUT: Final = 200
"""Characters of a health check's output that an Event repeats."""

log: Final = structlog.get_logger()


class ContainerReconciler:
    """Makes the engine's containers match the Containers."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._sickness = Sickness()
        self._files_of: dict[Key, tuple[str, ...]] = {}
        """The Container's uid, and the versions of the Secrets and ConfigMaps that its files were last made from."""

    async def reconcile(self, key: Key) -> Result | None:
        """Look at one Container, or at what is left of one."""
        if not self._ground.session.live:
            return None
        try:
            return await self._reconcile(key)
        except EngineLost as error:
            log.warning("engine did not answer", container=str(key), error=str(error))
            return Requeue(_LOST_SECONDS)

    async def _reconcile(self, key: Key) -> Result | None:
        ground = self._ground
        item = ground.objects.container(key)
        if item is not None and (adoption := adoption_of(ground.on_engine(item), ground.session.owner)):
            ground.mirror.adopt(adoption.container, key, adoption.labels)
        found = await ground.mirror.look(key)
        if item is None:
            return await self._collect(key, found)
        await refresh(ground, item)
        deleting = item.metadata.deletion_timestamp is not None
        sick = None if deleting else self._sick(item, found)
        view = self._view(item, found)
        current = chosen(view)
        trouble = None
        if not deleting and item.spec.desired_state != "Stopped" and self._may_act(item, view, current):
            trouble = await obstacle(ground, item, current)
            view = self._view(item, found, ready_to_start=trouble is None)
        actions = plan(view)
        stopping = any(isinstance(action, Stop) for action in actions)
        deleting = deleting or (stopping and item.spec.desired_state == "Stopped")
        left = ground.drains.remaining(item) if stopping and ground.ingress else 0.0
        if stopping and (deleting or left):
            # It may take a while: say that it has begun. The ingress will say when nobody is connected any more.
            await self._write(item, current, None, found, stopping=True)
        if left:
            return Requeue(left)
        if actions:
            ground.drains.forget(item.metadata.uid or "")
            trouble = await self._act(key, item, actions, found) or trouble
            if Release() in actions and trouble is None:
                return None
            if sick is not None and sick.is_due and trouble is None:
                self._sickness.note(key, item, sick.record)
            current = chosen(self._view(item, await ground.mirror.look(key)))
        elif current is not None and current.runs:
            await self._refresh_files(key, item)
        ground.probes.follow(item, current, address_of(ground, item, current) if current else "")
        await self._write(item, current, trouble, found)
        if not deleting and current is not None and self._is_final(item, current) and _goes_when_ended(item):
            await ground.objects.discard(item)
        if current is not None and current.state == "running" and trouble is None:
            ground.retries.succeeded(key)
        if trouble and trouble.retry_after is not None:
            return Requeue(trouble.retry_after)
        if current is not None and current.state == "paused" and item.spec.desired_state != "Paused":
            return Requeue(max(1.0, self._pause_left(item).total_seconds()))
        return Requeue(sick.wait.total_seconds()) if sick is not None and not sick.is_due else None

    def _pause_left(self, item: Container) -> timedelta:
        """How much longer a pause is left as it is."""
        return paused_by_hand(item, self._ground.now()) or timedelta()

    def _sick(self, item: Container, found: Sequence[EngineContainer]) -> Verdict | None:
        """What to do about it if it is unhealthy."""
        record, now = self._sickness.record(key_of(item), item), self._ground.now()
        made = (verdict(item.spec, each, record, now, self._ground.probes.findings(item, each)) for each in found)
        return next((each for each in made if each), None)

    async def _collect(self, key: Key, found: Sequence[EngineContainer]) -> Result | None:
        """The Container is gone: remove what is left of it, if the server agrees that it is gone."""
        self._files_of.pop(key, None)
        self._sickness.forget(key)
        self._ground.probes.forget(key)
        if not found:
            self._ground.retries.succeeded(key)
            return None
        fresh = await self._ground.objects.fresh(Container, key)
        node = self._ground.session.owner.node
        if fresh is not None and fresh.spec.node_name == node:
            return Requeue(_LOST_SECONDS)  # the informer is behind, and will say so
        actions = plan(View(self._ground.session.owner, None, found))
        trouble = await self._act(key, None, actions, found)
        return Requeue(trouble.retry_after) if trouble and trouble.retry_after is not None else None

    def _view(self, item: Container, found: Sequence[EngineContainer], *, ready_to_start: bool = True) -> View:
        sick, restart = self._sick(item, found), is_restart_due(item, found)
        wanted = Wanted(
            uid=item.metadata.uid or "",
            name=container_name(item),
            spec_hash=spec_hash(self._ground.on_engine(item).spec),
            files=bool(targets(item.spec)),
            networks=len(own_networks(item)),
            deleting=item.metadata.deletion_timestamp is not None,
            final=was_final(item) and not restart,
            ready_to_start=ready_to_start,
            restart=restart,
            sick=sick.why if sick is not None and sick.is_due else "",
            grace_seconds=_grace_seconds(item),
            desired=item.spec.desired_state or "Running",
            paused_by_hand=any(each.state == "paused" for each in found) and self._pause_left(item) > timedelta(),
            doomed_volumes=self._doomed_volumes(item, found),
        )
        # One that has come to its end is run again if somebody asks for that.
        ended = frozenset(each.id for each in found if not restart and self._is_final(item, each))
        ids = {network.name: network.id for network in joinable(self._ground, item).values()}
        owner, holder = self._ground.session.owner, self._ground.mirror.named(wanted.name)
        peers = peers_of(self._ground, item)
        shared = [each.started_at for each in map(peers.get, namespaces(item.spec)) if each and each.started_at]
        return View(
            owner=owner,
            wanted=wanted,
            containers=found,
            predecessor=holder if holder is not None and is_predecessor(holder.labels, item, owner) else None,
            name_is_free=holder is None and not self._is_awaited(item, wanted.name, found),
            ended=ended,
            networks=ids,
            peers=None if lacking(self._ground, item) else frozenset(each.id for each in peers.values()),
            shared_since=max(shared, default=None),
        )

    def _volumes(self, item: Container, found: Sequence[EngineContainer]) -> dict[str, str]:
        """The anonymous volumes that the Container has had so far, by path."""
        return known_volumes(item, found, peers_of(self._ground, item))

    def _own_volumes(self, item: Container, container: EngineContainer) -> dict[str, str]:
        return own_volumes(item.spec, container, peers_of(self._ground, item))

    def _doomed_volumes(self, item: Container, found: Sequence[EngineContainer]) -> tuple[str, ...]:
        """Those of them that go with it."""
        if (item.metadata.annotations or {}).get(labels.REMOVE_VOLUMES) != "true":
            return ()
        return tuple(sorted(self._volumes(item, found).values()))

    def _is_awaited(self, item: Container, name: str, found: Sequence[EngineContainer]) -> bool:
        """Whether another Container is about to take the name that one of these has lost: it was made room for."""
        return any(each.name != name for each in found) and any(
            container_name(other) == name
            for other in self._ground.objects.containers()
            if other.metadata.uid != item.metadata.uid and other.metadata.deletion_timestamp is None
        )

    def _is_final(self, item: Container, container: EngineContainer) -> bool:
        return is_final(item.spec.restart_policy, container, self._from_outside(item, container))

    def _from_outside(self, item: Container, container: EngineContainer) -> bool:
        if item.labels.get(labels.ONEOFF) == "true":
            return False  # it is to run once, whoever ends it
        ends = self._ground.ends
        return ends.from_outside(container, item.status) or lost_its_processes(
            self._ground, item, container, self._ground.now()
        )

    @staticmethod
    def _may_act(item: Container, view: View, current: EngineContainer | None) -> bool:
        """Whether there is something to start or to join, so that it is worth asking what is in the way."""
        if current is None:
            return not view.wanted or not view.wanted.final
        if current.runs:
            return is_left_out(current, view.networks) or shares_others(current, view)
        return current.id not in view.ended

    async def _act(
        self, key: Key, item: Container | None, actions: Sequence[Action], found: Sequence[EngineContainer]
    ) -> Trouble | None:
        ground = self._ground
        attempt = Attempt(ground, None)
        if item is not None:
            attempt = Attempt(ground, item, peers_of(ground, item), inherits(item, self._volumes(item, found)))
        action: Action = actions[0]
        try:
            for action in actions:
                tell = log.info if isinstance(action, _TOLD) else log.debug
                tell(str(action), kind="Container", namespace=key.namespace, name=key.name)
                await action.run(attempt)
                if isinstance(action, Remove):
                    ground.mirror.forget(action.container.id)
        except EngineLost:
            raise
        except (EngineError, SourceMissing, OSError) as error:
            return await self._trouble(key, item, action, error)
        finally:
            for each in found:
                if ground.mirror.get(each.id):
                    ground.mirror.mark(each.id, key)
            if attempt.created:
                ground.mirror.mark(attempt.created, key)
        if item is not None:
            self._files_of[key] = self._versions(item)
        return None

    async def _trouble(self, key: Key, item: Container | None, action: Action, error: Exception) -> Trouble:
        """What an action that failed means for the Container."""
        ground, text = self._ground, str(error)
        if item is None:
            log.warning("failed", container=str(key), action=str(action), error=text)
            return Trouble("Creating", "Failed", text, ground.retries.failed(key))
        generation = item.metadata.generation
        match error:
            case ImageMissing():
                return ground.images.missing(item)
            case SourceMissing(reason=reason):
                return Trouble("Pending", reason, text)
            case Unsupported():
                trouble = Trouble("Pending", "Unsupported", text)
            case NameTaken():
                return await name_taken(ground, item)
            case OSError():
                trouble = Trouble("Pending", "FilesFailed", text, ground.retries.failed(key, generation))
            case _:
                reason = {Create: "CreateFailed", Start: "StartFailed"}.get(type(action), "EngineRefused")
                trouble = Trouble("Creating", reason, text, ground.retries.failed(key, generation))
        log.warning("failed", container=str(key), action=str(action), reason=trouble.reason, error=text)
        ground.objects.tell(item, "Warning", "Failed", f"cannot {action}: {text}")
        return trouble

    async def _refresh_files(self, key: Key, item: Container) -> None:
        """A running container sees new contents of its Secrets and ConfigMaps, where they are files."""
        versions = self._versions(item)
        if not targets(item.spec) or self._files_of.get(key) == versions:
            return
        try:
            await Attempt(self._ground, item).write_files()
        except (SourceMissing, OSError) as error:
            log.warning("files stay as they are", container=str(key), error=str(error))
        self._files_of[key] = versions

    def _versions(self, item: Container) -> tuple[str, ...]:
        return (item.metadata.uid or "", *self._ground.objects.versions(item.namespace, references(item.spec)))

    async def _after_start(self, item: Container, current: EngineContainer | None) -> AfterStart:
        """See to the hooks after a start, and say how far they are."""
        ground, key, hooks = self._ground, key_of(item), item.spec.post_start
        known = item.status.post_start if item.status else None
        if current is None or not hooks or item.metadata.deletion_timestamp is not None:
            return AfterStart(done=known)
        if done := ground.post_starts.result(key, current):
            if done != known and done.error:
                ground.objects.tell(item, "Warning", "FailedPostStartHook", done.error)
            return AfterStart(done=done)
        if not is_due(known, current):
            return AfterStart(done=known)
        if not ground.post_starts.is_running(key, current):
            try:
                requests = await Attempt(ground, item).hooks(hooks)
            except SourceMissing as error:
                return AfterStart(done=record_of(current, str(error)))
            ground.post_starts.begin(key, current, requests)
        return AfterStart(pending=True, done=known)

    async def _write(
        self,
        item: Container,
        current: EngineContainer | None,
        trouble: Trouble | None,
        found: Sequence[EngineContainer],
        *,
        stopping: bool = False,
    ) -> None:
        """Write the status. `found` is what the engine had before anything was done."""
        ground = self._ground
        after_start = await self._after_start(item, current)
        outside = current is not None and self._from_outside(item, current)
        names = engine_names(ground, item)
        sick = self._sick(item, [current]) if current is not None else None
        status = status_of(
            item,
            current,
            trouble,
            from_outside=outside,
            networks=names,
            record=self._sickness.record(key_of(item), item),
            loop=None if sick is None or sick.is_due else str(sick),
            findings=NOT_PROBED if current is None else ground.probes.findings(item, current),
            after_start=after_start,
            stopping=stopping,
            volumes=self._volumes(item, found) if current is None else self._own_volumes(item, current),
            now=ground.now(),
        )
        if ground.ingress and not is_adopted(item):
            with_ingress(item, status, now=ground.now())
        self._tell_changes(item, current, status)
        await ground.objects.write_status(item, status)

    def _tell_changes(self, item: Container, current: EngineContainer | None, new: ContainerStatus) -> None:
        old = item.status or ContainerStatus()
        tell = self._ground.objects.tell
        if new.health == "unhealthy" != old.health:
            checked = current is not None and current.health == "unhealthy"
            output = f": {current.health_output[:_OUTPUT]}" if current and checked and current.health_output else ""
            findings = NOT_PROBED if current is None else self._ground.probes.findings(item, current)
            failing = HEALTH_CHECK if checked else findings.message or new.message or HEALTH_CHECK
            tell(item, "Warning", "Unhealthy", f"{failing}{output}")
        if (new.restart_count or 0) > (old.restart_count or 0) and new.container_id == old.container_id:
            message = f"the engine restarted it after exit code {new.exit_code}"
            tell(item, "Warning", "BackOff", message)
        if new.phase == "Failed" != old.phase:
            tell(item, "Warning", "Failed", new.message or f"ended with exit code {new.exit_code}")


def _goes_when_ended(item: Container) -> bool:
    return (item.metadata.annotations or {}).get(labels.REMOVE_WHEN_ENDED) == "true"


def _grace_seconds(item: Container) -> int | None:
    """The time that it has to end, if not its own."""
    if item.metadata.deletion_timestamp is not None:
        return item.metadata.deletion_grace_period_seconds
    written = (item.metadata.annotations or {}).get(labels.STOP_GRACE, "")
    return int(written) if written.isdecimal() else None
