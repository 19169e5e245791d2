"""Leader election: the table, and candidates that are cut off, stopped and killed, in virtual time."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fizz.client.api import AlreadyExists, Conflict, NotFound, Unavailable
from fizz.client.leases import Decision, Election, decide
from fizz.client.testing import elapse, server, virtual_time
from fizz.schemas.coordination import Lease, LeaseSpec


def held(by: str) -> Lease:
    return Lease(spec=LeaseSpec(holder_identity=by, lease_duration_seconds=15))


@pytest.mark.parametrize(
    ("lease", "unchanged_for", "expected"),
    [
        pytest.param(None, 0, Decision.CREATE, id="no lease"),
        pytest.param(held("me"), 0, Decision.RENEW, id="mine"),
        pytest.param(held("me"), 99, Decision.RENEW, id="mine, run out"),
        pytest.param(held("you"), 14.9, Decision.WAIT, id="another's"),
        pytest.param(held("you"), 15, Decision.TAKE, id="another's, run out"),
        pytest.param(held(""), 0, Decision.TAKE, id="released"),
        pytest.param(Lease(), 0, Decision.TAKE, id="nobody's ever"),
    ],
)
def test_what_a_candidate_does(lease: Lease | None, unchanged_for: float, expected: Decision) -> None:
    assert decide(lease, "me", unchanged_for) is expected


class World:
    """One Lease, candidates that come to it over a network of their own, and the rule that one leads at a time."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.version = 0
        self.leaders: list[str] = []
        self.history: list[tuple[float, str]] = []

    def candidate(self, name: str, **times: float) -> "Candidate":
        return Candidate(self, name, times)

    def put(self, lease: Lease) -> Lease:
        self.version += 1
        metadata = lease.metadata.model_copy(update={"resource_version": str(self.version)})
        self.lease = lease.model_copy(update={"metadata": metadata})
        return self.lease


class Candidate:
    """A process: its client, its network and its election. Its clock may stand anywhere."""

    def __init__(self, world: World, name: str, times: dict[str, float]) -> None:
        self.world, self.name = world, name
        self.connected, self.slow = True, 0.0
        self.skew = timedelta(seconds=random.Random(name).uniform(-1000, 1000))
        self.election = Election(
            self, "chief", "default", identity=name, work=self.work, now=lambda: datetime.now(UTC) + self.skew, **times
        )
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(self.election.run(self.stop))

    async def work(self) -> None:
        assert self.world.leaders == [], "two lead"
        self.world.leaders.append(self.name)
        self.world.history.append((asyncio.get_running_loop().time(), self.name))
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.world.leaders.remove(self.name)

    async def leave(self) -> None:
        self.stop.set()
        await self.task

    async def _network(self) -> None:
        await elapse(self.slow)
        if not self.connected:
            raise Unavailable("cut off")

    async def get(self, target: type[Lease], name: str, namespace: str) -> Lease:
        await self._network()
        if self.world.lease is None:
            raise NotFound("no lease")
        return self.world.lease

    async def create(self, item: Lease) -> Lease:
        await self._network()
        if self.world.lease:
            raise AlreadyExists("there is one")
        return self.world.put(item)

    async def update(self, item: Lease) -> Lease:
        await self._network()
        assert self.world.lease
        if item.metadata.resource_version != self.world.lease.metadata.resource_version:
            raise Conflict("stale")
        return self.world.put(item)


@virtual_time
async def test_one_leads_and_goes_on_leading() -> None:
    world = World()
    candidates = [world.candidate(name) for name in "abc"]
    await elapse(600)

    assert [name for _, name in world.history] == ["a"]
    assert [each.election.leading for each in candidates] == [True, False, False]
    assert world.lease
    assert world.lease.spec.lease_transitions == 0
    for each in candidates:
        await each.leave()
    assert world.leaders == []


@virtual_time
async def test_one_that_leaves_is_followed_at_once() -> None:
    world = World()
    first, second = world.candidate("a"), world.candidate("b")
    await elapse(100)
    await first.leave()
    assert asyncio.get_running_loop().time() == 100
    await elapse(2.1)

    assert [name for _, name in world.history] == ["a", "b"]
    assert world.lease
    assert world.lease.spec.lease_transitions == 1
    await second.leave()
    assert world.lease.spec.holder_identity == ""


@virtual_time
async def test_one_that_is_killed_is_followed_when_its_lease_has_run_out() -> None:
    world = World()
    first, second = world.candidate("a"), world.candidate("b")
    await elapse(100)
    first.connected = False  # so that it cannot release
    first.task.cancel()
    await elapse(12)
    assert world.leaders == []
    await elapse(7)

    assert world.leaders == ["b"]
    await second.leave()


@virtual_time
async def test_one_that_is_cut_off_stops_before_another_begins() -> None:
    world = World()
    first, second = world.candidate("a"), world.candidate("b")
    await elapse(100)
    first.connected = False
    await elapse(10)
    assert world.leaders == []
    await elapse(10)
    assert world.leaders == ["b"]

    first.connected = True
    await elapse(100)
    assert world.leaders == ["b"]
    await first.leave()
    await second.leave()


@virtual_time
async def test_whatever_the_network_does_never_two_lead_and_in_the_end_one_does() -> None:
    dice = random.Random(20)
    world = World()
    candidates = [world.candidate(name) for name in "abcd"]
    for _ in range(500):
        each = dice.choice(candidates)
        each.connected, each.slow = dice.random() < 0.6, dice.choice([0, 0.5, 1, 4, 20])
        await elapse(dice.uniform(0, 15))
    for each in candidates:
        each.connected, each.slow = True, 0
    await elapse(60)

    assert len(world.leaders) == 1
    assert len({name for _, name in world.history}) == 4, "the faults never moved the lead"
    for each in candidates:
        await each.leave()


@virtual_time
async def test_work_that_ends_ends_the_candidacy_and_work_that_fails_says_so() -> None:
    world = World()
    first = world.candidate("first")
    await first.leave()

    async def nothing() -> None:
        return

    async def broken() -> None:
        raise ZeroDivisionError

    await Election(first, "chief", "default", identity="x", work=nothing).run(asyncio.Event())
    with pytest.raises(ZeroDivisionError):
        await Election(first, "chief", "default", identity="y", work=broken).run(asyncio.Event())
    assert world.lease
    assert world.lease.spec.holder_identity == ""


@virtual_time
async def test_times_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="retry < renew_within < duration"):
        World().candidate("a", duration=5)


async def test_it_works_with_the_real_client_and_server(tmp_path: Path) -> None:
    worked = []

    async def work() -> None:
        worked.append(await client.get(Lease, "chief", "default"))

    async with server(tmp_path) as client:
        await Election(client, "chief", "default", identity="a", work=work).run(asyncio.Event())
        await Election(client, "chief", "default", identity="b", work=work).run(asyncio.Event())

    assert [lease.spec.holder_identity for lease in worked] == ["a", "b"]
    assert worked[1].spec.lease_transitions == 1
