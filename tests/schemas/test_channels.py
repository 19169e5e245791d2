"""The messages of a conversation, and how it ends."""

import pytest

from fizz.schemas import channels
from fizz.schemas.channels import Ending


def test_a_message_is_a_channel_and_what_is_said() -> None:
    assert channels.message(channels.STDIN, b"ls\n") == b"\0ls\n"
    assert channels.resized(24, 80) == b'\x04{"Width":80,"Height":24}'


@pytest.mark.parametrize("code", [0, 1, 137])
def test_an_exit_code_is_told_as_kubernetes_tells_it(code: int) -> None:
    last = channels.finished(code)

    assert last[0] == channels.ERROR
    assert channels.ending_of(last[1:]) == Ending(code)


def test_who_detached_and_what_failed_are_no_exit_codes() -> None:
    assert channels.ending_of(channels.finished(None)[1:]) == Ending(detached=True)
    assert channels.ending_of(channels.failed("the engine is lost")[1:]) == Ending(error="the engine is lost")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"status": 1}', b'{"status":"Failure","details":{"causes":[{}]}}'])
def test_a_last_message_that_makes_no_sense_is_an_error(content: bytes) -> None:
    assert channels.ending_of(content).error


@pytest.mark.parametrize(
    ("content", "size"),
    [
        pytest.param(b'{"Width": 80, "Height": 24}', (24, 80), id="a size"),
        pytest.param(b'{"Width": 0, "Height": 24}', None, id="nothing"),
        pytest.param(b'{"Width": 99999, "Height": 24}', None, id="too much"),
        pytest.param(b'{"Width": "wide"}', None, id="no number"),
        pytest.param(b"\xff", None, id="no JSON"),
    ],
)
def test_sizes_are_read_with_care(content: bytes, size: tuple[int, int] | None) -> None:
    assert channels.size_of(content) == size
