"""Whose token is it? The two kinds of tokens, each with what the store has to say about it.

A signature is checked once: what a token says stays known, by the hash of the token, until it expires. Whether the
ServiceAccount, what the token is bound to, or the Secret of a user's token is still there, is looked up each time, so
that a deletion ends a token at once.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fizz.apiserver.auth import accounts, tokens
from fizz.apiserver.auth.accounts import Claims
from fizz.apiserver.auth.keys import Keys
from fizz.apiserver.auth.users import User
from fizz.apiserver.kinds import codec
from fizz.apiserver.kinds.registry import Registry
from fizz.apiserver.store.types import Store
from fizz.schemas.base import JSON

__all__ = ["Authenticator", "Known"]

_REMEMBERED: Final = 4096
_LONGEST: Final = 16 * 1024
"""Bytes of a token at most; nobody has longer ones."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whose token it is, and for whom it is meant."""

    user: User
    audiences: tuple[str, ...]


class Authenticator:
    """Knows tokens."""

    def __init__(self, store: Store, registry: Registry, keys: Keys, clock: Callable[[], datetime]) -> None:
        self._store, self._registry, self._clock = store, registry, clock
        self.keys = keys
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()

    async def known(self, token: str, audiences: Sequence[str] = ()) -> Known | None:
        """Whose token it is, if it is meant for one of the audiences; without any, for this API server. None if it is
        nobody's.
        """
        wanted = tuple(audiences) or (accounts.AUDIENCE,)
        if len(token) > _LONGEST:
            return None
        if found := tokens.parse(token):
            return await self._of_user(*found, wanted)
        if accounts.looks_like(token):
            return await self._of_account(token, wanted)
        return None

    async def _of_user(self, name: str, half: str, wanted: tuple[str, ...]) -> Known | None:
        secret = await self._live("", "secrets", tokens.NAMESPACE, name)
        user = tokens.user_of(secret, half, self._clock()) if secret else None
        return Known(user, (accounts.AUDIENCE,)) if user and accounts.AUDIENCE in wanted else None

    async def _of_account(self, token: str, wanted: tuple[str, ...]) -> Known | None:
        claims = self._claims(token)
        if claims is None:
            return None
        meant = tuple(audience for audience in wanted if audience in claims.audiences)
        if not meant or not await self._is_there("", "serviceaccounts", claims.namespace, claims.name, claims.uid):
            return None
        if bound := claims.bound:
            group, plural = next(place[1:] for place in accounts.BOUND.values() if place[0] == bound.claim)
            if not await self._is_there(group, plural, claims.namespace, bound.name, bound.uid):
                return None
        return Known(accounts.user_of(claims), meant)

    def _claims(self, token: str) -> Claims | None:
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock()
        if claims := self._verified.get(digest):
            if claims.expires > now.timestamp():
                self._verified.move_to_end(digest)
                return claims
            del self._verified[digest]
            return None
        verified = accounts.verify(self.keys, token, now)
        if verified is not None:
            self._verified[digest] = verified
            if len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)
        return verified

    async def _is_there(self, group: str, plural: str, namespace: str, name: str, uid: str) -> bool:
        """Whether that very object is there. One that is being deleted is, as long as somebody holds it."""
        live = await self._live(group, plural, namespace, name)
        return live is not None and live["metadata"]["uid"] == uid

    async def _live(self, group: str, plural: str, namespace: str, name: str) -> JSON | None:
        resource = self._registry.lookup(group, "v1", plural)
        assert resource is not None
        record = await self._store.get(resource.key(namespace, name))
        return None if record is None else codec.load(record.value, record.revision)
