"""Makes a backup of a data folder, whether a server runs on it or not.

The file appears under its name when it is whole and on the disk, and not before: whatever happens, there is no half of
one. Only its owner may read it, because it holds Secrets and keys.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from fizz import __version__
from fizz.apiserver.backup.archive import Contents, Manifest, write
from fizz.apiserver.store.dump import reading

__all__ = ["FILES", "Exists", "save", "save_to"]

FILES: Final = ("keys/service-accounts-*.pem", "tls/ca.crt", "tls/ca.key")
"""Files of the data folder that clients rely on: keys that signed tokens, and the authority that clients trust. The
server's own certificate is made anew, for the names of the machine that it then runs on."""


class Exists(Exception):
    """There is a file of that name, and it was not said that it may be replaced."""


def save(data: Path, target: Path, *, replace: bool = False) -> Contents:
    """Make the backup. Raises `Exists`, `StoreError`, or `OSError`."""
    if target.exists() and not replace:
        raise Exists(f"{target} exists already; choose another name, or replace it with --force")
    with _draft(target) as (output, draft):
        contents = save_to(data, output)
        output.flush()
        os.fsync(output.fileno())
        if replace:
            draft.replace(target)
        else:
            _link(draft, target)
        _sync_folder(target.parent)
    return contents


def save_to(data: Path, output: IO[bytes]) -> Contents:
    """Write the backup to a file or a pipe."""
    with reading(data / "store") as dump:
        heading = dump.heading
        manifest = Manifest(
            created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            fizz=__version__,
            format=heading.format,
            replica=heading.replica,
            cluster=str(UUID(bytes=heading.cluster)),
            revision=heading.revision,
        )
        return write(output, manifest, dump.rows, _files(data))


def _files(data: Path) -> Iterator[tuple[str, bytes]]:
    for pattern in FILES:
        for path in sorted(data.glob(pattern)):
            yield path.relative_to(data).as_posix(), path.read_bytes()


@contextmanager
def _draft(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb") as output:
            yield output, draft
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, target: Path) -> None:
    """Give it its name, unless somebody else was faster."""
    try:
        target.hardlink_to(draft)
    except FileExistsError as error:
        raise Exists(f"{target} exists already; choose another name, or replace it with --force") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
