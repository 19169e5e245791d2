"""Tokens of users and of ServiceAccounts: what makes one good, and what must not."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.auth import accounts, tokens
from fizz.apiserver.auth.accounts import Bound
from fizz.apiserver.auth.keys import Keys
from fizz.schemas.tokens import new_token

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACCOUNT = {"metadata": {"name": "ci", "namespace": "blog", "uid": "u1"}}
KEYS = Keys.ephemeral()


def minted(seconds: int = 3600, now: datetime = NOW, keys: Keys = KEYS, bound: Bound | None = None) -> str:
    return accounts.mint(keys, ACCOUNT, [], seconds, now, bound)[0]


def secret(**data: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"type": "fizz.dev/token", "data": encoded}


def test_a_token_says_whose_it_is() -> None:
    claims = accounts.verify(KEYS, minted(bound=Bound("secret", "s", "u2")), NOW)
    assert claims is not None
    assert (claims.namespace, claims.name, claims.uid) == ("blog", "ci", "u1")
    assert claims.bound == Bound("secret", "s", "u2")
    user = accounts.user_of(claims)
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:blog", "system:authenticated")


def test_a_token_is_good_from_its_making_to_its_end() -> None:
    token = minted(600)
    assert accounts.verify(KEYS, token, NOW + timedelta(seconds=599))
    assert accounts.verify(KEYS, token, NOW + timedelta(seconds=600)) is None
    assert accounts.verify(KEYS, token, NOW - timedelta(seconds=60)) is None


def test_a_token_of_another_key_is_nobodys() -> None:
    assert accounts.verify(Keys.ephemeral(), minted(), NOW) is None


def forged(**changes: Any) -> list[str]:
    """Tokens that say the right things and are signed by nobody, by a public key as a secret, or by another key."""
    identifier, key = KEYS.signing
    claims = jwt.decode(minted(), options={"verify_signature": False}) | changes
    header = {"kid": identifier}
    return [
        jwt.encode(claims, "", algorithm="none", headers=header),
        jwt.encode(claims, "x" * 32, algorithm="HS256", headers=header),
        jwt.encode(claims, Keys.ephemeral().signing[1], algorithm="ES256", headers=header),
        jwt.encode(claims, key, algorithm="ES256", headers={"kid": "other"}),
        jwt.encode(claims, key, algorithm="ES256"),
    ]


@pytest.mark.parametrize("token", forged())
def test_a_forged_token_is_nobodys(token: str) -> None:
    assert accounts.verify(KEYS, token, NOW) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere"},
        {"sub": "system:serviceaccount:blog:root"},
        {"kubernetes.io": {}},
        {"kubernetes.io": "x"},
        {"exp": "x"},
        {"aud": 7},
    ],
    ids=str,
)
def test_a_signed_token_that_contradicts_itself_is_nobodys(changes: dict[str, Any]) -> None:
    identifier, key = KEYS.signing
    claims = jwt.decode(minted(), options={"verify_signature": False}) | changes
    token = jwt.encode(claims, key, algorithm="ES256", headers={"kid": identifier})
    assert accounts.verify(KEYS, token, NOW) is None


@given(st.text(), st.integers(0, 400), st.text(max_size=3))
def test_a_damaged_token_is_nobodys_and_breaks_nothing(text: str, at: int, change: str) -> None:
    token = minted()
    damaged = token[:at] + change + token[at + len(change) + 1 :]
    assert accounts.verify(KEYS, text, NOW) is None
    if damaged != token:
        assert accounts.verify(KEYS, damaged, NOW) is None


def test_keys_are_kept_and_a_new_one_signs_while_the_old_one_is_believed(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    old = minted(keys=Keys(folder))
    assert folder.stat().st_mode & 0o777 == 0o700
    first = folder / "service-accounts-1.pem"
    assert first.stat().st_mode & 0o777 == 0o600
    assert accounts.verify(Keys(folder), old, NOW)
    other = Keys(tmp_path / "other")
    minted(keys=other)
    (folder / "service-accounts-2.pem").write_bytes((tmp_path / "other" / first.name).read_bytes())
    both = Keys(folder)
    assert accounts.verify(other, minted(keys=both), NOW)
    assert accounts.verify(both, old, NOW)
    first.unlink()
    assert accounts.verify(Keys(folder), old, NOW) is None


def test_a_token_of_a_user_is_known_by_its_hash() -> None:
    token = new_token()
    found = tokens.parse(token.text)
    assert found is not None
    name, half = found
    assert name == token.secret_name
    assert half not in repr(token)
    user = tokens.user_of(secret(hash=token.hash, user="jane", groups="devs\nops\n"), half, NOW)
    assert user is not None
    assert (user.name, user.groups) == ("jane", ("devs", "ops", "system:authenticated"))


OWN = "its own hash"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"user": "jane"}, id="no-hash"),
        pytest.param({"user": "jane", "hash": ""}, id="empty-hash"),
        pytest.param({"user": "jane", "hash": new_token().hash}, id="another-hash"),
        pytest.param({"user": "", "hash": OWN}, id="no-user"),
        pytest.param({"user": "jane", "hash": OWN, "expiration": "2026-05-01T12:00:00Z"}, id="expired-now"),
        pytest.param({"user": "jane", "hash": OWN, "expiration": "tomorrow"}, id="expires-sometime"),
    ],
)
def test_a_token_that_is_not_quite_known_is_nobodys(content: dict[str, str]) -> None:
    token = new_token()
    found = tokens.parse(token.text)
    assert found is not None
    data = {key: token.hash if value == OWN else value for key, value in content.items()}
    assert tokens.user_of(secret(**data), found[1], NOW) is None
    assert tokens.user_of({"type": "Opaque", "data": secret(hash=token.hash, user="x")["data"]}, found[1], NOW) is None
