"""Throws requests at an API server of its own, and says how it went.

Half of them are schemathesis', document by document (see hack/api_fuzz_hooks.py); the others are raw HTTP, sent over
the unix socket (see hack/raw_http.py). Fails if an answer is a fault of the server, carries a traceback, or does not
come, and if the server's log tells of a fault. What led there is shown, with the seed.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click
import httpx
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(Path(__file__).parents[1]))

from hack.raw_http import TIMEOUT, judge, requests

_ROOT: Final = Path(__file__).parents[1]
_DEFINITION: Final = _ROOT / "tests/e2e/charts/shop/crds/crontabs.yaml"
_SECONDS: Final = 10.0
_LEFT_OUT: Final = "admissionregistration"
"""Webhooks and policies that are made at random would make every later write fail, as they are meant to."""
_EXAMPLES: Final = 30  # schemathesis' inputs for one operation in one pass, at most


class Failed(Exception):
    """Something went wrong; the message says what."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    """An API server, and its address without TLS."""
    port = _free_port()
    environment = {**os.environ, "FIZZ_DATA_DIR": str(folder), "FIZZ_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "fizz", "apiserver", "--listen-plain", f"127.0.0.1:{port}"]
    address = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _until_it_answers(address, process)
        yield address
        if process.poll() is not None:
            raise Failed(f"the server ended with {process.returncode}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _until_it_answers(address: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        time.sleep(0.1)
    raise Failed("the server does not start")


def _by_documents(address: str, folder: Path, wanted: int, first: int) -> int:
    """Have schemathesis ask by all documents, in turns, until it has asked enough; how often it did."""
    asked, turn = 0, 0
    while asked < wanted:
        _define(address)
        documents = httpx.get(f"{address}/openapi/v3").json()["paths"]
        for name in [*sorted(path for path in documents if _LEFT_OUT not in path), "v2"]:
            _define(address)
            operations = _operations(address, name)
            examples = max(1, min(_EXAMPLES, (wanted - asked) // max(1, operations)))
            before, asked = asked, asked + _schemathesis(address, _url(name), folder, examples, first + turn)
            click.echo(f"  {name}: {asked - before} requests by {operations} operations")
            if asked >= wanted:
                break
        turn += 1
    return asked


def _define(address: str) -> None:
    """Have a custom kind; whoever deleted the one that was there did so as asked."""
    definitions = f"{address}/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    httpx.post(definitions, json=yaml.safe_load(_DEFINITION.read_text()))


def _url(name: str) -> str:
    return "/openapi/v2" if name == "v2" else f"/openapi/v3/{name}"


def _operations(address: str, name: str) -> int:
    paths = httpx.get(f"{address}{_url(name)}").json()["paths"]
    return sum(method in each for each in paths.values() for method in ("get", "post", "put", "patch", "delete"))


def _schemathesis(address: str, url: str, folder: Path, examples: int, number: int) -> int:
    """One run over one document; how many requests that were. Raises `Failed` with what it found."""
    count = folder / "count"
    count.unlink(missing_ok=True)
    command = [
        os.environ["SCHEMATHESIS"], "run", f"{address}{url}", "--url", address, "--checks", "is_sound",
        "--phases", "fuzzing", "--max-examples", str(examples), "--seed", str(number), "--no-color",
        "--request-timeout", str(_SECONDS), "--suppress-health-check", "all", "--warnings", "off",
        "--exclude-path-regex", _LEFT_OUT, "--generation-database", "none",
    ]  # fmt: skip
    environment = {**os.environ, "FIZZ_FUZZ_COUNT": str(count), "SCHEMATHESIS_HOOKS": "hack.api_fuzz_hooks"}
    environment["PYTHONPATH"] = str(_ROOT)
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}")
    return sum(map(int, count.read_text().split()))


def _raw(path: Path, wanted: int, first: int) -> None:
    """Send raw requests. Raises `Failed` with the first one whose answer is wrong, made as small as it can be."""

    @seed(first)
    @settings(
        max_examples=wanted, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    @given(requests())
    def ask(request: bytes) -> None:
        problem = judge(_answer(path, request))
        if problem:
            raise Failed(f"{request!r}\n{problem}")

    ask()


def _answer(path: Path, request: bytes) -> bytes:
    """All that comes back. A server may wait for the rest of what is not complete: it is told that there is none."""
    chunks: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(path))
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        except TimeoutError:
            return TIMEOUT
        except OSError:
            pass
    return b"".join(chunks)


def _faults(log: Path) -> list[str]:
    """Lines of the server's log that tell of a fault of its own."""
    signs = ('"level": "error"', '"level":"error"', "Traceback (most recent call last)")
    return [line for line in log.read_text(errors="replace").splitlines() if any(sign in line for sign in signs)]


@click.command(help=__doc__)
@click.option("--requests", "wanted", default=100_000, show_default=True, help="How many requests, in all.")
@click.option("--seed", "first", default=1, show_default=True, help="What generators begin with.")
@click.option("--only", type=click.Choice(["documents", "raw"]), help="One of the two.")
def main(wanted: int, first: int, only: str | None) -> None:
    """The command."""
    started = time.monotonic()
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="fizz-api-fuzz-") as name:
        folder = Path(name)
        try:
            with _server(folder) as address:
                share = wanted if only else wanted // 2
                if only != "documents":
                    _raw(folder / "fizz.sock", share, first)
                    counts["raw"] = share
                    click.echo(f"raw: {share} requests")
                if only != "raw":
                    counts["by documents"] = _by_documents(address, folder, share, first)
            faults = _faults(folder / "server.log")
            if faults:
                raise Failed("the server's log tells of faults:\n" + "\n".join(faults[:20]))
        except Failed as problem:
            click.echo("\n".join(_faults(folder / "server.log")[:5]), err=True)
            raise click.ClickException(f"seed {first}: {problem}") from problem
    click.echo(f"{_told(counts)}: no fault, in {time.monotonic() - started:.0f} s")


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} requests {name}" for name, count in counts.items())


if __name__ == "__main__":
    main()
