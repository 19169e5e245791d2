"""Paths in compose files: relative ones start from a folder, `~` is the home folder. Text only; no file is touched."""

import posixpath
import re
from typing import Final

__all__ = [
    "absolute",
    "folder_of",
    "inside",
    "is_remote_context",
    "is_windows_path",
    "located",
    "name_of",
    "relative",
    "shown",
]

_WINDOWS: Final = re.compile(r"[a-zA-Z]:[\\/]|\\\\")
_REMOTE: Final = re.compile(r"github\.com/|git@[^/:]+:|(?:docker-image|oci-layout|service):")


def absolute(base: str, home: str, path: str) -> str:
    """The path made absolute and free of `.` and `..`. Windows paths and paths without a base stay as they are."""
    return path if base and is_windows_path(path) else _absolute(base, home, path)


def located(base: str, home: str, path: str, *, windows: bool = True) -> str:
    """The path as compose prints it: made absolute if it is relative, and otherwise as it was written. Where the file
    is read on this machine, what looks like a path of Windows is none.
    """
    if path.startswith("/"):
        return path
    return absolute(base, home, path) if windows else _absolute(base, home, path)


def _absolute(base: str, home: str, path: str) -> str:
    if not base:
        return path
    if path.startswith("~"):
        path = home + path[1:] if path[1:2] in {"", "/"} else posixpath.join(home, path[1:])
    return posixpath.normpath(posixpath.join(base, path))


def is_windows_path(path: str) -> bool:
    r"""Whether it is absolute on Windows: `C:\data`, `C:/data` or `\\server\share`."""
    return _WINDOWS.match(path) is not None


def is_remote_context(context: str) -> bool:
    """Whether a build context is fetched from elsewhere, as `https://...` and `git@host:...` are."""
    return "://" in context or _REMOTE.match(context) is not None


def folder_of(path: str) -> str:
    """The folder that a file is in."""
    return posixpath.dirname(path)


def name_of(path: str) -> str:
    """The last part of a path."""
    return posixpath.basename(path)


def inside(folder: str, name: str) -> str:
    """A file in a folder."""
    return posixpath.join(folder, name)


def relative(folder: str, start: str) -> str:
    """The folder as seen from another one."""
    return posixpath.relpath(folder, start)


def shown(path: str, folder: str) -> str:
    """The path as messages show it: relative if it lies in or below the folder."""
    if folder and path.startswith(folder.rstrip("/") + "/"):
        return path[len(folder.rstrip("/")) + 1 :]
    return path
