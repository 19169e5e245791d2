import random
import subprocess
import sys
from pathlib import Path

from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import LAST, Compacted
from tests.conformance.store_kit import drain

PROGRAM = [sys.executable, "-m", "tests.apiserver.store.crash_writer"]


def write_and_kill(path: Path, after: int) -> list[tuple[int, str]]:
    """Let the program write, kill it when it has told of so many commits; returns all that it told of."""
    with subprocess.Popen([*PROGRAM, str(path)], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        process.kill()
        lines += process.stdout.readlines()
    told = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [(int(revision), key) for revision, key in told]


async def test_no_acknowledged_write_is_lost_by_kill_9(tmp_path: Path) -> None:
    dice = random.Random(7)
    acknowledged: list[tuple[int, str]] = []
    for _ in range(5):
        acknowledged += write_and_kill(tmp_path, dice.randrange(1, 300))
        store = await LmdbStore.open(tmp_path)
        revisions = [revision for revision, _ in acknowledged]
        assert len(set(revisions)) == len(revisions), "a revision was handed out twice"
        assert store.revision >= max(revisions)
        there = {(record.revision, record.key) for record in (await store.list("/a/b/")).records}
        assert there >= {(revision, key) for revision, key in acknowledged if key != "-"}
        # Nothing half-written: both changes of a commit are in the log, or none.
        with store.watch("/a/", (store.compacted, LAST)) as watcher:
            events = await drain(watcher)
        assert [event.sub for event in events] == [0, 1] * (len(events) // 2)
        # Whoever watched goes on behind the last revision that was acknowledged to him, or is told that he cannot.
        try:
            store.watch("/a/", (acknowledged[-1][0], LAST)).close()
        except Compacted:
            assert acknowledged[-1][0] < store.compacted
        await store.close()
