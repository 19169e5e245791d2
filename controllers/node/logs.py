"""What a Container wrote, over all its lives: a log that is followed goes on when the container is started again.

The engine's log ends when the container ends. Who follows a Container wants what it writes after a restart, too, and
after it was made anew. So the log is read with the time of every entry, and after an end it is read again, from the
nanosecond behind the last entry, once the container runs again.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from fizz.client.objects import Key
from fizz.controllers.node.engine import EngineContainer, EngineLost, LogEntry, Missing
from fizz.controllers.node.engine import Logs as LogEngine
from fizz.controllers.node.pulse import Pulse
from fizz.controllers.node.unix_time import just_after

__all__ = ["Lives", "LogRequest", "read"]


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What is asked for: `tail` lines at most from the end (None for all), and nothing before `since` (RFC 3339, empty
    for the beginning).
    """

    follow: bool = False
    tail: int | None = None
    since: str = ""
    timestamps: bool = False


class Lives(Protocol):
    """What following needs to know of Containers."""

    pulse: Pulse
    """Beats when any of this changes."""

    @property
    def known(self) -> bool:
        """Whether the engine's containers are known: not just after a start, nor while the engine is away."""

    async def look(self, key: Key) -> EngineContainer | None:
        """What the engine has for the Container: the one that runs, else any; None if there is nothing."""

    def goes_on(self, key: Key) -> bool:
        """Whether the Container may write something after what it wrote: it is wanted, and has not come to its end."""


async def read(engine: LogEngine, lives: Lives, key: Key, request: LogRequest) -> AsyncGenerator[bytes, None]:
    """The log as bytes, in batches of whole entries. Raises `EngineError`; who follows waits for a lost engine."""
    since, tail = request.since, request.tail
    life: EngineContainer | None = None
    while True:
        beat = lives.pulse.next()
        container = await lives.look(key)
        if container is not None and (life is None or container.runs) and not _same_life(container, life):
            life = container
            try:
                log = engine.logs(container, follow=request.follow, tail=tail, since=since)
                async with aclosing(log) as batches:
                    async for batch in batches:
                        if batch:
                            since, tail = just_after(batch[-1].time), None
                            yield _written(batch, request.timestamps)
            except (EngineLost, Missing):
                if not request.follow:
                    raise
                life = None  # the connection broke, the container may live on: read on where we were
                await beat.wait()
            continue
        if not request.follow or not lives.goes_on(key):
            return
        await beat.wait()


def _same_life(container: EngineContainer, life: EngineContainer | None) -> bool:
    return life is not None and (container.id, container.started_at) == (life.id, life.started_at)


def _written(batch: Sequence[LogEntry], timestamps: bool) -> bytes:
    if timestamps:
        return b"".join(entry.time.encode() + b" " + entry.text for entry in batch)
    return b"".join(entry.text for entry in batch)
