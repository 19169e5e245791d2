"""Puts a backup in place of the data of a folder, so that at any moment there is either the old or the new.

    restoring/            what comes: store, keys, tls; made whole first
    restoring/ready       written and synced when it is: from here on the new one counts
    replaced-<moment>/    what was there; nothing of it is removed

A restore that is cut off before `ready` has changed nothing, and the next one begins anew. One that is cut off after it
is brought to its end by the next server that starts on the folder, or by the next restore: `finish` moves part by part,
and finds out by itself how far it came.

Revisions jump (see `store.dump`), so that a client that goes on with what it knows from before is told 410 or 409
instead of being answered from another history.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from fizz.apiserver.auth.keys import write_private
from fizz.apiserver.backup.archive import BadBackup, Contents, read_files, read_rows, verify
from fizz.apiserver.store.dump import fill, latest_revision
from fizz.apiserver.store.environment import held
from fizz.apiserver.store.types import StoreError

__all__ = ["NotEmpty", "finish", "restore"]

_COMING: Final = "restoring"
_READY: Final = "ready"
_PARTS: Final = ("keys", "tls", "store")
_FOLDERS: Final = ("keys", "tls")


class NotEmpty(Exception):
    """The folder has data already, and it was not said that it may be replaced."""


def restore(source: IO[bytes], data: Path, *, replace: bool = False) -> tuple[Contents, Path | None]:
    """Put the backup in place; what is in it, and where the old data is now, if there was any.

    Raises `BadBackup`, `NotEmpty`, `StoreError` (`Locked` if a server runs on the folder), or `OSError`.
    """
    contents = verify(source)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    finish(data)
    store = data / "store"
    if (store / "data.mdb").exists() and not replace:
        raise NotEmpty(f"{data} has data already; choose another folder, or replace it (it is kept aside) with --force")
    with held(store) if store.exists() else _nothing():
        coming = data / _COMING
        shutil.rmtree(coming, ignore_errors=True)
        coming.mkdir(mode=0o700)
        fill(coming / "store", contents.manifest.heading, read_rows(source), beyond=_latest(store))
        for name, content in read_files(source):
            path = _inside(coming, name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, content)
        aside = f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        write_private(coming / _READY, aside.encode())
        _sync(coming)
        finish(data)
    kept = data / aside
    return contents, kept if kept.exists() else None


def finish(data: Path) -> bool:
    """Bring a restore to its end that was cut off. Whether there was one."""
    coming = data / _COMING
    try:
        aside = data / (coming / _READY).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return False
    aside.mkdir(mode=0o700, exist_ok=True)
    for part in _PARTS:
        if not (coming / part).exists():
            continue  # it is in its place already, or there was none
        if (data / part).exists():
            (data / part).rename(aside / part)
        (coming / part).rename(data / part)
    _sync(data)
    (coming / _READY).unlink()
    shutil.rmtree(coming)
    if not any(aside.iterdir()):
        aside.rmdir()
    return True


def _latest(store: Path) -> int:
    """Where the data stands that is replaced. It may be what a restore is needed for, because it cannot be read."""
    try:
        return latest_revision(store)
    except StoreError:
        return 0


def _inside(folder: Path, name: str) -> Path:
    """Where a file of the backup goes: nowhere but into the folders that it may have files in."""
    parts = Path(name).parts
    if len(parts) != 2 or parts[0] not in _FOLDERS or parts[1] in {"..", "."}:
        raise BadBackup(f"the backup has a file that does not belong there: {name!r}")
    return folder.joinpath(*parts)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
