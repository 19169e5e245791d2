"""Contexts as tar files."""

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from fizz.client.images import ContextError, Ignore, pack


async def packed(folder: Path, ignore: str = "") -> dict[str, tarfile.TarInfo]:
    content = b"".join([chunk async for chunk in pack(folder, Ignore.of_file(ignore.encode()))])
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: member for member in tar}


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


async def test_files_folders_and_links_are_there_and_belong_to_root(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "sub/run.sh")
    (tmp_path / "sub/run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("sub/run.sh")
    (tmp_path / "empty").mkdir()

    found = await packed(tmp_path)

    assert list(found) == ["a.txt", "empty", "link", "sub", "sub/run.sh"]
    assert {(member.uid, member.gid, member.uname) for member in found.values()} == {(0, 0, "")}
    assert found["sub/run.sh"].mode == 0o755
    assert found["link"].linkname == "sub/run.sh"
    assert found["empty"].isdir()


async def test_what_is_ignored_stays_out_and_its_folder_comes_with_what_is_not(tmp_path: Path) -> None:
    write(tmp_path, "a.log", "docs/keep.md", "docs/x.md", "docs/deep/y.md", "z.txt")

    found = await packed(tmp_path, "*.log\ndocs\n!docs/keep.md\n")

    assert list(found) == ["docs", "docs/keep.md", "z.txt"]


async def test_an_ignored_folder_need_not_be_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.txt", "data/x")
    seen: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: seen.append(str(path)) or scandir(path))  # type: ignore[func-returns-value]  # append, then scan

    found = await packed(tmp_path, "data")

    assert list(found) == ["a.txt"]
    assert not any(path.endswith("data") for path in seen)


async def test_long_names_and_contents_beyond_a_chunk_survive(tmp_path: Path) -> None:
    name = f"{'long/' * 40}{'ü' * 60}.bin"
    write(tmp_path, name)
    (tmp_path / "big").write_bytes(os.urandom(700_001))

    content = b"".join([chunk async for chunk in pack(tmp_path, Ignore([]))])

    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        big, deep = tar.extractfile("big"), tar.extractfile(name)
        assert big
        assert big.read() == (tmp_path / "big").read_bytes()
        assert deep
        assert deep.read() == name.encode()


async def test_sockets_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.sock")

        found = await packed(tmp_path)

    assert found == {}


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "secret")

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(ContextError, match=r"secret: Permission denied; \.dockerignore can leave it out"):
        await packed(tmp_path)
