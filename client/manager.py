"""The Manager: runs informers and controllers together, and keeps each from hurting the others.

A task that ends with an error, which is a bug, is logged and started again with back-off; the others do not notice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, cast, overload

from fizz.client.api import Client
from fizz.client.backoff import exponential, jittered
from fizz.client.informer import Informer
from fizz.client.objects import T
from fizz.schemas import logs
from fizz.schemas.base import JSON
from fizz.schemas.kinds import Kind
from fizz.schemas.meta import Object

__all__ = ["Manager", "Runnable"]

_HEALTHY_SECONDS: Final = 60.0
"""What ran so long before it crashed, is started again at once."""

log: Final = logs.logger()


class Runnable(Protocol):
    """Something that a Manager runs: a Controller, or anything else that works until it is told to stop."""

    @property
    def name(self) -> str:
        """What it is called in logs."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then come to a clean end."""


class Manager:
    """Runs informers and controllers over one client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._informers: dict[tuple[object, ...], Informer[Any]] = {}
        self._runnables: list[Runnable] = []
        self._stop = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._informing: list[asyncio.Task[None]] = []
        self._working: list[asyncio.Task[None]] = []

    @overload
    def informer(
        self,
        target: type[T],
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Informer[T]: ...
    @overload
    def informer(
        self,
        target: Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Informer[JSON]: ...
    def informer(
        self,
        target: type[T] | Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Informer[T] | Informer[JSON]:
        """The informer for these objects; the same one for all who ask with the same words. May be asked for at any
        time: while the manager runs, a new one starts at once.
        """
        key = (target, namespace, label_selector, field_selector)
        if key not in self._informers:
            model = cast("type[Object]", target)  # or a Kind: the informer tells them apart
            informer: Informer[Any] = Informer(self.client, model, namespace, label_selector, field_selector)
            self._informers[key] = informer
            self._start_informer(informer)
        return self._informers[key]

    def add(self, runnable: Runnable) -> None:
        """Run this, too; at once if the manager runs."""
        self._runnables.append(runnable)
        self._start(runnable)

    async def run(self) -> None:
        """Run everything until `stop`; returns when all have come to a clean end."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for informer in self._informers.values():
                    self._start_informer(informer)
                for runnable in self._runnables:
                    self._start(runnable)
                await self._stop.wait()
                if self._working:
                    await asyncio.wait(self._working)
            finally:
                self._group = None
                for task in self._informing:  # last, so that whoever finishes still sees what happens
                    task.cancel()

    def stop(self) -> None:
        """Bring everything to a clean end."""
        self._stop.set()

    async def synced(self) -> None:
        """Wait until all informers have known everything once."""
        for informer in list(self._informers.values()):
            await informer.synced()

    def _start_informer(self, informer: Informer[Any]) -> None:
        if self._group:
            task = self._group.create_task(self._supervise(f"informer of {informer.kind.kind}", informer.run))
            self._informing.append(task)

    def _start(self, runnable: Runnable) -> None:
        if self._group:
            task = self._group.create_task(self._supervise(runnable.name, lambda: runnable.run(self._stop)))
            self._working.append(task)

    async def _supervise(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            began = clock()
            try:
                await run()
                return
            except Exception:
                if clock() - began > _HEALTHY_SECONDS:
                    failures = 0
                wait = jittered(exponential(failures, 0.1, 30.0))
                log.exception("crashed, starting again", name=name, wait=wait)
            failures += 1
            if await self._stopped_within(wait):
                return

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return False
