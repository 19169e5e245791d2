"""One request to the API server and its answer: HTTP over a unix socket or TCP, JSON, errors as `ApiError`.

Trying again. A server that restarts is away for a moment, so a request that failed is repeated for a bounded time
(`retry_for`), with exponential back-off:

- if the server surely did not get it (connection refused, no socket), whatever the method;
- if the connection was lost before the answer came, only reads: a write may have been done, and doing it twice might
  answer AlreadyExists or Conflict to the very one who made it so. The caller gets `Unavailable` with `sent` True;
- if the server says 429 (which means that nothing was done), whatever the method, after the seconds that it asks for.

Not in here: paths, kinds, models, watches.
"""

import asyncio
import errno
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import aiohttp
import orjson
import yarl

from fizz.client.backoff import exponential, jittered
from fizz.client.errors import ApiError, ServerError, TooManyRequests, Unavailable, from_status
from fizz.schemas import logs

__all__ = ["OnConnection", "Query", "Request", "Transport", "pause"]

Query = Sequence[tuple[str, str]]
"""Query parameters, in order."""

_READS: Final = frozenset({"GET", "HEAD"})
_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 60.0
_KEEPALIVE_SECONDS: Final = 15.0
"""How long an unused connection is kept. Well under the 75 s of the server, so that no write meets a closing door."""

log: Final = logs.logger()


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. `body` is anything that orjson can write, None for no body.

    `upload` is a body that is sent as it comes instead: bytes, or a form.
    """

    method: str
    path: str
    query: Query = ()
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"
    upload: aiohttp.MultipartWriter | AsyncIterable[bytes] | None = None

    def target(self) -> str:
        """Path and query, encoded."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path


def pause(error: ApiError, method: str, failures: int) -> float | None:
    """Seconds to wait before the request is worth trying again; None if it is not."""
    wait = exponential(failures, 0.05, 1.0)
    match error:
        case Unavailable(hopeless=True):
            return None
        case Unavailable(sent=False):
            return wait
        case Unavailable():
            return (error.retry_after or wait) if method in _READS else None
        case TooManyRequests():
            return error.retry_after if error.retry_after is not None else wait
    return None


OnConnection = Callable[[Unavailable | None], None]
"""Told once when the server is lost, with the error, and once when it answers again, with None."""


