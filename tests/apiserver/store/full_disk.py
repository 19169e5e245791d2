"""What must hold when there is no space: one scenario for every way to run out of it.

Run as a program it is the way of a limit on the size of files: `full_disk.py DIRECTORY`.
"""

import asyncio
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import LAST, Change, Full

VALUE = b"x" * 20_000
LIMIT = 3 << 20


async def fill(store: LmdbStore, value: bytes, name: str) -> dict[str, int]:
    """Write until there is no space. What was acknowledged, by key."""
    acknowledged: dict[str, int] = {}
    while True:
        key = f"/a/b/{name}/{len(acknowledged)}"
        try:
            acknowledged[key] = await store.commit([Change(key, value), Change("/a/last", name.encode())])
        except Full:
            return acknowledged


async def check(store: LmdbStore, acknowledged: dict[str, int]) -> None:
    """Everything acknowledged is there, and nothing else; reads work."""
    listed = {record.key: record.revision for record in (await store.list("/a/b/")).records}
    assert listed == acknowledged
    assert store.revision == max(acknowledged.values())
    last = await store.get("/a/last")
    assert last is not None
    assert last.revision == store.revision


async def scenario(path: Path, make_space: Callable[[], None] | None, max_bytes: int | None = None) -> None:
    """Fill a store, see that nothing was torn, and go on when there is space; by compaction where nobody makes any."""
    store = await LmdbStore.open(path, max_bytes=max_bytes)
    acknowledged = await fill(store, VALUE, "large")
    assert len(acknowledged) > 10
    await check(store, acknowledged)

    # A small commit that waits together with a large one is not refused for that one's sake.
    outcomes = await asyncio.gather(
        store.commit([Change("/a/b/huge", VALUE * 10)]),
        store.commit([Change("/a/last", b"small")]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], Full)
    assert isinstance(outcomes[1], int)
    with store.watch("/a/", (0, LAST)) as watcher:
        assert (await watcher.next())[0].revision == 1

    await fill(store, b"y" * 500, "small")
    if make_space is None:
        await store.compact(store.revision)
    else:
        make_space()
    revision = await store.commit([Change("/a/after", VALUE)])
    await store.close()

    again = await LmdbStore.open(path, max_bytes=max_bytes)
    assert again.revision == revision
    assert (await again.list("/a/b/large/")).remaining == 0
    listed = {record.key: record.revision for record in (await again.list("/a/b/large/")).records}
    assert listed == acknowledged
    await again.close()


def raise_limit() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
    asyncio.run(scenario(Path(sys.argv[1]), raise_limit))
    sys.stdout.write("survived\n")
