"""How a batch gets into the databases, inside a transaction that somebody else begins and commits.

`Present` is where the writer stands: what the numbers in `meta` say, and whether volatile keys were written since the
store was opened, because then revisions must be reserved ahead (see `volatile`).
"""

import time
from dataclasses import dataclass, replace
from typing import Final

import lmdb

from fizz.apiserver.store import layout
from fizz.apiserver.store.draft import Draft
from fizz.apiserver.store.format import Tables, Transaction, write_number
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.revision import following
from fizz.apiserver.store.types import Event, Revision
from fizz.apiserver.store.volatile import BLOCK

__all__ = ["Present", "forget", "leave", "look", "save"]

_LOOK_AT_CLOCK: Final = 32
"""Deletions between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Present:
    """Where the writer stands. Never changed, only replaced, when a transaction is on disk."""

    revision: Revision
    reserved: Revision
    compacted: Revision
    volatile_used: bool = False


def look(txn: Transaction, tables: Tables, key: str) -> Stored | None:
    raw = txn.get(key.encode(), db=tables.current)
    return None if raw is None else layout.unpack_current(raw)


def save(
    txn: Transaction, tables: Tables, draft: Draft, present: Present, volatile: tuple[str, ...]
) -> tuple[Present, bool]:
    """Write what a draft says about durable keys. False: there was nothing to write."""
    durable = [event for event in draft.events if not event.key.startswith(volatile)]
    for key, stored in draft.final.items():
        if not key.startswith(volatile):
            _put_current(txn, tables, key, draft.before[key], stored)
    for event in durable:
        _put_entry(txn, tables, event)
    if durable:
        write_number(txn, tables, layout.REVISION, draft.revision)
    volatile_used = present.volatile_used or len(durable) < len(draft.events)
    reserved = present.reserved
    if volatile_used and _must_reserve(reserved, draft.revision, writing=bool(durable)):
        reserved = draft.revision + BLOCK
        write_number(txn, tables, layout.RESERVED, reserved)
    written = bool(durable) or reserved != present.reserved
    return replace(present, revision=draft.revision, reserved=reserved, volatile_used=volatile_used), written


def leave(txn: Transaction, tables: Tables, present: Present) -> None:
    """Before the store is closed: reserve no more than one revision, which the vanishing of the volatile keys takes."""
    if present.volatile_used:
        write_number(txn, tables, layout.RESERVED, following(present.revision))


def forget(
    txn: Transaction, tables: Tables, present: Present, revision: Revision, *, limit: int, seconds: float
) -> tuple[Present, bool]:
    """Forget the log up to a revision, and delete some of what is forgotten, within the limits. True: there is more.

    What is left, even after a crash, is deleted by a later call.
    """
    present = replace(present, compacted=max(revision, present.compacted))
    write_number(txn, tables, layout.COMPACTED, present.compacted)
    until = time.monotonic() + seconds
    cursor = txn.cursor(tables.log)
    more = cursor.first() and _forgotten(cursor, present.compacted)
    for count in range(1, limit + 1):
        if not more:
            break
        cursor.delete()
        more = _forgotten(cursor, present.compacted)
        if count % _LOOK_AT_CLOCK == 0 and time.monotonic() >= until:
            break
    return present, more


def _must_reserve(reserved: Revision, revision: Revision, *, writing: bool) -> bool:
    """Nothing at or above `reserved` may be handed out; where one writes anyway, half a block is kept."""
    return reserved - revision < (BLOCK // 2 if writing else 1)


def _put_current(txn: Transaction, tables: Tables, key: str, before: Stored | None, stored: Stored | None) -> None:
    if before is not None and before.expires:
        txn.delete(layout.pack_expiry(before.expires, key), db=tables.expiry)
    if stored is None:
        txn.delete(key.encode(), db=tables.current)
        return
    txn.put(key.encode(), layout.pack_current(stored), db=tables.current)
    if stored.expires:
        txn.put(layout.pack_expiry(stored.expires, key), b"", db=tables.expiry)


def _put_entry(txn: Transaction, tables: Tables, event: Event) -> None:
    txn.put(layout.pack_position(event.position), layout.pack_entry(event), append=True, db=tables.log)


def _forgotten(cursor: "lmdb.Cursor[bytes]", compacted: Revision) -> bool:
    key = cursor.key()
    return bool(key) and layout.unpack_position(key)[0] <= compacted
