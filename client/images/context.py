"""The context of a build as a tar file, made while it is sent: one file is open at a time, and a chunk in memory.

Files belong to root, as docker has it, so that the same folder gives the same image whoever builds it. Symbolic links
stay links, sockets are left out. A folder that is left out is there all the same if something in it is not.
"""

import asyncio
import os
import stat
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from fizz.client.images.ignore import Ignore

__all__ = ["ContextError", "entries", "member", "pack"]

_CHUNK: Final = 256 * 1024
_RECORD: Final = 2 * tarfile.BLOCKSIZE
"""Zeros that end a tar file."""


class ContextError(Exception):
    """The folder cannot be read; the message names what, and why."""


async def pack(folder: Path, ignore: Ignore) -> AsyncIterator[bytes]:
    """The folder as a tar file, without what is ignored. Raises `ContextError`."""
    chunks = _chunks(folder, ignore)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk


def entries(folder: Path, ignore: Ignore) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What belongs to the context, by its path in it: folders before what is in them. Raises `ContextError`."""
    return _below(folder, "", ignore, [])


def _below(
    folder: Path, inside: str, ignore: Ignore, pending: list[tuple[str, os.DirEntry[str]]]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """`pending` are ignored folders on the way here: they are there once something in them is."""
    try:
        with os.scandir(folder / inside) as found:
            listed = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise ContextError(f"{folder / inside}: {error.strerror}") from error
    for entry in listed:
        path = f"{inside}/{entry.name}" if inside else entry.name
        ignored, is_folder = ignore(path), entry.is_dir(follow_symlinks=False)
        if not ignored:
            yield from pending
            pending.clear()
            yield path, entry
        if is_folder and (not ignored or ignore.has_exceptions):
            if ignored:
                pending.append((path, entry))
            yield from _below(folder, path, ignore, pending)
            if ignored and pending and pending[-1][0] == path:
                pending.pop()


def _chunks(folder: Path, ignore: Ignore) -> Iterator[bytes]:
    buffer = bytearray()  # small files go together
    for path, entry in entries(folder, ignore):
        try:
            for piece in member(path, Path(entry.path)):
                buffer += piece
                if len(buffer) >= _CHUNK:
                    yield bytes(buffer)
                    buffer.clear()
        except OSError as error:
            raise ContextError(f"{folder / path}: {error.strerror}; .dockerignore can leave it out") from error
    yield bytes(buffer) + bytes(_RECORD)


def member(name: str, path: Path) -> Iterator[bytes]:
    """One member of a tar file, in pieces; nothing for what has no place in an image. Raises `OSError`."""
    status = path.lstat()
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
    if stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            entry.size = os.fstat(file.fileno()).st_size
            yield _header(entry)
            left = entry.size
            while left:
                data = file.read(min(_CHUNK, left))
                if not data:
                    raise ContextError(f"{path}: it became shorter while it was read; try again")
                left -= len(data)
                yield data
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
        return
    if stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif stat.S_ISFIFO(status.st_mode):
        entry.type = tarfile.FIFOTYPE
    else:
        return  # sockets and devices mean nothing in an image
    yield _header(entry)


def _header(entry: tarfile.TarInfo) -> bytes:
    return entry.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")
