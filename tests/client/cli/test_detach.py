"""The keys that leave a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.client.cli.detach import DEFAULT_KEYS, DetachKeys, parse_keys

KEYS = parse_keys(DEFAULT_KEYS)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param("ctrl-p,ctrl-q", b"\x10\x11", id="as docker"),
        pytest.param("ctrl-@,ctrl-[,ctrl-\\,ctrl-_", b"\x00\x1b\x1c\x1f", id="signs"),
        pytest.param("a,B", b"aB", id="letters"),
    ],
)
def test_keys_are_what_they_send(text: str, keys: bytes) -> None:
    assert parse_keys(text) == keys


@pytest.mark.parametrize("text", ["", "ctrl-", "ctrl-1", "ab", "ä", "a,,b"])
def test_what_is_no_key_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        parse_keys(text)


def test_what_is_typed_before_the_keys_is_passed_on_and_nothing_behind_them() -> None:
    keys = DetachKeys(KEYS)

    assert (keys.feed(b"ls\x10"), keys.is_complete) == (b"ls", False)
    assert (keys.feed(b"\x11rm"), keys.is_complete) == (b"", True)


def test_a_beginning_that_goes_on_otherwise_is_passed_on() -> None:
    keys = DetachKeys(KEYS)

    assert keys.feed(b"\x10") + keys.feed(b"x\x10\x10") == b"\x10x\x10"
    assert keys.feed(b"\x11") == b""
    assert keys.is_complete


@given(st.lists(st.binary(max_size=5)))
def test_nothing_is_lost_without_the_keys(pieces: list[bytes]) -> None:
    typed = b"".join(pieces)
    keys = DetachKeys(b"\x10\x11")
    passed = b"".join(keys.feed(piece) for piece in pieces)
    if keys.is_complete:
        assert typed.startswith(passed + b"\x10\x11")
    else:
        assert typed in {passed, passed + b"\x10"}


def test_without_keys_everything_is_passed_on() -> None:
    assert DetachKeys(b"").feed(b"\x10\x11") == b"\x10\x11"
