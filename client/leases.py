"""Leader election by Lease: of all processes that ask, one at a time does the work.

Who holds the Lease renews it every `retry` seconds. The others take it when it has not changed for as long as it says
(`duration`), measured with their own clocks from when they saw it change: clocks that differ do no harm, only clocks
that run at different speeds. A holder that could not renew for `renew_within` seconds stops its work by itself. As that
is less than `duration`, it has stopped before anybody else begins, if stopping takes no longer than the difference:

    holder     renew ── renew ── ✂ ········ stops itself at 10 s
    others                       ✂ ··················· take over at 15 s

    election = Election(client, "backup-operator", "default", identity=f"{host}-{pid}", work=manager.run)
    await election.run(stop)

Source: "Leases" of the Kubernetes documentation.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Final, Protocol

from fizz.client.backoff import jittered
from fizz.client.errors import AlreadyExists, ApiError, Conflict, NotFound
from fizz.schemas import logs
from fizz.schemas.coordination import Lease, LeaseSpec
from fizz.schemas.meta import ObjectMeta

__all__ = ["Decision", "Election", "Leases", "decide"]

log: Final = logs.logger()


class Leases(Protocol):
    """What an election needs of a client."""

    async def get(self, target: type[Lease], name: str, namespace: str, /) -> Lease: ...

    async def create(self, item: Lease, /) -> Lease: ...

    async def update(self, item: Lease, /) -> Lease: ...


class Decision(Enum):
    """What to do about the Lease."""

    CREATE = "create"
    RENEW = "renew"
    TAKE = "take"
    WAIT = "wait"


def decide(lease: Lease | None, identity: str, unchanged_for: float) -> Decision:
    """What a candidate does who has seen the Lease unchanged for so many seconds."""
    if lease is None:
        return Decision.CREATE
    spec = lease.spec
    if spec.holder_identity == identity:
        return Decision.RENEW
    if not spec.holder_identity or unchanged_for >= (spec.lease_duration_seconds or 0):
        return Decision.TAKE
    return Decision.WAIT


class Election:
    """One candidate. `work` runs while it leads; it is cancelled when the lead is lost, and the candidate tries again.

    `identity` must be this candidate's alone. Shorter times make a take-over faster and cost more requests.
    """

    def __init__(
        self,
        client: Leases,
        name: str,
        namespace: str,
        *,
        identity: str,
        work: Callable[[], Awaitable[None]],
        duration: float = 15.0,
        renew_within: float = 10.0,
        retry: float = 2.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not retry < renew_within < duration:
            raise ValueError("an election needs retry < renew_within < duration")
        self.name = name
        self._client, self._namespace, self._identity, self._work = client, namespace, identity, work
        self._duration, self._renew_within, self._retry, self._now = duration, renew_within, retry, now
        self._seen: str | None = None  # the resourceVersion last seen, and when it was new
        self._seen_at = 0.0
        self._holder = ""  # as last seen
        self._held_until = 0.0  # when we must have stopped
        self._leading = False
        self._log = log.bind(lease=name, namespace=namespace, identity=identity)

    @property
    def leading(self) -> bool:
        """Whether the work runs here."""
        return self._leading

    async def run(self, stop: asyncio.Event) -> None:
        """Stand for election until `stop` is set or the work has ended by itself. Raises what the work raises."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                if await self._attempt(self._renew_within) and await self._lead(stopping):
                    return
                await asyncio.wait([stopping], timeout=jittered(self._retry))
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)

    async def _lead(self, stopping: asyncio.Task[bool]) -> bool:
        """Work as long as the Lease is ours. Whether the work ended by itself."""
        clock = asyncio.get_running_loop().time
        self._log.info("leading")
        self._leading = True
        work = asyncio.ensure_future(self._work())
        try:
            while True:
                left = self._held_until - clock()
                seconds = min(self._retry, max(0.0, left))
                await asyncio.wait([work, stopping], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    work.result()
                    return True
                left = self._held_until - clock()
                if stopping.done() or left <= 0:
                    return False
                if not await self._attempt(left) and self._holder not in {"", self._identity}:
                    return False
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self._leading = False
            self._log.info("no longer leading")
            await self._release()

    async def _attempt(self, seconds: float) -> bool:
        """Create, renew or take the Lease if it is ours to have. Whether it is ours now."""
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(seconds):
                lease = await self._read()
                if decide(lease, self._identity, clock() - self._seen_at) is Decision.WAIT:
                    return False
                await self._write(lease)
        except (AlreadyExists, Conflict):
            return False  # another was faster
        except (ApiError, TimeoutError) as error:
            self._log.warning("cannot reach the lease", error=str(error) or "no answer in time")
            return False
        self._held_until = began + self._renew_within  # others count from when they see our write, which is later
        return True

    async def _release(self) -> None:
        """Leave the Lease to whoever comes first, if it is still ours."""
        try:
            async with asyncio.timeout(self._duration - self._renew_within):
                lease = await self._read()
                if lease and lease.spec.holder_identity == self._identity:
                    spec = lease.spec.model_copy(update={"holder_identity": "", "renew_time": self._now()})
                    await self._client.update(lease.model_copy(update={"spec": spec}))
        except (ApiError, TimeoutError) as error:
            self._log.info("lease was not released, it will run out", error=str(error) or "no answer in time")

    async def _read(self) -> Lease | None:
        try:
            lease = await self._client.get(Lease, self.name, self._namespace)
        except NotFound:
            return None
        self._holder = lease.spec.holder_identity or ""
        if lease.metadata.resource_version != self._seen:
            self._seen, self._seen_at = lease.metadata.resource_version, asyncio.get_running_loop().time()
        return lease

    async def _write(self, lease: Lease | None) -> None:
        """Make the Lease ours. Raises `Conflict` or `AlreadyExists` if another did so since it was read."""
        now = self._now()
        if lease is None:
            metadata = ObjectMeta(name=self.name, namespace=self._namespace)
            spec = LeaseSpec(acquire_time=now, lease_transitions=0)
        else:
            metadata, spec = lease.metadata, lease.spec
            if spec.holder_identity != self._identity:
                transitions = (spec.lease_transitions or 0) + 1
                spec = spec.model_copy(update={"acquire_time": now, "lease_transitions": transitions})
        seconds = max(1, round(self._duration))
        update = {"holder_identity": self._identity, "renew_time": now, "lease_duration_seconds": seconds}
        ours = Lease(metadata=metadata, spec=spec.model_copy(update=update))
        written = await (self._client.update(ours) if lease else self._client.create(ours))
        self._holder, self._seen = self._identity, written.metadata.resource_version
        self._seen_at = asyncio.get_running_loop().time()
