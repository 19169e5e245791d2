"""What many clients saw of one API server, and what must be true of it: the checker of watch semantics, pure.

A round begins with a base (everything that is there at one version) and ends when all is quiet. In between, clients
write, list and watch, and note what they see:

    Write     what one write was answered: at which version it stands, or that it was refused, or nothing
    Listing   what a list said, of which version
    Chain     what one watch told; a watch that broke and was resumed where it had been is one chain with the first

The truth is put together from the chains that see everything of a kind: every version of every object has one event.
`problems` then finds each way in which somebody was told something else:

    two observers disagree about one version        a write that was answered is lost, or one that was refused is there
    an object begins, changes and ends out of turn  a chain has a gap, something twice, or goes back
    an object that comes to match, or ceases to     a list is not the state at its version
    is not ADDED, or not DELETED

Versions of a transaction are shared by its objects: within one version, order is not looked at; and a chain that ends
amid one need not have all of it.

Source: "Efficient detection of changes" of the Kubernetes API concepts; the idea of checking a recorded history, from
Jepsen and from etcd's robustness tests.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Final

__all__ = ["Chain", "Change", "History", "Item", "Listing", "Place", "Selection", "Write", "problems", "unseen"]

Place = tuple[str, str]
"""A kind and the name of an object of it."""
_SHOWN: Final = 5  # breaches of one chain or list; the rest follows from them


@dataclass(frozen=True, slots=True)
class Item:
    """A state of an object: since which version, which object, and what it says."""

    version: int
    uid: str
    token: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a watch told: ADDED, MODIFIED or DELETED."""

    type: str
    place: Place
    item: Item


@dataclass(frozen=True, slots=True)
class Selection:
    """What is listed or watched: kinds, and of those all objects, those with a label, or the one with a name."""

    kinds: frozenset[str]
    label: str = ""
    name: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.label and not self.name

    def takes(self, place: Place, item: Item | None) -> bool:
        """Whether an object is selected; None is selected never."""
        return (
            item is not None
            and place[0] in self.kinds
            and self.label in ("", item.label)
            and self.name in ("", place[1])
        )


@dataclass(frozen=True, slots=True)
class Write:
    """One write. `done` True: it was answered, and stands at `version`, or, of a deletion, the object `uid` is gone.
    False: it was refused. None: nobody knows.
    """

    place: Place
    done: bool | None
    version: int = 0
    uid: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, all pages of it."""

    selection: Selection
    version: int
    items: Sequence[tuple[Place, Item]]


@dataclass(slots=True)
class Chain:
    """What one watch told, over all its connections. `start` is the version behind which it began, with `initial`
    objects first if it asked for them; None: it began with what was there, and did not say as of when.
    """

    name: str
    selection: Selection
    start: int | None
    initial: list[Change] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    bookmarks: list[int] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The latest version that it told of."""
        versions = [change.item.version for change in self.changes[-1:]] + self.bookmarks[-1:]
        return max([self.start or 0, *versions])


@dataclass(slots=True)
class History:
    """A round. `base` is everything at version `begin`; when it ended, the server stood at `end` or later."""

    begin: int
    end: int
    base: Mapping[Place, Item]
    writes: list[Write] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)


def problems(history: History) -> list[str]:
    """All breaches, each in a sentence; none if what was seen can be true."""
    truth = _Truth(history)
    return [
        *truth.disagreements,
        *_lives(truth),
        *unseen(history),
        *(each for write in history.writes for each in _check_write(truth, write)),
        *(each for listing in history.listings for each in _check_listing(truth, listing)),
        *(each for chain in history.chains for each in _check_chain(truth, chain)),
    ]


