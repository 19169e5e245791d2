"""Conversations with programs in containers: what a client's WebSocket says goes to the node's agent, and back.

    GET .../containers/NAME/exec?command=...    a command, with input and output at the same time
    GET .../containers/NAME/attach              the container's own program

The messages are `schemas.channels`'; they are passed on as they come, no faster than the other side takes them. What
the agent refuses is refused in HTTP, before anything is upgraded. `rest.gate` takes such a request for a creation
(`create` on `containers/exec`), whatever its method, because it does more than read.
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from fizz.apiserver import errors
from fizz.apiserver.rest import paths, proxy
from fizz.apiserver.rest.context import Context
from fizz.schemas import channels

if TYPE_CHECKING:
    import aiohttp

__all__ = ["converse", "is_conversation"]

_SUBRESOURCES: Final = frozenset({"exec", "attach"})
_NORMAL: Final = 1000
_GOING_AWAY: Final = 1001
"""RFC 6455, section 7.4.1: the server stops, or the agent is lost."""

log = structlog.get_logger()


def is_conversation(target: paths.Target) -> bool:
    """Whether it may be talked to."""
    return (target.group, target.plural) == ("fizz.dev", "containers") and target.subresource in _SUBRESOURCES


async def converse(context: Context, socket: WebSocket) -> None:
    """Take the client's connection and carry messages, until one side ends. Raises as `proxy.forward` before that."""
    target = paths.parse(socket.scope["path"])
    if target is None or not is_conversation(target):
        raise errors.NotFound.path()
    if channels.PROTOCOL not in socket.scope["subprotocols"]:
        raise errors.BadRequest(f"the WebSocket must speak {channels.PROTOCOL}")
    agent = await proxy.agent_of(context, target)
    stop = _Stop()
    try:
        there = await agent.converse(socket.scope["query_string"].decode("latin-1"))
        context.streams.add(stop)
        await socket.accept(subprotocol=channels.PROTOCOL)
        await _carry(socket, there, stop)
    finally:
        context.streams.discard(stop)
        await agent.close()
    if socket.application_state is not WebSocketState.CONNECTED or socket.client_state is not WebSocketState.CONNECTED:
        return
    with contextlib.suppress(WebSocketDisconnect):  # the client was faster
        await socket.close(_NORMAL if there.close_code == _NORMAL else _GOING_AWAY)


class _Stop(asyncio.Event):
    """Set when the server stops, and must end the conversation."""

    def close(self) -> None:
        self.set()


async def _carry(socket: WebSocket, there: "aiohttp.ClientWebSocketResponse", stop: _Stop) -> None:
    up, down = asyncio.create_task(_up(socket, there)), asyncio.create_task(_down(socket, there))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([up, down, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        for task in (up, down):
            task.cancel()
        for outcome in await asyncio.gather(up, down, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect | ConnectionError):
                log.warning("conversation broke", error=str(outcome))


async def _up(socket: WebSocket, there: "aiohttp.ClientWebSocketResponse") -> None:
    while True:
        await there.send_bytes(await socket.receive_bytes())


async def _down(socket: WebSocket, there: "aiohttp.ClientWebSocketResponse") -> None:
    import aiohttp

    async for message in there:
        if message.type is aiohttp.WSMsgType.BINARY:
            await socket.send_bytes(message.data)
