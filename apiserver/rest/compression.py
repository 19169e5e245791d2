"""Large answers, compressed for those who ask for it (`Accept-Encoding: gzip`), as Kubernetes does from 128 KiB on.

Over the unix socket nothing is compressed: it would only cost both ends time. Streams are never compressed.
"""

import asyncio
import gzip
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fizz.apiserver.rest.gate import Door, door_of

__all__ = ["THRESHOLD", "compressed"]

THRESHOLD: Final = 128 * 1024
"""Bytes from which on an answer is compressed."""
_LEVEL: Final = 1


async def compressed(request: Request, response: Response) -> Response:
    """The answer, compressed in a thread if it is large, and the client far and willing."""
    size = len(getattr(response, "body", b""))  # a stream has none
    if size < THRESHOLD or door_of(request.scope) is Door.SOCKET:
        return response
    offered = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    if "gzip" not in offered:
        return response
    body = await asyncio.to_thread(gzip.compress, bytes(response.body), _LEVEL)
    response.body = body
    response.headers["content-length"] = str(len(body))
    response.headers["content-encoding"] = "gzip"
    response.headers.append("vary", "Accept-Encoding")
    return response
