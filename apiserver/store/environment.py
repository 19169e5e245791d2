"""The files of a store, opened: one directory, one writer.

    data.mdb     the data (see `layout`), written by LMDB
    lock.mdb     LMDB's table of readers
    writer.lock  held as long as a process has the store open; names that process

The file is mapped into a huge range of addresses, of which only what is used costs anything, so it grows as needed
until the disk is full. With `max_bytes` it stops growing there. Commits are refused somewhat earlier, when what is in
use leaves less than `_reserve` bytes, because forgetting history takes some space before it gives any back.
"""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import lmdb

from fizz.apiserver.store.format import Standing, Tables, Transaction, prepare
from fizz.apiserver.store.types import BadFormat, Full, Locked, StoreError

__all__ = ["Environment", "held", "open_environment", "translate"]

_LARGEST_MAP: Final = 1 << 40
_SMALLEST_MAP: Final = 1 << 30
_LEAST_QUOTA: Final = 1 << 20

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""EIO belongs to them: it is also how LMDB reports a short write, which is how some disks are full."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An open LMDB environment, and where its data stood when it was opened."""

    env: lmdb.Environment
    tables: Tables
    standing: Standing
    path: Path
    quota: int | None
    lock: int

    def used_bytes(self, txn: Transaction) -> int:
        """How much of the file holds something, as `txn` sees it. Pages that wait to be used again do not count."""
        pages = 0
        for table in self.tables:
            stat = txn.stat(table)
            pages += stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
        return pages * self.env.stat()["psize"]

    def disk_bytes(self) -> int:
        return (self.path / "data.mdb").stat().st_blocks * 512

    def close(self) -> None:
        self.env.close()
        os.close(self.lock)


def open_environment(path: Path, *, max_bytes: int | None = None, replica: int = 0) -> Environment:
    """Open or make the store at a directory. Raises `Locked`, `BadFormat`, or `StoreError` where the system refuses."""
    if max_bytes is not None and max_bytes < _LEAST_QUOTA:
        raise ValueError(f"a store needs {_LEAST_QUOTA} bytes at least; max_bytes is {max_bytes}")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(path / "writer.lock")
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error}") from error
    try:
        env = _map(path, max_bytes)
        try:
            tables, standing = _prepare(env, replica)
        except BaseException:
            env.close()
            raise
    except BadFormat as error:
        os.close(lock)
        raise BadFormat(f"{path}: {error}") from error
    except lmdb.Error as error:
        os.close(lock)
        raise translate(error, str(path)) from error
    except BaseException:
        os.close(lock)
        raise
    quota = None if max_bytes is None else max_bytes - _reserve(max_bytes)
    return Environment(env, tables, standing, path, quota, lock)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Nobody opens the store in a directory meanwhile. Raises `Locked` if somebody has."""
    try:
        lock = _lock(path / "writer.lock")
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error}") from error
    try:
        yield
    finally:
        os.close(lock)


def translate(error: lmdb.Error, what: str) -> StoreError:
    """LMDB's error as one of ours."""
    if isinstance(error, (lmdb.MapFullError, lmdb.TxnFullError)) or error.code in _NO_SPACE:
        return Full(f"{what}: no space: {error}")
    if isinstance(error, (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.VersionMismatchError, lmdb.InvalidError)):
        return BadFormat(f"{what}: not readable: {error}")
    return StoreError(f"{what}: {error}")


def _reserve(max_bytes: int) -> int:
    return max(max_bytes // 16, 1 << 18)


def _lock(path: Path) -> int:
    """Hold the lock until the file is closed. Raises `Locked`."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(file, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(file)
        raise Locked(f"{path.parent} is in use by another server (process {holder}); stop that one first") from error
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    return file


def _map(path: Path, max_bytes: int | None) -> lmdb.Environment:
    """Map as many addresses as the system gives: a limit on them (`ulimit -v`) halves the map until it fits."""
    size = _LARGEST_MAP if max_bytes is None else max_bytes // mmap.PAGESIZE * mmap.PAGESIZE
    while True:
        try:
            return lmdb.Environment(str(path), map_size=size, max_dbs=len(Tables._fields), mode=0o700)
        except lmdb.MemoryError:
            if size < 2 * _SMALLEST_MAP or max_bytes is not None:
                raise
            size //= 2


def _prepare(env: lmdb.Environment, replica: int) -> tuple[Tables, Standing]:
    with env.begin(write=True) as txn:
        tables = Tables(*(env.open_db(name.encode(), txn=txn) for name in Tables._fields))
        return tables, prepare(txn, tables, replica=replica)
