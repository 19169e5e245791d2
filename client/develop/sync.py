"""Files into running containers, commands in them, and restarts, through the API server."""

import asyncio
import base64
import tarfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from fizz.client.api import Client, NotFound
from fizz.client.develop.rules import Work
from fizz.client.errors import ApiError
from fizz.client.images.context import ContextError, member
from fizz.client.objects import Key
from fizz.schemas.execs import ExecRequest

__all__ = ["SyncError", "Syncer"]

_END: Final = bytes(2 * tarfile.BLOCKSIZE)


class SyncError(Exception):
    """A container could not be brought up to date; the message says which, and why."""


class Syncer:
    """Does the work of one service, apart from building, in its running containers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def run(self, containers: Sequence[Key], work: Work) -> list[str]:
        """Copy, remove, restart, run commands: in all containers at once, in each in that order. What commands wrote.

        Raises `SyncError`. A container that is gone meanwhile is left out: what comes in its place has its image's
        files.
        """
        outputs = await asyncio.gather(*(self._one(key, work) for key in containers))
        return [line for lines in outputs for line in lines]

    async def _one(self, key: Key, work: Work) -> list[str]:
        lines: list[str] = []
        try:
            if work.copies:
                await self._client.put_archive(key.name, key.namespace, "/", _packed(work.copies))
            if work.removals:
                await self._exec(key, ExecRequest(("rm", "-rf", *sorted(work.removals)), user="0"))
            if work.restart:
                await self._client.restart(key.name, key.namespace)
            for command in work.execs:
                lines += await self._exec(key, command)
        except NotFound:
            return lines
        except (ApiError, ContextError) as error:
            raise SyncError(f"{key.name}: {error}") from error
        return lines

    async def _exec(self, key: Key, command: ExecRequest) -> list[str]:
        output, code = b"", 0
        async for line in self._client.execute(key.name, key.namespace, command):
            output += base64.b64decode(line.get("data", ""))
            code = line.get("exitCode", code)
            if "error" in line:
                raise SyncError(f"{key.name}: {line['error']}")
        text = output.decode(errors="replace").splitlines()
        if code != 0:
            said = f": {text[-1]}" if text else ""
            raise SyncError(f"{key.name}: `{' '.join(command.command)}` ended with exit code {code}{said}")
        return text


async def _packed(copies: Mapping[str, Path]) -> AsyncIterator[bytes]:
    pieces = _pieces(copies)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _pieces(copies: Mapping[str, Path]) -> Iterator[bytes]:
    for place, path in sorted(copies.items()):
        try:
            yield from member(place.lstrip("/"), path)
        except FileNotFoundError:
            continue  # it is gone again, which will be told as a change of its own
        except OSError as error:
            raise ContextError(f"{path}: {error.strerror}") from error
    yield _END
