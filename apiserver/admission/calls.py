"""Calls to webhooks: HTTPS POST of JSON, over kept connections.

An endpoint is where to call: a URL, the name that the certificate must be for, and who vouches for it. A call that
brings nothing raises `CallFailed`; its words follow those of Kubernetes. When the server stops, calls under way end,
and what they were for is refused with 503: nothing is written that was not asked about.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from fizz.apiserver import errors
from fizz.apiserver.kinds.clients import certificates

if TYPE_CHECKING:
    import aiohttp

__all__ = ["ANSWER_LIMIT", "CallFailed", "Caller", "Endpoint"]

ANSWER_LIMIT: Final = 16 * 1024 * 1024
"""Bytes that an answer has at most. An object of 3 MiB, patched, in base64, with room to spare."""
_CONNECTIONS_PER_HOST: Final = 25
_STATUSES: Final = {401: "Unauthorized", 404: "the server could not find the requested resource"}


class CallFailed(Exception):
    """No answer came, or none that is one. The message says whom the call was to."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to call. `shown` is the URL that messages name; `host` the name that the certificate must be for, where it
    is not the URL's; `bundle` the caBundle, in base64; empty: the system's authorities.
    """

    url: str
    shown: str
    host: str = ""
    bundle: str = ""


class Caller:
    """Calls webhooks. Used from the event loop only."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._calls: set[asyncio.Task[bytes]] = set()
        self._ended = False

    @property
    def under_way(self) -> int:
        """How many calls wait for their answers."""
        return len(self._calls)

    async def post(self, endpoint: Endpoint, body: bytes, seconds: float) -> bytes:
        """The body of the answer. Raises `CallFailed`, or `ServiceUnavailable` if the server stops meanwhile."""
        call = asyncio.ensure_future(self._post(endpoint, body, seconds))
        self._calls.add(call)
        if self._ended:
            call.cancel()
        try:
            return await call
        except asyncio.CancelledError:
            if self._ended and call.cancelled():
                raise errors.ServiceUnavailable("the server is shutting down; try again") from None
            raise
        finally:
            call.cancel()
            self._calls.discard(call)

    def end(self) -> None:
        """End all calls, now and from now on."""
        self._ended = True
        for call in self._calls:
            call.cancel()

    async def close(self) -> None:
        """Close all connections."""
        self.end()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, endpoint: Endpoint, body: bytes, seconds: float) -> bytes:
        import aiohttp

        named = f'Post "{endpoint.shown}?timeout={seconds:g}s"'
        try:
            context = _context(endpoint.bundle)
        except ValueError as problem:
            raise CallFailed(f"{named}: {problem}") from problem
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, limit_per_host=_CONNECTIONS_PER_HOST)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._session.post(
                f"{endpoint.url}?timeout={seconds:g}s",
                data=body,
                headers={"content-type": "application/json", "accept": "application/json"},
                ssl=context,
                server_hostname=endpoint.host or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer:
                read = await _whole(answer)
        except TimeoutError as problem:
            raise CallFailed(f"{named}: context deadline exceeded") from problem
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            raise CallFailed(f"{named}: {_said(problem)}") from problem
        if read is None:
            raise CallFailed(f"{named}: the answer is larger than {ANSWER_LIMIT} bytes")
        if answer.status != 200:
            text = _STATUSES.get(answer.status) or (
                f'an error on the server ("{read[:200].decode(errors="replace").strip() or "unknown"}") has prevented '
                f"the request from succeeding (code {answer.status})"
            )
            raise CallFailed(f"{named}: {text}")
        return read


async def _whole(answer: "aiohttp.ClientResponse") -> bytes | None:
    """The body, or None if it is over the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > ANSWER_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)


@lru_cache(maxsize=128)
def _context(bundle: str) -> ssl.SSLContext:
    """Who is trusted. One context for each bundle, so that connections are found again. Certificates that lack what
    only strict readers of RFC 5280 ask for are taken, as by Go: most webhooks make their own.
    """
    context = ssl.create_default_context(cadata=certificates(bundle) if bundle else None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _said(problem: Exception) -> str:
    import aiohttp

    match problem:
        case aiohttp.ClientConnectorCertificateError():
            found = problem.certificate_error
            why = found.verify_message if isinstance(found, ssl.SSLCertVerificationError) else str(found)
            return f"tls: failed to verify certificate: {why}"
        case aiohttp.ClientConnectorSSLError(os_error=ssl.SSLError(reason=str(reason))):
            plain = reason == "WRONG_VERSION_NUMBER"
            return (
                "http: server gave HTTP response to HTTPS client"
                if plain
                else f"tls: {reason.lower().replace('_', ' ')}"
            )
        case aiohttp.ClientConnectorDNSError():
            return f"dial tcp: lookup {problem.host}: no such host"
        case aiohttp.ClientConnectorError():
            why = (problem.os_error.strerror or str(problem.os_error)).lower()
            return f"dial tcp {problem.host}:{problem.port}: connect: {_plain(why)}"
        case aiohttp.ServerDisconnectedError():
            return "EOF"
    return str(problem) or type(problem).__name__


def _plain(why: str) -> str:
    """`connect call failed ('127.0.0.1', 1)` says what the number does not: which error it was."""
    return "connection refused" if "connect call failed" in why or "refused" in why else why
