"""The one place that knows how a revision is made of a replica and a sequence.

A revision is a whole number of 53 bits, so that every JSON reader holds it exactly:

    bit  52 ........ 40 39 ................................ 0
         replica (13)   sequence (40)

    >>> encode(0, 3)
    3
    >>> encode(2, 3)
    2199023255555
    >>> decode(2199023255555)
    Parts(replica=2, sequence=3)

Replica 0 is the only one of a single node: its revisions are plain 1, 2, 3. In a cluster every replica counts for
itself, and a revision that another replica handed out is recognised instead of misread. The sequence begins at 1; 0 is
before everything. At 10,000 commits a second it lasts for three years and a half of nothing else.

The text of a revision is its decimal digits. Not in here: what revisions a store has (see `types`).
"""

import re
from typing import Final, NamedTuple

from fizz.apiserver.store.types import ForeignRevision, FutureRevision, Revision

__all__ = [
    "MAX_REPLICA",
    "MAX_SEQUENCE",
    "Parts",
    "check_reachable",
    "decode",
    "encode",
    "following",
    "parse",
    "preceding",
]

_SEQUENCE_BITS: Final = 40
_REPLICA_BITS: Final = 13
MAX_SEQUENCE: Final = (1 << _SEQUENCE_BITS) - 1
MAX_REPLICA: Final = (1 << _REPLICA_BITS) - 1
_MAX_REVISION: Final = (1 << (_SEQUENCE_BITS + _REPLICA_BITS)) - 1
_TEXT: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class Parts(NamedTuple):
    """What a revision is made of."""

    replica: int
    sequence: int


def encode(replica: int, sequence: int) -> Revision:
    """The revision of a replica's `sequence`-th commit. Raises ValueError where a part is out of range."""
    if not 0 <= replica <= MAX_REPLICA:
        raise ValueError(f"replica {replica} is not in 0..{MAX_REPLICA}")
    if not 0 <= sequence <= MAX_SEQUENCE:
        raise ValueError(f"sequence {sequence} is not in 0..{MAX_SEQUENCE}")
    return replica << _SEQUENCE_BITS | sequence


def decode(revision: Revision) -> Parts:
    """The parts of a revision. Raises ValueError for a number that cannot be one."""
    if not 0 <= revision <= _MAX_REVISION:
        raise ValueError(f"{revision} is not a revision: it is not in 0..{_MAX_REVISION}")
    return Parts(revision >> _SEQUENCE_BITS, revision & MAX_SEQUENCE)


def parse(text: str) -> Revision:
    """Read a revision as clients send it. Raises ValueError for anything but plain decimal digits in range."""
    if not _TEXT.fullmatch(text) or int(text) > _MAX_REVISION:
        raise ValueError(f"{text[:40]!r} is not a resource version: it is a decimal number up to {_MAX_REVISION}")
    return int(text)


def following(revision: Revision) -> Revision:
    """The next revision of the same replica. Raises OverflowError when its sequence is used up."""
    if revision & MAX_SEQUENCE == MAX_SEQUENCE:
        raise OverflowError(f"replica {revision >> _SEQUENCE_BITS} has no revisions left")
    return revision + 1


def preceding(revision: Revision) -> Revision:
    """The revision right before this one, of the same replica (or 0-th, which is before all of its revisions)."""
    return revision - 1


def check_reachable(asked: Revision, current: Revision, replica: int) -> None:
    """See that a store at `current` can ever have been at `asked`. 0 is in every store's past.

    Raises `ForeignRevision` or `FutureRevision`, and ValueError for what is no revision at all.
    """
    if asked == 0:
        return
    origin = decode(asked).replica
    if origin != replica:
        raise ForeignRevision(f"revision {asked} was handed out by replica {origin}; this is replica {replica}")
    if asked > current:
        raise FutureRevision(asked, current)
