"""One server for one data folder: a lock that its supervisor holds as long as it lives, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self

__all__ = ["ServerLock"]


class ServerLock:
    """The lock of a data folder. The file in it holds the process id of the server that has it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "server.lock"
        self._file: int | None = None

    def take(self) -> bool:
        """Take the lock if nobody has it. Whether it is ours now."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return True

    def holder(self) -> str:
        """The process id in the file; a question mark if there is none."""
        try:
            return self._path.read_text().strip() or "?"
        except OSError:
            return "?"

    def release(self) -> None:
        """Give the lock up. Safe to call twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
