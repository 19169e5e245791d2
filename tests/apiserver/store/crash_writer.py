"""A process to be killed: it writes from many tasks and says on standard output what was acknowledged."""

import asyncio
import os
import sys
from pathlib import Path

from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import Change

LEASES = "/coordination.k8s.io/leases/"


async def main(path: Path) -> None:
    store = await LmdbStore.open(path, volatile=(LEASES,))

    async def write(name: int) -> None:
        number = 0
        while True:
            number += 1
            key = f"/a/b/{name}/{store.revision}-{number}"
            revision = await store.commit([Change(key, key.encode()), Change(f"/a/last/{name}", key.encode())])
            os.write(1, f"{revision} {key}\n".encode())
            if number % 10 == 0:
                revision = await store.commit([Change(f"{LEASES}a/{name}", b"")])
                os.write(1, f"{revision} -\n".encode())

    async def compact() -> None:
        while True:
            await store.compact(max(0, store.revision - 50))
            await asyncio.sleep(0)

    await asyncio.gather(compact(), *(write(name) for name in range(8)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
