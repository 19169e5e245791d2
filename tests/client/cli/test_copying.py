"""Where copies go, and that an archive writes nowhere else."""

import asyncio
import io
import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from fizz.client.cli.copying import Feed, local_place, packed, unpack
from fizz.client.cli.failures import Failure


def archive(*members: tuple[str, Any]) -> bytes:
    """Members by name: bytes are a file, None a folder, others are attributes."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, what in members:
            member = tarfile.TarInfo(name)
            member.mode = 0o644
            if what is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(what, bytes):
                member.size = len(what)
            else:
                for key, value in what.items():
                    setattr(member, key, value)
            tar.addfile(member, io.BytesIO(what) if isinstance(what, bytes) else None)
    return content.getvalue()


def write(data: bytes, place: Path, *, own: bool = False) -> None:
    feed = Feed()

    def fill() -> None:
        for start in range(0, len(data), 700):
            feed.put(data[start : start + 700])
        feed.put(b"")

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        unpack(feed, place, own=own)
    finally:
        filling.join()


def test_a_folder_is_written_under_the_name_that_was_asked_for(tmp_path: Path) -> None:
    link = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}
    members = ("app", None), ("app/a.txt", b"abc"), ("app/sub", None), ("app/sub/b", b"x" * 5000), ("app/l", link)
    write(archive(*members), tmp_path / "copy")

    assert (tmp_path / "copy/a.txt").read_bytes() == b"abc"
    assert (tmp_path / "copy/sub/b").stat().st_size == 5000
    assert os.readlink(tmp_path / "copy/l") == "/etc/passwd"  # noqa: PTH115  # as it is, and not what it leads to


def test_a_file_replaces_a_file_and_has_its_mode_and_time(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    write(archive(("x", {"mode": 0o4755, "mtime": 1000})), tmp_path / "x")

    found = (tmp_path / "x").stat()
    assert (found.st_size, found.st_mode & 0o7777, found.st_mtime) == (0, 0o755, 1000)


SYMLINK = {"type": tarfile.SYMTYPE, "linkname": "/tmp"}
BAD = [
    ([("app", None), ("app/../../x", b"")], "leads out of it"),
    ([("/etc/x", b"")], "leads out of it"),
    ([("app", None), ("other/x", b"")], "beside"),
    ([("app", None), ("app/l", {"type": tarfile.SYMTYPE, "linkname": "OUT"}), ("app/l/x", b"")], "through the link"),
    ([("app", {"type": tarfile.SYMTYPE, "linkname": "OUT"}), ("app/x", b"")], "through the link"),
    ([("app", None), ("app/h", {"type": tarfile.LNKTYPE, "linkname": "../x"})], "leads out of it"),
    ([("app", None), ("app/h", {"type": tarfile.LNKTYPE, "linkname": "other/x"})], "not in the archive"),
    ([("app", None), ("app/d", {"type": tarfile.CHRTYPE})], "is a device"),
    ([("app", None), ("app/p", {"type": tarfile.FIFOTYPE})], "is a device"),
]


@pytest.mark.parametrize(("members", "says"), BAD, ids=[f"{row[1]}-{number}" for number, row in enumerate(BAD)])
def test_nothing_is_written_elsewhere(tmp_path: Path, members: list[tuple[str, Any]], says: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "here").mkdir()
    for _, what in members:
        if isinstance(what, dict) and what.get("linkname") == "OUT":
            what["linkname"] = str(outside)

    with pytest.raises(Failure, match=says):
        write(archive(*members), tmp_path / "here/copy")
    assert list(outside.iterdir()) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["here", "outside"]


def test_hard_links_stay_links_inside(tmp_path: Path) -> None:
    link = {"type": tarfile.LNKTYPE, "linkname": "app/a"}
    write(archive(("app", None), ("app/a", b"abc"), ("app/b", link)), tmp_path / "copy")

    assert (tmp_path / "copy/a").samefile(tmp_path / "copy/b")


PLACES = [
    ("there", "x", False, False, "there/x"),
    ("there", "x", True, True, "there"),
    ("there/new", "x", True, False, "there/new"),
    ("file", "x", False, False, "file"),
]


@pytest.mark.parametrize(("said", "name", "is_folder", "contents", "place"), PLACES, ids=[row[4] for row in PLACES])
def test_copies_go_where_docker_puts_them(
    tmp_path: Path, said: str, name: str, is_folder: bool, contents: bool, place: str
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()

    assert local_place(f"{tmp_path}/{said}", name, is_folder=is_folder, contents=contents) == tmp_path / place


@pytest.mark.parametrize(
    ("said", "is_folder", "says"),
    [("file", True, "cannot replace"), ("no/such", False, "not there"), ("nosuch/", False, "no such folder")],
)
def test_what_has_no_place_is_refused(tmp_path: Path, said: str, is_folder: bool, says: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Failure, match=says):
        local_place(f"{tmp_path}/{said}", "x", is_folder=is_folder, contents=False)


def test_what_is_packed_is_what_is_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep/a").write_bytes(bytes(range(256)) * 300)
    (source / "b").hardlink_to(source / "deep/a")
    (source / "l").symlink_to("b")

    async def all_of_it() -> bytes:
        return b"".join([piece async for piece in packed(source, "other")])

    write(asyncio.run(all_of_it()), tmp_path / "copy")

    assert (tmp_path / "copy/deep/a").read_bytes() == (source / "deep/a").read_bytes()
    assert (tmp_path / "copy/b").read_bytes() == (source / "b").read_bytes()
    assert (tmp_path / "copy/l").is_symlink()


async def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="nosuch"):
        _ = [piece async for piece in packed(tmp_path / "nosuch", "x")]
