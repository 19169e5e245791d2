"""One probe: a request, a connection or a command, within its time.

Requests and connections go from this host to the container's own address: the networks of an engine on this host can be
reached from it. Each has a connection of its own, as clients that come for the first time have.
"""

import asyncio
from typing import Final, Protocol

import aiohttp
import yarl

from fizz.controllers.node.engine import EngineError, EngineLost, Execution
from fizz.controllers.node.probing import Outcome
from fizz.schemas.execs import ExecRequest
from fizz.schemas.probes import HttpGet, Probe

__all__ = ["Executes", "ProbeCalls"]

_SHOWN: Final = 200
"""Characters of an answer or of a command's output that are repeated."""
_GOOD: Final = ("200-399",)
_NO_ADDRESS: Final = Outcome(False, "the container has no address in any network")


class Executes(Protocol):
    """What is needed of an engine."""

    async def execute(self, container: str, request: ExecRequest) -> Execution:
        """Run a command in a container and wait until it ends."""


class ProbeCalls:
    """Makes probes. `close` gives up what it holds."""

    def __init__(self, engine: Executes) -> None:
        self._engine = engine
        self._session: aiohttp.ClientSession | None = None

    async def make(self, probe: Probe, container: str, address: str) -> Outcome | None:
        """How it went; None if the engine was lost, which says nothing about the container."""
        seconds = float(probe.timeout_seconds)
        try:
            async with asyncio.timeout(seconds):
                if probe.http_get is not None:
                    return await self._http(probe.http_get, address) if address else _NO_ADDRESS
                if probe.tcp_socket is not None:
                    return await _connect(address, probe.tcp_socket.port) if address else _NO_ADDRESS
                return await self._execute(probe, container)
        except TimeoutError:
            return Outcome(False, f"no answer within {seconds:g} s")

    async def _http(self, request: HttpGet, address: str) -> Outcome:
        host = f"[{address}]" if ":" in address else address
        path = request.path if request.path.startswith("/") else f"/{request.path}"
        url = yarl.URL(f"{request.scheme.lower()}://{host}:{request.port}{path}", encoded=True)
        headers = {header.name: header.value for header in request.http_headers or []}
        try:
            async with self._client().get(url, headers=headers, allow_redirects=False, ssl=False) as answer:
                if any(_fits(answer.status, each) for each in request.expected_statuses or _GOOD):
                    return Outcome(True)
                said = (await answer.content.read(_SHOWN)).decode(errors="replace").strip()
        except (aiohttp.ClientError, OSError) as error:
            return Outcome(False, _reason(error))
        return Outcome(False, f"HTTP {answer.status}" + (f": {said}" if said else ""))

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                headers={"User-Agent": "fizz-probe"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def _execute(self, probe: Probe, container: str) -> Outcome | None:
        command = tuple(probe.exec.command) if probe.exec is not None else ()
        try:
            done = await self._engine.execute(container, ExecRequest(command))
        except EngineLost:
            return None
        except EngineError as error:
            return Outcome(False, str(error))
        if done.exit_code == 0:
            return Outcome(True)
        said = done.output.strip()[-_SHOWN:]
        return Outcome(False, f"exit code {done.exit_code}" + (f": {said}" if said else ""))

    async def close(self) -> None:
        """Give up the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _connect(address: str, port: int) -> Outcome:
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError as error:
        return Outcome(False, _reason(error))
    writer.close()
    return Outcome(True)


def _fits(status: int, expected: str) -> bool:
    first, _, last = expected.partition("-")
    return int(first) <= status <= int(last or first)


def _reason(error: Exception) -> str:
    """What went wrong, in the system's words where it is the system that says so."""
    strerror = getattr(error, "strerror", None)
    return str(strerror) if strerror else str(error) or type(error).__name__
