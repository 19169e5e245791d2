"""Tokens of users, as a client makes them and the server knows them again; see `apiserver/auth/tokens`.

>>> token = new_token()
>>> token.text.startswith(f"fizz_{token.id}_"), len(token.hash)
(True, 64)
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

__all__ = ["NAMESPACE", "TYPE", "Token", "hash_of", "new_token", "secret_name"]

NAMESPACE: Final = "fizz-system"
"""Where the Secrets of tokens are."""
TYPE: Final = "fizz.dev/token"
"""The type of those Secrets."""
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Token:
    """A new token: its public half, what its holder shows, and what the server keeps."""

    id: str
    text: str
    hash: str

    @property
    def secret_name(self) -> str:
        """The name of its Secret."""
        return secret_name(self.id)

    def __repr__(self) -> str:  # a token must not come into a log by accident
        return f"Token(id={self.id!r})"


def new_token() -> Token:
    """A token that nobody else has."""
    name = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
    half = secrets.token_hex(32)
    return Token(name, f"fizz_{name}_{half}", hash_of(half))


def secret_name(identifier: str) -> str:
    """The name of the Secret that knows a token, by the token's public half."""
    return f"token-{identifier}"


def hash_of(half: str) -> str:
    """What is kept of the secret half."""
    return hashlib.sha256(half.encode()).hexdigest()
