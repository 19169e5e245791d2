"""What goes on inside of the `FakeEngine`'s containers.

Commands are read from their words as programs are (see `fake_container`); `cat` gives back what it gets. A container's
own program, talked to, does the same.
"""

import asyncio
import io
import tarfile
from abc import ABC
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager

from fizz.controllers.node.engine import Missing, Refused
from fizz.controllers.node.fake_container import FakeContainer
from fizz.controllers.node.fake_images import FakeImages
from fizz.controllers.node.inside import Conversation, Execution, LogEntry, Processes
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest

__all__ = ["FakeInside"]


class FakeInside(FakeImages, ABC):
    """The verbs of `Execs`."""

    async def executing(self, container: str, request: ExecRequest) -> AsyncGenerator[LogEntry | Execution, None]:
        await self.enter("executing")
        done = self._running(container).execute(request)
        if done.output:
            yield LogEntry("", "stdout", done.output.encode())
        yield Execution(done.exit_code)

    async def execute_detached(self, container: str, request: ExecRequest) -> None:
        await self.enter("execute_detached")
        self._running(container).execute(request)

    @asynccontextmanager
    async def converse(self, container: str, request: ExecRequest) -> AsyncIterator[Conversation]:
        await self.enter("converse")
        done = self._running(container).execute(request)
        talk = _Talk(done.exit_code)
        if done.output:
            talk.said(done.output.encode())
        if "cat" not in request.command or not request.stdin:
            talk.over()
        yield talk

    @asynccontextmanager
    async def attach(self, container: str, *, stdin: bool, detach_keys: str = "") -> AsyncIterator[Conversation]:
        await self.enter("attach")
        box = self.box(container)
        talk = _Talk(None)
        following = asyncio.create_task(self._follow(box, talk, len(box.log), began=box.runs))
        try:
            yield talk
        finally:
            following.cancel()

    async def _follow(self, box: FakeContainer, talk: "_Talk", seen: int, *, began: bool) -> None:
        """Pass on what the program writes, until it has run and runs no more."""
        while True:
            for entry in box.log[seen:]:
                talk.said(entry.text)
            seen, began = len(box.log), began or box.started_at is not None
            if began and not box.runs:
                talk.code = box.exit_code
                talk.over()
                return
            await self.changed.wait()

    async def processes(self, container: str, ps_args: str = "") -> Processes:
        await self.enter("processes")
        box = self._running(container)
        return Processes(["PID", "CMD"], [[str(int(box.id, 16)), " ".join(box.body.get("Cmd") or [])]])

    async def stats(self, container: str, *, stream: bool) -> AsyncGenerator[JSON, None]:
        await self.enter("stats")
        box = self.box(container)
        while True:
            yield {"read": self.now().isoformat(), "id": box.id, "memory_stats": {"usage": 1024, "limit": 4096}}
            if not stream:
                return
            await self.changed.wait()

    async def put_archive(
        self, container: str, path: str, archive: AsyncIterable[bytes], *, copy_owner: bool = False
    ) -> None:
        await self.enter("put_archive")
        box = self.box(container)
        content = b"".join([chunk async for chunk in archive])
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isfile() else None
                box.files[f"{path.rstrip('/')}/{member.name}"] = file.read() if file else b""

    async def archive(self, container: str, path: str) -> AsyncGenerator[bytes, None]:
        await self.enter("archive")
        content = self._file(container, path)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            member = tarfile.TarInfo(path.rpartition("/")[2])
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        yield packed.getvalue()

    async def stat(self, container: str, path: str) -> JSON:
        await self.enter("stat")
        size = len(self._file(container, path))
        return {"name": path.rpartition("/")[2], "size": size, "mode": 0o644, "mtime": "2026-01-01T00:00:00Z"}

    async def restart(self, container: str, seconds: int | None = None) -> None:
        await self.enter("restart")
        box = self.box(container)
        if box.runs:
            self.stop_by_hand(container)
        self.start_box(box)
        await asyncio.sleep(0)

    def _file(self, container: str, path: str) -> bytes:
        files = self.box(container).files
        if path not in files:
            raise Missing(f"Could not find the file {path} in container {container}")
        return files[path]

    def _running(self, container: str) -> FakeContainer:
        box = self.box(container)
        if box.state != "running":
            raise Refused(f"Container {container} is not running")
        return box


class _Talk:
    """A conversation with something that gives back what it gets."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        self.sizes: list[tuple[int, int]] = []
        self._said: asyncio.Queue[bytes | None] = asyncio.Queue()

    def said(self, text: bytes) -> None:
        self._said.put_nowait(text)

    def over(self) -> None:
        self._said.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[LogEntry]:
        while (text := await self._said.get()) is not None:
            yield LogEntry("", "stdout", text)

    async def write(self, data: bytes) -> None:
        self.said(data)

    async def end_input(self) -> None:
        self.over()

    async def resize(self, rows: int, columns: int) -> None:
        self.sizes.append((rows, columns))

    async def exit_code(self) -> int | None:
        return self.code