class _Truth:
    """The log of all events, put together from what was seen."""

    def __init__(self, history: History) -> None:
        self.begin, self.base = history.begin, history.base
        self.disagreements: list[str] = []
        found: dict[tuple[int, Place], Change] = {}
        for chain in history.chains:
            if chain.start is None or not chain.selection.is_whole:
                continue
            for change in chain.changes:
                seen = found.setdefault((change.item.version, change.place), change)
                if seen != change:
                    self.disagreements.append(f"{chain.name}: saw {_told(change)}, another saw {_told(seen)}")
        self.log = [found[key] for key in sorted(found) if key[0] > self.begin]
        self.at = {(change.item.version, change.place): change for change in self.log}
        self.tokens = {change.item.token for change in self.log if change.type != "DELETED"}
        self.ended = {change.item.uid for change in self.log if change.type == "DELETED"}

    def state(self, version: int) -> dict[Place, Item]:
        """Everything as of a version."""
        state = dict(self.base)
        for change in self.log:
            if change.item.version > version:
                break
            _apply(state, change)
        return state

    def expected(self, selection: Selection, start: int) -> Iterator[Change]:
        """What a watch of a selection must tell behind a version."""
        state: dict[Place, Item] = dict(self.base)
        for change in self.log:
            old = state.get(change.place)
            _apply(state, change)
            if change.item.version <= start or change.place[0] not in selection.kinds:
                continue
            before, now = selection.takes(change.place, old), selection.takes(change.place, state.get(change.place))
            if before and now:
                yield change
            elif now:
                yield Change("ADDED", change.place, change.item)
            elif before and old:
                yield Change("DELETED", change.place, Item(change.item.version, old.uid, old.token, old.label))


def _apply(state: dict[Place, Item], change: Change) -> None:
    if change.type == "DELETED":
        state.pop(change.place, None)
    else:
        state[change.place] = change.item


def _lives(truth: _Truth) -> Iterator[str]:
    """Every object is added, then modified, then deleted, and is the same one all the time."""
    state = dict(truth.base)
    for change in truth.log:
        old = state.get(change.place)
        if (change.type == "ADDED") is (old is not None):
            yield f"out of turn: {_told(change)}, when there was {'one already' if old else 'none'}"
        elif old and old.uid != change.item.uid:
            yield f"another object: {_told(change)}, when there was {old.uid}"
        _apply(state, change)


def unseen(history: History) -> Iterator[str]:
    """Kinds that nobody watched from begin to end: then the truth has holes, and nothing can be said of the round."""
    reach: dict[str, int] = defaultdict(lambda: history.begin)
    whole = [chain for chain in history.chains if chain.start is not None and chain.selection.is_whole]
    for chain in sorted(whole, key=lambda each: each.start or 0):
        for kind in chain.selection.kinds:
            if (chain.start or 0) <= reach[kind]:
                reach[kind] = max(reach[kind], chain.last)
    for kind in sorted({kind for chain in history.chains for kind in chain.selection.kinds}):
        if reach[kind] < history.end:
            yield f"nobody saw all {kind}: they were watched up to {reach[kind]}, the round went to {history.end}"


def _check_write(truth: _Truth, write: Write) -> Iterator[str]:
    if write.done is False and write.token in truth.tokens:
        yield f"a write to {_named(write.place)} was refused, but {write.token} is there"
    if write.done and write.version:
        change = truth.at.get((write.version, write.place))
        if change is None or (change.item.uid, change.item.token) != (write.uid, write.token):
            yield f"lost: {_named(write.place)} was written at {write.version} as {write.token}, and nobody saw that"
    elif write.done and write.uid not in truth.ended:
        yield f"lost: {_named(write.place)} {write.uid} was deleted, and nobody saw that"


def _check_listing(truth: _Truth, listing: Listing) -> Iterator[str]:
    of = f"list of {_shown(listing.selection)} at {listing.version}"
    places = [place for place, _ in listing.items]
    if places != sorted(set(places)):
        yield f"{of}: not in order, or something is there twice"
    if listing.version < truth.begin:
        yield f"{of}: it is older than the round, which began at {truth.begin}"
        return
    state = truth.state(listing.version)
    wanted = {place: item for place, item in state.items() if listing.selection.takes(place, item)}
    yield from _differences(of, wanted, dict(listing.items))


def _differences(of: str, wanted: Mapping[Place, Item], found: Mapping[Place, Item]) -> Iterator[str]:
    wrong = [place for place in {**wanted, **found} if wanted.get(place) != found.get(place)]
    for place in sorted(wrong)[:_SHOWN]:
        yield f"{of}: {_named(place)} is {found.get(place)}, must be {wanted.get(place)}"


