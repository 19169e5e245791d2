"""Controllers: look at an object by name, compare, act; again whenever something changed. The Manager runs them.

A controller is a function of a key. Informers say which keys are worth looking at; events are hints, and what the
function does depends only on what it reads. What it returns decides what happens next:

| reconcile ...           | then |
|---|---|
| returns None or `Done`  | nothing, until something changes |
| returns `Requeue(30)`   | it is called again after 30 s, or earlier if something changes |
| raises `Terminal`       | a log line; nothing until something changes, because trying again cannot help |
| raises anything else    | a log line; it is called again after a back-off that doubles from 5 ms to 60 s |

One object is worked on by one worker at a time; different objects in parallel.

    async def reconcile(key: Key) -> Result | None:
        ...

    manager = Manager(client)
    deployments = manager.informer(Deployment)
    containers = manager.informer(Container)
    manager.add(Controller("deployment", reconcile).watches(deployments).watches(containers, map=to_deployment))
    await manager.run()
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from fizz.client.errors import Conflict
from fizz.client.informer import Informer
from fizz.client.manager import Manager
from fizz.client.objects import Key, O, key_of
from fizz.client.queue import QueueClosed, WorkQueue
from fizz.client.watch import EventType
from fizz.schemas import logs

__all__ = ["Controller", "Done", "Key", "Manager", "Reconcile", "Requeue", "Result", "Terminal"]

_GRACE_SECONDS: Final = 10.0

log: Final = logs.logger()


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """Look again in `after` seconds."""

    after: float


Result = Done | Requeue


class Terminal(Exception):
    """The object cannot be brought to what it wants, and trying again will not help until something changes."""


Reconcile = Callable[[Key], Awaitable[Result | None]]


class Controller:
    """Calls `reconcile` for every key that its informers say, with so many workers.

    On stop, running calls get `grace` seconds to finish before they are cancelled.
    """

    def __init__(
        self,
        name: str,
        reconcile: Reconcile,
        *,
        workers: int = 4,
        queue: WorkQueue[Key] | None = None,
        grace: float = _GRACE_SECONDS,
    ) -> None:
        self.name = name
        self.queue: WorkQueue[Key] = queue or WorkQueue()
        self._reconcile = reconcile
        self._workers = workers
        self._grace = grace
        self._informers: list[Informer[Any]] = []
        self._log = log.bind(controller=name)

    def watches(self, informer: Informer[O], map: Callable[[O], Iterable[Key]] | None = None) -> Self:  # noqa: A002
        """Look at the keys that `map` makes of every changed object; by default at the object itself.

        A modified object is mapped as it was, too, so that whom it belonged to hears of its leaving.
        """
        keys_of: Callable[[O], Iterable[Key]] = map or _itself

        def handle(_: EventType, old: O | None, new: O | None) -> None:
            for item in (old, new):
                if item is not None:
                    for key in keys_of(item):
                        self.queue.add(key)

        self._informers.append(informer)
        informer.add_handler(handle)
        return self

    def trigger(self, key: Key) -> None:
        """Look at the object, for a reason that no informer knows."""
        self.queue.add(key)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is running. Waits first until all informers know everything."""
        stopping = asyncio.create_task(stop.wait())
        tasks: list[asyncio.Task[None]] = [asyncio.create_task(self._synced())]
        try:
            await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                return
            tasks = [asyncio.create_task(self._work(), name=f"{self.name}-{number}") for number in range(self._workers)]
            await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                self.queue.close()
                await asyncio.wait(tasks, timeout=self._grace)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for pending in (stopping, *tasks):
                pending.cancel()
            await asyncio.gather(stopping, *tasks, return_exceptions=True)

    async def _synced(self) -> None:
        for informer in self._informers:
            await informer.synced()

    async def _work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except QueueClosed:
                return
            try:
                await self._look(key)
            finally:
                self.queue.done(key)

    async def _look(self, key: Key) -> None:
        outcome: Result | Exception | None
        try:
            outcome = await self._reconcile(key)
        except Exception as error:
            outcome = error
        match outcome:
            case None | Done():
                self.queue.forget(key)
            case Requeue(after=delay):
                self.queue.forget(key)
                self.queue.add_after(key, delay)
            case Terminal():
                self.queue.forget(key)
                self._log.error(
                    "given up until something changes", namespace=key.namespace, name=key.name, error=str(outcome)
                )
            case Conflict():
                self.queue.add_rate_limited(key)
                self._log.debug("read something stale, looking again", namespace=key.namespace, name=key.name)
            case _:
                self.queue.add_rate_limited(key)
                self._log.warning(
                    "failed, trying again",
                    namespace=key.namespace,
                    name=key.name,
                    failures=self.queue.failures(key),
                    exc_info=outcome,
                )


def _itself(item: O) -> Iterable[Key]:
    return (key_of(item),)
