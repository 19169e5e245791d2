import subprocess
import sys
from pathlib import Path

import pytest

from fizz.apiserver.store.environment import open_environment
from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import Change, Locked

OPEN = """
import asyncio, resource, sys
from pathlib import Path
from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import Change

async def main():
    store = await LmdbStore.open(Path(sys.argv[1]))
    print(await store.commit([Change("/a", b"1")]))
    await store.close()

if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
asyncio.run(main())
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", OPEN, *arguments], capture_output=True, text=True, check=False)


async def test_a_second_process_is_refused_and_told_which_the_first_is(tmp_path: Path) -> None:
    store = await LmdbStore.open(tmp_path)
    second = run(str(tmp_path))
    assert second.returncode == 1
    assert "Locked" in second.stderr
    assert "in use by another server (process " in second.stderr
    await store.close()
    assert run(str(tmp_path)).stdout == "1\n"


async def test_a_second_store_in_the_same_process_is_refused(tmp_path: Path) -> None:
    store = await LmdbStore.open(tmp_path)
    with pytest.raises(Locked):
        await LmdbStore.open(tmp_path)
    assert await store.commit([Change("/a", b"")]) == 1
    await store.close()
    await (await LmdbStore.open(tmp_path)).close()


def test_the_map_is_as_large_as_the_system_allows(tmp_path: Path) -> None:
    assert run(str(tmp_path), str(8 << 30)).stdout == "1\n"
    assert (tmp_path / "data.mdb").stat().st_size < 1 << 20


def test_an_address_space_that_is_too_small_is_a_clear_error(tmp_path: Path) -> None:
    assert "StoreError" in run(str(tmp_path), str(1 << 29)).stderr


def test_others_cannot_read_the_data(tmp_path: Path) -> None:
    open_environment(tmp_path / "deep" / "store").close()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "deep").rglob("*")}
    assert modes == {"store": 0o700, "data.mdb": 0o600, "lock.mdb": 0o600, "writer.lock": 0o600}


def test_a_quota_that_is_too_small_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        open_environment(tmp_path, max_bytes=1000)
