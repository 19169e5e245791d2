"""The servers that rows measure, started for them and stopped after them: Fizz's API server, and etcd (Debian's)."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["etcd", "fizz"]

_SECONDS: Final = 30.0


@contextmanager
def fizz(folder: Path, *command: str) -> Iterator[tuple[str, int]]:
    """The address of an API server over plain HTTP, and its process; it may be run by another command of Fizz."""
    where = f"127.0.0.1:{_free_port()}"
    environment = {"FIZZ_DATA_DIR": str(folder / "data"), "FIZZ_SOCKET": str(folder / "fizz.sock")}
    arguments = ["fizz", *(command or ("apiserver",)), "--listen-plain", where]
    with _running(arguments, folder / "fizz.log", lambda: _answers(f"http://{where}/readyz"), environment) as pid:
        yield where, pid


@contextmanager
def etcd(folder: Path) -> Iterator[str]:
    """The address of an etcd of one member, whose gateway speaks JSON over HTTP."""
    where, peers = f"127.0.0.1:{_free_port()}", f"http://127.0.0.1:{_free_port()}"
    arguments = ["etcd", "--data-dir", str(folder / "etcd"), "--log-level", "error"]
    arguments += ["--listen-client-urls", f"http://{where}", "--advertise-client-urls", f"http://{where}"]
    arguments += ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]
    arguments += ["--initial-cluster", f"default={peers}"]
    with _running(arguments, folder / "etcd.log", lambda: _answers(f"http://{where}/health"), {}):
        yield where


@contextmanager
def _running(
    arguments: Sequence[str], log: Path, ready: Callable[[], bool], environment: dict[str, str]
) -> Iterator[int]:
    with (
        log.open("wb") as output,
        subprocess.Popen(arguments, stdout=output, stderr=output, env={**os.environ, **environment}) as process,
    ):
        try:
            end = time.monotonic() + _SECONDS
            while not ready():
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{arguments[0]} does not come up: {log.read_text()[-2000:]}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
