"""Backups of real stores: what comes back, what is refused, and what is left when something is cut off."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fizz.apiserver.backup.archive import BadBackup, Manifest, verify, write
from fizz.apiserver.backup.restore import NotEmpty, finish, restore
from fizz.apiserver.backup.save import Exists, save
from fizz.apiserver.store.dump import Row
from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import LAST, BadFormat, Change, Compacted, Locked, StoreError

MANIFEST = Manifest("2026-01-31T09:30:00Z", "1.0", 1, 0, "00000000-0000-0000-0000-000000000001", 7)
KEY = "/core/configmaps/shop/motd"


async def filled(data: Path, *values: bytes) -> int:
    """A data folder whose one object had these values, one after the other; the last revision."""
    store = await LmdbStore.open(data / "store")
    for value in values:
        revision = await store.commit([Change(KEY, value), Change(f"{KEY}-2", value, ttl=3600)])
    await store.close()
    (data / "keys").mkdir(exist_ok=True)
    (data / "keys" / "service-accounts-1.pem").write_bytes(values[-1])
    return revision


async def found(data: Path) -> bytes:
    """The value of the object, after a server has begun on the folder."""
    finish(data)
    store = await LmdbStore.open(data / "store")
    record = await store.get(KEY)
    await store.close()
    assert record is not None
    return record.value


@pytest.fixture
async def backup(tmp_path: Path) -> bytes:
    """A backup of an object whose value is `old`."""
    await filled(tmp_path / "saved", b"first", b"old")
    save(tmp_path / "saved", tmp_path / "backup")
    return (tmp_path / "backup").read_bytes()


async def test_what_stands_comes_back_with_keys_and_expiry(tmp_path: Path) -> None:
    revision = await filled(tmp_path / "one", b"first", b"old")
    contents = save(tmp_path / "one", tmp_path / "backup")
    with (tmp_path / "backup").open("rb") as source:
        restored, kept = restore(source, tmp_path / "two")
    store = await LmdbStore.open(tmp_path / "two" / "store")
    first = await LmdbStore.open(tmp_path / "one" / "store")
    records = [(each.key, each.value, each.revision) for each in (await store.list("/")).records]
    deadline, cluster = store.deadline(), store.cluster

    assert restored == contents
    assert (contents.objects, contents.files, contents.manifest.revision) == (2, 1, revision)
    assert kept is None
    assert records == [(KEY, b"old", revision), (f"{KEY}-2", b"old", revision)]
    assert (deadline, cluster) == (first.deadline(), first.cluster)
    assert (tmp_path / "two/keys/service-accounts-1.pem").read_bytes() == b"old"
    assert (tmp_path / "two/keys/service-accounts-1.pem").stat().st_mode & 0o777 == 0o600
    await store.close()
    await first.close()


async def test_revisions_go_on_beyond_all_that_was_handed_out_and_old_positions_are_too_old(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await filled(data, b"old")
    save(data, tmp_path / "backup")
    later = await filled(data, *[b"new"] * 20)
    with (tmp_path / "backup").open("rb") as source:
        restore(source, data, replace=True)
    store = await LmdbStore.open(data / "store")
    before = store.revision
    after = await store.commit([Change(KEY, b"newer")])

    assert before > later
    assert after == before + 1
    for old in (1, later):
        with pytest.raises(Compacted), store.watch("/core/", (old, LAST)) as watcher:
            await watcher.next(0)
    await store.close()


async def test_a_backup_is_its_owners_alone_and_replaces_nothing_unasked(tmp_path: Path, backup: bytes) -> None:
    target = tmp_path / "backup"
    with pytest.raises(Exists, match="--force"):
        save(tmp_path / "saved", target)
    save(tmp_path / "saved", target, replace=True)

    assert target.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / ".backup.new").exists()


def test_a_folder_without_data_has_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="has no data"):
        save(tmp_path, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


async def test_data_is_replaced_only_if_asked_and_is_kept(tmp_path: Path, backup: bytes) -> None:
    await filled(tmp_path / "data", b"mine")

    with pytest.raises(NotEmpty, match="--force"):
        restore(io.BytesIO(backup), tmp_path / "data")
    assert await found(tmp_path / "data") == b"mine"
    _, kept = restore(io.BytesIO(backup), tmp_path / "data", replace=True)

    assert kept is not None
    assert await found(tmp_path / "data") == b"old"
    assert await found(kept) == b"mine"
    assert (kept / "keys" / "service-accounts-1.pem").read_bytes() == b"mine"


async def test_a_running_server_keeps_its_data(tmp_path: Path, backup: bytes) -> None:
    store = await LmdbStore.open(tmp_path / "data" / "store")
    with pytest.raises(Locked, match="stop that one first"):
        restore(io.BytesIO(backup), tmp_path / "data", replace=True)
    await store.close()


async def test_what_cannot_be_read_is_replaced_like_anything_else(tmp_path: Path, backup: bytes) -> None:
    store = tmp_path / "data" / "store"
    store.mkdir(parents=True)
    (store / "data.mdb").write_bytes(b"\0" * 8192)

    restore(io.BytesIO(backup), tmp_path / "data", replace=True)

    assert await found(tmp_path / "data") == b"old"


def test_a_backup_that_is_cut_off_anywhere_is_refused(backup: bytes) -> None:
    for length in range(0, len(backup), max(1, len(backup) // 40)):
        with pytest.raises(BadBackup):
            verify(io.BytesIO(backup[:length]))


def test_a_backup_in_which_a_bit_is_wrong_is_refused(backup: bytes) -> None:
    for place in range(10, len(backup), max(1, len(backup) // 60)):
        damaged = bytearray(backup)
        damaged[place] ^= 0x10
        try:
            verify(io.BytesIO(damaged))
        except BadBackup:
            continue
        assert gzip.decompress(damaged) == gzip.decompress(backup), "there are bits that mean nothing to gzip"


def _tar(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "cut off|no backup", id="nothing"),
        pytest.param(b"PK\x03\x04 something else", "no backup", id="another file"),
        pytest.param(
            _tar("letter.txt", b"hello"), "no backup of Fizz: it begins with letter.txt", id="another archive"
        ),
        pytest.param(_tar("fizz-backup.json", b"{}"), "does not say its version", id="no version"),
        pytest.param(_tar("fizz-backup.json", b"["), "damaged", id="no JSON"),
        pytest.param(_tar("fizz-backup.json", b'{"version": 2}'), "use a newer Fizz", id="a newer one"),
        pytest.param(_tar("fizz-backup.json", b'{"version": 1}'), "does not say what it is", id="too little"),
    ],
)
def test_what_is_no_backup_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(BadBackup, match=told):
        verify(io.BytesIO(content))


def _archive(rows: list[Row], files: list[tuple[str, bytes]], manifest: Manifest = MANIFEST) -> io.BytesIO:
    made = io.BytesIO()
    write(made, manifest, rows, files)
    return made


@pytest.mark.parametrize("name", ["../escaped", "keys/../../escaped", "/etc/escaped", "store/data.mdb", "keys/.."])
def test_files_of_a_backup_go_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadBackup, match="does not belong there"):
        restore(_archive([], [(name, b"x")]), tmp_path / "data")
    assert not (tmp_path / "escaped").exists()
    assert not (tmp_path / "data" / "store").exists()


def test_data_of_a_newer_layout_is_refused_and_nothing_is_done(tmp_path: Path) -> None:
    newer = Manifest("2026-01-31T09:30:00Z", "9.0", 99, 0, MANIFEST.cluster, 7)
    with pytest.raises(BadFormat, match="use a newer Fizz"):
        restore(_archive([], [], newer), tmp_path / "data")
    assert not (tmp_path / "data" / "store").exists()


def test_many_rows_come_back_in_blocks() -> None:
    rows = [Row("current", f"{index:06}".encode(), os.urandom(2000)) for index in range(5000)]
    assert verify(_archive(rows, [])).objects == 5000


class Cut(Exception):
    """The process ends here."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the process end at the n-th change of a file's place."""

    def arrange(steps: int) -> None:
        left = [steps]

        def cutting(method: str) -> None:
            original = getattr(Path, method)

            def stepping(self: Path, *arguments: object, **options: object) -> object:
                if left[0] == 0:
                    raise Cut
                left[0] -= 1
                return original(self, *arguments, **options)

            monkeypatch.setattr(Path, method, stepping)

        for method in ("rename", "replace", "unlink"):
            cutting(method)

    return arrange


@pytest.mark.parametrize("steps", range(14))
async def test_a_restore_that_is_cut_off_anywhere_leaves_the_old_or_the_new(
    tmp_path: Path, backup: bytes, cut: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    data = tmp_path / "data"
    await filled(data, b"mine")
    cut(steps)
    try:
        restore(io.BytesIO(backup), data, replace=True)
        done = True
    except Cut:
        done = False
    monkeypatch.undo()

    value = await found(data)
    key = (data / "keys" / "service-accounts-1.pem").read_bytes()
    assert (value, key) in {(b"mine", b"mine"), (b"old", b"old")}
    assert value == b"old" or not done
    restore(io.BytesIO(backup), data, replace=True)
    assert await found(data) == b"old"
    assert not (data / "restoring").exists()
