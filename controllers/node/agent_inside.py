"""What the agent answers about the inside of containers:

GET /containers/NAMESPACE/NAME/top      its processes: {"titles": [...], "processes": [[...], ...]}
    ?psArgs=ARGUMENTS                   what `ps` on the host is asked for; -ef if not given
GET /containers/NAMESPACE/NAME/stats    what it uses: the engine's figures, a line of JSON
    ?stream=true                        and again every second
HEAD .../archive?path=PATH              what is there, as the header X-Fizz-Path-Stat: base64 of JSON
GET  .../archive?path=PATH              the same, and it as a tar file
PUT  .../archive?path=FOLDER            unpacks the body, a tar file, in that folder
    &copyUIDGID=true                    its files belong to whom it says
"""

import base64
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import orjson
from aiohttp import web

from fizz.controllers.node.agent_answers import answer, refused
from fizz.controllers.node.engine import EngineContainer, EngineError
from fizz.controllers.node.inside import Execs

__all__ = ["AgentInside"]

_TRUE: Final = frozenset({"1", "true", "True"})
_STAT: Final = "X-Fizz-Path-Stat"


class AgentInside:
    """The part of the agent's answers that is about processes, figures and files. `find` is the container that a
    request is about.
    """

    def __init__(self, engine: Execs, find: Callable[[web.Request], Awaitable[EngineContainer]]) -> None:
        self._engine, self._find = engine, find

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/containers/{namespace}/{name}/top", self._top)
        router.add_get("/containers/{namespace}/{name}/stats", self._stats)
        router.add_get("/containers/{namespace}/{name}/archive", self._archive, allow_head=False)
        router.add_head("/containers/{namespace}/{name}/archive", self._stat)
        router.add_put("/containers/{namespace}/{name}/archive", self._put_archive)

    async def _top(self, request: web.Request) -> web.StreamResponse:
        container = await self._find(request)
        try:
            found = await self._engine.processes(container.id, request.query.get("psArgs", ""))
        except EngineError as error:
            return refused(error)
        return web.json_response({"titles": list(found.titles), "processes": [list(row) for row in found.rows]})

    async def _stats(self, request: web.Request) -> web.StreamResponse:
        container = await self._find(request)
        figures = self._engine.stats(container.id, stream=request.query.get("stream") in _TRUE)
        return await answer(request, figures)

    async def _stat(self, request: web.Request) -> web.StreamResponse:
        container = await self._find(request)
        try:
            found = await self._engine.stat(container.id, request.query.get("path", "/"))
        except EngineError as error:
            return refused(error)
        return web.Response(headers={_STAT: base64.b64encode(orjson.dumps(found)).decode()})

    async def _archive(self, request: web.Request) -> web.StreamResponse:
        container = await self._find(request)
        path = request.query.get("path", "/")
        response = web.StreamResponse(headers={"Content-Type": "application/x-tar"})
        try:
            found = await self._engine.stat(container.id, path)
            response.headers[_STAT] = base64.b64encode(orjson.dumps(found)).decode()
            async with aclosing(self._engine.archive(container.id, path)) as packed:
                begin = await anext(packed, b"")
                await response.prepare(request)
                await response.write(begin)
                async for chunk in packed:
                    await response.write(chunk)
            await response.write_eof()
        except EngineError as error:
            if response.prepared:  # an archive that is cut off must not look whole: the connection breaks
                raise
            return refused(error)
        return response

    async def _put_archive(self, request: web.Request) -> web.StreamResponse:
        container = await self._find(request)
        path, own = request.query.get("path", "/"), request.query.get("copyUIDGID") in _TRUE
        try:
            await self._engine.put_archive(container.id, path, request.content.iter_any(), copy_owner=own)
        except EngineError as error:
            return refused(error)
        return web.Response(status=200)
