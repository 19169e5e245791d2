"""Throws inputs at the loading of compose files, and says how it went; see tests/client/compose/fuzzing.py for which.

Fails if loading one of them, or using what came of it, raises or takes more than 2 seconds of processor time, or if a
process gets bigger than 500 MB. Such inputs are kept.
"""

import hashlib
import os
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from typing import Any, Final

import click
from hypothesis import HealthCheck, Phase, given, seed, settings

from fizz.client.compose import Loaded

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.client.compose.fuzzing import bomb, mutated, noise, projects, read, to_text, use

_SECONDS: Final = 2.0
_MEGABYTES: Final = 500
_SHARES: Final = {"structure": 0.3, "noise": 0.25, "mutated": 0.4, "bombs": 0.05}
_PARTS: Final = 40  # of the whole run, so that the figures of a part are seen early
_KEPT: Final = Path(".cache/fuzz")


@dataclass
class Figures:
    """What a part of the run came to. `slowest` and `peak` are in seconds and megabytes."""

    kind: str
    inputs: int = 0
    accepted: int = 0
    slowest: float = 0.0
    peak: float = 0.0
    failures: list[str] = field(default_factory=list)

    def take(self, text: str | bytes, **options: Any) -> None:
        """Try one input."""
        for step in self._steps(text, options):
            start = time.process_time()
            try:
                step()
            except BaseException as error:  # whatever it is, it is what we look for
                place = traceback.extract_tb(error.__traceback__)[-1]
                self._failed(text, f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})")
            seconds = time.process_time() - start
            if seconds > _SECONDS:
                self._failed(text, f"{seconds:.1f} s")
            self.slowest = max(self.slowest, seconds)
        self.inputs += 1

    def _steps(self, text: str | bytes, options: dict[str, Any]) -> Iterator[Callable[[], None]]:
        """Loading, and then the use of what came of it; each is timed by itself."""
        found: list[Loaded] = []
        yield lambda: found.append(read(text, **options))
        for project in (loaded.project for loaded in found):
            if project:
                self.accepted += 1
                yield lambda project=project: use(project)

    def _failed(self, text: str | bytes, reason: str) -> None:
        content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        _KEPT.mkdir(parents=True, exist_ok=True)
        path = _KEPT / f"{hashlib.sha256(content).hexdigest()[:12]}.yaml"
        path.write_bytes(content)
        self.failures.append(f"{self.kind}: {path}: {reason}")


def _structure(figures: Figures, inputs: int, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(projects)
    def run(project: dict[str, Any]) -> None:
        figures.take(to_text(project), profiles=("*",), interpolate=len(project) % 3 > 0)

    run()


_MAKERS: Final[dict[str, Callable[[random.Random], str | bytes]]] = {"noise": noise, "mutated": mutated, "bombs": bomb}


def _part(job: tuple[str, int, int]) -> Figures:
    kind, inputs, number = job
    figures = Figures(kind)
    if kind == "structure":
        _structure(figures, inputs, number)
    else:
        chance = random.Random(number)
        for _ in range(inputs):
            figures.take(_MAKERS[kind](chance), profiles=("*",), interpolate=chance.random() < 0.8)
    figures.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if figures.peak > _MEGABYTES:
        figures.failures.append(f"{kind}: a process with {figures.peak:.0f} MB")
    return figures


@click.command()
@click.option("--inputs", default=100_000, show_default=True, help="How many.")
@click.option("--seed", "start", default=0, show_default=True, help="Another one makes other inputs.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes at once.")
def main(inputs: int, start: int, jobs: int) -> None:
    """Try many inputs, and print how many there were of each kind, how many loaded, the slowest, and the memory."""
    work = [
        (kind, max(1, round(inputs * share / _PARTS)), start * 1000 + part)
        for part in range(_PARTS)
        for kind, share in _SHARES.items()
    ]
    whole = {kind: Figures(kind) for kind in _SHARES}
    begin = time.perf_counter()
    with Pool(jobs) as pool:
        for figures in pool.imap_unordered(_part, work):
            one = whole[figures.kind]
            one.inputs += figures.inputs
            one.accepted += figures.accepted
            one.slowest = max(one.slowest, figures.slowest)
            one.peak = max(one.peak, figures.peak)
            one.failures += figures.failures
            for failure in figures.failures:
                click.echo(failure)
    click.echo(f"{'':10} {'inputs':>8} {'loaded':>8} {'slowest':>9} {'memory':>8} {'failures':>9}")
    for one in whole.values():
        click.echo(
            f"{one.kind:10} {one.inputs:8} {one.accepted:8} {one.slowest:7.2f} s "
            f"{one.peak:5.0f} MB {len(one.failures):9}"
        )
    total = sum(one.inputs for one in whole.values())
    failures = sum(len(one.failures) for one in whole.values())
    click.echo(f"{total} inputs in {time.perf_counter() - begin:.0f} s, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(prog_name="hack/fuzz")
