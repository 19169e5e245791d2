"""Who gets which port of the host: claims and refusals. Pure.

A claim is a port of the host on one of its addresses, held by an owner: a Deployment, or a Container without one. The
replicas of an owner share its claims; nobody else may have them. Addresses overlap as sockets do: who has the port on
`0.0.0.0` has it on every IPv4 address.

| wish | port |
|---|---|
| `8080` | 8080, or a refusal that names who has it |
| `8000-8002` | replica 0 gets 8000, replica 1 gets 8001 ...; what is taken is passed over; if need be they share |
| any | one from 30000 to 32767 that the wish itself determines (a hash), so that it stays; the replicas share it |

What a replica holds already it keeps, and goes before those who only wish. 30000 to 32767 is where the kernel takes no
ports for outgoing connections from by default (`ip_local_port_range`), and what Kubernetes takes node ports from.
"""

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from fizz.client.objects import Key

__all__ = ["ANY_PORT", "Bind", "Grant", "Refusal", "Wish", "Wisher", "allocate"]

ANY_PORT: Final = range(30_000, 32_768)
_TRIES: Final = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Bind:
    """A port of the host on one address; `0.0.0.0` and `::` stand for all of their family."""

    address: str
    port: int
    protocol: str

    def overlaps(self, other: "Bind") -> bool:
        """Whether only one of the two can be listened on."""
        if (self.port, self.protocol) != (other.port, other.protocol):
            return False
        if (":" in self.address) != (":" in other.address):
            return False
        return self.address == other.address or self.is_wildcard or other.is_wildcard

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for all addresses of its family."""
        return ipaddress.ip_address(self.address).is_unspecified

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Wish:
    """A port of a container that is to be published: on `first`, or one up to `last`, or any if there is none."""

    container_port: int
    protocol: str
    addresses: tuple[str, ...]
    first: int | None = None
    last: int | None = None

    def binds(self, port: int) -> tuple[Bind, ...]:
        """What it takes to publish it on that port."""
        return tuple(Bind(address, port, self.protocol) for address in self.addresses)


@dataclass(frozen=True, slots=True)
class Grant:
    """A wish that is fulfilled."""

    wish: Wish
    port: int

    @property
    def binds(self) -> tuple[Bind, ...]:
        return self.wish.binds(self.port)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A wish that cannot be fulfilled: the message names who has the port."""

    message: str


@dataclass(frozen=True, slots=True)
class Wisher:
    """A container that wishes ports. `owner` is its Deployment or itself; `held` are the ports that it has, each with
    the port of the container that it leads to.
    """

    uid: str
    owner: Key
    ordinal: int
    wishes: tuple[Wish, ...]
    held: frozenset[tuple[int, Bind]] = frozenset()


@dataclass(slots=True)
class _Book:
    """Who has what so far. `taken` are binds that the host itself refuses, and why."""

    taken: Mapping[Bind, str]
    owners: dict[tuple[int, str], list[tuple[Bind, Wisher]]] = field(default_factory=dict)
    chosen: dict[tuple[Key, Wish], dict[int, int]] = field(default_factory=dict)
    """The ports that an owner has for a wish, and the ordinal of the first replica that got it."""

    def obstacle(self, wisher: Wisher, binds: Sequence[Bind]) -> str:
        """Why the wisher cannot have these; empty if it can."""
        for bind in binds:
            if bind in self.taken:
                return self.taken[bind]
            for other, holder in self.owners.get((bind.port, bind.protocol), ()):
                if not bind.overlaps(other):
                    continue
                if holder.owner != wisher.owner:
                    name, project = holder.owner.name, holder.owner.namespace
                    return f"port {bind} of the host is published by {name} of the project {project} already"
                if holder.uid == wisher.uid:
                    return f"port {bind} of the host is named twice"
        return ""

    def enter(self, wisher: Wisher, grant: Grant) -> None:
        self.chosen.setdefault((wisher.owner, grant.wish), {}).setdefault(grant.port, wisher.ordinal)
        for bind in grant.binds:
            self.owners.setdefault((bind.port, bind.protocol), []).append((bind, wisher))


