"""What only the node knows, answered over a unix socket to the API server, which passes it on.

    GET /containers/NAMESPACE/NAME/log      what it wrote, as text: standard output and error, in order
        ?follow=true        and what it will write
        &tailLines=N        no more than the last N lines
        &sinceTime=TIME     nothing before (RFC 3339)
        &timestamps=true    each line with its time
    GET /containers/NAMESPACE/NAME/engine   the engine's own description, JSON
    POST /containers/NAMESPACE/NAME/exec    runs a command and tells what it writes, a line of JSON each
        ?command=C&command=ARGUMENT...      &user=, &workingDir=, &env=NAME=VALUE, &privileged=true
        &detach=true                        {"stream": "stdout", "data": BASE64} ... {"exitCode": 0}
    POST /containers/NAMESPACE/NAME/restart stops and starts it
        ?gracePeriodSeconds=N               after so many seconds at most
    POST /containers/NAMESPACE/NAME/kill    sends its program a signal
        ?signal=SIGHUP                      SIGKILL if not given
    ... top, stats, archive                 see `agent_inside`
    GET exec, GET attach                    see `agent_streams`
    GET /compose?project=NAME               what docker compose made of a project: {"containers": [...], "networks":
                                            [...]}, as the engine describes them, without what is Fizz's
    ... /images/...                         see `agent_images`

Errors are plain sentences. Only the agent's own user may connect: the socket's permissions say so.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Final, Protocol

import structlog
from aiohttp import web

from fizz.client.objects import Key
from fizz.controllers.node.agent_answers import answer, refused
from fizz.controllers.node.agent_images import AgentImages
from fizz.controllers.node.agent_inside import AgentInside
from fizz.controllers.node.agent_streams import AgentStreams, exec_request
from fizz.controllers.node.engine import Containers, EngineContainer, EngineError, Execs, Execution, Images, Networks
from fizz.controllers.node.engine import Logs as LogEngine
from fizz.controllers.node.logs import Lives, LogRequest, read
from fizz.schemas import labels, sockets, times
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest

__all__ = ["AgentApi"]

_TRUE: Final = frozenset({"1", "true", "True"})

_SHUTDOWN_SECONDS: Final = 1.0
"""How long those who follow a log have to leave when the agent ends."""

log: Final = structlog.get_logger()


class RawEngine(LogEngine, Images, Execs, Containers, Networks, Protocol):
    """What the answers come from."""

    async def raw(self, container: str) -> JSON: ...


class BadQuery(ValueError):
    """A parameter that makes no sense; the message names it."""


class AgentApi:
    """Serves on the socket at `path`."""

    name = "node-api"

    def __init__(self, engine: RawEngine, lives: Lives, path: Path) -> None:
        self._engine, self._lives, self._path = engine, lives, path

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises `SocketTaken`, or `OSError` if the socket cannot be made."""
        app = web.Application()
        app.router.add_get("/containers/{namespace}/{name}/log", self._log)
        app.router.add_get("/containers/{namespace}/{name}/engine", self._raw)
        app.router.add_post("/containers/{namespace}/{name}/exec", self._exec)
        app.router.add_post("/containers/{namespace}/{name}/restart", self._restart)
        app.router.add_post("/containers/{namespace}/{name}/kill", self._kill)
        app.router.add_get("/compose", self._compose)
        AgentInside(self._engine, self._find).add_to(app.router)
        AgentStreams(self._engine, self._find).add_to(app.router)
        AgentImages(self._engine).add_to(app.router)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        with sockets.bound(self._path) as listener:
            await runner.setup()
            try:
                await web.SockSite(runner, listener).start()
                log.info("node agent answers", socket=str(self._path))
                await stop.wait()
            finally:
                await runner.cleanup()

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        try:
            container = await self._find(request)
            return web.json_response(await self._engine.raw(container.id))
        except EngineError as error:
            return refused(error)

    async def _compose(self, request: web.Request) -> web.StreamResponse:
        project = request.query.get("project", "")
        if not project:
            return web.Response(status=400, text="project is missing")
        label = f"{labels.COMPOSE_PROJECT}={project}"
        try:
            containers = [each for each in await self._engine.containers(label) if labels.SERVER not in each.labels]
            found = await asyncio.gather(*(self._engine.raw(each.id) for each in containers))
            networks = [
                each for each in await self._engine.labelled_networks(label) if labels.SERVER not in each.labels
            ]
        except EngineError as error:
            return refused(error)
        shown = [{"id": each.id, "name": each.name, "labels": dict(each.labels)} for each in networks]
        return web.json_response({"containers": found, "networks": shown})

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        command = exec_request(request.query)
        if not command.command:
            return web.Response(status=400, text="command is missing; give it once for every word")
        container = await self._find(request)
        if request.query.get("detach") in _TRUE:
            try:
                await self._engine.execute_detached(container.id, command)
            except EngineError as error:
                return refused(error)
            return web.Response(status=200)
        return await answer(request, _exec_lines(self._engine, container.id, command))

    async def _restart(self, request: web.Request) -> web.StreamResponse:
        seconds = request.query.get("gracePeriodSeconds")
        if seconds and not seconds.isdigit():
            return web.Response(status=400, text=f"gracePeriodSeconds is {seconds!r}; it must be a number")
        container = await self._find(request)
        try:
            await self._engine.restart(container.id, int(seconds) if seconds else None)
        except EngineError as error:
            return refused(error)
        return web.Response(status=200)

    async def _kill(self, request: web.Request) -> web.StreamResponse:
        signal = request.query.get("signal") or "SIGKILL"
        container = await self._find(request)
        try:
            await self._engine.kill(container.id, signal)
        except EngineError as error:
            return refused(error)
        return web.Response(status=200)

    async def _log(self, request: web.Request) -> web.StreamResponse:
        key = _key(request)
        try:
            wanted = _log_request(request.query)
        except BadQuery as error:
            return web.Response(status=400, text=str(error))
        if not (wanted.follow and self._lives.goes_on(key)):
            await self._find(request)
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        async with aclosing(read(self._engine, self._lives, key, wanted)) as batches:
            try:
                # Who follows is answered at once, whatever there is; for others it is first seen whether it works.
                begin = b"" if wanted.follow else await anext(batches, b"")
                await response.prepare(request)
                await response.write(begin)
                async for batch in batches:
                    await response.write(batch)
                await response.write_eof()
            except EngineError as error:
                log.warning("log ended early", container=str(key), error=str(error))
                if not response.prepared:
                    return refused(error)
                await response.write(f"{error}\n".encode())
            except ConnectionError:
                log.debug("reader of a log left", container=str(key))
        return response

    async def _find(self, request: web.Request) -> EngineContainer:
        key = _key(request)
        container = await self._lives.look(key)
        if container is None and not self._lives.known:
            raise web.HTTPServiceUnavailable(text="the node does not know its engine's containers yet; try again")
        if container is None:
            raise web.HTTPNotFound(text=f"container {str(key)!r} has nothing in the engine of this node")
        return container


def _key(request: web.Request) -> Key:
    return Key(request.match_info["namespace"], request.match_info["name"])


async def _exec_lines(engine: Execs, container: str, command: ExecRequest) -> AsyncIterator[JSON]:
    async for written in engine.executing(container, command):
        if isinstance(written, Execution):
            yield {"exitCode": written.exit_code}
        else:
            yield {"stream": written.stream, "data": base64.b64encode(written.text).decode()}


def _log_request(query: Mapping[str, str]) -> LogRequest:
    tail = query.get("tailLines")
    if tail and not tail.isdigit():
        raise BadQuery(f"tailLines is {tail!r}; it must be a number")
    since = query.get("sinceTime") or ""
    try:
        if since:
            times.parse(since)
    except ValueError:
        raise BadQuery(f"sinceTime is {since!r}; it must be a time like 2026-01-31T09:30:00Z") from None
    return LogRequest(
        follow=query.get("follow") in _TRUE,
        tail=int(tail) if tail else None,
        since=since,
        timestamps=query.get("timestamps") in _TRUE,
    )
