"""The ingress's own sockets: they hold ports, and pass on what the kernel leaves to them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from fizz.client.testing import eventually
from fizz.controllers.network.ingress.plan import Endpoint
from fizz.controllers.network.ingress.ports import Bind
from fizz.controllers.network.ingress.proxy import Listeners

HERE = "127.0.0.1"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def holding(*binds: Bind) -> AsyncIterator[Listeners]:
    listeners = Listeners()
    try:
        assert await listeners.hold(binds) == {}
        yield listeners
    finally:
        await listeners.close()


@asynccontextmanager
async def backend(name: bytes) -> AsyncIterator[Endpoint]:
    """Answers its name and what it was sent, once the client has sent everything."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name + b":" + await reader.read())
        writer.close()

    server = await asyncio.start_server(answer, HERE, 0)
    try:
        yield Endpoint(HERE, server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def ask(port: int, text: bytes = b"hello") -> bytes:
    reader, writer = await asyncio.open_connection(HERE, port)
    writer.write(text)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_connections_go_round_and_half_closed_ones_are_answered() -> None:
    bind = Bind(HERE, free_port(), "tcp")
    async with backend(b"a") as one, backend(b"b") as two, holding(bind) as listeners:
        listeners.lead({bind: (one, two)})
        assert [await ask(bind.port) for _ in range(3)] == [b"a:hello", b"b:hello", b"a:hello"]
        await eventually(lambda: not listeners.has_connections(HERE))


async def test_an_endpoint_that_does_not_answer_is_passed_over() -> None:
    bind = Bind(HERE, free_port(), "tcp")
    async with backend(b"a") as one, holding(bind) as listeners:
        listeners.lead({bind: (Endpoint(HERE, free_port()), one)})
        assert await ask(bind.port) == b"a:hello"


async def test_without_endpoints_a_connection_is_reset() -> None:
    bind = Bind(HERE, free_port(), "tcp")
    async with holding(bind) as listeners:
        listeners.lead({})
        with pytest.raises(ConnectionResetError):
            await ask(bind.port)


async def test_an_open_connection_is_seen_and_outlives_a_change() -> None:
    bind = Bind(HERE, free_port(), "tcp")
    async with backend(b"a") as one, holding(bind) as listeners:
        listeners.lead({bind: (one,)})
        reader, writer = await asyncio.open_connection(HERE, bind.port)
        writer.write(b"first")
        await eventually(lambda: listeners.has_connections(HERE))
        listeners.lead({})
        writer.write_eof()
        assert await reader.read() == b"a:first"
        writer.close()


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(b"echo " + data, addr)


class Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answers: list[bytes] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.append(data)


async def test_datagrams_find_their_way_and_back() -> None:
    loop = asyncio.get_running_loop()
    bind = Bind(HERE, free_port(socket.SOCK_DGRAM), "udp")
    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=(HERE, 0))
    client, answers = await loop.create_datagram_endpoint(Client, remote_addr=(HERE, bind.port))
    async with holding(bind) as listeners:
        listeners.lead({bind: (Endpoint(HERE, server.get_extra_info("sockname")[1]),)})
        for text in (b"one", b"two"):
            client.sendto(text)
        await eventually(lambda: sorted(answers.answers) == [b"echo one", b"echo two"])
    client.close()
    server.close()


async def test_who_has_a_port_already_is_named() -> None:
    with socket.create_server((HERE, 0)) as server:
        bind = Bind(HERE, server.getsockname()[1], "tcp")
        refused = await Listeners().hold([bind])
    assert list(refused) == [bind]
    assert "is taken by" in refused[bind]
    assert "(pid " in refused[bind]


async def test_an_address_of_another_host_is_named() -> None:
    bind = Bind("192.0.2.200", 8080, "tcp")
    refused = await Listeners().hold([bind])
    assert refused[bind] == "the host has no address 192.0.2.200 to publish port 8080/tcp on"


async def test_what_is_held_is_nobody_elses_until_it_is_given_up() -> None:
    bind = Bind(HERE, free_port(), "tcp")
    async with holding(bind) as listeners:
        assert bind in await Listeners().hold([bind])
        listeners.keep_only(frozenset())
        await asyncio.sleep(0)
        socket.create_server((bind.address, bind.port)).close()


async def test_who_holds_all_addresses_holds_each_and_may_change_over() -> None:
    port = free_port()
    everywhere, one = Bind("0.0.0.0", port, "tcp"), Bind(HERE, port, "tcp")
    async with holding(everywhere) as listeners:
        assert await listeners.hold([everywhere, one]) == {}
        assert await listeners.hold([one]) == {}
        assert bool(await Listeners().hold([one]))
