"""Wiring: the parts of the API server, put together in one place, and the process that serves them.

`build` makes an ASGI application over any store. `serve` runs it: it takes the sockets, opens the LMDB store, serves
until it is asked to stop, ends watches cleanly, lets requests finish, and closes the store.
"""

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from fizz.apiserver import errors
from fizz.apiserver.auth import loopback
from fizz.apiserver.config import Config
from fizz.apiserver.kinds.registry import Registry
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.service import Service, refusal
from fizz.apiserver.store.compaction import Compactor
from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import Store

__all__ = ["VOLATILE", "Config", "ListenError", "build", "serve"]

log = structlog.get_logger()

VOLATILE = ("/coordination.k8s.io/leases/",)
"""Kept in memory only: in other systems most of the store's growth is leases."""


class ListenError(Exception):
    """The server cannot take one of its sockets; the message says which and what to do."""


def build(store: Store, *, listen: str | None = None) -> Starlette:
    """The application over an open store. `listen` is the TCP address that it will be served on, to tell clients."""
    context = Context(store, Registry.builtin())
    service = Service(context, listen)
    app = Starlette(
        routes=service.routes(),
        middleware=[Middleware(_Guard)],
        exception_handlers=service.exception_handlers(),
    )
    app.state.service = service
    return app


async def serve(config: Config, ready: Callable[[], None] | None = None, stop: asyncio.Event | None = None) -> None:
    """Serve until `stop` is set; without one, until SIGTERM or SIGINT. `ready` is called when connections are taken.

    Raises `ListenError`, or `StoreError` if the data cannot be used.
    """
    store = await LmdbStore.open(config.store, volatile=VOLATILE, max_bytes=config.max_bytes)
    tasks = [asyncio.create_task(Compactor(store).run(), name="store-compactor")]
    try:
        address = f"{config.listen[0]}:{config.listen[1]}" if config.listen else None
        app = build(store, listen=address)
        service: Service = app.state.service
        await service.bootstrap()
        tasks.append(asyncio.create_task(service.definitions.run(), name="definitions"))
        tasks.append(asyncio.create_task(service.warm_up(), name="warm-up"))
        with _sockets(config) as sockets:
            server = _Server(
                uvicorn.Config(
                    app,
                    log_config=None,
                    access_log=False,
                    ws="none",
                    lifespan="off",
                    timeout_keep_alive=75,
                    timeout_graceful_shutdown=round(config.shutdown_seconds),
                )
            )
            if stop is None:
                stop = _signalled()
            stopping = asyncio.create_task(_stop_when(stop, server, service), name="server-stop")
            log.info("API server listens", socket=str(config.socket), tcp=address, revision=store.revision)
            if ready:
                ready()
            try:
                await server.serve(sockets=sockets)
            finally:
                stopping.cancel()
    finally:
        for task in tasks:
            task.cancel()
        await store.close()
        log.info("API server stopped")


class _Guard:
    """Lets requests over TCP pass only if they come from programs on this machine; see `auth.loopback`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client"):  # None over the unix socket
            try:
                loopback.check(scope["headers"])
            except errors.ApiError as problem:
                await refusal(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `serve`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _signalled() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _stop_when(stop: asyncio.Event, server: uvicorn.Server, service: Service) -> None:
    await stop.wait()
    service.end_streams()
    server.should_exit = True


@contextlib.contextmanager
def _sockets(config: Config) -> Iterator[list[socket.socket]]:
    sockets: list[socket.socket] = []
    try:
        sockets.append(_unix(config))
        if config.listen:
            sockets.append(_tcp(*config.listen))
        yield sockets
    finally:
        for each in sockets:
            each.close()
        with contextlib.suppress(OSError):
            config.socket.unlink()


def _unix(config: Config) -> socket.socket:
    path = config.socket
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and _answers(str(path)):
        raise ListenError(f"a server already answers at {path}; stop it first, or choose another with FIZZ_SOCKET")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as problem:
        raise ListenError(f"cannot listen at {path}: {problem.strerror or problem}") from problem
    finally:
        os.umask(mask)
    listener.listen(2048)
    return listener


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0


def _tcp(host: str, port: int) -> socket.socket:
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ListenError(f"cannot listen at {host}: without TLS only loopback addresses are served, as 127.0.0.1")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        raise ListenError(f"cannot listen at {host}:{port}: {problem.strerror or problem}") from problem
    listener.listen(2048)
    return listener
