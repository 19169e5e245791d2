import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.store.full_disk import LIMIT, scenario


async def test_a_quota(tmp_path: Path) -> None:
    await scenario(tmp_path, None, max_bytes=LIMIT)
    assert (tmp_path / "data.mdb").stat().st_size <= LIMIT


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.apiserver.store.full_disk", str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("survived\n", "")


def mount(path: Path) -> bool:
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={LIMIT}", "tmpfs", str(path)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A file system of its own, of a few megabytes; None where one may not mount (the other tests stand in)."""
    disk = tmp_path / "disk"
    if not mount(disk):
        yield None
        return
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_a_full_disk_on_which_compaction_makes_space(small_disk: Path | None) -> None:
    if small_disk is not None:
        await scenario(small_disk / "store", None)


async def test_a_full_disk_on_which_somebody_else_makes_space(small_disk: Path | None) -> None:
    if small_disk is not None:
        other = small_disk / "somebody else's"
        other.write_bytes(b"x" * (LIMIT // 3))
        await scenario(small_disk / "store", other.unlink)
