"""The data of a store as rows, out of one that may be in use and into one that is new.

A row is a table's name, a key and a value, all as they lie on disk (see `layout`): whoever reads them back need not
understand them, and data of an older layout is migrated like any other when it is opened (see `format`).

Reading needs no server and disturbs none: LMDB gives a process of its own the state of one commit, whatever is written
meanwhile.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import lmdb

from fizz.apiserver.store import layout, revision
from fizz.apiserver.store.environment import open_environment, translate
from fizz.apiserver.store.format import VERSION, Tables, Transaction, read_number, write_number
from fizz.apiserver.store.types import BadFormat, Revision, StoreError

__all__ = ["TABLES", "Dump", "Heading", "Row", "fill", "latest_revision", "reading"]

TABLES: Final = ("current", "expiry")
"""What stands now. The log is history, and `meta` is written anew."""
_BATCH: Final = 10_000
"""Rows of one transaction when a store is filled."""
_BUMP: Final = 1_000_000_000
"""How far revisions jump, so that none is handed out again that clients of the lost server may have seen: more than any
server commits between a backup and its loss. There is room for a thousand such jumps."""


class Heading(NamedTuple):
    """What data says of itself; `cluster` are 16 bytes."""

    format: int
    replica: int
    cluster: bytes
    revision: Revision


class Row(NamedTuple):
    """An entry of a table."""

    table: str
    key: bytes
    value: bytes


class Dump(NamedTuple):
    """A store as of one commit."""

    heading: Heading
    rows: Iterator[Row]


@contextmanager
def reading(path: Path) -> Iterator[Dump]:
    """What stands in the store in a directory. Raises `StoreError` if there is none, or it cannot be read."""
    if not (path / "data.mdb").exists():
        raise StoreError(f"{path} has no data: has a server ever run with this data folder?")
    try:
        with closing(lmdb.Environment(str(path), readonly=True, create=False, max_dbs=len(Tables._fields))) as env:
            names = {name: env.open_db(name.encode(), create=False) for name in Tables._fields}
            tables = Tables(**names)
            with env.begin() as txn:
                yield Dump(_heading(txn, tables), _rows(txn, tables))
    except lmdb.Error as error:
        raise translate(error, str(path)) from error


def latest_revision(path: Path) -> Revision:
    """The last revision that the store in a directory can have handed out; 0 if there is none."""
    if not (path / "data.mdb").exists():
        return 0
    with reading(path) as dump:
        return dump.heading.revision


def fill(path: Path, heading: Heading, rows: Iterable[Row], *, beyond: Revision = 0) -> Revision:
    """Make a store of these rows in a new directory, and return where it stands: beyond every revision that was handed
    out before, by the store that was dumped or by one at `beyond`. Positions of old watches are too old there.
    """
    if heading.format > VERSION:
        raise BadFormat(
            f"the data has format {heading.format}; this Fizz knows formats up to {VERSION}: use a newer Fizz"
        )
    environment = open_environment(path, replica=heading.replica)
    sequence = max(revision.decode(each).sequence for each in (heading.revision, beyond)) + _BUMP
    stands = revision.encode(heading.replica, sequence)
    try:
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                _put(environment.env, environment.tables, batch)
                batch = []
        _put(environment.env, environment.tables, batch)
        with environment.env.begin(write=True) as txn:
            for name in (layout.REVISION, layout.RESERVED, layout.COMPACTED):
                write_number(txn, environment.tables, name, stands)
            write_number(txn, environment.tables, layout.FORMAT, heading.format)
            txn.put(layout.CLUSTER, heading.cluster, db=environment.tables.meta)
        environment.env.sync(True)
    except lmdb.Error as error:
        raise translate(error, str(path)) from error
    finally:
        environment.close()
    return stands


def _put(env: lmdb.Environment, tables: Tables, rows: list[Row]) -> None:
    with env.begin(write=True) as txn:
        for table, key, value in rows:
            txn.put(key, value, db=getattr(tables, table))


def _heading(txn: Transaction, tables: Tables) -> Heading:
    cluster = txn.get(layout.CLUSTER, db=tables.meta)
    if cluster is None:
        raise BadFormat("the data names no cluster: it is damaged")
    numbers = {name: read_number(txn, tables, name) for name in (layout.REVISION, layout.RESERVED)}
    return Heading(
        format=read_number(txn, tables, layout.FORMAT),
        replica=read_number(txn, tables, layout.REPLICA),
        cluster=cluster,
        revision=max(numbers.values()),
    )


def _rows(txn: Transaction, tables: Tables) -> Iterator[Row]:
    for table in TABLES:
        for key, value in txn.cursor(getattr(tables, table)).iternext():
            yield Row(table, key, value)
