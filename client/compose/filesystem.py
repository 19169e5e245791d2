"""The files that loading a project reads: a Protocol of five members, the real thing, and one in memory for tests."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

__all__ = ["Filesystem", "LocalFilesystem", "MemoryFilesystem"]


class Filesystem(Protocol):
    """Where files come from. Paths are absolute."""

    @property
    def cwd(self) -> str:
        """The folder that the user is in."""

    def read(self, path: str) -> bytes:
        """The content of a file. Raises `OSError`."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file (and it is no folder)."""

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder."""

    def stdin(self) -> bytes:
        """What comes in on standard input, for `-f -`."""


class LocalFilesystem:
    """The files of this machine."""

    @property
    def cwd(self) -> str:
        return os.getcwd()  # noqa: PTH109 # a string, as all paths here

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def exists(self, path: str) -> bool:
        return Path(path).is_file()

    def is_folder(self, path: str) -> bool:
        return Path(path).is_dir()

    def stdin(self) -> bytes:
        return sys.stdin.buffer.read()


class MemoryFilesystem:
    """Files given as a dict of absolute path to content."""

    def __init__(self, files: Mapping[str, str | bytes], *, cwd: str = "/project", stdin: bytes = b"") -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self._cwd = cwd
        self._stdin = stdin

    @property
    def cwd(self) -> str:
        return self._cwd

    def read(self, path: str) -> bytes:
        if path in self._files:
            return self._files[path]
        if self.is_folder(path):
            raise IsADirectoryError(21, "Is a directory", path)
        raise FileNotFoundError(2, "No such file or directory", path)

    def exists(self, path: str) -> bool:
        return path in self._files

    def is_folder(self, path: str) -> bool:
        return any(known.startswith(f"{path.rstrip('/')}/") for known in self._files)

    def stdin(self) -> bytes:
        return self._stdin
