"""Keeps two processes running: starts them, starts them again when they crash, ends them together.

`Child` decides and is pure: it is told what happened and when, and says when to start again. `supervise` is the shell:
processes, signals and one wait for all of them. No asyncio and no logging library in here, so that the supervisor stays
small and has nothing that could crash.

A child that ends by itself is started again, at once the first time, then after 0.5 s, 1 s, 2 s ... 10 s; a minute of
good work ends the row. One that refuses to work (it exits with an error right after its very first start) is not: that
is a wrong flag or a socket in use, and repeating it would only hide what it said. The end comes in the opposite order
of the start, so that the controllers can still write while they finish.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

__all__ = ["Child", "Say", "supervise"]

_HEALTHY_SECONDS: Final = 60.0
_REFUSAL_SECONDS: Final = 5.0
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 10.0
_STOP_SECONDS: Final = 30.0
_PR_SET_PDEATHSIG: Final = 1


@dataclass
class Child:
    """What is known of one process. All times are seconds on one clock."""

    name: str
    starts: int = 0
    crashes: int = 0
    started: float = 0.0
    due: float | None = 0.0
    """When to start it (again); None while it runs or when it shall not run any more."""
    refused: bool = False

    def has_started(self, now: float) -> None:
        """It was started."""
        self.starts += 1
        self.started, self.due = now, None

    def has_ended(self, code: int, now: float) -> None:
        """It ended by itself, which it should not."""
        lived = now - self.started
        if self.starts == 1 and code > 0 and lived < _REFUSAL_SECONDS:
            self.refused = True
            return
        self.crashes = 1 if lived >= _HEALTHY_SECONDS else self.crashes + 1
        self.due = now + wait_after(self.crashes)


def wait_after(crashes: int) -> float:
    """Seconds until the next start after so many crashes in a row."""
    return 0.0 if crashes <= 1 else min(_FIRST_WAIT * 2.0 ** (crashes - 2), _LONGEST_WAIT)


@dataclass
class Say:
    """Log lines like those of the children, without their libraries."""

    as_json: bool
    quiet: bool = False

    def __call__(self, level: str, event: str, **more: Any) -> None:
        if self.quiet and level == "info":
            return
        stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        if self.as_json:
            line = json.dumps({**more, "event": event, "level": level, "timestamp": stamp})
        else:
            line = f"{stamp} [{level:<8}] {event} " + " ".join(f"{key}={value}" for key, value in more.items())
        sys.stderr.write(f"{line.rstrip()}\n")
        sys.stderr.flush()


@dataclass
class _Running:
    """The children and their processes."""

    commands: Mapping[str, Sequence[str]]
    environment: Mapping[str, str]
    say: Say
    children: dict[str, Child] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_due(self, now: float) -> None:
        for child in self.children.values():
            if child.due is not None and child.due <= now:
                self.processes[child.name] = self._spawn(child.name)
                child.has_started(now)
                self.say("info", "started", process=child.name, pid=self.processes[child.name].pid)

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        parent = os.getpid()
        return subprocess.Popen(
            self.commands[name],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for the supervisor, who ends the children in order
            preexec_fn=lambda: _end_with(parent),
        )

    def collect_ended(self, now: float) -> None:
        for name, process in list(self.processes.items()):
            code = process.poll()
            if code is not None:
                del self.processes[name]
                child = self.children[name]
                child.has_ended(code, now)
                again = None if child.due is None else round(child.due - now, 3)
                self.say("error", "ended by itself", process=name, code=code, again_in=again)

    def next_due(self) -> float | None:
        return min((child.due for child in self.children.values() if child.due is not None), default=None)

    def stop(self, name: str, wake: "_Wake") -> None:
        """Ask a process to end, wait until it has, kill it if it does not."""
        process = self.processes.pop(name, None)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        while process.poll() is None and (left := deadline - time.monotonic()) > 0:
            wake.wait(left)
        if process.poll() is None:
            self.say("error", "does not end, killing it", process=name, pid=process.pid)
            process.kill()
            process.wait()
        self.say("info", "stopped", process=name, code=process.returncode)


class _Wake:
    """Signals as something to wait for. A second Ctrl-C does not hurry: containers do not depend on us anyway."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self.stopping = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        before = {number: signal.signal(number, self._take) for number in numbers}
        old = signal.set_wakeup_fd(self._writer.fileno())
        try:
            yield
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._reader.close()
            self._writer.close()

    def _take(self, number: int, _: object) -> None:
        if number != signal.SIGCHLD:
            self.stopping = True

    def wait(self, seconds: float | None) -> None:
        """Until a signal comes, or so many seconds at most."""
        select.select([self._reader], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)


def _end_with(parent: int) -> None:
    """In the child: end when the supervisor does, even if that was killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it is gone already
        os._exit(1)


def supervise(commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], say: Say) -> int:
    """Run these commands until SIGTERM, SIGINT or SIGHUP. The exit code: 0, or 1 if one of them refused to work."""
    running = _Running(commands, environment, say)
    running.children = {name: Child(name) for name in commands}
    wake = _Wake()
    with wake.installed():
        while not wake.stopping and not any(child.refused for child in running.children.values()):
            running.start_due(time.monotonic())
            due = running.next_due()
            wake.wait(None if due is None else max(0.0, due - time.monotonic()))
            running.collect_ended(time.monotonic())
        for name in reversed(list(commands)):
            running.stop(name, wake)
    return 1 if any(child.refused for child in running.children.values()) else 0