def _check_chain(truth: _Truth, chain: Chain) -> Iterator[str]:
    versions = [change.item.version for change in chain.changes]
    if versions != sorted(versions):
        yield f"{chain.name}: versions go back: {_first_fall(versions)}"
        return
    if chain.start is None:
        yield from _check_beginning(truth, chain)
        return
    if chain.initial:
        yield from _check_initial(truth, chain, chain.start, chain.initial)
    yield from _check_events(truth, chain, chain.start, chain.changes)


def _check_beginning(truth: _Truth, chain: Chain) -> Iterator[str]:
    """A chain that does not say where its initial objects end: some place must make sense of it."""
    told = chain.changes
    counts = _counts(truth, chain.selection)
    for index in range(len(told) + 1):
        low = told[index - 1].item.version if index else truth.begin
        high = told[index].item.version if index < len(told) else None
        if index and told[index - 1].type != "ADDED":
            break
        for version, count in counts:
            if version < low or count != index or (high is not None and version >= high):
                continue
            attempt = Chain(chain.name, chain.selection, version, told[:index], told[index:])
            if not [
                *_check_initial(truth, attempt, version, attempt.initial),
                *_check_events(truth, attempt, version, attempt.changes),
            ]:
                return
    yield f"{chain.name}: what it told of {_shown(chain.selection)} fits no version at which it can have begun"


def _counts(truth: _Truth, selection: Selection) -> list[tuple[int, int]]:
    """How many objects are selected, as of each version."""
    state = {place: item for place, item in truth.base.items() if selection.takes(place, item)}
    counts = [(truth.begin, len(state))]
    for version, changes in groupby(truth.log, key=lambda change: change.item.version):
        for change in changes:
            state.pop(change.place, None)
            if change.type != "DELETED" and selection.takes(change.place, change.item):
                state[change.place] = change.item
        counts.append((version, len(state)))
    return counts


def _check_initial(truth: _Truth, chain: Chain, start: int, initial: Sequence[Change]) -> Iterator[str]:
    of = f"{chain.name}: began at {start}"
    if len({change.place for change in initial}) != len(initial) or any(each.type != "ADDED" for each in initial):
        yield f"{of}: not every object was ADDED once"
    state = truth.state(start)
    wanted = {place: item for place, item in state.items() if chain.selection.takes(place, item)}
    yield from _differences(of, wanted, {change.place: change.item for change in initial})


def _check_events(truth: _Truth, chain: Chain, start: int, told: Sequence[Change]) -> Iterator[str]:
    last = max([start, *(change.item.version for change in told[-1:]), *chain.bookmarks])
    complete = max(chain.bookmarks, default=0) >= last  # else the last version may be cut off amid its changes
    expected = _by_version(each for each in truth.expected(chain.selection, start) if each.item.version <= last)
    found = _by_version(told)
    breaches = 0
    for version in sorted({*expected, *found}):
        wanted, seen = expected.get(version, []), found.get(version, [])
        missing = [each for each in wanted if each not in seen]
        strange = [each for each in seen if each not in wanted]
        if len(set(seen)) != len(seen):
            yield f"{chain.name}: told twice of {version}"
            breaches += 1
        for each in strange:
            yield f"{chain.name}: told of {_told(each)}, which did not happen so"
            breaches += 1
        if missing and (version < last or complete):
            yield f"{chain.name}: a gap: was not told of {_told(missing[0])}"
            breaches += 1
        if breaches >= _SHOWN:
            return


def _by_version(changes: Iterable[Change]) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.item.version].append(change)
    return found


def _first_fall(versions: Sequence[int]) -> str:
    return next(f"{one}, then {two}" for one, two in pairwise(versions) if two < one)


def _named(place: Place) -> str:
    return "/".join(place)


def _told(change: Change) -> str:
    item = change.item
    return f"{change.type} {_named(change.place)} at {item.version} ({item.uid} {item.token} {item.label})"


def _shown(selection: Selection) -> str:
    narrowed = [f"{name}={value}" for name, value in (("label", selection.label), ("name", selection.name)) if value]
    return " ".join([",".join(sorted(selection.kinds)), *narrowed])