class Transport:
    """Connections to one API server. `endpoint` is `unix:///path/to/socket`, `http://host:port` or `https://host:port`.

    `retry_for` is the number of seconds for which failed requests are repeated (see above); 0 for never. `ca` is the
    file of the certificate authority that an https server is trusted by; None: those that this machine trusts.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        token: str | None,
        user_agent: str,
        retry_for: float,
        on_connection: OnConnection | None = None,
        ca: Path | None = None,
    ) -> None:
        scheme, _, rest = endpoint.partition("://")
        if scheme not in {"unix", "http", "https"} or not rest:
            raise ValueError(f"{endpoint!r} is no address of an API server; write unix:///path or http://host:port")
        self.endpoint = endpoint
        self._socket = rest if scheme == "unix" else None
        self._base = "http://localhost" if self._socket else endpoint.rstrip("/")
        self._headers = {"User-Agent": user_agent} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._retry_for = retry_for
        self._ca = ca
        self._session: aiohttp.ClientSession | None = None
        self._on_connection, self._lost = on_connection, False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Safe to call twice."""
        if self._session:
            await self._session.close()
            self._session = None

    async def json(self, request: Request) -> Any:
        """The answer's JSON. Raises `ApiError`."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._retry_for
        failures = 0
        while True:
            try:
                return await self._once(request)
            except ApiError as error:
                wait = pause(error, request.method, failures)
                if wait is not None and error.retry_after is None:
                    wait = jittered(wait)
                if wait is None or clock() + wait > deadline:
                    raise
                log.debug("trying again", method=request.method, path=request.path, error=error.message, wait=wait)
            failures += 1
            await asyncio.sleep(wait)

    @asynccontextmanager
    async def stream(self, request: Request, *, idle: float | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """The answer's bytes as they come; entering waits for its headers. Never repeated.

        `idle` is the number of seconds without a byte after which the connection counts as lost; None for no limit.
        Raises `ApiError` on entering, and `Unavailable` in the middle if the connection is lost.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=idle)
        async with self._send(request, timeout) as response:
            yield self._chunks(response)

    async def head(self, request: Request) -> Mapping[str, str]:
        """The headers of the answer. Raises `ApiError`; of what is refused, HTTP tells only the code."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=_CONNECT_SECONDS)
        async with self._send(request, timeout) as response:
            return response.headers

    @asynccontextmanager
    async def upgrade(self, request: Request, protocol: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket in place of an answer. Never repeated. Raises `ApiError` on entering."""
        refusals: list[ApiError] = []

        async def note(session: object, context: object, params: aiohttp.TraceRequestEndParams) -> None:
            answer = params.response  # of what refuses an upgrade, aiohttp itself tells only the code
            if answer.status >= 400:
                refusals.append(_refusal(request, answer, await answer.read()))

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(note)
        url = yarl.URL(self._base + request.target(), encoded=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        async with aiohttp.ClientSession(
            connector=self._connector(), headers=self._headers, timeout=timeout, trace_configs=[trace]
        ) as session:
            try:
                socket = await self._guard(session.ws_connect(url, protocols=(protocol,), max_msg_size=0))
            except Unavailable as error:
                raise refusals[0] if refusals else error from None
            try:
                yield socket
            finally:
                await socket.close()

    async def _once(self, request: Request) -> Any:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=_CONNECT_SECONDS)
        async with self._send(request, timeout) as response:
            body = await self._guard(response.read())
        try:
            return orjson.loads(body) if body else None
        except orjson.JSONDecodeError as problem:
            kind = response.headers.get("Content-Type", "nothing")
            raise ServerError(f"{request.path}: expected JSON, the server sent {kind}", code=502) from problem

    @asynccontextmanager
    async def _send(self, request: Request, timeout: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept": request.accept}
        data: Any = request.upload
        if isinstance(data, aiohttp.MultipartWriter):
            headers["Content-Type"] = data.content_type
        elif data is not None:
            headers["Content-Type"] = request.content_type
        elif request.body is not None:
            data = orjson.dumps(request.body)
            headers["Content-Type"] = request.content_type
        url = yarl.URL(self._base + request.target(), encoded=True)
        try:
            response = await self._guard(
                self._connections().request(request.method, url, data=data, headers=headers, timeout=timeout)
            )
        except Unavailable as error:
            self._note(error)
            raise
        self._note(None)
        try:
            if response.status >= 400:
                raise _refusal(request, response, await self._guard(response.read()))
            yield response
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    def _note(self, error: Unavailable | None) -> None:
        """Tell who wants to know that the server is lost, or answers again."""
        if self._on_connection and self._lost != (error is not None):
            self._on_connection(error)
        self._lost = error is not None

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        while True:
            chunk = await self._guard(response.content.readany())
            if not chunk:
                return
            yield chunk

    async def _guard(self, awaitable: Any) -> Any:
        """Await something of aiohttp; its errors become ours."""
        try:
            return await awaitable
        except aiohttp.ClientConnectorCertificateError as problem:
            why = f"its certificate is not trusted ({problem.certificate_error}); name its authority with FIZZ_CA"
            raise Unavailable(f"{self.endpoint}: {why}", sent=False, hopeless=True) from problem
        except aiohttp.ClientConnectorSSLError as problem:
            why = f"TLS does not come about: {problem.os_error}"
            raise Unavailable(f"{self.endpoint}: {why}", sent=False) from problem
        except aiohttp.ClientConnectorError as problem:
            hopeless = problem.os_error.errno in {errno.EACCES, errno.EPERM}
            hint = "permission denied" if hopeless else "no server answers there"
            raise Unavailable(f"{self.endpoint}: {hint}", sent=False, hopeless=hopeless) from problem
        except aiohttp.ConnectionTimeoutError as problem:
            raise Unavailable(f"{self.endpoint}: connecting took too long", sent=False) from problem
        except TimeoutError as problem:
            raise Unavailable(f"{self.endpoint}: no answer in time") from problem
        except (aiohttp.ClientError, ConnectionError) as problem:
            raise Unavailable(f"{self.endpoint}: the connection was lost before the answer was complete") from problem

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=self._connector(), headers=self._headers)
            # aiohttp repeats PUT and DELETE by itself when a kept connection turns out dead. Whether that is safe is
            # decided in `pause`, not there; it has no public switch.
            self._session._retry_connection = False
        return self._session

    def _connector(self) -> aiohttp.BaseConnector:
        if self._socket:
            return aiohttp.UnixConnector(self._socket, limit=0, keepalive_timeout=_KEEPALIVE_SECONDS)
        trusted = _trusting(self._ca) if self._ca else True
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS, ssl=trusted)


def _trusting(ca: Path) -> ssl.SSLContext:
    """A context that trusts one authority. Raises `Unavailable` for a file that is none."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as problem:
        raise Unavailable(f"{ca}: not a certificate authority: {problem}", sent=False, hopeless=True) from problem


def _refusal(request: Request, response: aiohttp.ClientResponse, body: bytes) -> ApiError:
    retry_after = _seconds(response.headers)
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return from_status(status, response.status, retry_after)
    message = f"{request.method} {request.path}: the server answered {response.status} {response.reason or ''}".rstrip()
    return from_status({"message": message}, response.status, retry_after)


def _seconds(headers: Mapping[str, str]) -> float | None:
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        return None
