"""When a container is probed, and what follows from the outcomes. Pure: time comes in, seconds of any clock.

A *course* is one probe of one run of a container. A container that is started again is another run, and its courses
begin anew. The startup probe goes first; the others wait until it has passed.

    outcomes of a readiness probe, failureThreshold 3, successThreshold 2
    fail  fail  fail   ok    ok    ok    fail  fail   ok    fail  fail  fail
    ?     ?     no     no    yes   yes   yes   yes    yes   yes   yes   no

What is found: `starting` until the startup and the readiness probe have passed for the first time, `unhealthy` while
any of the three has failed as often as its threshold says, else `healthy`. A container whose startup or liveness probe
failed is *dead*, and is restarted; a readiness probe that fails only keeps connections away.

Source: "Configure Liveness, Readiness and Startup Probes" in the Kubernetes documentation.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Final, Literal

from fizz.client.objects import Key
from fizz.schemas.container import ContainerSpec
from fizz.schemas.probes import Probe

__all__ = ["NOT_PROBED", "Course", "Findings", "Health", "Kind", "Outcome", "Run", "Schedule", "Turn", "probes_of"]

Kind = Literal["startup", "liveness", "readiness"]
Health = Literal["starting", "healthy", "unhealthy"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an engine's container: it is probed from its start to its end."""

    container: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one probe went; `output` says of a failure what was seen."""

    ok: bool
    output: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """How a probe goes: `passed` is None before a threshold was reached, `streak` counts equal outcomes in a row."""

    passed: bool | None = None
    last: bool | None = None
    streak: int = 0
    output: str = ""

    def after(self, probe: Probe, outcome: Outcome) -> "Course":
        """The course after one more outcome."""
        streak = self.streak + 1 if outcome.ok == self.last else 1
        enough = probe.success_threshold if outcome.ok else probe.failure_threshold
        passed = outcome.ok if streak >= enough else self.passed
        return Course(passed, outcome.ok, streak, outcome.output)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the probes of a container say. `health` is None if it has none; `message` says what fails."""

    health: Health | None = None
    dead: bool = False
    message: str = ""


NOT_PROBED: Final = Findings()
"""It has no probes."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One probe that is to be made now."""

    key: Key
    run: Run
    kind: Kind
    probe: Probe


@dataclass(slots=True)
class _Patient:
    """A container that is probed."""

    run: Run
    began: float
    probes: Mapping[Kind, Probe]
    courses: dict[Kind, Course] = field(default_factory=dict)

    @property
    def started(self) -> bool:
        return "startup" not in self.probes or self.courses["startup"].passed is True

    def is_on(self, kind: Kind) -> bool:
        """Whether this probe is being made at this stage."""
        return kind in self.probes and (kind == "startup") != self.started

    @property
    def findings(self) -> Findings:
        failed = [kind for kind, course in self.courses.items() if course.passed is False]
        if failed:
            course = self.courses[failed[0]]
            said = f": {course.output}" if course.output else ""
            dead = failed[0] != "readiness"
            return Findings("unhealthy", dead, f"its {failed[0]} probe fails{said}")
        ready = "readiness" not in self.probes or self.courses["readiness"].passed is True
        return Findings("healthy" if self.started and ready else "starting")


def probes_of(spec: ContainerSpec) -> dict[Kind, Probe]:
    """The probes of a spec, those first that decide first."""
    found: dict[Kind, Probe | None] = {
        "startup": spec.startup_probe,
        "liveness": spec.liveness_probe,
        "readiness": spec.readiness_probe,
    }
    return {kind: probe for kind, probe in found.items() if probe is not None}


class Schedule:
    """Which container is to be probed when, and what was found. All methods take the time in seconds."""

    def __init__(self) -> None:
        self._patients: dict[Key, _Patient] = {}
        self._queue: list[tuple[float, int, Turn]] = []
        self._numbers = count()

    def follow(self, key: Key, run: Run, probes: Mapping[Kind, Probe], now: float, *, was_healthy: bool) -> None:
        """From now on probe this run, by these probes; nothing happens if that is done already.

        `was_healthy` says that this run was healthy when nobody looked any more: it stays so until it fails.
        """
        known = self._patients.get(key)
        if known is not None and known.run == run and known.probes == probes:
            return
        if known is not None and known.run == run:
            was_healthy = was_healthy and known.findings.health == "healthy"
        before = Course(passed=True) if was_healthy else Course()
        patient = _Patient(run, now, probes, dict.fromkeys(probes, before))
        self._patients[key] = patient
        for kind in probes:
            if patient.is_on(kind):
                self._enqueue(key, patient, kind, 0.0 if was_healthy else probes[kind].initial_delay_seconds, now)

    def forget(self, key: Key) -> None:
        """Nobody needs to know any more."""
        self._patients.pop(key, None)

    def findings(self, key: Key, run: Run) -> Findings:
        """What is known of this run."""
        patient = self._patients.get(key)
        return patient.findings if patient is not None and patient.run == run else NOT_PROBED

    def next(self) -> float | None:
        """When the next probe is due, None if nothing is probed."""
        while self._queue and not self._is_valid(self._queue[0][2]):
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def due(self, now: float) -> Iterator[Turn]:
        """The probes that are to be made now. Each is due again after `done`."""
        while (moment := self.next()) is not None and moment <= now:
            yield heapq.heappop(self._queue)[2]

    def done(self, turn: Turn, outcome: Outcome, now: float) -> bool:
        """A probe was made. Whether that changed what is found, so that somebody should look."""
        if not self._is_valid(turn):
            return False
        patient = self._patients[turn.key]
        before = patient.findings
        was_started = patient.started
        patient.courses[turn.kind] = patient.courses[turn.kind].after(turn.probe, outcome)
        if patient.is_on(turn.kind):
            self._enqueue(turn.key, patient, turn.kind, turn.probe.period_seconds, now)
        if patient.started and not was_started:
            for kind in patient.probes:
                if patient.is_on(kind):
                    delay = patient.began + patient.probes[kind].initial_delay_seconds - now
                    self._enqueue(turn.key, patient, kind, max(0.0, delay), now)
        after = patient.findings
        return replace(after, message="") != replace(before, message="")

    def put_off(self, turn: Turn, now: float) -> None:
        """It could not be made; it is due again in its time."""
        if self._is_valid(turn):
            self._enqueue(turn.key, self._patients[turn.key], turn.kind, turn.probe.period_seconds, now)

    def _is_valid(self, turn: Turn) -> bool:
        patient = self._patients.get(turn.key)
        return patient is not None and patient.run == turn.run and patient.probes.get(turn.kind) is turn.probe

    def _enqueue(self, key: Key, patient: _Patient, kind: Kind, delay: float, now: float) -> None:
        turn = Turn(key, patient.run, kind, patient.probes[kind])
        heapq.heappush(self._queue, (now + delay, next(self._numbers), turn))
