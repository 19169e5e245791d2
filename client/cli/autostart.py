"""Starting a server where none answers: in the background, with its log in the data folder."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fizz.client.cli.failures import Failure
from fizz.client.cli.lock import ServerLock
from fizz.client.cli.session import NoServer, check_server
from fizz.schemas.settings import Settings

__all__ = ["ensure_server", "without_engine"]

_START_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_LOG_LINES: Final = 5


def ensure_server(settings: Settings) -> str:
    """Make sure that a server answers. What was done about it, as a sentence; empty if one did already."""
    try:
        check_server(settings)
    except NoServer:
        if settings.server != f"unix://{settings.socket}":
            raise  # it was named by URL: it is somewhere else, or somebody else's
    else:
        return ""
    lock = ServerLock(settings.data_dir)
    if not lock.take():  # its API server is being started again
        _wait(settings, lambda: not _is_free(lock))
        return ""
    lock.release()
    return _start(settings)


def without_engine(settings: Settings) -> str:
    """Why a server that this user starts here cannot run containers, as a warning; empty if nothing is known."""
    path = Path(settings.docker_host.removeprefix("unix://"))
    if not settings.docker_host.startswith("unix://") or not path.exists() or os.access(path, os.R_OK | os.W_OK):
        return ""
    return (
        f"warning: you may not use the Docker Engine at {path}, so no container can run; join its group "
        f"({_group(path)}) and log in again, or start Fizz as root"
    )


def _group(path: Path) -> str:
    try:
        return path.group()
    except (OSError, KeyError):
        return "docker"


def _is_free(lock: ServerLock) -> bool:
    taken = lock.take()
    lock.release()
    return taken


def _start(settings: Settings) -> str:
    """Start a server that outlives this command, and wait until it answers. Says where its log is."""
    log = settings.data_dir / "server.log"
    environment = {
        **os.environ,
        "FIZZ_DATA_DIR": str(settings.data_dir),
        "FIZZ_SOCKET": str(settings.socket),
        "FIZZ_LOG_FORMAT": "json",
    }
    log.touch(mode=0o600)
    log.chmod(0o600)  # an earlier version left it open to others
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fizz", "server"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    _wait(settings, lambda: process.poll() is None)
    warning = without_engine(settings)
    return f"started a Fizz server (pid {process.pid}, log {log}){warning and chr(10)}{warning}"


def _wait(settings: Settings, is_alive: Callable[[], bool]) -> None:
    """Until the server answers. Raises `Failure` with the end of its log if it is not alive, or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while is_alive():
        try:
            check_server(settings)
        except NoServer:
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK_SECONDS)
        else:
            return
    log = settings.data_dir / "server.log"
    raise Failure(f"the Fizz server does not answer:\n{_tail(log)}\nits log is {log}; `fizz server` shows it at work")


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return "  it has no log"
    return "\n".join(f"  {line}" for line in lines)
