"""Probes the containers of a node: makes what `probing` says is due, beside everything else, and says who should look.

The reconciler tells which container of the engine is a Container's own at present (`follow`, `forget`) and asks what
was found. A probe says nothing about a container whose engine cannot be asked, or that is paused.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Literal, Protocol

from fizz.client.objects import Key, key_of
from fizz.controllers.node.engine import EngineContainer
from fizz.controllers.node.probe_calls import ProbeCalls
from fizz.controllers.node.probing import NOT_PROBED, Findings, Kind, Run, Schedule, Turn, probes_of
from fizz.schemas.container import Container
from fizz.schemas.probes import Probe

__all__ = ["Probes"]

_AT_ONCE: Final = 128
"""Probes that are under way at the same time: 1,000 containers that all hang are still probed every ten seconds."""
_UNREACHABLE: Final = (
    "httpGet and tcpSocket probes need an engine in the network of this host; they are left out, use exec"
)


class Tell(Protocol):
    """Records an Event about a Container."""

    def __call__(self, key: Key, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None: ...


class Probes:
    """Runs beside the reconcilers. `look` is called for each Container of which something else is found than before,
    `tell` records an Event, `clock` gives seconds.

    `reachable` says whether containers can be reached by network from here. Where they cannot, because the engine is
    elsewhere, only commands are probes: others would fail for a reason that is not the container's.
    """

    name = "node-probes"

    def __init__(self, calls: ProbeCalls, look: Callable[[Key], None], tell: Tell, clock: Callable[[], float]) -> None:
        self._calls, self._look, self._tell, self._clock = calls, look, tell, clock
        self.reachable = True
        self._schedule = Schedule()
        self._addresses: dict[Key, str] = {}
        self._left_out: dict[Key, Run] = {}
        """The runs of which it was told that not all of their probes are made."""
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, item: Container, current: EngineContainer | None, address: str) -> None:
        """This is the engine's container for the Container at present, and that its address."""
        key, probes, run = key_of(item), self._probes(item), _run_of(current)
        if run is not None and len(probes) < len(probes_of(item.spec)) and self._left_out.get(key) != run:
            self._left_out[key] = run
            self._tell(key, "Warning", "ProbeUnsupported", _UNREACHABLE)
        if run is None or not probes or item.metadata.deletion_timestamp is not None:
            self._schedule.forget(key)
            self._addresses.pop(key, None)
            return
        self._addresses[key] = address
        self._schedule.follow(key, run, probes, self._clock(), was_healthy=_was_healthy(item, run))
        self._changed.set()

    def forget(self, key: Key) -> None:
        """The Container is gone."""
        self._schedule.forget(key)
        self._addresses.pop(key, None)
        self._left_out.pop(key, None)

    def findings(self, item: Container, container: EngineContainer) -> Findings:
        """What is found of this container of the engine."""
        if not self._probes(item) or container.state != "running":
            return NOT_PROBED
        run = _run_of(container)
        found = self._schedule.findings(key_of(item), run) if run else NOT_PROBED
        if found is NOT_PROBED and run is not None:  # it has only just begun
            return Findings("healthy" if _was_healthy(item, run) else "starting")
        return found

    def _probes(self, item: Container) -> dict[Kind, Probe]:
        """Those that can be made."""
        found = probes_of(item.spec)
        return {kind: probe for kind, probe in found.items() if self.reachable or probe.exec is not None}

    async def run(self, stop: asyncio.Event) -> None:
        """Probe until `stop` is set."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._changed.clear()
                for turn in self.due():
                    task = asyncio.create_task(self.make(turn))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                changed = asyncio.create_task(self._changed.wait())
                moment = self._schedule.next() if len(self._tasks) < _AT_ONCE else None
                timeout = None if moment is None else max(0.0, moment - self._clock())
                await asyncio.wait([stopping, changed], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            tasks = [stopping, *self._tasks]
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._calls.close()

    def due(self) -> list[Turn]:
        """The probes that are to be made now, as many as there is room for."""
        room, found = _AT_ONCE - len(self._tasks), []
        for turn in self._schedule.due(self._clock()) if room > 0 else ():
            found.append(turn)
            if len(found) == room:
                break
        return found

    async def make(self, turn: Turn) -> None:
        """Make one probe."""
        outcome = await self._calls.make(turn.probe, turn.run.container, self._addresses.get(turn.key, ""))
        if outcome is None:
            self._schedule.put_off(turn, self._clock())
        elif self._schedule.done(turn, outcome, self._clock()):
            self._look(turn.key)
        self._changed.set()


def _run_of(container: EngineContainer | None) -> Run | None:
    """The present run; None while there is none that could be probed."""
    if container is None or container.state != "running" or container.started_at is None:
        return None
    return Run(container.id, container.started_at)


def _was_healthy(item: Container, run: Run) -> bool:
    """Whether the status says so of this run: the agent may have been started again since."""
    status = item.status
    return (
        status is not None
        and status.health == "healthy"
        and status.container_id == run.container
        and status.started_at is not None
        and status.started_at.replace(microsecond=0) == run.started_at.replace(microsecond=0)
    )