def allocate(wishers: Sequence[Wisher], taken: Mapping[Bind, str]) -> dict[str, tuple[Grant, ...] | Refusal]:
    """By uid, what each gets: all that it wishes, or nothing and why. Earlier wishers go first, holders before all."""
    book = _Book(taken)
    answers: dict[str, tuple[Grant, ...] | Refusal] = {}
    for wisher in sorted(wishers, key=lambda each: not each.held):
        kept = _kept(book, wisher)
        if kept is not None:
            for grant in kept:
                book.enter(wisher, grant)
            answers[wisher.uid] = kept
            continue
        grants: list[Grant] = []
        answers[wisher.uid] = ()
        by_freedom = sorted(range(len(wisher.wishes)), key=lambda index: _freedom(wisher.wishes[index]))
        for index in by_freedom:
            found = _choose(book, wisher, wisher.wishes[index], grants)
            if isinstance(found, Refusal):
                answers[wisher.uid] = found
                break
            grants.append(found)
        else:
            for grant in grants:
                book.enter(wisher, grant)
            answers[wisher.uid] = tuple(
                grant for _, grant in sorted(zip(by_freedom, grants, strict=True), key=itemgetter(0))
            )
    return answers


def _kept(book: _Book, wisher: Wisher) -> tuple[Grant, ...] | None:
    """All that it wishes on ports that it holds; None if they are not enough, or no longer to be had.

    What it holds does not say by which of its wishes. Those that end first choose first, and the lowest port, which for
    ranges is always right; only wishes of different addresses may need a second try, so that there are not many.
    """
    if not wisher.held:
        return None
    order = sorted(range(len(wisher.wishes)), key=lambda index: (_ports(wisher.wishes[index])[-1], index))
    tries = iter(range(_TRIES))

    def assign(left: Sequence[int], free: frozenset[tuple[int, Bind]]) -> dict[int, Grant] | None:
        if not left or next(tries, None) is None:
            return None if left else {}
        wish = wisher.wishes[left[0]]
        for port in sorted({bind.port for _, bind in free} & set(_ports(wish))):
            needed = {(wish.container_port, bind) for bind in wish.binds(port)}
            if needed <= free and (found := assign(left[1:], free - needed)) is not None:
                return {left[0]: Grant(wish, port), **found}
        return None

    found = assign(order, wisher.held)
    if found is None or any(book.obstacle(wisher, grant.binds) for grant in found.values()):
        return None
    return tuple(found[index] for index in range(len(wisher.wishes)))


def _ports(wish: Wish) -> range:
    return ANY_PORT if wish.first is None else range(wish.first, (wish.last or wish.first) + 1)


def _freedom(wish: Wish) -> int:
    """How many ports would do. Who has the least choice chooses first."""
    return len(_ports(wish))


def _choose(book: _Book, wisher: Wisher, wish: Wish, before: Sequence[Grant]) -> Grant | Refusal:
    why = ""
    own = [bind for grant in before for bind in grant.binds]
    for port in _candidates(book, wisher, wish):
        binds = wish.binds(port)
        if any(bind.overlaps(other) for bind in binds for other in own):
            obstacle = f"port {binds[0]} of the host is named twice"
        else:
            obstacle = book.obstacle(wisher, binds)
        if not obstacle:
            return Grant(wish, port)
        why = why or obstacle
    if wish.first is None:
        return Refusal(f"no port from {ANY_PORT[0]} to {ANY_PORT[-1]} is free")
    if wish.last not in {None, wish.first}:
        return Refusal(f"no port from {wish.first} to {wish.last} is free: {why}")
    return Refusal(why)


def _candidates(book: _Book, wisher: Wisher, wish: Wish) -> Iterator[int]:
    """The ports to try, in this order: what it has; then, for a range, first what no other replica has. Two containers
    of one ordinal are one replica, the one before and the one after an update.
    """
    if wish.first is not None and wish.last in {None, wish.first}:
        yield wish.first
        return
    ours = book.chosen.get((wisher.owner, wish), {})
    ports = _ports(wish)
    held: dict[int, set[str]] = {}
    for container_port, bind in wisher.held:
        if (container_port, bind.protocol) == (wish.container_port, wish.protocol) and bind.port in ports:
            held.setdefault(bind.port, set()).add(bind.address)
    yield from (port for port in sorted(held) if held[port] == set(wish.addresses))
    if wish.first is None:
        yield from sorted(ours)
        yield from _rotated(ports, _digest(wisher.owner, wish))
        return
    rotated = list(_rotated(ports, wisher.ordinal))
    yield from (port for port in rotated if ours.get(port, wisher.ordinal) == wisher.ordinal)
    yield from (port for port in rotated if ours.get(port, wisher.ordinal) != wisher.ordinal)


def _rotated(ports: range, start: int) -> Iterator[int]:
    return (ports[(start + index) % len(ports)] for index in range(len(ports)))


def _digest(owner: Key, wish: Wish) -> int:
    text = f"{owner.namespace}/{owner.name} {wish.container_port}/{wish.protocol} {' '.join(wish.addresses)}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
