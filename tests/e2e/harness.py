"""A whole Fizz on a real engine, as a user has it: `fizz server` in processes of its own, and the command line.

Each `Server` has a data folder, a socket and a node name that no other has, so that several of them, and whatever else
uses the engine, do not meet. What it made on the engine bears its node's name and is removed by that in the end.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

import docker
from docker.models.containers import Container

from fizz.controllers.network.ingress.reconcile import table_name
from fizz.controllers.network.ingress.ruleset import MARK
from fizz.schemas import labels

__all__ = ["Fizz", "Server", "eventually", "free_port", "output_of", "processes_below"]

T = TypeVar("T")
_START_TIMEOUT: Final = 30.0  # seconds until the API server must answer; it takes less than one on a quiet machine
_STOP_TIMEOUT: Final = 20.0


def eventually(look: Callable[[], T | None], *, within: float = 30.0, what: str = "") -> T:
    """Look until what is seen is true, and give it; fails after `within` seconds, naming what was looked for."""
    end = time.monotonic() + within
    while True:
        if seen := look():
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:.0f} s: {what or look}; last seen: {seen!r}")
        time.sleep(0.05)


class Fizz:
    """The command line under one environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def __call__(
        self,
        *arguments: str | Path,
        code: int = 0,
        timeout: float = 120,
        stdin: str | None = None,
        cwd: Path | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run `fizz ARGUMENTS` to its end and check its exit code."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment | environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd,
            check=False,
        )
        shown = f"fizz {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, shown
        assert "Traceback (most recent call last)" not in done.stderr, shown
        return done

    def start(
        self, *arguments: str | Path, output: int | None = subprocess.DEVNULL, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start `fizz ARGUMENTS` in a session of its own, and leave it running."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            text=True,
            start_new_session=True,
            cwd=cwd,
        )

    @staticmethod
    def command(*arguments: str | Path) -> list[str]:
        """What is run: the module, so that it is the code under test, wherever a `fizz` may be installed."""
        return [sys.executable, "-m", "fizz", *map(str, arguments)]


class Server:
    """`fizz server` in a folder of its own, which may be stopped, killed and started again on the same data."""

    def __init__(self, folder: Path, engine: docker.DockerClient) -> None:
        self.folder = folder
        self.engine = engine
        self.node = f"e2e-{uuid.uuid4().hex[:8]}"
        self.log = folder / "server.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FIZZ_")}
        self.fizz = Fizz(
            inherited
            | {
                "FIZZ_DATA_DIR": str(folder),
                "FIZZ_NODE_NAME": self.node,
                "FIZZ_LOG_FORMAT": "json",
                "COLUMNS": "200",
            }
        )
        self._process: subprocess.Popen[str] | None = None

    @property
    def socket(self) -> Path:
        """Where the API server answers."""
        return self.folder / "fizz.sock"

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None, "the server is not started"
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """Start it and wait until the API server says that it is ready."""
        with self.log.open("a") as log:
            self._process = self.fizz.start("server", *arguments, output=log.fileno())
        process = self._process
        try:
            eventually(
                lambda: self.ready() or process.poll() is not None, within=_START_TIMEOUT, what="the server is ready"
            )
        except AssertionError as failure:
            raise AssertionError(f"{failure}; {self.tail()}") from None
        assert process.poll() is None, f"the server ended with {process.returncode}: {self.tail()}"

    def ready(self) -> bool:
        """Whether /readyz says so."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.socket))
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: fizz\r\nConnection: close\r\n\r\n")
            return b" 200 " in connection.recv(4096).partition(b"\r\n")[0]
        return False

    def stop(self) -> None:
        """End it as a service manager does; it must end by itself, and leave its containers running."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"the server does not end within {_STOP_TIMEOUT:.0f} s: {self.tail()}") from None

    def kill9(self) -> None:
        """Kill all its processes at once, so that nobody can do anything about it."""
        assert self._process is not None, "the server is not started"
        for pid in [self._process.pid, *processes_below(self._process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(_STOP_TIMEOUT)

    def child(self, name: str) -> int:
        """The process id of what the supervisor runs: `apiserver` or `controllers`."""

        def find() -> int | None:
            return next((pid for pid in processes_below(self.pid) if name in _command_line(pid)), None)

        return eventually(find, what=f"a process {name} of the server")

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        if not self.log.exists():
            return "no log"
        return "\n".join(["its log ends:", *self.log.read_text(errors="replace").splitlines()[-lines:]])

    def clean(self) -> None:
        """Remove from the engine all that this server made there."""
        mine: dict[str, str | list[str] | bool] = {"label": f"{labels.NODE}={self.node}"}
        for container in self.engine.containers.list(all=True, filters=mine, ignore_removed=True):
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True, v=True)
        for network in self.engine.networks.list(filters=mine):
            network.remove()
        table = table_name(str(self.folder), self.node)
        subprocess.run(["nft", "delete", "table", "inet", table], stderr=subprocess.DEVNULL, check=False)
        rule = ["-m", "connmark", "--mark", f"{MARK:#x}/{MARK:#x}", "-m", "comment", "--comment", table, "-j", "ACCEPT"]
        subprocess.run(["iptables", "-D", "DOCKER-USER", *rule], stderr=subprocess.DEVNULL, check=False)
        for volume in self.engine.volumes.list(filters=mine):
            volume.remove(force=True)


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on, for somebody who is about to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def output_of(container: Container, *command: str) -> str:
    """What a command in a running container writes; it must succeed."""
    done = container.exec_run(list(command))
    assert isinstance(done.output, bytes)
    assert done.exit_code == 0, done.output.decode()
    return done.output.decode()


def processes_below(pid: int) -> Iterator[int]:
    """The ids of a process's children, and of theirs."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in map(int, children):
        yield child
        yield from processes_below(child)


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
