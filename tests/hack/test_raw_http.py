"""The judge of raw answers, and what is sent."""

import pytest
from hypothesis import given, settings

from hack.raw_http import TIMEOUT, judge, requests

STATUS = b'{"kind":"Status","message":"no","code":404}'


def answer(line: bytes, body: bytes = b"", head: bytes = b"") -> bytes:
    media = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
    return b"HTTP/1.1 %s\r\n%s%s\r\n%s" % (line, media, head, body)


@pytest.mark.parametrize(
    "sound",
    [
        b"",
        answer(b"200 OK", b"{}"),
        answer(b"404 Not Found", STATUS),
        answer(b"404 Not Found"),
        answer(b"504 Gateway Timeout", STATUS.replace(b"404", b"504")),
        b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\r\nInvalid HTTP request received.",
    ],
)
def test_a_sound_answer_is_let_pass(sound: bytes) -> None:
    assert judge(sound) is None


@pytest.mark.parametrize(
    ("unsound", "said"),
    [
        (TIMEOUT, "no answer"),
        (b"hello", "no HTTP"),
        (answer(b"500 Internal Server Error", STATUS), "a fault"),
        (answer(b"200 OK", b'"Traceback (most recent call last)"'), "a traceback"),
        (answer(b"404 Not Found", b"oops"), "no JSON"),
        (answer(b"403 Forbidden", STATUS), "no Status of 403"),
        (answer(b"404 Not Found", b"{}"), "no Status of 404"),
    ],
)
def test_an_unsound_answer_is_told(unsound: bytes, said: str) -> None:
    assert said in (judge(unsound) or "")


@settings(max_examples=20)
@given(requests())
def test_requests_are_bytes(request: bytes) -> None:
    assert isinstance(request, bytes)
