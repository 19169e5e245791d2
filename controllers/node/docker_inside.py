"""What goes on inside of a Docker Engine's containers: commands, conversations, signals, processes, files.

A conversation is a connection that the engine gives up to both sides after its answer: what is read from it is the
program's output, in frames or, with a terminal, as it is; what is written to it is its input. The end of input is told
by closing one half of the connection.

Source: Docker Engine API, "Exec", "Attach to a container", "Copy files or folders".
"""

import asyncio
import base64
import socket
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Final

import orjson
import requests
import urllib3

from fizz.controllers.node import threads
from fizz.controllers.node.docker_calls import DockerCalls, chunks, json_batches, segment
from fizz.controllers.node.engine import EngineError, EngineLost, Refused
from fizz.controllers.node.inside import Conversation, Execution, LogEntry, Processes
from fizz.controllers.node.log_frames import LogFrames
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest

__all__ = ["DockerInside"]

_LONG_CALLS: Final = 256
"""Containers that are being stopped at the same time, at most; each has a thread that waits."""
_KEPT_OUTPUT: Final = 4096
"""Bytes of what a command in a container writes that are kept, from the end."""
_CHUNK: Final = 64 * 1024
_SETTLES: Final = 50
_SETTLE_SECONDS: Final = 0.02
"""The engine closes a conversation a moment before it knows the exit code. How often, and after how long, it is asked
again until whoever was talked to counts as still there, and the person as detached."""


class DockerInside(DockerCalls):
    """The verbs of `Execs`, and what is like them."""

    def __init__(self, host: str, *, calls: int = 16) -> None:
        super().__init__(host, calls=calls)
        self.long = asyncio.Semaphore(_LONG_CALLS)

    # Commands

    async def execute(self, container: str, request: ExecRequest) -> Execution:
        """See `Containers`."""
        kept, code = b"", -1
        async with self.long, aclosing(self.executing(container, request)) as written:
            async for entry in written:
                if isinstance(entry, Execution):
                    code = entry.exit_code
                else:
                    kept = (kept + entry.text)[-_KEPT_OUTPUT:]
        return Execution(code, kept.decode(errors="replace"))

    async def executing(self, container: str, request: ExecRequest) -> AsyncGenerator[LogEntry | Execution, None]:
        async with self.converse(container, request) as talk:
            async for entry in talk:
                yield entry
            code = await talk.exit_code()
        yield Execution(-1 if code is None else code)

    async def execute_detached(self, container: str, request: ExecRequest) -> None:
        path = await self._exec(container, request)
        body = {"Detach": True, "Tty": request.tty}
        await threads.call(lambda: self.connection.send("exec", "POST", f"{path}/start", None, body, timeout=None))

    @asynccontextmanager
    async def converse(self, container: str, request: ExecRequest) -> AsyncIterator[Conversation]:
        path = await self._exec(container, request)
        body = {"Detach": False, "Tty": request.tty}
        response = await threads.call(
            lambda: self.connection.send("exec", "POST", f"{path}/start", None, body, timeout=None, stream=True)
        )

        async def code() -> int | None:
            done = await self.json("exec", "GET", f"{path}/json")
            return None if done["Running"] else done["ExitCode"]

        async with self._talking(response, tty=request.tty, resize=f"{path}/resize", code=code) as talk:
            yield talk

    async def _exec(self, container: str, request: ExecRequest) -> str:
        """Prepare a command; the path of what was prepared."""
        body = {
            "AttachStdin": request.stdin,
            "AttachStdout": True,
            "AttachStderr": True,
            "Cmd": list(request.command),
            "Env": list(request.environment),
            "User": request.user,
            "WorkingDir": request.working_dir,
            "Privileged": request.privileged,
            "Tty": request.tty,
            **({"DetachKeys": request.detach_keys} if request.detach_keys else {}),
        }
        made = await self.json("exec", "POST", f"/containers/{segment(container)}/exec", None, body)
        return f"/exec/{segment(made['Id'])}"

    # The container's own program

    @asynccontextmanager
    async def attach(self, container: str, *, stdin: bool, detach_keys: str = "") -> AsyncIterator[Conversation]:
        path = f"/containers/{segment(container)}"
        found = await self.json("inspect", "GET", f"{path}/json")
        params = {"stream": "1", "stdout": "1", "stderr": "1", "stdin": "1" if stdin else "0"}
        params |= {"detachKeys": detach_keys} if detach_keys else {}
        response = await threads.call(
            lambda: self.connection.send("attach", "POST", f"{path}/attach", params, timeout=None, stream=True)
        )
        # Asked for before it ends, because a container may be removed as soon as it has.
        condition = {"condition": "next-exit" if found["State"]["Status"] == "created" else "not-running"}
        waiting = await threads.call(
            lambda: self.connection.send("wait", "POST", f"{path}/wait", condition, timeout=None, stream=True)
        )
        end = self.stream(waiting, json_batches(waiting))

        async def code() -> int | None:
            try:
                async with asyncio.timeout(_SETTLES * _SETTLE_SECONDS):
                    answer = await anext(end)
            except (TimeoutError, StopAsyncIteration):
                return None
            return int(answer[0]["StatusCode"])

        tty = bool(found["Config"]["Tty"])
        try:
            async with self._talking(response, tty=tty, resize=f"{path}/resize", code=code, settles=1) as talk:
                yield talk
        finally:
            self.end(end)

    @asynccontextmanager
    async def _talking(
        self,
        response: requests.Response,
        *,
        tty: bool,
        resize: str,
        code: Callable[[], Awaitable[int | None]],
        settles: int = _SETTLES,
    ) -> AsyncIterator[Conversation]:
        stream = self.stream(response, _written(response, LogFrames(tty=False, timed=False) if not tty else None))

        async def resized(rows: int, columns: int) -> None:
            with suppress(EngineError):  # it has ended, or has not begun: its size is no matter
                params = {"h": str(rows), "w": str(columns)}
                await self.quick(lambda: self.connection.send("resize", "POST", resize, params))

        async def settled() -> int | None:
            for _ in range(settles):
                if (found := await code()) is not None:
                    return found
                await asyncio.sleep(_SETTLE_SECONDS)
            return None

        try:
            yield _Talk(response, stream, resized if tty else None, settled)
        finally:
            self.end(stream)

    async def kill(self, container: str, signal: str) -> None:
        path = f"/containers/{segment(container)}/kill"
        await self.quick(lambda: self.connection.send("kill", "POST", path, {"signal": signal}))

    async def restart(self, container: str, seconds: int | None = None) -> None:
        path = f"/containers/{segment(container)}/restart"
        params = {} if seconds is None else {"t": str(seconds)}
        async with self.long:
            await threads.call(lambda: self.connection.send("restart", "POST", path, params, timeout=None))

    # Looking at it

    async def processes(self, container: str, ps_args: str = "") -> Processes:
        params = {"ps_args": ps_args} if ps_args else {}
        answer = await self.json("top", "GET", f"/containers/{segment(container)}/top", params)
        return Processes(answer["Titles"], answer.get("Processes") or [])

    async def stats(self, container: str, *, stream: bool) -> AsyncGenerator[JSON, None]:
        path = f"/containers/{segment(container)}/stats"
        params = {"stream": "1" if stream else "0"}
        response = await threads.call(
            lambda: self.connection.send("stats", "GET", path, params, timeout=None, stream=True)
        )
        source = self.stream(response, json_batches(response))
        try:
            async for batch in source:
                for each in batch:
                    yield each
        finally:
            self.end(source)

    # Files

    async def put_archive(
        self, container: str, path: str, archive: AsyncIterable[bytes], *, copy_owner: bool = False
    ) -> None:
        body = threads.blocking(archive)
        place = f"/containers/{segment(container)}/archive"
        params = {"path": path, "noOverwriteDirNonDir": "1"} | ({"copyUIDGID": "1"} if copy_owner else {})
        await threads.call(lambda: self.connection.send("archive", "PUT", place, params, body, timeout=None))

    async def archive(self, container: str, path: str) -> AsyncGenerator[bytes, None]:
        place, plain = f"/containers/{segment(container)}/archive", {"Accept-Encoding": "identity"}
        response = await threads.call(
            lambda: self.connection.send(
                "archive", "GET", place, {"path": path}, timeout=None, stream=True, headers=plain
            )
        )
        source = self.stream(response, chunks(response))
        try:
            async for chunk in source:
                yield chunk
        finally:
            self.end(source)

    async def stat(self, container: str, path: str) -> JSON:
        place = f"/containers/{segment(container)}/archive"
        response = await self.quick(lambda: self.connection.send("archive", "HEAD", place, {"path": path}))
        try:
            found: JSON = orjson.loads(base64.b64decode(response.headers["X-Docker-Container-Path-Stat"]))
        except (KeyError, ValueError) as error:
            raise Refused(f"the engine does not say what {path} is") from error
        return found


