"""Tokens of users: random texts, of which the store keeps the hash alone.

    fizz_k3j9x2mq_4f0c...                the token, known to its holder only
    Secret fizz-system/token-k3j9x2mq    type fizz.dev/token; what is known of it here

The Secret's name is found from the token, so that checking one costs one look-up however many there are; then the hash
of its second half is compared in constant time. That half has 256 random bits, so a plain SHA-256 is enough: there is
nothing to guess. Deleting the Secret ends the token at once. Its data:

    hash         SHA-256 of the token's second half, hexadecimal
    user         the user's name
    groups       the user's groups, one a line; system:authenticated is always added
    expiration   when the token ends, RFC 3339; none: never
    description  for people
"""

import base64
import binascii
import hmac
import re
from datetime import datetime
from typing import Final

from fizz.apiserver.auth.users import AUTHENTICATED, User
from fizz.schemas import times
from fizz.schemas.base import JSON
from fizz.schemas.tokens import NAMESPACE, TYPE, hash_of, secret_name

__all__ = ["NAMESPACE", "is_token", "parse", "user_of"]

_FORM: Final = re.compile(r"fizz_([a-z0-9]{8})_([0-9a-f]{64})")


def is_token(secret: JSON) -> bool:
    """Whether the Secret is a token of a user."""
    return secret.get("type") == TYPE


def parse(token: str) -> tuple[str, str] | None:
    """The name of the Secret that knows the token, and the half that it knows the hash of; None for another text."""
    found = _FORM.fullmatch(token)
    return (secret_name(found[1]), found[2]) if found else None


def user_of(secret: JSON, half: str, now: datetime) -> User | None:
    """Whose token it is; None if it is not the one that the Secret knows, or has expired."""
    if not is_token(secret):
        return None
    data = {key: _text(value) for key, value in (secret.get("data") or {}).items()}
    if not hmac.compare_digest(hash_of(half).encode(), data.get("hash", "").encode()):
        return None
    expiration = data.get("expiration")
    if expiration and not _before(now, expiration):
        return None
    name = data.get("user", "")
    groups = [group for group in data.get("groups", "").split("\n") if group and group != AUTHENTICATED]
    return User(name, groups=(*groups, AUTHENTICATED)) if name else None


def _before(now: datetime, expiration: str) -> bool:
    try:
        return now < times.parse(expiration)
    except ValueError:  # what cannot be read must not make a token that never ends
        return False


def _text(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, ValueError):
        return ""
