"""One container of the `FakeEngine`: its program, its state and how that changes. No IO, no clock.

A program is read from the command, as far as tests need it:

| in the command | what it does |
|---|---|
| `echo TEXT` | writes a line |
| `exit N` | ends at once with that code |
| `trap 'exit N' TERM` | ends with that code when it is asked to |
| anything else | runs until it is killed |
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from posixpath import normpath
from typing import Final, Literal

from fizz.controllers.node.engine import (
    CreateRequest,
    Endpoint,
    EngineContainer,
    EngineState,
    Execution,
    LogEntry,
    PublishedPort,
)
from fizz.controllers.node.engine_json import shares_of, signal_name
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest

__all__ = ["FakeContainer"]

_ECHO: Final = re.compile(r"echo (.+?)(?: && |; |$)")
_EXIT: Final = re.compile(r"(?<!trap ')exit (\d+)")
_TRAP: Final = re.compile(r"trap 'exit (\d+)' TERM")
_KILLED: Final = 137


@dataclass(slots=True)
class FakeContainer:
    """A container. Times are given by the engine."""

    id: str
    request: CreateRequest
    image_id: str
    state: EngineState = "created"
    exit_code: int = 0
    error: str = ""
    restart_count: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    health: Literal["starting", "healthy", "unhealthy"] | None = None
    health_output: str = ""
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    ports: tuple[PublishedPort, ...] = ()
    log: list[LogEntry] = field(default_factory=list)
    stopped_by_hand: bool = False
    anonymous: dict[str, str] = field(default_factory=dict)
    lent: dict[str, str] = field(default_factory=dict)
    executed: list[ExecRequest] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def body(self) -> JSON:
        return self.request.body

    @property
    def host_config(self) -> JSON:
        return self.body.get("HostConfig") or {}

    @property
    def labels(self) -> dict[str, str]:
        return self.body.get("Labels") or {}

    @property
    def volumes(self) -> dict[str, str]:
        """The volumes that are mounted into it, by path; those without a name were made for it."""
        binds = (bind.split(":") for bind in self.host_config.get("Binds") or [])
        named = {normpath(bind[1]): bind[0] for bind in binds if not bind[0].startswith("/")}
        return {**self.lent, **self.anonymous, **named, **{path: name for path, name in self._mounted.items() if name}}

    @property
    def _mounted(self) -> dict[str, str]:
        mounts = self.host_config.get("Mounts") or []
        return {normpath(mount["Target"]): mount.get("Source") or "" for mount in mounts if mount["Type"] == "volume"}

    def anonymous_paths(self, declared: Iterable[str]) -> set[str]:
        """The paths that need a volume of their own. `declared` are those of the image."""
        return {path for path, name in self._mounted.items() if not name} | (
            set(map(normpath, declared)) - set(self.volumes)
        )

    @property
    def runs(self) -> bool:
        return self.state in {"running", "paused"}

    @property
    def _program(self) -> str:
        return " ".join([*(self.body.get("Entrypoint") or []), *(self.body.get("Cmd") or [])])

    @property
    def ends_at_once(self) -> int | None:
        """The exit code of a program that ends by itself; None if it goes on."""
        without_trap = _TRAP.sub("", self._program)
        match = _EXIT.search(without_trap)
        return int(match.group(1)) if match else None

    @property
    def code_when_stopped(self) -> int:
        """The exit code when it is asked to end: its own, or that of the kill that follows."""
        match = _TRAP.search(self._program)
        return int(match.group(1)) if match else _KILLED

    @property
    def stop_signal(self) -> str:
        return signal_name(self.body.get("StopSignal"))

    def begin(self, now: datetime) -> None:
        """A process begins."""
        self.state, self.started_at, self.error, self.stopped_by_hand = "running", now, "", False
        test = (self.body.get("Healthcheck") or {}).get("Test")
        self.health = "starting" if test and test != ["NONE"] else None
        self.log += [self._line(text, now) for text in _ECHO.findall(self._program)]

    def end(self, code: int, now: datetime) -> None:
        """The process ends."""
        self.state, self.exit_code, self.finished_at = "exited", code, now
        self.ports = ()
        self.endpoints = {name: Endpoint(each.network_id) for name, each in self.endpoints.items()}

    def wants_restart(self) -> bool:
        """Whether the engine starts it again, now that it ended."""
        policy = self.host_config.get("RestartPolicy") or {}
        limit = policy.get("MaximumRetryCount") or 0
        match policy.get("Name"):
            case "always" | "unless-stopped":
                return not self.stopped_by_hand
            case "on-failure":
                within = not limit or self.restart_count < limit
                return not self.stopped_by_hand and self.exit_code != 0 and within
        return False

    def wanted_ports(self) -> list[PublishedPort]:
        """The ports that it publishes when it runs; one without a number gets a high one of its own. As in the real
        engine, a port must be exposed to be published.
        """
        found = []
        exposed = self.body.get("ExposedPorts") or {}
        for key, bindings in (self.host_config.get("PortBindings") or {}).items():
            port, _, protocol = key.partition("/")
            for binding in bindings if key in exposed else ():
                written = str(binding["HostPort"]).partition("-")[0]
                number = int(written) if written else 32768 + int(port) % 10_000
                found.append(PublishedPort(int(port), protocol, binding["HostIp"] or "0.0.0.0", number))
        return found

    def seen(self) -> EngineContainer:
        """As inspecting shows it."""
        return EngineContainer(
            id=self.id,
            name=self.request.name,
            labels=dict(self.labels),
            state=self.state,
            image=self.body["Image"],
            image_id=self.image_id,
            exit_code=self.exit_code,
            error=self.error,
            restart_count=self.restart_count,
            started_at=self.started_at,
            finished_at=self.finished_at,
            health=self.health,
            health_output=self.health_output,
            endpoints=dict(self.endpoints),
            ports=self.ports,
            stop_signal=self.stop_signal,
            stop_seconds=self.body.get("StopTimeout", 10),
            tty=bool(self.body.get("Tty")),
            shares=shares_of(self.host_config),
            volumes=self.volumes,
        )

    def execute(self, request: ExecRequest) -> Execution:
        """A command is run in it; what it does is read from its words, as for the program."""
        self.executed.append(request)
        words = " ".join(request.command)
        code, echo = _EXIT.search(words), _ECHO.search(words)
        return Execution(int(code.group(1)) if code else 0, f"{echo.group(1)}\n" if echo else "")

    def _line(self, text: str, now: datetime) -> LogEntry:
        return LogEntry(f"{now:%Y-%m-%dT%H:%M:%S.%f}000Z", "stdout", text.encode() + b"\n")
