"""How a row is measured: Fizz and a peer do the same job in turns, so that both meet the same weather.

A row is set up once, in an empty folder: servers are started, files are made. It gives back two functions, each of
which does the job once and says what it took; if it says nothing, its time is taken. One round of both goes before, so
that caches are warm for both; of the others the medians are compared. The machine may be busy: the lowest and highest
figures are printed, too, and a ratio says more than a time.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Goal", "Job", "Jobs", "Result", "Row", "measure", "report"]

Job = Callable[[], object]
"""Does the job once. A float that it returns is its figure; otherwise that is the seconds it took."""
Jobs = tuple[Job, Job | None]
"""Fizz's way to do it, and the peer's; None where Fizz stands alone."""


@dataclass(frozen=True)
class Goal:
    """What Fizz may take at most: `most`, in the unit of the row, or `ratio` times what the peer takes."""

    most: float | None = None
    ratio: float | None = None

    def shown(self, unit: str) -> str:
        parts = [f"{self.most:g} {unit}"] if self.most is not None else []
        parts += [f"{self.ratio:g} x"] if self.ratio is not None else []
        return " and ".join(parts) + " at most"

    def met(self, figure: float, ratio: float | None) -> bool:
        """Whether a measurement is good enough."""
        return (self.most is None or figure <= self.most) and (
            self.ratio is None or (ratio is not None and ratio <= self.ratio)
        )


@dataclass(frozen=True)
class Row:
    """One job. `prepare` makes what it needs in an empty folder, and clears it away in the end."""

    name: str
    about: str
    peer: str
    goal: Goal
    prepare: Callable[[Path], AbstractContextManager[Jobs]]
    rounds: int = 15
    unit: str = "s"
    """What a figure is in. Less of it is better, always: a rate is given as the time that one of many takes."""


@dataclass(frozen=True)
class Result:
    """The figures of both, in the unit of the row; none of a peer that there is not."""

    row: Row
    fizz: Sequence[float]
    peer: Sequence[float]

    @property
    def ratio(self) -> float | None:
        return median(self.fizz) / median(self.peer) if self.peer else None

    @property
    def met(self) -> bool:
        return self.row.goal.met(median(self.fizz), self.ratio)


def measure(row: Row, rounds: int | None = None) -> Result:
    """Do the job in turns."""
    fizz: list[float] = []
    peer: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, row.prepare(Path(folder)) as (ours, theirs):
        for _ in range((rounds or row.rounds) + 1):
            fizz.append(_figure(ours))
            if theirs is not None:
                peer.append(_figure(theirs))
    return Result(row, fizz[1:], peer[1:])


def report(results: Sequence[Result]) -> str:
    """A table, in Markdown."""
    lines = ["| row | Fizz | peer | ratio | goal | |", "|---|---|---|---|---|---|"]
    lines += [_line(result) for result in results]
    return "\n".join(lines)


def _line(result: Result) -> str:
    row, ratio = result.row, result.ratio
    peer = f"{_shown(result.peer, row.unit)} {row.peer}" if ratio is not None else row.peer
    verdict = "met" if result.met else "MISSED"
    shown = "" if ratio is None else f"{ratio:.2f} x"
    return (
        f"| {row.name} | {_shown(result.fizz, row.unit)} | {peer} | {shown} | {row.goal.shown(row.unit)} | {verdict} |"
    )


def _figure(job: Job) -> float:
    start = time.perf_counter()
    said = job()
    return said if isinstance(said, float) else time.perf_counter() - start


def _shown(figures: Sequence[float], unit: str) -> str:
    return f"{median(figures):.3f} {unit} ({min(figures):.3f}-{max(figures):.3f})"
