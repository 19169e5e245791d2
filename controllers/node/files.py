"""Secrets and ConfigMaps as files: on the host below the runtime directory, mounted one by one into the container.

    <runtime dir>/files/                0700, so that nobody else on the host gets near
      <Container's uid>/
        <hash of the target>            mode, uid and gid as the container shall see them

The runtime directory is usually in memory, so after a reboot the files are gone, and are written again before the
container is started. A file is changed in place, never replaced: a mount shows the file that was there when the
container started. So a running container sees a new content, as docker compose's users know it; environment variables
it cannot see change.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fizz.controllers.node.create_mounts import FileMount

__all__ = ["FileContent", "Files"]

_PRIVATE: Final = 0o700


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file as the container shall see it. `uid` and `gid` None leave the file to whom the agent runs as, which is
    root wherever it can be.
    """

    target: str
    content: bytes
    mode: int = 0o444
    uid: int | None = None
    gid: int | None = None


class Files:
    """The files of all containers, below `root`. All methods block, shortly."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def mounts(self, uid: str, targets: Iterable[str]) -> list[FileMount]:
        """Where the files of a Container are, whether they are written or not."""
        return [FileMount(str(self._path(uid, target)), target) for target in targets]

    def write(self, uid: str, files: Sequence[FileContent]) -> None:
        """Write what is missing or different. Raises `OSError`, as where an owner is wanted that only root can set."""
        if not files:
            return
        folder = self._root / uid
        for path in (self._root, folder):
            path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        for file in files:
            _write(self._path(uid, file.target), file)

    def remove(self, uid: str) -> None:
        """Remove the files of a Container. Removing what is not there is no error."""
        shutil.rmtree(self._root / uid, ignore_errors=True)

    def uids(self) -> list[str]:
        """The Containers that have files."""
        try:
            return sorted(path.name for path in self._root.iterdir())
        except FileNotFoundError:
            return []

    def _path(self, uid: str, target: str) -> Path:
        return self._root / uid / hashlib.sha256(target.encode()).hexdigest()[:16]


def _write(path: Path, file: FileContent) -> None:
    """Create the file closed to all but us, fill it, and only then open it to those who may read it."""
    if path.is_dir():  # an engine that mounts what is not there makes a folder of it
        path.rmdir()
    if not path.exists():
        path.touch(mode=0o600)
    if path.read_bytes() != file.content:
        if not os.access(path, os.W_OK):
            path.chmod(file.mode | 0o600)
        path.write_bytes(file.content)
    found = path.stat()
    uid = os.geteuid() if file.uid is None else file.uid
    gid = os.getegid() if file.gid is None else file.gid
    if (found.st_uid, found.st_gid) != (uid, gid):
        os.chown(path, uid, gid)
    if path.stat().st_mode & 0o7777 != file.mode:
        path.chmod(file.mode)
