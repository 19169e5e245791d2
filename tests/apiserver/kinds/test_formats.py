"""Formats: what they let through."""

import pytest

from fizz.apiserver.kinds.formats import TEXTS


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        pytest.param("byte", ["", "YQ==", "YWJj"], ["YQ", "Y Q==", "ä"], id="byte"),
        pytest.param("cidr", ["10.0.0.1/8", "fe80::/64"], ["10.0.0.1", "10.0.0.1/33", "10.0.0.0/255.0.0.0"], id="cidr"),
        pytest.param("date", ["2026-01-31"], ["2026-02-30", "20260131", "31.01.2026"], id="date"),
        pytest.param(
            "date-time",
            ["2026-01-31T09:30:00Z", "2026-01-31t09:30:00.123456+01:00"],
            ["2026-01-31", "2026-01-31T09:30:00", "2026-01-31T24:30:00Z", "2026-01-31 09:30:00Z", "x"],
            id="date-time",
        ),
        pytest.param("duration", ["1h30m", "0", "2 days", "15 min"], ["", "1", "soon"], id="duration"),
        pytest.param("email", ["a@example.com", "A <a@example.com>"], ["a", "a@", "a b@c"], id="email"),
        pytest.param("hostname", ["example.com", "a.b."], ["", "-a", "a..b", "a_b", "x" * 64], id="hostname"),
        pytest.param("ipv4", ["127.0.0.1"], ["127.0.0", "::1"], id="ipv4"),
        pytest.param("ipv6", ["::1"], ["127.0.0.1", "fe80::1%eth0"], id="ipv6"),
        pytest.param("mac", ["00:11:22:aa:bb:cc", "00-11-22-aa-bb-cc"], ["00:11", "00:11:22-aa:bb:cc"], id="mac"),
        pytest.param("uri", ["https://a/b", "urn:x", "/path"], ["", "a/b", "http://a b"], id="uri"),
        pytest.param(
            "uuid", ["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"], ["1"], id="uuid"
        ),
    ],
)
def test_formats_let_through_what_is_of_them(name: str, good: list[str], bad: list[str]) -> None:
    matches = TEXTS[name]
    assert [text for text in good if not matches(text)] == []
    assert [text for text in bad if matches(text)] == []
