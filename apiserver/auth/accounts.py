"""Tokens of ServiceAccounts: signed JWTs that say whose they are, for whom, until when, and what they are bound to.

    {"iss": "https://fizz.local", "sub": "system:serviceaccount:blog:ci", "aud": ["https://fizz.local"],
     "iat": ..., "nbf": ..., "exp": ..., "jti": "0d9a...",
     "kubernetes.io": {"namespace": "blog", "serviceaccount": {"name": "ci", "uid": "..."},
                       "secret": {"name": "...", "uid": "..."}}}

A signature says what was true when it was made. What is true now is asked of the store each time a token is shown: the
ServiceAccount must still be there with that uid, and so must the object that the token is bound to.

Source: RFC 7519; "Managing Service Accounts" of the Kubernetes documentation; KEP-1205 (bound tokens).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fizz.apiserver.auth.keys import Keys
from fizz.apiserver.auth.users import User, account_name, service_account
from fizz.schemas.base import JSON

__all__ = ["ALGORITHM", "AUDIENCE", "BOUND", "ISSUER", "Bound", "Claims", "looks_like", "mint", "user_of", "verify"]

ISSUER: Final = "https://fizz.local"
AUDIENCE: Final = ISSUER
"""Whom tokens are for that say nothing else: this API server."""
BOUND: Final = {
    ("v1", "Secret"): ("secret", "", "secrets"),
    ("fizz.dev/v1", "Container"): ("container", "fizz.dev", "containers"),
}
"""What a token may be bound to: the claim's name, and the group and plural of the resource."""
ALGORITHM: Final = "ES256"
_PRIVATE: Final = "kubernetes.io"
_LEEWAY: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Bound:
    """The object that a token is bound to; `claim` is the key of `BOUND` that says which kind."""

    claim: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says that was signed by us and has not expired."""

    namespace: str
    name: str
    uid: str
    audiences: tuple[str, ...]
    expires: float
    identifier: str
    bound: Bound | None = None


def looks_like(token: str) -> bool:
    """Whether the text has the form of a JWT."""
    return token.count(".") == 2


def mint(
    keys: Keys,
    account: JSON,
    audiences: Sequence[str],
    seconds: int,
    now: datetime,
    bound: Bound | None = None,
) -> tuple[str, datetime]:
    """A token of a ServiceAccount, and when it expires."""
    import jwt

    metadata = account["metadata"]
    begins = now.replace(microsecond=0)
    expires = begins + timedelta(seconds=seconds)
    private: JSON = {
        "namespace": metadata["namespace"],
        "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
    }
    if bound:
        private[bound.claim] = {"name": bound.name, "uid": bound.uid}
    claims = {
        "iss": ISSUER,
        "sub": account_name(metadata["namespace"], metadata["name"]),
        "aud": list(audiences) or [AUDIENCE],
        "iat": int(begins.timestamp()),
        "nbf": int(begins.timestamp()),
        "exp": int(expires.timestamp()),
        "jti": str(uuid.uuid4()),
        _PRIVATE: private,
    }
    identifier, key = keys.signing
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": identifier}), expires


def verify(keys: Keys, token: str, now: datetime) -> Claims | None:
    """What the token says, or None if it was not signed by one of the keys, is not for now, or is malformed."""
    import jwt

    try:
        identifier = jwt.get_unverified_header(token).get("kid")
        public = keys.public(identifier) if isinstance(identifier, str) else None
        if public is None:
            return None
        claims = jwt.decode(
            token,
            public,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={
                "require": ["iss", "sub", "aud", "exp", "nbf", "jti", _PRIVATE],
                "verify_aud": False,  # compared below, with what is asked for
                "verify_exp": False,  # compared with our clock
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        return _claims(claims, now)
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return None


def _claims(claims: dict[str, Any], now: datetime) -> Claims | None:
    if now.timestamp() >= claims["exp"] or (now + _LEEWAY).timestamp() < claims["nbf"]:
        return None
    private = claims[_PRIVATE]
    account = private["serviceaccount"]
    if claims["sub"] != account_name(private["namespace"], account["name"]):
        return None
    bound = next(
        (
            Bound(claim, private[claim]["name"], private[claim]["uid"])
            for claim, _, _ in BOUND.values()
            if claim in private
        ),
        None,
    )
    return Claims(
        private["namespace"],
        account["name"],
        account["uid"],
        tuple(claims["aud"]),
        float(claims["exp"]),
        str(claims["jti"]),
        bound,
    )


def user_of(claims: Claims) -> User:
    """The user that a token stands for."""
    extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims.identifier}"]}
    return service_account(claims.namespace, claims.name, claims.uid, extra)
