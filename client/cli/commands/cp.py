"""`fizz cp`: files between this machine and containers."""

import asyncio
import posixpath
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from fizz.client.api import Client, NotFound
from fizz.client.cli.choosing import containers_of
from fizz.client.cli.containers import engine_name, is_of, is_oneoff, number_of
from fizz.client.cli.copying import DIRECTORY, SYMLINK, Feed, local_place, packed, unpack
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.project import the_project_name
from fizz.client.cli.session import run
from fizz.client.objects import Key, key_of
from fizz.schemas.types import JSON

__all__ = ["command"]

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Copy:
    """What is said: the service, the path there and the path here (`-` for a pipe)."""

    service: str
    inside: str
    here: str
    follow: bool
    own: bool


@click.command("cp")
@click.argument("source", metavar="SERVICE:PATH | PATH | -")
@click.argument("destination", metavar="PATH | SERVICE:PATH | -")
@click.option("--index", type=click.IntRange(1), metavar="N", help="Which of the service's containers.")
@click.option("--all", "everything", is_flag=True, help="Also containers that `fizz run` made.")
@click.option("-a", "--archive", is_flag=True, help="Keep owners, too.")
@click.option("-L", "--follow-link", is_flag=True, help="Copy what SOURCE links to, and not the link.")
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    source: str,
    destination: str,
    index: int | None,
    everything: bool,
    archive: bool,
    follow_link: bool,
) -> None:
    """Copy files from a container of a service, or into its containers, running or not.

    With - in the place of a path here, a tar file goes through a pipe. A SOURCE that ends in /. means what is in it.
    Into containers, all of the service's get it unless --index names one.
    """
    from_service, to_service = _split(source), _split(destination)
    if (from_service is None) == (to_service is None):
        what = "between services is not supported" if from_service else "needs one SERVICE:PATH"
        raise click.UsageError(f"copying {what}")
    project = the_project_name(options)

    async def main(client: Client) -> None:
        service, inside = from_service or to_service or ("", "")
        items = [
            item
            for item in await containers_of(client, project)
            if is_of(item, [service])
            and (everything or not is_oneoff(item))
            and (index is None or number_of(item) == index)
            and (item.get("status") or {}).get("containerID")
        ]
        if not items:
            raise Failure(f"no container found for service {service!r}")
        if from_service:
            await _out(client, items[0], _Copy(service, inside, destination, follow_link, archive))
        else:
            await _into(client, items, _Copy(service, inside, source, follow_link, archive))

    run(options, main)


def _split(text: str) -> tuple[str, str] | None:
    """Service and path; None for a path here."""
    service, colon, path = text.partition(":")
    return (service, path) if colon and service and service[0] not in "./~" and "/" not in service else None


async def _stat(client: Client, key: Key, path: str) -> JSON | None:
    try:
        return await client.stat(key.name, key.namespace, path)
    except NotFound:
        return None


async def _out(client: Client, item: JSON, what: _Copy) -> None:
    key, path = key_of(item), _absolute(what.inside)
    found = await _stat(client, key, path)
    if found is None:
        raise Failure(f"there is no {what.inside} in {engine_name(item)}")
    name = found["name"]
    if what.follow and found["mode"] & SYMLINK:
        path = posixpath.join(posixpath.dirname(path), found["linkTarget"])
        if (found := await _stat(client, key, path)) is None:
            raise Failure(f"{what.inside} in {engine_name(item)} links to {path}, which is not there")
    async with client.archive(key.name, key.namespace, path) as chunks:
        if what.here == "-":
            async for chunk in chunks:
                await asyncio.to_thread(sys.stdout.buffer.write, chunk)
            sys.stdout.buffer.flush()
            return
        is_folder, contents = bool(found["mode"] & DIRECTORY), what.inside.endswith("/.")
        place = local_place(what.here, name, is_folder=is_folder, contents=contents)
        feed = Feed()
        unpacking = asyncio.create_task(asyncio.to_thread(unpack, feed, place, own=what.own))
        try:
            async for chunk in chunks:
                await asyncio.to_thread(feed.put, chunk)
        finally:
            await asyncio.to_thread(feed.put, b"")
            await unpacking


async def _into(client: Client, items: Sequence[JSON], what: _Copy) -> None:
    if what.here == "-":
        if len(items) > 1:
            raise Failure(f"{what.service} has {len(items)} containers; --index says which gets what comes in")
        key = key_of(items[0])
        await client.put_archive(key.name, key.namespace, _absolute(what.inside), _piped(), copy_owner=what.own)
        return
    source = _local(what)
    await asyncio.gather(*(_put(client, item, source, what) for item in items))


@dataclass(frozen=True, slots=True)
class _Local:
    """A file or folder here, and its name in an archive: `.` for what is in a folder."""

    path: Path
    name: str
    is_folder: bool


def _local(what: _Copy) -> _Local:
    path = Path(what.here).resolve() if what.follow else Path(what.here)
    if not path.is_symlink() and not path.exists():
        raise Failure(f"{what.here}: there is no such file or folder")
    is_folder = path.is_dir() and not path.is_symlink()
    return _Local(path, "." if what.here.endswith("/.") else Path(what.here).absolute().name, is_folder)


async def _put(client: Client, item: JSON, source: _Local, what: _Copy) -> None:
    key, path = key_of(item), _absolute(what.inside)
    found = await _stat(client, key, path)
    if found is not None and found["mode"] & SYMLINK:
        path = posixpath.join(posixpath.dirname(path), found["linkTarget"])
        found = await _stat(client, key, path)
    if found is not None and found["mode"] & DIRECTORY:
        folder, name = path, source.name
    else:
        if found is not None and source.is_folder:
            raise Failure(f"{what.inside} in {engine_name(item)}: a folder cannot replace a file")
        if found is None and what.inside.endswith("/") and not source.is_folder:
            raise Failure(f"{what.inside} in {engine_name(item)}: there is no such folder")
        folder, name = posixpath.split(path.rstrip("/"))
    await client.put_archive(key.name, key.namespace, folder or "/", packed(source.path, name), copy_owner=what.own)


def _absolute(path: str) -> str:
    """A path in a container; relative ones begin at its root."""
    return path if path.startswith("/") else f"/{path}"


async def _piped() -> AsyncIterator[bytes]:
    """What comes over standard input, read in a thread that ends with the process."""
    loop = asyncio.get_running_loop()
    coming: asyncio.Queue[bytes] = asyncio.Queue(1)

    def read() -> None:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            asyncio.run_coroutine_threadsafe(coming.put(chunk), loop).result()
        asyncio.run_coroutine_threadsafe(coming.put(b""), loop)

    threading.Thread(target=read, name="fizz-stdin", daemon=True).start()
    while chunk := await coming.get():
        yield chunk
