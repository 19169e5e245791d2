from functools import partial
from pathlib import Path

import lmdb
import pytest

from fizz.apiserver.store import format as formats
from fizz.apiserver.store import layout
from fizz.apiserver.store.format import Tables, Transaction, write_number
from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import BadFormat, Change, Record, StoreError


async def make(path: Path) -> None:
    store = await LmdbStore.open(path)
    await store.commit([Change("/a", b"old")])
    await store.close()


def edit(path: Path, name: bytes, value: bytes | None) -> None:
    with lmdb.Environment(str(path), max_dbs=4) as env, env.begin(write=True) as txn:
        meta = env.open_db(b"meta", txn=txn)
        if value is None:
            txn.delete(name, db=meta)
        else:
            txn.put(name, value, db=meta)


async def test_an_older_format_is_migrated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(tmp_path)
    edit(tmp_path, layout.FORMAT, layout.pack_number(0))
    migrated = []

    def migrate(txn: Transaction, tables: Tables) -> None:
        migrated.append(0)
        raw = txn.get(b"/a", db=tables.current)
        assert raw is not None
        txn.put(b"/a", raw.replace(b"old", b"new"), db=tables.current)

    monkeypatch.setitem(formats.MIGRATIONS, 0, migrate)
    for _ in range(2):
        store = await LmdbStore.open(tmp_path)
        assert await store.get("/a") == Record("/a", b"new", 1)
        await store.close()
    assert migrated == [0]


async def test_migrations_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(tmp_path)
    steps: list[int] = []

    def step(version: int, txn: Transaction, tables: Tables) -> None:
        steps.append(version)

    for version in (1, 2, 3):
        monkeypatch.setitem(formats.MIGRATIONS, version, partial(step, version))
    monkeypatch.setattr(formats, "VERSION", 4)
    await (await LmdbStore.open(tmp_path)).close()
    assert steps == [1, 2, 3]


async def test_a_migration_that_fails_leaves_the_data_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(tmp_path)
    monkeypatch.setattr(formats, "VERSION", 3)

    def migrate(txn: Transaction, tables: Tables) -> None:
        write_number(txn, tables, layout.REVISION, 99)

    monkeypatch.setitem(formats.MIGRATIONS, 1, migrate)
    with pytest.raises(BadFormat, match=r"format 1.*format 3.*cannot migrate 2"):
        await LmdbStore.open(tmp_path)
    monkeypatch.undo()
    store = await LmdbStore.open(tmp_path)
    assert store.revision == 1
    await store.close()


async def test_a_newer_format_is_refused_and_both_are_named(tmp_path: Path) -> None:
    await make(tmp_path)
    edit(tmp_path, layout.FORMAT, layout.pack_number(7))
    with pytest.raises(BadFormat, match="format 7; this Fizz knows formats up to 1"):
        await LmdbStore.open(tmp_path)


@pytest.mark.parametrize("name", [layout.FORMAT, layout.REVISION, layout.CLUSTER], ids=bytes.decode)
async def test_damaged_data_is_refused(tmp_path: Path, name: bytes) -> None:
    await make(tmp_path)
    edit(tmp_path, name, None)
    with pytest.raises(BadFormat, match="damaged"):
        await LmdbStore.open(tmp_path)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"not a database" * 10_000)
    with pytest.raises(BadFormat, match=str(tmp_path)):
        await LmdbStore.open(tmp_path)


async def test_a_path_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be opened"):
        await LmdbStore.open(tmp_path / "file")


async def test_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    first = await LmdbStore.open(tmp_path / "a", replica=5)
    identity = (first.cluster, first.replica)
    revision = await first.commit([Change("/a", b"")])
    await first.close()
    again = await LmdbStore.open(tmp_path / "a", replica=6)
    assert (again.cluster, again.replica, again.revision) == (*identity, revision)
    await again.close()
    other = await LmdbStore.open(tmp_path / "b")
    assert other.cluster != again.cluster
    await other.close()
