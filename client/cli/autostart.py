"""Starting a server where none answers: in the background, with its log in the data folder."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from fizz.client.cli.failures import Failure
from fizz.client.cli.session import NoServer, check_server
from fizz.schemas.settings import Settings

__all__ = ["ensure_server", "start_server"]

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
        return start_server(settings)
    return ""


def start_server(settings: Settings) -> str:
    """Start a server that outlives this command, and wait until it answers. Says where its log is."""
    log = settings.data_dir / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "FIZZ_DATA_DIR": str(settings.data_dir),
        "FIZZ_SOCKET": str(settings.socket),
        "FIZZ_LOG_FORMAT": "json",
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fizz", "server"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            check_server(settings)
        except NoServer:
            time.sleep(_LOOK_SECONDS)
        else:
            return f"started a Fizz server (pid {process.pid}, log {log})"
    why = "it ended at once" if process.poll() is not None else f"it does not answer after {_START_SECONDS:g} s"
    raise Failure(
        f"could not start a Fizz server: {why}\n{_tail(log)}\nits log is {log}; try `fizz server` to see it run"
    )


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join(f"  {line}" for line in lines)
