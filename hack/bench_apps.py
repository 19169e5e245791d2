"""Rows about running apps on an engine: `up` and `down` beside docker compose, on the same file and the same engine.

Needs an engine and the image busybox. What one of the two has up is taken down again before the other one's turn, but
for `up-again`, where both apps run all the time.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from hack.bench_harness import Goal, Job, Jobs, Row
from hack.bench_servers import fizz

__all__ = ["ROWS", "app_file"]

_PEER = "docker compose v5"


def app_file(name: str, services: int) -> str:
    """A project of so many services, each of which depends on none and ends as soon as it is told to."""
    body = "".join(
        f"\n  app{number}: {{image: busybox, command: [sleep, infinity], init: true}}" for number in range(services)
    )
    return f"name: {name}\nservices:{body}\n"


class _App:
    """One project, and the program that it is run by."""

    def __init__(self, folder: Path, program: str, services: int) -> None:
        self._file = folder / f"{program}.yaml"
        self._file.write_text(app_file(f"bench-{program}-{os.getpid()}", services))
        self._program, self._environment = program, {**os.environ, "FIZZ_DATA_DIR": str(folder / "data")}
        self._environment["FIZZ_SOCKET"] = str(folder / "fizz.sock")

    def run(self, *arguments: str) -> float:
        """Seconds that the command takes."""
        command = [self._program, "-f", str(self._file), *arguments]
        start = time.perf_counter()
        subprocess.run(command, env=self._environment, check=True, capture_output=True)
        return time.perf_counter() - start

    def up(self) -> float:
        seconds = self.run("up", "-d")
        self.run("down")
        return seconds

    def down(self) -> float:
        self.run("up", "-d")
        return self.run("down")

    def clear(self) -> None:
        """Whatever went wrong, nothing of it stays."""
        command = [self._program, "-f", str(self._file), "down", "-t", "0"]
        subprocess.run(command, env=self._environment, check=False, capture_output=True)

    def again(self) -> float:
        return self.run("up", "-d")


@contextmanager
def _prepared(services: int, verb: str, folder: Path) -> Iterator[Jobs]:
    with ExitStack() as stack:
        stack.enter_context(fizz(folder, "server"))
        jobs: list[Job] = []
        for program in ("fizz", "docker-compose"):
            app = _App(folder, program, services)
            stack.callback(app.clear)
            if verb == "again":
                app.run("up", "-d")
            jobs.append(getattr(app, verb))
        yield jobs[0], jobs[1]


ROWS: Sequence[Row] = [
    Row("up", "`up -d` of 10 services", _PEER, Goal(ratio=1.0), partial(_prepared, 10, "up"), rounds=5),
    Row("up-30", "`up -d` of 30 services", _PEER, Goal(ratio=0.6), partial(_prepared, 30, "up"), rounds=5),
    Row(
        "up-again",
        "`up -d` of 30 services where nothing changed",
        _PEER,
        Goal(most=0.5),
        partial(_prepared, 30, "again"),
        rounds=7,
    ),
    Row("down", "`down` of 10 services", _PEER, Goal(ratio=1.0), partial(_prepared, 10, "down"), rounds=5),
]
