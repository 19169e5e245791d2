"""The server on its three doors: a real TLS handshake, real sockets, and what each of them lets through."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from fizz.apiserver import app
from fizz.apiserver.app import Config, ListenError
from fizz.client.api import Client, Forbidden, Unauthorized, Unavailable
from fizz.client.cli.tokens import make_token
from fizz.schemas.core import ConfigMap, Namespace, Secret
from fizz.schemas.meta import ObjectMeta
from tests.apiserver.rest.webhook_kit import BASE, JSON, configuration, hooking, reviewed
from tests.e2e.harness import free_port


class Running:
    """A server in this loop, with where it answers."""

    stop: asyncio.Event
    serving: asyncio.Task[None]

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.plain_port = folder, free_port(), free_port()
        self.socket, self.ca = f"unix://{folder / 'fizz.sock'}", folder / "tls" / "ca.crt"
        self.tls, self.plain = f"https://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.plain_port}"
        self.config = Config(
            store=folder / "store",
            socket=folder / "fizz.sock",
            listen=("127.0.0.1", self.port),
            listen_plain=("127.0.0.1", self.plain_port),
            tls=folder / "tls",
            keys=folder / "keys",
            shutdown_seconds=1.0,
        )

    def client(self, endpoint: str, token: str | None = None) -> Client:
        return Client(endpoint, token=token, ca=self.ca, retry_for=0)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    server = Running(tmp_path)
    ready, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(app.serve(server.config, ready.set, stop))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    server.stop, server.serving = stop, serving
    yield server
    waiting.cancel()
    stop.set()
    await serving


async def test_each_door_lets_in_whom_it_should(running: Running) -> None:
    async with running.client(running.socket) as root, running.client(running.plain) as local:
        assert {each.name for each in (await root.list(Namespace)).items} == {"default", "fizz-system"}
        assert (await local.list(Namespace)).items
        admin = await make_token(root, "admin", ["system:masters"], 600)
        narrow = await make_token(root, "jane", [], 600)
        deleted = await make_token(root, "gone", ["system:masters"], 600)
        await root.delete(Secret, f"token-{deleted.split('_')[1]}", "fizz-system")
    async with running.client(running.tls, admin) as client:
        made = await client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="default"), data={"k": "v"}))
        assert made.data == {"k": "v"}
    for token, refused in ((None, Forbidden), (narrow, Forbidden), (deleted, Unauthorized), ("x", Unauthorized)):
        async with running.client(running.tls, token) as client:
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                with pytest.raises(refused):
                    await client.raw(method, "/api/v1/namespaces/default/configmaps/a", body={})
            with pytest.raises(refused):
                await anext(aiter(client.watch(ConfigMap, "default")))
    async with running.client(running.socket, narrow) as client:
        with pytest.raises(Forbidden):  # a token counts at the socket, too, for who wants to be less
            await client.list(ConfigMap, "default")


async def test_health_needs_no_token_and_an_unknown_authority_is_not_believed(running: Running) -> None:
    trusting = ssl.create_default_context(cafile=running.ca)
    async with aiohttp.ClientSession() as session:
        for path in ("/livez", "/readyz", "/healthz", "/version"):
            async with session.get(running.tls + path, ssl=trusting) as answer:
                assert answer.status == 200
        async with session.get(running.tls + "/api", ssl=trusting) as answer:
            assert answer.status == 403
    async with Client(running.tls, retry_for=0) as client:
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            await client.list(Namespace)


async def test_a_silent_connection_and_plain_text_harm_nobody_at_the_tls_port(running: Running) -> None:
    silent_reader, silent = await asyncio.open_connection("127.0.0.1", running.port)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n")
    said = await reader.read()
    assert b"200" not in said
    async with running.client(running.tls) as client:
        assert await client.raw("GET", "/version")
    for each in (silent, writer):
        each.close()
    assert await silent_reader.read() == b""


async def test_what_is_on_the_disk_is_the_servers_alone(running: Running) -> None:
    async with running.client(running.socket) as root:
        token = await make_token(root, "admin", ["system:masters"], 600)
        path = "/api/v1/namespaces/default/serviceaccounts"
        await root.raw("POST", path, body={"metadata": {"name": "ci"}})
        account = (await root.raw("POST", f"{path}/ci/token", body={}))["status"]["token"]
    half = token.rpartition("_")[2].encode()
    for file in running.folder.rglob("*"):
        if file.is_file():
            assert half not in file.read_bytes(), file
            assert account.encode() not in file.read_bytes(), file
            assert not file.stat().st_mode & 0o077, file
        elif file.is_dir():
            assert not file.stat().st_mode & 0o077, file


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
async def test_a_plain_port_is_for_this_machine_alone(tmp_path: Path, host: str) -> None:
    config = Config(store=tmp_path / "store", socket=tmp_path / "fizz.sock", listen_plain=(host, 1))
    with pytest.raises(ListenError, match="loopback"):
        await app.serve(config, stop=asyncio.Event())


async def test_broken_certificates_stop_the_start_and_say_where_they_are(tmp_path: Path) -> None:
    server = Running(tmp_path)
    server.ca.parent.mkdir()
    server.ca.write_text("rubbish")
    with pytest.raises(ListenError, match=str(server.ca.parent)):
        await app.serve(server.config, stop=asyncio.Event())


async def test_a_second_server_is_refused_and_leaves_the_first_its_socket(running: Running, tmp_path: Path) -> None:
    config = Config(store=tmp_path / "another", socket=running.config.socket)

    with pytest.raises(ListenError, match=r"already answers at .*FIZZ_SOCKET"):
        await app.serve(config, stop=asyncio.Event())

    async with running.client(running.socket) as client:
        assert (await client.list(Namespace)).items


async def test_a_write_that_a_webhook_holds_up_does_not_hold_up_the_end(running: Running) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def answer(review: JSON) -> web.StreamResponse:
        asked.set()
        await never.wait()
        return reviewed(review)

    async with hooking() as hook, running.client(running.socket) as root:
        hook.answer = answer
        config = configuration("ValidatingWebhookConfiguration", "x", {"clientConfig": hook.client()})
        await root.raw("POST", f"{BASE}/validatingwebhookconfigurations", body=config)
        body = {"metadata": {"name": "late"}}
        writing = asyncio.create_task(root.raw("POST", "/api/v1/namespaces/default/configmaps", body=body))
        await asked.wait()
        running.stop.set()
        with pytest.raises(Unavailable, match="shutting down"):
            await writing
        await asyncio.wait_for(running.serving, 5)
        never.set()
