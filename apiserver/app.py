"""Wiring: the parts of the API server, put together in one place, and the process that serves them.

`build` makes an ASGI application over any store. `serve` runs it: it takes the sockets (see `listening`), opens the
LMDB store, serves until it is asked to stop, ends watches cleanly, lets requests finish, and closes the store.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

import structlog
import uvicorn

from fizz.apiserver import listening
from fizz.apiserver.auth.certificates import CertificateError, Certificates, names_of_this_machine
from fizz.apiserver.auth.keys import Keys
from fizz.apiserver.backup.restore import finish
from fizz.apiserver.config import Config
from fizz.apiserver.kinds.registry import Registry
from fizz.apiserver.listening import Listener, ListenError
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.front import Front
from fizz.apiserver.rest.gate import at_door
from fizz.apiserver.rest.service import Reached, Service
from fizz.apiserver.store.compaction import Compactor
from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import Store

__all__ = ["VOLATILE", "Config", "ListenError", "build", "serve"]

log = structlog.get_logger()

VOLATILE = ("/coordination.k8s.io/leases/",)
"""Kept in memory only: in other systems most of the store's growth is leases."""
_RENEWAL_SECONDS: Final = 3600.0
_LARGEST_MESSAGE: Final = 4 * 1024 * 1024
"""Bytes of one message of a WebSocket; clients send far smaller ones."""
_PING_SECONDS: Final = 20.0
"""How often a quiet WebSocket is kept alive, so that no router forgets it."""


def build(store: Store, *, keys: Keys | None = None, reached: Reached | None = None) -> Front:
    """The application over an open store. `keys` sign tokens; `reached` is how clients get here."""
    context = Context.over(store, Registry.builtin(), keys or Keys.ephemeral())
    return Front(context, Service(context, reached or Reached()))


async def serve(config: Config, ready: Callable[[], None] | None = None, stop: asyncio.Event | None = None) -> None:
    """Serve until `stop` is set; without one, until SIGTERM or SIGINT. `ready` is called when connections are taken.

    Raises `ListenError`, or `StoreError` if the data cannot be used.
    """
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    data = config.store.parent
    if finish(data):
        log.info("a restore that was cut off is done", data=str(data))
    certificates = _certificates(config)
    store = await LmdbStore.open(config.store, volatile=VOLATILE, max_bytes=config.max_bytes)
    tasks = [asyncio.create_task(Compactor(store, config.retention).run(), name="store-compactor")]
    service: Service | None = None
    try:
        app = build(store, keys=Keys(config.keys), reached=_reached(config, certificates))
        service = app.service
        await service.bootstrap()
        tasks.append(asyncio.create_task(service.definitions.run(), name="definitions"))
        tasks.append(asyncio.create_task(service.warm_up(), name="warm-up"))
        if certificates:
            tasks.append(asyncio.create_task(_keep_valid(certificates), name="certificates"))
        with listening.listeners(config, certificates) as found:
            servers = [_server(app, listener, config) for listener in found]
            if stop is None:
                stop = _signalled()
            stopping = asyncio.create_task(_stop_when(stop, servers, service), name="server-stop")
            where = {each.door.name.lower(): each.where for each in found}
            log.info("API server listens", **where, revision=store.revision)
            if ready:
                ready()
            try:
                async with asyncio.TaskGroup() as group:
                    for server, listener in zip(servers, found, strict=True):
                        group.create_task(server.serve(sockets=[listener.socket]), name=f"serve-{listener.door.name}")
            finally:
                stopping.cancel()
    finally:
        for task in tasks:
            task.cancel()
        if service is not None:
            await service.close()
        await store.close()
        log.info("API server stopped")


def _certificates(config: Config) -> Certificates | None:
    if config.listen is None:
        return None
    if config.tls is None:
        raise ListenError("a TLS port needs a folder for its certificates")
    names = names_of_this_machine(config.listen[0], config.tls_names)
    return Certificates(config.tls, names, lambda: datetime.now(UTC))


def _reached(config: Config, certificates: Certificates | None) -> Reached:
    plain = listening.shown(config.listen_plain) if config.listen_plain else None
    if certificates is None or config.listen is None:
        return Reached(plain=plain)
    try:
        certificates.renew()
    except CertificateError as problem:
        raise ListenError(str(problem)) from problem
    return Reached(listening.shown(config.listen), plain, certificates.authority)


async def _keep_valid(certificates: Certificates) -> None:
    """Renew the server's certificate in time, for ever."""
    while True:
        await asyncio.sleep(_RENEWAL_SECONDS)
        try:
            if await asyncio.to_thread(certificates.renew):
                log.info("the server's certificate was renewed")
        except CertificateError as problem:
            log.error("the server's certificate cannot be renewed", error=str(problem))


def _server(app: Front, listener: Listener, config: Config) -> "_Server":
    context = listener.tls
    return _Server(
        uvicorn.Config(
            at_door(app, listener.door),
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=_LARGEST_MESSAGE,
            ws_per_message_deflate=False,
            ws_ping_interval=_PING_SECONDS,
            ws_ping_timeout=None,  # who reads slowly answers late, and is there all the same
            lifespan="off",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=round(config.shutdown_seconds),
            ssl_context_factory=(lambda _config, _default: context) if context else None,
        )
    )


def _is_news(record: logging.LogRecord) -> bool:
    """Whether uvicorn says what we do not know: an answer that is cut off with its agent's (see `rest.proxy`) is no
    error, and is told of there.
    """
    return record.msg != "ASGI callable returned without completing response."


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


async def _stop_when(stop: asyncio.Event, servers: list[_Server], service: Service) -> None:
    await stop.wait()
    service.end_streams()
    for server in servers:
        server.should_exit = True
