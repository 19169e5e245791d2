"""What the data on disk says of itself, and how older data becomes today's.

Every layout (see `layout`) has a number. Data with a lower one is migrated when it is opened, step by step and in one
transaction, so that it is either wholly of the new layout or untouched. Data with a higher one is refused: it was
written by a newer Fizz, which knows things about it that this one does not.

A new layout brings `VERSION + 1` and, in `MIGRATIONS`, the function that makes it out of the one before.
"""

import uuid
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import lmdb

from fizz.apiserver.store import layout, revision
from fizz.apiserver.store.types import BadFormat, Revision

__all__ = ["MIGRATIONS", "VERSION", "Standing", "Tables", "Transaction", "prepare", "read_number", "write_number"]

VERSION: Final = 1

Transaction: TypeAlias = "lmdb.Transaction[bytes]"
"""One that gives out bytes; in quotes, because only the type checker knows that there are others."""


class Tables(NamedTuple):
    """The databases in the environment, described in `layout`."""

    current: lmdb._Database
    log: lmdb._Database
    expiry: lmdb._Database
    meta: lmdb._Database


Migration = Callable[[Transaction, Tables], None]

MIGRATIONS: Final[dict[int, Migration]] = {}
"""From a version to the next. Format 1 is the first, so that there is nothing to migrate yet."""


class Standing(NamedTuple):
    """Where the data stood when it was last closed."""

    replica: int
    cluster: uuid.UUID
    revision: Revision
    reserved: Revision
    compacted: Revision


def prepare(txn: Transaction, tables: Tables, *, replica: int) -> Standing:
    """Make empty data today's, migrate older data, and say where it stands. Raises `BadFormat`.

    `replica` is for empty data; what is there keeps its own.
    """
    raw = txn.get(layout.FORMAT, db=tables.meta)
    if raw is None:
        _initialise(txn, tables, replica)
    elif (found := layout.unpack_number(raw)) != VERSION:
        _migrate(txn, tables, found)
    cluster = txn.get(layout.CLUSTER, db=tables.meta)
    if cluster is None:
        raise BadFormat("the data names no cluster: it is damaged")
    return Standing(
        replica=read_number(txn, tables, layout.REPLICA),
        cluster=uuid.UUID(bytes=cluster),
        revision=read_number(txn, tables, layout.REVISION),
        reserved=read_number(txn, tables, layout.RESERVED),
        compacted=read_number(txn, tables, layout.COMPACTED),
    )


def read_number(txn: Transaction, tables: Tables, name: bytes) -> int:
    raw = txn.get(name, db=tables.meta)
    if raw is None:
        raise BadFormat(f"the data does not say its {name.decode()}: it is damaged")
    return layout.unpack_number(raw)


def write_number(txn: Transaction, tables: Tables, name: bytes, number: int) -> None:
    txn.put(name, layout.pack_number(number), db=tables.meta)


def _initialise(txn: Transaction, tables: Tables, replica: int) -> None:
    if any(txn.stat(table)["entries"] for table in tables):
        raise BadFormat("the data does not say its format: it is damaged, or not Fizz's")
    beginning = revision.encode(replica, 0)
    write_number(txn, tables, layout.FORMAT, VERSION)
    write_number(txn, tables, layout.REPLICA, replica)
    write_number(txn, tables, layout.REVISION, beginning)
    write_number(txn, tables, layout.RESERVED, beginning)
    write_number(txn, tables, layout.COMPACTED, 0)
    txn.put(layout.CLUSTER, uuid.uuid4().bytes, db=tables.meta)


def _migrate(txn: Transaction, tables: Tables, found: int) -> None:
    if found > VERSION:
        raise BadFormat(f"the data has format {found}; this Fizz knows formats up to {VERSION}: use a newer Fizz")
    for version in range(found, VERSION):
        if version not in MIGRATIONS:
            raise BadFormat(f"the data has format {found}; this Fizz has format {VERSION} and cannot migrate {version}")
        MIGRATIONS[version](txn, tables)
    write_number(txn, tables, layout.FORMAT, VERSION)
