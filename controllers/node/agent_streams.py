"""Conversations with programs in containers, over a WebSocket (see `schemas.channels`):

    GET /containers/NAMESPACE/NAME/exec     a command
        ?command=C&command=ARGUMENT...      &stdin=true &tty=true &detachKeys=ctrl-p,ctrl-q
                                            &user=, &workingDir=, &env=NAME=VALUE, &privileged=true
    GET /containers/NAMESPACE/NAME/attach   its own program, from now on
        ?stdin=true                         &detachKeys=

What cannot begin is refused in HTTP. A client that leaves ends the conversation, and not the program.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final

import structlog
from aiohttp import WSMsgType, web
from multidict import MultiMapping

from fizz.controllers.node.agent_answers import refused
from fizz.controllers.node.engine import EngineContainer, EngineError
from fizz.controllers.node.inside import Conversation, Execs
from fizz.schemas import channels
from fizz.schemas.execs import ExecRequest

__all__ = ["AgentStreams", "exec_request"]

_TRUE: Final = frozenset({"1", "true", "True"})
_CHANNELS: Final = {"stdout": channels.STDOUT, "stderr": channels.STDERR}
_LARGEST: Final = 4 * 1024 * 1024
"""Bytes of one message; clients send far smaller ones."""

log: Final = structlog.get_logger()


class AgentStreams:
    """The part of the agent's answers that goes both ways. `find` is the container that a request is about."""

    def __init__(self, engine: Execs, find: Callable[[web.Request], Awaitable[EngineContainer]]) -> None:
        self._engine, self._find = engine, find

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/containers/{namespace}/{name}/exec", self._exec)
        router.add_get("/containers/{namespace}/{name}/attach", self._attach)

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        command = exec_request(request.query)
        if not command.command:
            return web.Response(status=400, text="command is missing; give it once for every word")
        container = await self._find(request)
        return await _talk(request, self._engine.converse(container.id, command))

    async def _attach(self, request: web.Request) -> web.StreamResponse:
        container = await self._find(request)
        stdin, keys = request.query.get("stdin") in _TRUE, request.query.get("detachKeys", "")
        return await _talk(request, self._engine.attach(container.id, stdin=stdin, detach_keys=keys))


def exec_request(query: MultiMapping[str]) -> ExecRequest:
    """The command that a request is about."""
    return ExecRequest(
        command=tuple(query.getall("command", ())),
        user=query.get("user", ""),
        working_dir=query.get("workingDir", ""),
        environment=tuple(query.getall("env", ())),
        privileged=query.get("privileged") in _TRUE,
        stdin=query.get("stdin") in _TRUE,
        tty=query.get("tty") in _TRUE,
        detach_keys=query.get("detachKeys", ""),
    )


async def _talk(request: web.Request, opening: AbstractAsyncContextManager[Conversation]) -> web.StreamResponse:
    socket = web.WebSocketResponse(protocols=(channels.PROTOCOL,), compress=False, max_msg_size=_LARGEST)
    if not socket.can_prepare(request).ok:
        return web.Response(status=426, text="this is a WebSocket", headers={"Upgrade": "websocket"})
    try:
        async with opening as talk:
            await socket.prepare(request)
            await _carry(socket, talk)
    except EngineError as error:
        if not socket.prepared:
            return refused(error)
        with suppress(ConnectionError):
            await socket.send_bytes(channels.failed(str(error)))
    except ConnectionError:
        log.debug("who talked to a container left", path=request.path)
    await socket.close()
    return socket


async def _carry(socket: web.WebSocketResponse, talk: Conversation) -> None:
    """Carry both ways until the program is done or the client leaves."""
    listening = asyncio.create_task(_listen(socket, talk))
    telling = asyncio.create_task(_tell(socket, talk))
    try:
        # A program that takes no input any more is still listened to; a client that is gone is not told anything.
        await asyncio.wait([listening, telling], return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        else:
            listening.result()
    finally:
        for task in (listening, telling):
            task.cancel()
        await asyncio.gather(listening, telling, return_exceptions=True)


async def _tell(socket: web.WebSocketResponse, talk: Conversation) -> None:
    async for entry in talk:
        await socket.send_bytes(channels.message(_CHANNELS[entry.stream], entry.text))
    await socket.send_bytes(channels.finished(await talk.exit_code()))


async def _listen(socket: web.WebSocketResponse, talk: Conversation) -> None:
    async for received in socket:
        if received.type is not WSMsgType.BINARY or not received.data:
            continue
        channel, content = received.data[0], received.data[1:]
        if channel == channels.STDIN:
            await talk.write(content)
        elif channel == channels.CLOSE and content == bytes((channels.STDIN,)):
            await talk.end_input()
        elif channel == channels.RESIZE and (size := channels.size_of(content)):
            await talk.resize(*size)
