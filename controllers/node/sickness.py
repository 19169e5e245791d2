"""When a container that is unhealthy is restarted: at once, then with pauses that double, from the beginning after a
stable time. Pure, but for a memory that is ahead of the API server.

    unhealthy             -> restart 1
    unhealthy again       -> restart 2, ten seconds after the first at the earliest
    and again             -> restart 3, twenty seconds after the second; so on, up to five minutes
    healthy for ten minutes since the last restart: the next one is the first again

Who waits for his next restart is in a crash loop: `reason` CrashLoopBackOff, and the message says when. The count is
kept in the Container's status, so that it outlives the agent.

Source of the figures: Kubernetes' restart back-off of containers (10 s doubling to 300 s, reset after ten minutes).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fizz.client.objects import Key
from fizz.controllers.node.engine import EngineContainer
from fizz.controllers.node.probing import NOT_PROBED, Findings
from fizz.schemas.container import Container, ContainerSpec, ContainerStatus

__all__ = ["HEALTHY", "HEALTH_CHECK", "Record", "Sickness", "Verdict", "restarts_unhealthy", "verdict"]

_FIRST: Final = timedelta(seconds=10)
_LAST: Final = timedelta(seconds=300)
_STABLE: Final = timedelta(minutes=10)

HEALTH_CHECK: Final = "its health check fails"
"""What fails where it is no probe."""


@dataclass(frozen=True, slots=True)
class Record:
    """How often it was restarted for being unhealthy, and when last."""

    restarts: int = 0
    last: datetime | None = None

    @classmethod
    def of(cls, status: ContainerStatus | None) -> "Record":
        """What the status says."""
        if status is None:
            return cls()
        return cls(status.unhealthy_restarts or 0, status.last_unhealthy_restart)

    def later(self, other: "Record") -> "Record":
        """Which of the two knows more."""
        if self.last is None or (other.last is not None and other.last > self.last):
            return other
        return self


HEALTHY: Final = Record()
"""It never was restarted for being unhealthy."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An unhealthy container is restarted after `wait` (none: now), that is `at`; then `record` is on record. `why`
    says what fails.
    """

    wait: timedelta
    at: datetime
    record: Record
    why: str = HEALTH_CHECK

    @property
    def is_due(self) -> bool:
        return not self.wait

    def __str__(self) -> str:
        restarts = self.record.restarts - 1
        times = "once" if restarts == 1 else f"{restarts} times"
        return f"{self.why}; it was restarted {times} and is again at {self.at:%H:%M:%S} UTC"


def restarts_unhealthy(spec: ContainerSpec, findings: Findings = NOT_PROBED) -> bool:
    """Whether it is restarted at all: as it says, else where it is restarted when it crashes, or where a probe fails
    that is there for nothing else.
    """
    if spec.restart_unhealthy is not None:
        return spec.restart_unhealthy
    if findings.dead:
        return True
    return spec.restart_policy is not None and spec.restart_policy.name != "no"


def verdict(
    spec: ContainerSpec, container: EngineContainer, record: Record, now: datetime, findings: Findings = NOT_PROBED
) -> Verdict | None:
    """When the container is to be restarted; None if it is not."""
    sick = findings.dead or container.health == "unhealthy"
    if container.state != "running" or not sick or not restarts_unhealthy(spec, findings):
        return None
    why = findings.message if findings.dead else HEALTH_CHECK
    pause = min(_FIRST * 2 ** min(record.restarts - 1, 10), _LAST) if record.restarts else timedelta()
    if record.last is None or now >= record.last + pause + _STABLE:
        return Verdict(timedelta(), now, Record(1, now), why)
    wait = min(max(timedelta(), record.last + pause - now), pause)  # the clock may have been set back since
    return Verdict(wait, now + wait, Record(record.restarts + 1, now), why)


class Sickness:
    """Remembers what was last on record, because what was just written comes back with a delay."""

    def __init__(self) -> None:
        self._records: dict[Key, tuple[str, Record]] = {}

    def record(self, key: Key, item: Container) -> Record:
        """What is known of the Container."""
        uid, known = self._records.get(key, ("", Record()))
        written = Record.of(item.status)
        return known.later(written) if uid == item.metadata.uid else written

    def note(self, key: Key, item: Container, record: Record) -> None:
        """It was restarted."""
        self._records[key] = (item.metadata.uid or "", record)

    def forget(self, key: Key) -> None:
        """The Container is gone."""
        self._records.pop(key, None)
