"""How the agent answers: lines of JSON as things happen, and refusals as plain sentences."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, cast

import orjson
import structlog
from aiohttp import web

from fizz.controllers.node.engine import EngineError, EngineLost, Missing
from fizz.schemas.base import JSON

__all__ = ["LINES", "answer", "refused"]

LINES: Final = "application/x-ndjson"

log: Final = structlog.get_logger()


def refused(error: EngineError) -> web.Response:
    """What an error of the engine is in HTTP."""
    status = 404 if isinstance(error, Missing) else 503 if isinstance(error, EngineLost) else 500
    return web.Response(status=status, text=str(error))


async def answer(request: web.Request, lines: AsyncIterator[JSON]) -> web.StreamResponse:
    """The lines as they come. What fails before the first is refused; after that, the last line is the error."""
    response = web.StreamResponse(headers={"Content-Type": LINES})
    async with aclosing(cast("AsyncGenerator[JSON, None]", lines)) as source:
        try:
            first = await anext(source, None)
            await response.prepare(request)
            if first is not None:
                await response.write(orjson.dumps(first) + b"\n")
            async for line in source:
                await response.write(orjson.dumps(line) + b"\n")
            await response.write_eof()
        except EngineError as error:
            if not response.prepared:
                return refused(error)
            await response.write(orjson.dumps({"error": str(error)}) + b"\n")
        except ConnectionError:
            log.debug("reader left", path=request.path)
    return response
