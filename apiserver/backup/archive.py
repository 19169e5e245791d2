"""The file of a backup: a tar archive, compressed by gzip, so that anybody can look inside.

    fizz-backup.json       what it is: version of this form, when, by which Fizz, format, cluster, replica, revision
    rows/000000.cbor ...   the rows of the store (see `store.dump`), some thousands in each: [[table, key, value], ...]
    files/keys/...pem      files of the data folder
    sum.json               in the end: SHA-256 of all that goes before, and how many rows and files there are

What is cut off has no sum, what was damaged has another. A reader asks for the sum first (`verify`) and reads then.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any, Final

import cbor2

from fizz.apiserver.store.dump import TABLES, Heading, Row

__all__ = ["VERSION", "BadBackup", "Contents", "Manifest", "read_files", "read_rows", "verify", "write"]

VERSION: Final = 1
_MANIFEST: Final = "fizz-backup.json"
_SUM: Final = "sum.json"
_ROWS: Final = "rows/"
_FILES: Final = "files/"
_BLOCK_BYTES: Final = 4 << 20
_LEVEL: Final = 6


class BadBackup(Exception):
    """The file is no backup, or not all of one, or one of a newer Fizz; the message says which."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `created` is RFC 3339, `fizz` a version, `cluster` a UUID."""

    created: str
    fizz: str
    format: int
    replica: int
    cluster: str
    revision: int
    version: int = VERSION

    @property
    def heading(self) -> Heading:
        return Heading(self.format, self.replica, bytes.fromhex(self.cluster.replace("-", "")), self.revision)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a backup that is whole. `objects` are the rows of what stands, without those of expiry."""

    manifest: Manifest
    objects: int
    files: int


def write(output: IO[bytes], manifest: Manifest, rows: Iterable[Row], files: Iterable[tuple[str, bytes]]) -> Contents:
    """Write a backup; nothing is read back, so `output` may be a pipe."""
    found, objects, known = 0, 0, 0
    with (
        gzip.GzipFile(fileobj=output, mode="wb", compresslevel=_LEVEL, filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        adding = _Adding(archive)
        adding.add(_MANIFEST, json.dumps(asdict(manifest), indent=2).encode() + b"\n")
        for number, block in enumerate(_blocks(rows)):
            adding.add(f"{_ROWS}{number:06}.cbor", cbor2.dumps([list(row) for row in block]))
            found += len(block)
            objects += _objects(block)
        for name, content in files:
            adding.add(_FILES + name, content)
            known += 1
        total = {"sha256": adding.digest.hexdigest(), "rows": found, "files": known}
        adding.add(_SUM, json.dumps(total).encode() + b"\n")
    return Contents(manifest, objects, known)


def verify(source: IO[bytes]) -> Contents:
    """Read all of it, and see that it is whole. Raises `BadBackup`."""
    digest, rows, objects, files = hashlib.sha256(), 0, 0, 0
    manifest: Manifest | None = None
    whole: Contents | None = None
    for name, content in _members(source):
        if whole is not None:
            raise BadBackup("the backup is damaged: something follows its end")
        if manifest is None:
            manifest = _manifest(name, content)
        elif name == _SUM:
            found = {"sha256": digest.hexdigest(), "rows": rows, "files": files}
            if _load(content) != found:
                raise BadBackup("the backup is damaged: its content does not fit its sum")
            whole = Contents(manifest, objects, files)
            continue
        _digest(digest, name, content)
        block = _unpack(content) if name.startswith(_ROWS) else []
        rows, objects, files = rows + len(block), objects + _objects(block), files + name.startswith(_FILES)
    if whole is None:
        raise BadBackup("the backup is cut off: its end is missing")
    return whole


def read_rows(source: IO[bytes]) -> Iterator[Row]:
    """The rows of a backup that was found whole."""
    for name, content in _members(source):
        if name.startswith(_ROWS):
            yield from _unpack(content)


def read_files(source: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of a backup that was found whole, by their paths in the data folder."""
    for name, content in _members(source):
        if name.startswith(_FILES):
            yield name.removeprefix(_FILES), content


class _Adding:
    """Adds members, and sums them up."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.digest = hashlib.sha256()

    def add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o600
        self._archive.addfile(member, io.BytesIO(content))
        _digest(self.digest, name, content)


def _digest(digest: Any, name: str, content: bytes) -> None:
    digest.update(f"{name}\0{len(content)}\0".encode())
    digest.update(content)


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    size = 0
    for row in rows:
        block.append(row)
        size += len(row.key) + len(row.value)
        if size >= _BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _objects(block: Iterable[Row]) -> int:
    return sum(row.table == TABLES[0] for row in block)


def _members(source: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    source.seek(0)
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as archive:
                for member in archive:
                    content = archive.extractfile(member)
                    yield member.name, content.read() if content is not None else b""
            while packed.read(_BLOCK_BYTES):  # to the end, where gzip has a sum of its own
                pass
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        what = "cut off" if "end of" in str(error).lower() or isinstance(error, EOFError) else "damaged, or no backup"
        raise BadBackup(f"the backup is {what}: {error}") from error


def _manifest(name: str, content: bytes) -> Manifest:
    if name != _MANIFEST:
        raise BadBackup(f"this is no backup of Fizz: it begins with {name}")
    found = _load(content)
    version = found.get("version")
    if not isinstance(version, int) or version < 1:
        raise BadBackup("the backup does not say its version: it is damaged")
    if version > VERSION:
        raise BadBackup(f"the backup has version {version}; this Fizz knows versions up to {VERSION}: use a newer Fizz")
    try:
        return Manifest(**found)
    except TypeError as error:
        raise BadBackup(f"the backup does not say what it is: {error}") from error


def _load(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise BadBackup(f"the backup is damaged: {error}") from error
    if not isinstance(found, dict):
        raise BadBackup("the backup is damaged: it does not say what it is")
    return found


def _unpack(content: bytes) -> list[Row]:
    try:
        rows = cbor2.loads(content)
    except cbor2.CBORError as error:
        raise BadBackup(f"the backup is damaged: {error}") from error
    good = isinstance(rows, list) and all(isinstance(row, list) and len(row) == 3 and row[0] in TABLES for row in rows)
    if not good:
        raise BadBackup("the backup is damaged: there are rows of no table")
    return [Row(*row) for row in rows]
