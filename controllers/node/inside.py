"""What goes on inside of a container, as the agent sees it: verbs, and the values that come out. See `engine`.

A `Conversation` is a program's input and output at the same time: a command that was just begun, or the container's own
program. It ends when the program does, when the person detaches, or when it is closed; none but the first ends the
program.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest

__all__ = ["Conversation", "Execs", "Execution", "LogEntry", "Processes"]


@dataclass(frozen=True, slots=True)
class Execution:
    """How a command in a container ended; `output` is the end of what it wrote."""

    exit_code: int
    output: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What a container wrote at once: a line with its end, or a part of a long line without. `time` is RFC 3339."""

    time: str
    stream: Literal["stdout", "stderr"]
    text: bytes


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes in a container as the host's `ps` shows them."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]


class Conversation(Protocol):
    """A program's input and output."""

    def __aiter__(self) -> AsyncIterator[LogEntry]:
        """What it writes, as it comes, without times. Raises `EngineLost`."""

    async def write(self, data: bytes) -> None:
        """Give it input; returns when it may have more. What ended takes no more, and says nothing."""

    async def end_input(self) -> None:
        """It gets no more input."""

    async def resize(self, rows: int, columns: int) -> None:
        """Its terminal has that size now; nothing without a terminal."""

    async def exit_code(self) -> int | None:
        """After the last of what it wrote: how it ended; None if it goes on, because somebody detached."""


class Execs(Protocol):
    """Verbs for what goes on inside of containers."""

    def executing(self, container: str, request: ExecRequest) -> AsyncGenerator[LogEntry | Execution, None]:
        """Run a command; what it writes as it comes, without times, and then how it ended. Raises as `execute`."""

    async def execute_detached(self, container: str, request: ExecRequest) -> None:
        """Begin a command and leave it to itself. Raises as `execute`."""

    def converse(self, container: str, request: ExecRequest) -> AbstractAsyncContextManager[Conversation]:
        """Run a command and talk to it. Raises as `execute` on entering."""

    def attach(
        self, container: str, *, stdin: bool, detach_keys: str = ""
    ) -> AbstractAsyncContextManager[Conversation]:
        """Talk to the container's own program, from now on; it need not be started yet. Raises `Missing`, `Refused`."""

    async def processes(self, container: str, ps_args: str = "") -> Processes:
        """What runs in it. Raises `Missing`, or `Refused` if it does not run."""

    def stats(self, container: str, *, stream: bool) -> AsyncGenerator[JSON, None]:
        """The engine's figures of what it uses, once a second or only once. Raises `Missing`."""

    async def put_archive(
        self, container: str, path: str, archive: AsyncIterable[bytes], *, copy_owner: bool = False
    ) -> None:
        """Unpack a tar file in a folder of the container, running or not. Its files belong to whom the container runs
        as, or with `copy_owner` to whom the archive says. Raises `Missing` or `Refused`.
        """

    def archive(self, container: str, path: str) -> AsyncGenerator[bytes, None]:
        """A file or folder of the container as a tar file. Raises `Missing`."""

    async def stat(self, container: str, path: str) -> JSON:
        """What is at a path: name, size, mode (as Go writes it), mtime, linkTarget. Raises `Missing`."""

    async def restart(self, container: str, seconds: int | None = None) -> None:
        """Stop it as `stop` does, and start it again. Raises `Missing` or `Refused`."""
