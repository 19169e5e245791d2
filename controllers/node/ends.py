"""Who ended a container: its own program, or somebody from outside. Pure: a memory of what the engine told.

It matters where the engine does not restart. A program that ends by itself is done: a job has succeeded or failed, and
is not run again. A container that was stopped by hand, or because the engine or the host stopped, is not done: it is
wanted, and is started again.

The engine does not say it plainly, so it is told from three things:

1. A `kill` with a signal that ends shortly before the `die`, or a `stop` after it: from outside.

       kill 15 ── die ── stop      docker stop, or the engine stopping (newer ones say stop, then die)
       kill 9 ── die               docker kill
       die                         the program itself

2. It ran when the engine was lost, and is ended now that the engine is back: from outside.
3. Nobody watched, because the agent was down: what ended by a signal that stops, without running out of memory, and
   what was begun before the host booted, was ended from outside; the rest by itself. A program that stops in an orderly
   way when it is asked to, and with exit code 0, cannot be told from a job that is done. Give it a restart policy.
"""

import signal
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from fizz.controllers.node.engine import EngineContainer, EngineEvent
from fizz.schemas.container import ContainerStatus

__all__ = ["Ends", "looks_stopped"]

_LEEWAY: Final = timedelta(seconds=5)
_LOST_BY_THE_ENGINE: Final = 255
"""The engine's exit code for a container that was gone when it came back."""
_SIGNALLED: Final = 128
_FINAL: Final = frozenset({"Succeeded", "Failed"})
_STOPPED: Final = frozenset({"Stopping", "Stopped"})


class Ends:
    """What is known of how containers ended. Containers go by the engine's ids.

    `booted` is when the host booted, None if that is not known.
    """

    def __init__(self, booted: datetime | None = None) -> None:
        self._booted = booted
        self._asked: dict[str, datetime] = {}
        self._from_outside: dict[str, bool] = {}
        self._ran_when_lost: set[str] = set()

    def take(self, event: EngineEvent, known: EngineContainer | None) -> None:
        """Take note of what happened to a container; `known` is what it was before, if that is known."""
        container = event.id
        match event.action:
            case "kill" if event.signal in _ending_signals(known):
                self._asked[container] = event.time
            case "die":
                asked = self._asked.pop(container, None)
                within = timedelta(seconds=known.stop_seconds if known else 10) + _LEEWAY
                self._from_outside[container] = asked is not None and event.time - asked <= within
            case "stop":  # before the `die` or after it, as engines differ
                self._from_outside[container] = True
                self._asked[container] = event.time
            case "start" | "destroy":
                self.forget(container)

    def lost(self, running: Iterable[str]) -> None:
        """The engine is lost; these ran."""
        self._ran_when_lost.update(running)

    def back(self, containers: Iterable[EngineContainer]) -> None:
        """The engine is back, with these."""
        for container in containers:
            if container.id in self._ran_when_lost and not container.runs:
                self._from_outside.setdefault(container.id, True)
        self._ran_when_lost.clear()

    def forget(self, container: str) -> None:
        """It runs again, or is gone."""
        self._asked.pop(container, None)
        self._from_outside.pop(container, None)

    def from_outside(self, container: EngineContainer, status: ContainerStatus | None) -> bool:
        """Whether an ended container was ended from outside. `status` is the last that the agent wrote."""
        seen = self._from_outside.get(container.id)
        if seen is not None:
            return seen
        if status is not None and status.phase in _FINAL and status.container_id == container.id:
            return False  # an earlier life of this agent saw it, and decided
        if status is not None and status.phase in _STOPPED and status.container_id == container.id:
            return True
        if self._booted and container.started_at and container.started_at < self._booted:
            return True
        return looks_stopped(container)


def looks_stopped(container: EngineContainer) -> bool:
    """Whether the exit code is that of a container that was stopped, rather than of a program that ended."""
    if container.oom_killed:
        return False
    stopping = {_SIGNALLED + number for number in _ending_signals(container)}
    return container.exit_code in stopping | {_LOST_BY_THE_ENGINE}


def _ending_signals(container: EngineContainer | None) -> set[int]:
    name = container.stop_signal if container else "SIGTERM"
    own = getattr(signal, name, signal.SIGTERM) if name.startswith("SIG") else signal.SIGTERM
    return {signal.SIGKILL.value, signal.SIGTERM.value, int(own)}
