"""The loopback port serves programs, and no pages."""

import pytest

from fizz.apiserver import errors
from fizz.apiserver.auth.loopback import check


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:7443"},
        {"host": "localhost"},
        {"host": "[::1]:7443"},
        {"host": "LOCALHOST:1"},
        {"host": "127.0.0.1:7443", "origin": "http://localhost:3000"},
        {},
    ],
)
def test_programs_on_this_machine_pass(headers: dict[str, str]) -> None:
    check([(name.encode(), value.encode()) for name, value in headers.items()])


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:7443"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "127.0.0.1:7443", "origin": "https://evil.example"},
        {"host": "127.0.0.1:7443", "origin": "null"},
        {"host": ""},
    ],
)
def test_pages_of_other_sites_do_not(headers: dict[str, str]) -> None:
    with pytest.raises(errors.Forbidden):
        check([(name.encode(), value.encode()) for name, value in headers.items()])
