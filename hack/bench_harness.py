"""How a row is measured: Fizz and a peer do the same job in turns, so that both meet the same weather.

A row prepares a folder and gives back two functions, each of which does the job once. One round of both goes before, so
that caches are warm for both; of the others the medians are compared. The machine may be busy: the lowest and highest
times are printed, too, and a ratio says more than a time.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Goal", "Job", "Result", "Row", "measure", "report"]

Job = Callable[[], object]


@dataclass(frozen=True)
class Goal:
    """What Fizz may take at most: `seconds`, or `ratio` times what the peer takes."""

    seconds: float | None = None
    ratio: float | None = None

    def __str__(self) -> str:
        parts = [f"{self.seconds} s"] if self.seconds is not None else []
        parts += [f"{self.ratio} x"] if self.ratio is not None else []
        return " and ".join(parts) + " at most"

    def met(self, seconds: float, ratio: float) -> bool:
        """Whether a measurement is good enough."""
        return (self.seconds is None or seconds <= self.seconds) and (self.ratio is None or ratio <= self.ratio)


@dataclass(frozen=True)
class Row:
    """One job. `prepare` makes what it needs in an empty folder, and gives Fizz's way to do it and the peer's."""

    name: str
    about: str
    peer: str
    goal: Goal
    prepare: Callable[[Path], tuple[Job, Job]]
    rounds: int = 15


@dataclass(frozen=True)
class Result:
    """The times of both, in seconds."""

    row: Row
    fizz: Sequence[float]
    peer: Sequence[float]

    @property
    def ratio(self) -> float:
        return median(self.fizz) / median(self.peer)

    @property
    def met(self) -> bool:
        return self.row.goal.met(median(self.fizz), self.ratio)


def measure(row: Row, rounds: int | None = None) -> Result:
    """Do the job in turns."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        fizz, peer = row.prepare(Path(folder))
        times = [(_seconds(fizz), _seconds(peer)) for _ in range((rounds or row.rounds) + 1)][1:]
    return Result(row, [one for one, _ in times], [other for _, other in times])


def report(results: Sequence[Result]) -> str:
    """A table, in Markdown."""
    lines = ["| row | Fizz | peer | ratio | goal | |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {result.row.name} | {_shown(result.fizz)} | {_shown(result.peer)} {result.row.peer} | {result.ratio:.2f} x "
        f"| {result.row.goal} | {'met' if result.met else 'MISSED'} |"
        for result in results
    ]
    return "\n".join(lines)


def _seconds(job: Job) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def _shown(times: Sequence[float]) -> str:
    return f"{median(times):.3f} s ({min(times):.3f}-{max(times):.3f})"
