import os
from pathlib import Path

from fizz.client.cli.lock import ServerLock


def test_only_one_has_the_lock_and_its_process_is_known(tmp_path: Path) -> None:
    one, two = ServerLock(tmp_path / "data"), ServerLock(tmp_path / "data")
    with one:
        taken = one.take()
        refused = two.take()
        holder = two.holder()
    with two:
        free_again = two.take()

    assert (taken, refused, free_again) == (True, False, True)
    assert holder == str(os.getpid())


def test_nobody_holds_a_lock_that_never_was(tmp_path: Path) -> None:
    assert ServerLock(tmp_path).holder() == "?"
