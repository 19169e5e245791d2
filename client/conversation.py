"""A conversation with a program in a container, through the API server: input, output and how it ended.

    async with client.converse("web-0badcafe-0", "blog", ExecRequest(("sh",), stdin=True, tty=True)) as talk:
        await talk.resize(24, 80)
        await talk.write(b"exit 3\\n")
        async for stream, text in talk:
            ...
    talk.ending.exit_code    # 3

The messages are those of `schemas.channels`.
"""

from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from fizz.client.errors import ServerError, Unavailable
from fizz.schemas import channels
from fizz.schemas.channels import Ending
from fizz.schemas.execs import ExecRequest

__all__ = ["Conversation", "query_of"]

_STREAMS: Final = {channels.STDOUT: "stdout", channels.STDERR: "stderr"}


class Conversation:
    """One conversation. Iterate over it for what the program writes: `("stdout", b"...")`; `ending` is known then."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, endpoint: str) -> None:
        self._socket, self._endpoint = socket, endpoint
        self.ending: Ending | None = None

    async def __aiter__(self) -> AsyncIterator[tuple[str, bytes]]:
        """Raises `Unavailable` if the connection is lost before the end, `ServerError` for what failed there."""
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            channel, content = message.data[0], message.data[1:]
            if channel == channels.ERROR:
                self.ending = channels.ending_of(content)
                break
            if channel in _STREAMS:
                yield _STREAMS[channel], content
        if self.ending is None:
            raise Unavailable(f"{self._endpoint}: the connection was lost; what it was connected to may go on")
        if self.ending.error:
            raise ServerError(self.ending.error, code=500)

    async def write(self, data: bytes) -> None:
        """Give it input; nothing if it has ended."""
        await self._send(channels.message(channels.STDIN, data))

    async def end_input(self) -> None:
        """It gets no more input."""
        await self._send(channels.message(channels.CLOSE, bytes((channels.STDIN,))))

    async def resize(self, rows: int, columns: int) -> None:
        """Its terminal has that size now."""
        await self._send(channels.resized(rows, columns))

    async def _send(self, message: bytes) -> None:
        if self.ending is not None or self._socket.closed:
            return
        try:
            await self._socket.send_bytes(message)
        except (aiohttp.ClientError, ConnectionError):
            return  # who reads is told


def query_of(request: ExecRequest) -> list[tuple[str, str]]:
    """A command as the parameters of a request."""
    given = {"user": request.user, "workingDir": request.working_dir, "detachKeys": request.detach_keys}
    flags = {"privileged": request.privileged, "stdin": request.stdin, "tty": request.tty}
    query = [("command", word) for word in request.command] + [("env", each) for each in request.environment]
    query += [(key, value) for key, value in given.items() if value]
    return query + [(key, "true") for key, value in flags.items() if value]
