"""Unix sockets that a process serves on: taken where nobody answers, and removed only by the one who made them.

A socket's file outlives a process that was killed, so a file alone says nothing: who wants the place asks whether
somebody answers there. And in the end, the file at that path may be another's, who found ours removed or silent: it is
told apart by its inode and the time of its making.
"""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["SocketTaken", "answers", "bound", "claim", "shares_network"]

_BACKLOG: Final = 2048
_PROBE_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 5.0
_NOBODY: Final = frozenset({errno.ECONNREFUSED, errno.ENOENT})


class SocketTaken(Exception):
    """Somebody answers at the path, or what is there is no socket; the message says which."""


def answers(path: Path) -> bool:
    """Whether somebody listens at the path. Who is too busy to answer, or does not let us in, counts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        return probe.connect_ex(str(path)) not in _NOBODY


@contextlib.contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Whether nobody else is about to serve at the path: of several who start in the same instant, one is told so, and
    holds it until the end, however that comes. A lock beside the socket, that its file only names.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


@contextlib.contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """A socket that listens at the path, for this user alone; closed and removed in the end.

    Raises `SocketTaken`, or `OSError` if the socket cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make_room(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        made = _identity(path)
        try:
            listener.listen(_BACKLOG)
            yield listener
        finally:
            if made is not None and _identity(path) == made:
                path.unlink(missing_ok=True)


def shares_network(path: Path) -> bool | None:
    """Whether who listens at the path lives in our network namespace; None if that cannot be told."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(path))
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid = struct.unpack("3i", credentials)[0]
        return Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink()
    except OSError:
        return None


def _make_room(path: Path) -> None:
    """Remove what a process left behind that was killed."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SocketTaken(f"{path} is there, and is no socket")
    if answers(path):
        raise SocketTaken(f"somebody already answers at {path}")
    path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns
