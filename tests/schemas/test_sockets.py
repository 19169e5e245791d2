"""Who may take a socket's place, and who removes it."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from fizz.schemas.sockets import SocketTaken, answers, bound, claim


def test_a_socket_is_for_its_user_alone_and_goes_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run" / "a.sock"

    with bound(path):
        there, mode = answers(path), path.stat().st_mode
        folder = path.parent.stat().st_mode

    assert there
    assert (mode & 0o777, folder & 0o777) == (0o600, 0o700)
    assert not path.exists()


def test_who_is_refused_leaves_the_socket_to_the_one_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"

    with bound(path):
        with pytest.raises(SocketTaken, match="already answers"), bound(path):
            pass
        still = answers(path)

    assert still


def test_what_was_left_by_a_process_that_was_killed_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as killed:
        killed.bind(str(path))

    with bound(path):
        assert answers(path)


def test_the_socket_of_a_successor_stays(tmp_path: Path) -> None:
    path, successor = tmp_path / "a.sock", ExitStack()

    with bound(path):
        path.unlink()
        successor.enter_context(bound(path))
    still = answers(path)
    successor.close()

    assert still
    assert not path.exists()


def test_a_file_that_is_no_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    path.write_text("precious")

    with pytest.raises(SocketTaken, match="no socket"), bound(path):
        pass

    assert path.read_text() == "precious"


def test_of_two_who_come_at_once_one_has_the_place_until_it_gives_it_up(tmp_path: Path) -> None:
    path = tmp_path / "run" / "node.sock"
    with claim(path) as first, claim(path) as second:
        assert (first, second) == (True, False)
    with claim(path) as later:
        assert later
