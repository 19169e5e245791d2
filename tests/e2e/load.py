"""A small load generator for HTTP: so many clients ask one request after the other, and each is accounted for.

    async with load("http://127.0.0.1:8080/", clients=8, keep_alive=True) as report:
        ...                     # scale, update, kill
    assert not report.failures, report

A request has failed if it got no complete answer with status 200. With keep-alive a server may close an idle connection
at the very moment at which the next request is sent; a client then asks again on a new connection, once, if not a byte
of an answer had come (RFC 9112, section 9.3.1), as browsers do. These are counted as `repeated`, and are no failures.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

__all__ = ["Report", "load"]

_PATIENCE: Final = 10.0  # seconds until a request without an answer has failed
_PAUSE: Final = 0.005  # seconds between requests of a client, which has 28,000 ports to ask from


@dataclass
class Report:
    """What happened. `answers` counts the bodies, `slowest` is in seconds. `begun` says of each failure when its
    request began, on the monotonic clock.
    """

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    repeated: int = 0
    slowest: float = 0.0

    @property
    def requests(self) -> int:
        return self.answers.total() + len(self.failures)

    def __str__(self) -> str:
        return (
            f"{self.requests} requests, {len(self.failures)} failed, {self.repeated} repeated, "
            f"slowest {self.slowest * 1000:.0f} ms; {Counter(self.failures).most_common(3)}"
        )


class _Stale(Exception):
    """The connection had ended before the request came."""


@dataclass
class _Client:
    host: str
    port: int
    path: str
    keep_alive: bool
    report: Report
    pause: float = _PAUSE
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                async with asyncio.timeout(_PATIENCE):
                    self.report.answers[await self._ask()] += 1
            except (OSError, TimeoutError, ValueError, EOFError) as problem:
                self.report.failures.append(f"{type(problem).__name__}: {problem}")
                self.report.begun.append(began)
                self._hang_up()
            self.report.slowest = max(self.report.slowest, time.monotonic() - began)
            await asyncio.sleep(self.pause)
        self._hang_up()

    async def _ask(self) -> str:
        if self.connection is not None:
            try:
                return await self._exchange(*self.connection, reused=True)
            except _Stale:
                self.report.repeated += 1
                self._hang_up()
        self.connection = await asyncio.open_connection(self.host, self.port)
        return await self._exchange(*self.connection, reused=False)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, reused: bool) -> str:
        how = "keep-alive" if self.keep_alive else "close"
        writer.write(f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: {how}\r\n\r\n".encode())
        try:
            first = await reader.readline()
        except ConnectionError:
            first = b""
        if not first:
            if reused:
                raise _Stale
            raise EOFError("the connection ended without an answer")
        if first.split()[1:2] != [b"200"]:
            raise ValueError(first.decode(errors="replace").strip())
        headers: dict[bytes, bytes] = {}
        while line := (await reader.readuntil(b"\n")).strip():
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip().lower()
        length = headers.get(b"content-length")
        body = await (reader.readexactly(int(length)) if length is not None else reader.read())
        if not self.keep_alive or length is None or headers.get(b"connection") == b"close":
            self._hang_up()
        return body.decode(errors="replace").strip()

    def _hang_up(self) -> None:
        if self.connection is not None:
            self.connection[1].close()
            self.connection = None


@asynccontextmanager
async def load(
    url: str, *, clients: int = 8, keep_alive: bool, pause: float = _PAUSE, into: Report | None = None
) -> AsyncIterator[Report]:
    """Send requests while the block runs. The report, a new one or `into`, is complete when it has ended."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    report, stop = into if into is not None else Report(), asyncio.Event()
    makers = [_Client(parts.hostname or "", parts.port or 80, path, keep_alive, report, pause) for _ in range(clients)]
    tasks = [asyncio.create_task(maker.run(stop)) for maker in makers]
    try:
        yield report
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
