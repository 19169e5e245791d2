"""May they? The roles and bindings in the store, indexed, and asked about.

The index follows the store's log. Before each answer it reads what was committed since, so that a binding counts from
the moment on that its writer has the answer, and is gone as soon. Idle, that costs a comparison.
"""

from collections.abc import Callable
from typing import Final

import orjson

from fizz.apiserver.auth import actions
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.index import Decision, Index, RoleRef
from fizz.apiserver.auth.rbac import Rule
from fizz.apiserver.auth.users import User
from fizz.apiserver.kinds.registry import Registry
from fizz.apiserver.store.following import Follower
from fizz.apiserver.store.types import Store

__all__ = ["Access"]

_PLURALS: Final = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
_MASTER: Final = Decision(True, "the group system:masters may do anything")


class Access:
    """Answers what users may do."""

    def __init__(self, store: Store, registry: Registry) -> None:
        found = [registry.lookup("rbac.authorization.k8s.io", "v1", plural) for plural in _PLURALS]
        prefixes = tuple(resource.prefix() for resource in found if resource is not None)
        self._index = Index()
        self._follower = Follower(store, prefixes, self._reset, self._observe)

    async def decide(self, user: User, action: Action) -> Decision:
        """Whether the user may, and why."""
        if user.is_master:
            return _MASTER
        return (await self._current()).decide(user, action)

    async def judge(self) -> Callable[[User, Action], Decision]:
        """What decides at once, by all that is committed now."""
        index = await self._current()
        return lambda user, action: _MASTER if user.is_master else index.decide(user, action)

    async def require(self, user: User, *wanted: Action) -> None:
        """Raises `Forbidden` for the first action that the user may not."""
        if user.is_master:
            return
        index = await self._current()
        for action in wanted:
            decision = index.decide(user, action)
            if not decision.allowed:
                raise actions.refusal(user, action, decision.reason)

    async def rules(self, user: User, namespace: str) -> list[Rule]:
        """All that the user holds in a namespace; with an empty one, in the cluster."""
        return (await self._current()).rules(user, namespace)

    async def role(self, ref: RoleRef) -> tuple[Rule, ...] | None:
        """The rules of a role, or None if it is not there."""
        return (await self._current()).role(ref)

    async def _current(self) -> Index:
        """The index with everything that is committed."""
        if not self._follower.is_current:
            await self._follower.catch_up()
        return self._index

    def _reset(self) -> None:
        self._index = Index()

    def _observe(self, value: bytes, *, gone: bool) -> None:
        change = self._index.remove if gone else self._index.put
        change(orjson.loads(value))
