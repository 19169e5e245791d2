"""The part of the ingress that is a program: a listening socket for every published port, and what comes in there.

Nearly nothing does: the kernel redirects connections before they reach a socket. What does come is what NAT cannot do,
from an IPv6 client to a container without IPv6 and from ::1, and everything in the moment after somebody flushed the
kernel's rules. It is passed on byte by byte; the container then sees the host as its client.

The sockets do two more things. They hold the port: no other program can take it, and one that has it already makes the
bind fail, which is how a conflict is noticed. And they end with the process, so that nothing is held by nobody.
"""

import asyncio
import errno
import itertools
import socket
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import structlog

from fizz.controllers.network.ingress.holders import holder
from fizz.controllers.network.ingress.plan import Endpoint
from fizz.controllers.network.ingress.ports import Bind

__all__ = ["Listeners", "Proxy"]

_CHUNK: Final = 65536
_CONNECT_SECONDS: Final = 5.0
_UDP_IDLE_SECONDS: Final = 90.0
_UDP_FLOWS: Final = 1024
"""Clients of one UDP port at the same time; the one that was silent longest makes room."""
_BACKLOG: Final = 512

log: Final = structlog.get_logger()


@dataclass(slots=True)
class Proxy:
    """Where the connections to one port go, and how many there are to each address."""

    bind: Bind
    endpoints: tuple[Endpoint, ...] = ()
    open: dict[str, int] = field(default_factory=dict)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    def choose(self) -> list[Endpoint]:
        """All endpoints, the next in turn first; the others are for when it does not answer."""
        if not self.endpoints:
            return []
        start = next(self._turn) % len(self.endpoints)
        return [*self.endpoints[start:], *self.endpoints[:start]]

    def opened(self, address: str) -> None:
        self.open[address] = self.open.get(address, 0) + 1

    def closed(self, address: str) -> None:
        left = self.open.get(address, 0) - 1
        if left > 0:
            self.open[address] = left
        else:
            self.open.pop(address, None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a TCP connection on, until both sides have ended."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        try:
            for endpoint in self.choose():
                try:
                    async with asyncio.timeout(_CONNECT_SECONDS):
                        inner_reader, inner_writer = await asyncio.open_connection(endpoint.address, endpoint.port)
                except (OSError, TimeoutError):
                    continue
                self.opened(endpoint.address)
                try:
                    await _both(_copy(reader, inner_writer), _copy(inner_reader, writer))
                finally:
                    self.closed(endpoint.address)
                    inner_writer.close()
                return
            _reset(writer)
        finally:
            writer.close()


async def _both(*ways: Coroutine[Any, Any, None]) -> None:
    """Until both ways have ended, or one of them broke: then the other has no sense either."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """What comes from one side to the other; its end, too, so that half-closed connections stay what they are."""
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Let the client see a refusal and not an empty answer."""
    writer.transport.abort()


class _Datagrams(asyncio.DatagramProtocol):
    """One UDP port: each client has a flow of its own to an endpoint, until it is silent for a while."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._flows: dict[Any, _Flow] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        flow = self._flows.get(addr)
        if flow is None or flow.endpoint not in self._proxy.endpoints:
            if flow is not None:
                flow.close()
            chosen = self._proxy.choose()
            if not chosen or self._transport is None:
                return
            if len(self._flows) >= _UDP_FLOWS:
                next(iter(self._flows.values())).close()
            flow = _Flow(self, addr, chosen[0], self._transport)
        self._flows.pop(addr, None)
        self._flows[addr] = flow  # the last in the order of silence
        flow.send(data)

    def gone(self, client: Any, flow: "_Flow") -> None:
        if self._flows.get(client) is flow:
            del self._flows[client]

    def close(self) -> None:
        """Listen no more, and end all flows."""
        for flow in list(self._flows.values()):
            flow.close()
        if self._transport is not None:
            self._transport.close()


class _Flow(asyncio.DatagramProtocol):
    """What one client sends to one endpoint, and back."""

    def __init__(self, owner: _Datagrams, client: Any, endpoint: Endpoint, outside: asyncio.DatagramTransport) -> None:
        self.endpoint = endpoint
        self._owner, self._client, self._outside = owner, client, outside
        self._inside: asyncio.DatagramTransport | None = None
        self._waiting: list[bytes] = []
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(
            loop.create_datagram_endpoint(lambda: self, remote_addr=(endpoint.address, endpoint.port))
        )
        self._task.add_done_callback(self._connected)
        self._timer = loop.call_later(_UDP_IDLE_SECONDS, self.close)

    def _connected(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inside = cast("asyncio.DatagramTransport", transport)
        for data in self._waiting:
            self._inside.sendto(data)
        self._waiting.clear()

    def send(self, data: bytes) -> None:
        self._keep()
        if self._inside is None:
            self._waiting.append(data)
        else:
            self._inside.sendto(data)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._keep()
        self._outside.sendto(data, self._client)

    def error_received(self, exc: Exception) -> None:
        self.close()

    def _keep(self) -> None:
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_UDP_IDLE_SECONDS, self.close)

    def close(self) -> None:
        self._timer.cancel()
        self._task.cancel()
        if self._inside is not None:
            self._inside.close()
        self._owner.gone(self._client, self)


@dataclass(slots=True)
class _Listener:
    """A port that is held."""

    proxy: Proxy
    server: asyncio.Server | None = None
    datagrams: "_Datagrams | None" = None

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
        if self.datagrams is not None:
            self.datagrams.close()


class Listeners:
    """The ports that are held, by what they are bound to."""

    def __init__(self) -> None:
        self._listeners: dict[Bind, _Listener] = {}

    async def hold(self, binds: Sequence[Bind]) -> dict[Bind, str]:
        """Hold these ports. For those that cannot be held, why, as a sentence. Who holds a port on all addresses holds
        it on each.
        """
        wanted, refused = set(binds), dict[Bind, str]()
        for held in [each for each in self._listeners if each not in wanted]:
            if any(held.overlaps(bind) for bind in wanted):
                self._listeners.pop(held).close()
        for bind in sorted(wanted, key=lambda each: (not each.is_wildcard, each)):
            if any(bind == held or (held.is_wildcard and held.overlaps(bind)) for held in self._listeners):
                continue
            try:
                self._listeners[bind] = await _listen(bind)
            except OSError as error:
                refused[bind] = _explain(bind, error)
        return refused

    def keep_only(self, binds: frozenset[Bind]) -> None:
        """Give up all others."""
        for bind in [each for each in self._listeners if each not in binds]:
            self._listeners.pop(bind).close()

    def lead(self, routes: Mapping[Bind, tuple[Endpoint, ...]]) -> None:
        """From now on new connections go there."""
        for bind, listener in self._listeners.items():
            listener.proxy.endpoints = routes.get(bind, ())

    def has_connections(self, address: str) -> bool:
        """Whether a connection that is passed on to that address is open."""
        return any(address in listener.proxy.open for listener in self._listeners.values())

    async def close(self) -> None:
        """Give up everything, the connections that are passed on, too."""
        listeners = list(self._listeners.values())
        self.keep_only(frozenset())
        tasks = [task for listener in listeners for task in listener.proxy.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # asyncio closes what it was told to with the next turn


async def _listen(bind: Bind) -> _Listener:
    """Raises `OSError` if the port cannot be had."""
    proxy = Proxy(bind)
    family = socket.AF_INET6 if ":" in bind.address else socket.AF_INET
    kind = socket.SOCK_STREAM if bind.protocol == "tcp" else socket.SOCK_DGRAM
    made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            # with it the remains of old connections are no obstacle; who listens is one all the same
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((bind.address, bind.port))
        if kind == socket.SOCK_STREAM:
            return _Listener(proxy, server=await asyncio.start_server(proxy.serve, sock=made, backlog=_BACKLOG))
        loop = asyncio.get_running_loop()
        _, datagrams = await loop.create_datagram_endpoint(lambda: _Datagrams(proxy), sock=made)
        return _Listener(proxy, datagrams=datagrams)
    except BaseException:
        made.close()
        raise


def _explain(bind: Bind, error: OSError) -> str:
    where = f"port {bind} of the host"
    if error.errno == errno.EADDRINUSE:
        who = holder(bind)
        return f"{where} is taken by {who}" if who else f"{where} is taken by another process"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"the host has no address {bind.address} to publish port {bind} on"
    return f"{where} cannot be had on {bind.address}: {error.strerror or error}"
