"""What happens *to* an engine, for tests: the host of the `FakeEngine`, with its containers, networks and volumes.

Somebody kills, removes or starts a container by hand; a program crashes; a health check fails; the engine stops and
comes back; a call fails or hangs. Time is the caller's, or a millisecond a look at the clock.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from fizz.controllers.node.engine import (
    Endpoint,
    EngineError,
    EngineEvent,
    EngineNetwork,
    EngineVolume,
    LogEntry,
    Refused,
)
from fizz.controllers.node.fake_container import FakeContainer
from fizz.schemas.images import Build

__all__ = ["FakeHost"]

_SIGNALS: Final = {"SIGTERM": 15, "SIGKILL": 9, "SIGINT": 2, "SIGQUIT": 3, "SIGWINCH": 28}
_BUILT_IN_NETWORKS: Final = ("bridge", "host", "none")


class FakeHost:
    """The state, and what changes it from outside. `images` are there; those of `registry` can be pulled; `builds`
    are those that were asked for, with their contexts.
    """

    def __init__(
        self, *, images: Sequence[str], registry: Sequence[str], now: Callable[[], datetime] | None = None
    ) -> None:
        self.images, self.registry = set(images), set(registry)
        self.ids: dict[str, str] = {}
        """Ids of images by name; of the others, the name is the id."""
        self.declared: dict[str, Sequence[str]] = {}
        """Paths that images declare as volumes, by name."""
        self.builds: list[tuple[Build, bytes]] = []
        self.boxes: dict[str, FakeContainer] = {}
        self.nets = {name: EngineNetwork(f"net-{name}", name, {}) for name in _BUILT_IN_NETWORKS}
        self.vols: dict[str, EngineVolume] = {}
        self.failures: dict[str, list[EngineError]] = defaultdict(list)
        self.holds: dict[str, asyncio.Event] = {}
        self.lost = False
        self.listeners: set[asyncio.Queue[EngineEvent | None]] = set()
        self.changed = asyncio.Event()
        ticks = itertools.count()
        self.now = now or (lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=next(ticks)))

    def fail(self, verb: str, error: EngineError, times: int = 1) -> None:
        """The next `times` calls of the verb fail."""
        self.failures[verb] += [error] * times

    def hold(self, verb: str) -> asyncio.Event:
        """Calls of the verb hang before they do anything, until the event is set."""
        return self.holds.setdefault(verb, asyncio.Event())

    def by_name(self, name: str) -> FakeContainer:
        """The container of that name."""
        return next(box for box in self.boxes.values() if box.request.name == name)

    def start_by_hand(self, container: str) -> None:
        """`docker start`."""
        self.start_box(self.boxes[container])

    def stop_by_hand(self, container: str) -> None:
        """`docker stop`."""
        box = self.boxes[container]
        box.stopped_by_hand = True
        self.say(box, "kill", signal=_SIGNALS.get(box.stop_signal, 15))
        self._end(box, box.code_when_stopped)
        self.say(box, "stop")

    def remove_by_hand(self, container: str) -> None:
        """`docker rm -f`."""
        box = self.boxes[container]
        if box.runs:
            box.stopped_by_hand = True
            self.say(box, "kill", signal=9)
            self._end(box, 137)
        del self.boxes[container]
        self.say(box, "destroy")

    def rename_by_hand(self, container: str, name: str) -> None:
        """`docker rename`."""
        box = self.boxes[container]
        box.request = replace(box.request, name=name)
        self.say(box, "rename")

    def disconnect_by_hand(self, container: str, network: str) -> None:
        """`docker network disconnect -f`."""
        box = self.boxes[container]
        del box.endpoints[network]
        event = EngineEvent("network", "disconnect", self.nets[network].id, self.now(), container=container)
        self.tell_all(event)

    def pause_by_hand(self, container: str) -> None:
        """`docker pause`."""
        box = self.boxes[container]
        box.state = "paused"
        self.say(box, "pause")

    def unpause_by_hand(self, container: str) -> None:
        """`docker unpause`."""
        box = self.boxes[container]
        box.state = "running"
        self.say(box, "unpause")

    def kill_by_hand(self, container: str, signal: str) -> None:
        """`docker kill --signal`."""
        box = self.boxes[container]
        self.say(box, "kill", signal=_SIGNALS.get(signal, 1))
        if signal == "SIGKILL":
            box.stopped_by_hand = True
            self._end(box, 137)
        elif signal == box.stop_signal and box.code_when_stopped != 137:
            box.stopped_by_hand = True
            self._end(box, box.code_when_stopped)

    def load_by_hand(self, image: str) -> None:
        """`docker load`."""
        self.images.add(image)
        self.tell_all(EngineEvent("image", "load", image, self.now()))

    def crash(self, container: str, code: int) -> None:
        """The program ends by itself; the engine does what the restart policy says."""
        self._end(self.boxes[container], code)

    def set_health(self, container: str, health: Literal["starting", "healthy", "unhealthy"], output: str = "") -> None:
        """The health check says something new."""
        box = self.boxes[container]
        box.health, box.health_output = health, output
        self.say(box, "health_status")

    def write(self, container: str, text: str) -> None:
        """The program writes a line."""
        now = self.now()
        self.boxes[container].log.append(LogEntry(f"{now:%Y-%m-%dT%H:%M:%S.%f}000Z", "stdout", text.encode() + b"\n"))
        self.wake()

    def lose(self, *, containers_stop: bool = True, quietly: bool = False) -> None:
        """The engine stops, and with it its containers, unless they outlive it. `quietly`: without a last word."""
        for box in [box for box in self.boxes.values() if box.runs and containers_stop]:
            if not quietly:
                self.say(box, "kill", signal=15)
            box.end(box.code_when_stopped, self.now())
            if not quietly:
                self.say(box, "die")
        self.lost = True
        self.tell_all(None)

    def come_back(self) -> None:
        """The engine starts again, and with it the containers that it restarts."""
        self.lost = False
        for box in list(self.boxes.values()):
            if box.state == "exited" and box.wants_restart():
                self.start_box(box)

    def start_box(self, box: FakeContainer) -> None:
        for name, endpoint in box.endpoints.items():
            if name not in self.nets or endpoint.network_id not in {"", self.nets[name].id}:
                box.error = f"network {endpoint.network_id or name} not found"
                raise Refused(box.error)
        taken = {(port.host_port, port.protocol) for other in self.boxes.values() for port in other.ports}
        ports = box.wanted_ports()
        for port in ports:
            if (port.host_port, port.protocol) in taken:
                box.error, box.exit_code = f"Bind for 0.0.0.0:{port.host_port} failed: port is already allocated", 128
                raise Refused(box.error)
        box.begin(self.now())
        box.ports = tuple(ports)
        box.endpoints = {name: self.endpoint(box, name) for name in box.endpoints}
        self.say(box, "start")
        if (code := box.ends_at_once) is not None:
            self._end(box, code)

    def _end(self, box: FakeContainer, code: int) -> None:
        box.end(code, self.now())
        self.say(box, "die")
        if not box.wants_restart():
            return
        box.restart_count += 1
        if box.ends_at_once is not None and not self._is_bounded(box):
            box.state = "restarting"  # and so on for ever
            return
        self.start_box(box)

    @staticmethod
    def _is_bounded(box: FakeContainer) -> bool:
        return bool((box.host_config.get("RestartPolicy") or {}).get("MaximumRetryCount"))

    def endpoint(self, box: FakeContainer, network: str) -> Endpoint:
        number = int(box.id, 16)
        return Endpoint(self.nets[network].id, f"172.20.{number // 250}.{number % 250 + 2}")

    def say(self, box: FakeContainer, action: str, signal: int = 0) -> None:
        labels, name = dict(box.labels), box.request.name
        self.tell_all(EngineEvent("container", action, box.id, self.now(), labels, name, signal=signal))
        self.wake()

    def tell_all(self, event: EngineEvent | None) -> None:
        for queue in self.listeners:
            queue.put_nowait(event)

    def wake(self) -> None:
        """Let those who follow a log look again."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
