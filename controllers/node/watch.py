"""Keeps the agent and its engine together: connects, learns everything, passes on what happens, and begins anew when
the connection ends. Besides that everything is learned anew every five minutes, should a hint have been lost.

         ┌──────────── back-off ◀─────────────┐
         ▼                                    │
    subscribe ─▶ resync ─▶ live: events ─▶ lost
                  ▲             │
                  └─ 5 minutes ─┘

Subscribing comes before the resync, so that what happens during it is heard of after it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from fizz.client.backoff import exponential, jittered
from fizz.controllers.node.ends import Ends
from fizz.controllers.node.engine import Engine, EngineError, EngineEvent, EngineInfo, EngineLost
from fizz.controllers.node.mirror import Mirror
from fizz.controllers.node.session import Session

__all__ = ["EngineWatch"]

_RESYNC_SECONDS: Final = 300.0
_FIRST_RETRY_SECONDS: Final = 0.1
_LAST_RETRY_SECONDS: Final = 5.0

log: Final = structlog.get_logger()


class EngineWatch:
    """Calls `back` after every resync that follows a connection, `lost` when the connection is lost, `resynced` after
    every resync, and `event` for every event. Keeps the session, the mirror and `ends` up to date.
    """

    def __init__(
        self,
        engine: Engine,
        session: Session,
        mirror: Mirror,
        ends: Ends,
        *,
        back: Callable[[EngineInfo], None],
        lost: Callable[[str], None],
        resynced: Callable[[], Awaitable[None]],
        event: Callable[[EngineEvent], None],
    ) -> None:
        self._engine, self._session, self._mirror, self._ends = engine, session, mirror, ends
        self._back, self._lost, self._resynced, self._event = back, lost, resynced, event

    async def run(self) -> None:
        """Watch until cancelled."""
        failures = 0
        while True:
            try:
                await self._connection()
            except EngineLost as error:
                failures = 0 if self._session.live else failures + 1
                self._disconnected(str(error))
            await asyncio.sleep(jittered(exponential(failures, _FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS)))

    async def _connection(self) -> None:
        async with self._engine.events() as events:
            info = await self._engine.info()
            self._session.api_version = info.api_version
            await self._mirror.resync(self._session.owner.selector)
            self._ends.back(self._mirror)
            self._session.live = True
            log.info("engine answers", version=info.version, containers=len(list(self._mirror)))
            self._back(info)
            await self._resynced()
            resyncing = asyncio.create_task(self._resync_now_and_then(), name="engine resync")
            try:
                async for event in events:
                    self._event(event)
            finally:
                resyncing.cancel()
                await asyncio.gather(resyncing, return_exceptions=True)

    def _disconnected(self, why: str) -> None:
        if self._session.live:
            self._ends.lost(container.id for container in self._mirror if container.runs)
            self._session.live = False
            log.warning("engine lost", error=why)
        self._lost(why)

    async def _resync_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_RESYNC_SECONDS)
            try:
                await self._mirror.resync(self._session.owner.selector)
                await self._resynced()
            except EngineError as error:
                log.warning("resync failed", error=str(error))
