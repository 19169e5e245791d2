"""Loads: wrk for requests, and watchers that count events. Both sides of a row get the same one.

wrk and the counting of a mark in bytes cost a small part of what either server spends, so the servers are measured and
not their load.
"""

import asyncio
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

__all__ = ["Request", "delivery", "latency", "post", "rate"]

_CONNECTIONS: Final = 32
_WRK_SECONDS: Final = 4
_PATIENCE: Final = 60.0
_PACE: Final = 0.02


@dataclass(frozen=True)
class Request:
    """A request: `body` may have `%s`, in whose place each one gets sixteen digits that no other has."""

    method: str
    path: str
    body: str = ""

    def raw(self, host: str, number: int = 0) -> bytes:
        """The bytes of it."""
        body = self.body.replace("%s", f"{number:016d}").encode()
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


_SCRIPT: Final = """
local number = {first}
local body = [[{body}]]
local headers = {{["Content-Type"] = "application/json"}}
function request()
  number = number + 1
  return wrk.format("{method}", "{path}", headers, (string.gsub(body, "%%s", string.format("%016d", number))))
end
"""


def rate(where: str, request: Request, folder: Path, connections: int = _CONNECTIONS) -> float:
    """Microseconds that one of many requests takes, over so many connections. Raises RuntimeError for a refusal."""
    script = folder / "load.lua"
    script.write_text(
        _SCRIPT.format(first=time.time_ns() // 1000, body=request.body, method=request.method, path=request.path)
    )
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{_WRK_SECONDS}",
        "--timeout",
        "20s",
        "-s",
        str(script),
        f"http://{where}",
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{where} did not take the load: {said}")
    return 1e6 / float(found[1])


def delivery(where: str, watch: Request, mark: bytes, write: Request, *, watchers: int, writes: int) -> float:
    """Microseconds from one event that reaches one watcher to the next, while one writer writes as fast as it can."""
    return asyncio.run(_delivery(where, watch, mark, write, watchers, writes))


async def _delivery(where: str, watch: Request, mark: bytes, write: Request, watchers: int, writes: int) -> float:
    async with asyncio.timeout(_PATIENCE):
        open_watches = await asyncio.gather(*(_Watch.open(where, watch, mark) for _ in range(watchers)))
        writer = await _Connection.open(where)
        begin = time.perf_counter()
        reading = [asyncio.create_task(each.count_to(writes)) for each in open_watches]
        for number in range(writes):
            await writer.ask(write.raw(where, time.time_ns() // 1000 + number))
        await asyncio.gather(*reading)
        spent = time.perf_counter() - begin
        for each in open_watches:
            each.close()
        writer.close()
        return spent * 1e6 / (watchers * writes)


def latency(where: str, watch: Request, mark: bytes, write: Request, *, writes: int) -> float:
    """Milliseconds from sending a write to its event at a watcher that has nothing else to do: the 99th percentile."""
    return asyncio.run(_latency(where, watch, mark, write, writes))


async def _latency(where: str, watch: Request, mark: bytes, write: Request, writes: int) -> float:
    times: list[float] = []
    async with asyncio.timeout(_PATIENCE):
        watching, writer = await _Watch.open(where, watch, mark), await _Connection.open(where)
        for number in range(writes):
            await asyncio.sleep(_PACE)
            begin = time.perf_counter()
            answered = asyncio.create_task(writer.ask(write.raw(where, time.time_ns() // 1000)))
            await watching.count_to(number + 1)
            times.append((time.perf_counter() - begin) * 1e3)
            await answered
        watching.close()
        writer.close()
    return quantiles(times, n=100)[98]


def post(where: str, requests: Sequence[Request]) -> None:
    """Send requests one after the other. Raises RuntimeError for a refusal."""

    async def send() -> None:
        connection = await _Connection.open(where)
        for request in requests:
            await connection.ask(request.raw(where))
        connection.close()

    asyncio.run(send())


class _Connection:
    """HTTP/1.1 over one connection, as far as these answers need it: a length, or chunks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, where: str) -> "_Connection":
        host, port = where.split(":")
        return cls(*await asyncio.open_connection(host, int(port), limit=1 << 20))

    async def ask(self, raw: bytes) -> None:
        """Send a request and read the answer. Raises RuntimeError unless that is a good one."""
        self._writer.write(raw)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length is not None:
            body = await self._reader.readexactly(int(length[1]))
        else:
            body = await self._reader.readuntil(b"0\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(f"refused: {head.decode()}{body[:500].decode()}")

    def close(self) -> None:
        self._writer.close()


class _Watch:
    """A stream in which each event has the mark once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: bytes) -> None:
        self._reader, self._writer, self._mark = reader, writer, mark
        self._seen = 0
        self._rest = b""

    @classmethod
    async def open(cls, where: str, watch: Request, mark: bytes) -> "_Watch":
        host, port = where.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(watch.raw(where))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"no watch: {head.decode()}")
        return cls(reader, writer, mark)

    async def count_to(self, events: int) -> None:
        """Wait until so many came since the beginning."""
        while self._seen < events:
            chunk = await self._reader.read(1 << 20)
            if not chunk:
                raise RuntimeError("the watch ended")
            text = self._rest + chunk
            self._seen += text.count(self._mark)
            self._rest = text[1 - len(self._mark) :]

    def close(self) -> None:
        self._writer.close()