class _Talk:
    """A conversation over the connection of an answer."""

    def __init__(
        self,
        response: requests.Response,
        stream: threads.Stream[list[LogEntry]],
        resize: Callable[[int, int], Awaitable[None]] | None,
        code: Callable[[], Awaitable[int | None]],
    ) -> None:
        self._socket = _socket_of(response)
        self._stream, self._resize, self._code = stream, resize, code

    async def __aiter__(self) -> AsyncIterator[LogEntry]:
        async for batch in self._stream:
            for entry in batch:
                yield entry

    async def write(self, data: bytes) -> None:
        with suppress(OSError):  # it has ended; what it wrote tells
            await threads.call(lambda: self._socket.sendall(data))

    async def end_input(self) -> None:
        def shut() -> None:
            # Of a TLS connection, too, only the half below: the library's own way ends both.
            socket.socket.shutdown(self._socket, socket.SHUT_WR)

        with suppress(OSError):
            await threads.call(shut)

    async def resize(self, rows: int, columns: int) -> None:
        if self._resize is not None:
            await self._resize(rows, columns)

    async def exit_code(self) -> int | None:
        return await self._code()


def _socket_of(response: requests.Response) -> socket.socket:
    """The connection that an answer comes over. The library has no public way to it, and its own code goes this one."""
    raw: Any = response.raw
    found: socket.socket = raw._fp.fp.raw._sock
    return found


def _written(response: requests.Response, frames: LogFrames | None) -> Iterator[list[LogEntry]]:
    """What a program writes, as it comes; a body without frames is a terminal's."""
    raw: Any = response.raw
    try:
        while chunk := raw.read1(_CHUNK):
            if frames is None:
                yield [LogEntry("", "stdout", chunk)]
            elif entries := frames.feed(chunk):
                yield entries
    except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
        raise EngineLost(f"the connection to the Docker Engine broke: {error}") from error
    finally:
        response.close()
