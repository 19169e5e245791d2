"""Answers that are no objects: documents, refusals, and what went wrong; and the headers that they carry."""

import uuid
from collections.abc import Iterable
from typing import Any, Final

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Scope, Send

from fizz.apiserver import errors
from fizz.apiserver.rest import gnostic

__all__ = ["HANDLERS", "answer_to", "document", "json_of", "marked", "refusal", "swagger", "warnings"]

log = structlog.get_logger()

_WARNINGS_LIMIT: Final = 4096
_WARNING_LIMIT: Final = 256


def warnings(texts: Iterable[str]) -> list[str]:
    """The values of Warning headers (RFC 7234, section 5.5), each text once. Together they have 4096 characters at
    most, so that no client refuses the whole answer; what would go beyond is cut to 256, and then there are no more.
    """
    values, left = [], _WARNINGS_LIMIT
    for text in dict.fromkeys(texts):
        said = text if len(text) <= left else text[: min(left, _WARNING_LIMIT)]
        left -= len(said)
        if said:
            values.append(_warning(said))
    return values


def _warning(text: str) -> str:
    """In the form in which Starlette writes UTF-8; what is no text, as the ends of lines, is a space."""
    plain = "".join(" " if ord(each) < 32 or ord(each) == 127 else each for each in text)
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'.encode().decode("latin-1")


def document(
    request: Request, body: bytes, digest: str, *, lasting: bool = False, media_type: str = "application/json"
) -> Response:
    """A document, or 304 where the client has it; what is under its hash may be kept for ever."""
    headers = {"etag": f'"{digest}"', "vary": "Accept"}
    if lasting:
        headers["cache-control"] = "public, immutable, max-age=31536000"
    if f'"{digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def swagger(request: Request, body: bytes, digest: str) -> Response:
    """The OpenAPI document of version 2, as JSON, or in protobuf for who reads nothing else. Raises `NotAcceptable`."""
    accept = request.headers.get("accept", "*/*")
    if any(media in accept for media in ("*/*", "application/json", "application/*")):
        return document(request, body, digest)
    if not any(media in accept for media in gnostic.ASKED):
        raise errors.NotAcceptable(
            f"only the following media types are accepted: application/json, {gnostic.MEDIA_TYPE}"
        )
    return document(request, gnostic.document(orjson.loads(body)), f"{digest}-P", media_type=gnostic.MEDIA_TYPE)


def json_of(value: Any, content_type: str = "application/json") -> Response:
    """A value as JSON."""
    return Response(orjson.dumps(value), headers={"content-type": content_type, "vary": "Accept"})


def refusal(problem: errors.ApiError) -> Response:
    """The answer that tells a refusal."""
    body = orjson.dumps(problem.status())
    return Response(body, status_code=problem.code, headers=problem.headers, media_type="application/json")


def answer_to(request: Request, problem: Exception) -> Response:
    """Every refusal becomes a `Status`; a fault of ours is logged and told without its innards."""
    match problem:
        case errors.ApiError():
            return refusal(problem)
        case HTTPException(status_code=404):
            return refusal(errors.NotFound.path())
        case HTTPException():
            return refusal(errors.of_code(problem.status_code, problem.detail))
        case ClientDisconnect():
            return Response(status_code=499)
    log.error("request failed", method=request.method, path=request.url.path, exc_info=problem)
    return refusal(errors.InternalError("the server has a fault; its log says which"))


async def _answer_to(request: Request, problem: Exception) -> Response:
    return answer_to(request, problem)


HANDLERS: Final[dict[Any, Any]] = dict.fromkeys(
    (errors.ApiError, HTTPException, Exception, ClientDisconnect), _answer_to
)
"""Starlette's handlers of all that can go wrong."""


def marked(scope: Scope, send: Send) -> Send:
    """Sends answers with the id of the request, the client's own if it sent one, and not to be kept by anybody on the
    way, unless whoever answers says otherwise.
    """

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            asked = next((value for name, value in scope["headers"] if name == b"audit-id"), b"")
            headers = [*message.get("headers", ()), (b"audit-id", asked or str(uuid.uuid4()).encode())]
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-cache, private"))
            message = {**message, "headers": headers}
        await send(message)

    return sending
