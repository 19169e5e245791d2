"""Files between this machine and containers, as tar files: what goes where, packing, and unpacking with care.

A path means what it means to `docker cp`:

| source | destination | becomes |
|---|---|---|
| `a/b` | an existing folder `d` | `d/b` |
| `a/b` | `d/c`, where nothing is | `d/c` |
| a file | an existing file | that file, replaced |
| `a/b/.` | an existing folder `d` | what is in `a/b`, in `d` |

An archive comes from whatever is in the container, so it is not trusted: a member is written only below the
destination, never through a symbolic link, and never as a device; what wants that is refused, and named.
"""

import asyncio
import io
import os
import posixpath
import queue
import stat
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from fizz.client.cli.failures import Failure

__all__ = ["DIRECTORY", "SYMLINK", "Feed", "local_place", "packed", "unpack"]

DIRECTORY: Final = 1 << 31
SYMLINK: Final = 1 << 27
"""Bits of a mode as Go writes it: `os.ModeDir`, `os.ModeSymlink`."""
_WAITING: Final = 16
"""Chunks that wait for the thread that reads them."""


class Feed(io.RawIOBase):
    """A file that is read in one thread and filled from another. `put(b"")` ends it."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._rest = b""
        self._ended = False

    def put(self, chunk: bytes) -> None:
        """Add to it; blocks while too much waits. What nobody reads any more is dropped."""
        while not self.closed:
            try:
                self._chunks.put(chunk, timeout=0.1)
            except queue.Full:
                continue
            return

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # as io.RawIOBase calls it
        while not self._rest and not self._ended:
            self._rest = self._chunks.get()
            self._ended = not self._rest
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def local_place(destination: str, name: str, *, is_folder: bool, contents: bool) -> Path:
    """Where something of that name goes that is copied here. Raises `Failure`."""
    place = Path(destination)
    if place.is_dir():
        return place if contents else place / name
    if place.exists():
        if is_folder:
            raise Failure(f"{destination}: a folder cannot replace a file")
        return place
    if destination.endswith("/") and not is_folder:
        raise Failure(f"{destination}: there is no such folder")
    if not place.absolute().parent.is_dir():
        raise Failure(f"{destination}: its folder is not there")
    return place


def unpack(source: Feed, place: Path, *, own: bool) -> None:
    """Write an archive's one root, and what is below it, as `place`. With `own`, files belong to whom it says, as far
    as one may. Raises `Failure` for what is not to be, `OSError`.
    """
    with source, tarfile.open(fileobj=cast("BinaryIO", source), mode="r|") as tar:
        root: str | None = None
        folders: list[tuple[Path, tarfile.TarInfo]] = []
        for member in tar:
            steps = _steps(member.name)
            root = steps[0] if root is None and steps else root
            if steps and steps[0] != root:
                raise Failure(f"the archive has {member.name!r} beside {root!r}; nothing more is written")
            target = place.joinpath(*steps[1:])
            _write(tar, member, target, place, root or "", own=own)
            if member.isdir():
                folders.append((target, member))
        for target, member in reversed(folders):  # a folder that may not be written to gets its mode in the end
            _finish(target, member, own=own)


def _steps(name: str) -> list[str]:
    """The parts of a member's name. Raises `Failure` if it leads out of the archive."""
    steps = [step for step in name.split("/") if step not in {"", "."}]
    if name.startswith("/") or ".." in steps:
        raise Failure(f"the archive has the path {name!r}, which leads out of it; nothing more is written")
    return steps


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, place: Path, root: str, *, own: bool) -> None:
    _forbid_links(target, place, member.name)
    if member.isdir():
        if not target.is_dir() or target.is_symlink():
            _remove(target)
            target.mkdir(mode=0o700)
        return
    if target.is_dir() and not target.is_symlink():
        raise Failure(f"{target}: a folder is in the place of a file")
    _remove(target)
    if member.issym():
        target.symlink_to(member.linkname)
    elif member.islnk():
        steps = _steps(member.linkname)
        if not steps or steps[0] != root:
            raise Failure(f"{member.name!r} is a link to {member.linkname!r}, which is not in the archive")
        other = place.joinpath(*steps[1:])
        _forbid_links(other, place, member.linkname)
        os.link(other, target, follow_symlinks=False)
    elif member.isreg():
        content = tar.extractfile(member)
        with target.open("xb") as file:
            while content is not None and (chunk := content.read(1 << 20)):
                file.write(chunk)
        _finish(target, member, own=own)
    else:
        raise Failure(f"{member.name!r} is a device or the like, which is not copied; nothing more is written")


def _forbid_links(target: Path, place: Path, name: str) -> None:
    """No folder on the way from `place` to the target may be a symbolic link: the archive may have put it there."""
    for above in target.parents:
        if above == place.parent:
            return
        if above.is_symlink():
            raise Failure(f"{name!r} would be written through the link {above}; nothing more is written")


def _remove(target: Path) -> None:
    if target.is_symlink() or target.exists():
        target.unlink()


def _finish(target: Path, member: tarfile.TarInfo, *, own: bool) -> None:
    """Owner, mode and time. Rights that let a program act for somebody else are kept only with its owner."""
    if own and os.geteuid() == 0:
        os.chown(target, member.uid, member.gid, follow_symlinks=False)
    target.chmod(stat.S_IMODE(member.mode) if own else member.mode & 0o1777)
    os.utime(target, (member.mtime, member.mtime))


async def packed(source: Path, name: str) -> AsyncIterator[bytes]:
    """A file or folder as an archive in which it has that name; `.` for what is in a folder. Raises `Failure`."""
    each = _pieces(source, name)
    try:
        while (piece := await asyncio.to_thread(next, each, None)) is not None:
            yield piece
    except OSError as problem:
        raise Failure(f"{problem.filename or source}: {problem.strerror}") from problem


def _pieces(source: Path, name: str) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(), mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, inside in _walk(source, name):
            member = tar.gettarinfo(path, inside)
            if member is None:  # a socket
                continue
            if member.islnk():  # what is linked twice is packed twice: each file stands for itself
                member.type, member.linkname, member.size = tarfile.REGTYPE, "", path.stat().st_size
            yield member.tobuf(tar.format, "utf-8", "surrogateescape")
            if member.isreg():
                yield from _content(path, member.size)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _walk(source: Path, name: str) -> Iterator[tuple[Path, str]]:
    yield source, name
    if source.is_dir() and not source.is_symlink():
        for each in sorted(source.iterdir()):
            yield from _walk(each, posixpath.join(name, each.name))


def _content(path: Path, size: int) -> Iterator[bytes]:
    left = size
    with path.open("rb") as file:
        while left and (chunk := file.read(min(left, 1 << 16))):
            left -= len(chunk)
            yield chunk
    yield bytes(left + -size % tarfile.BLOCKSIZE)  # it may have become shorter meanwhile
