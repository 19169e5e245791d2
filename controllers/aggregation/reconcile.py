"""The shell of aggregation: any ClusterRole that changes may be a part of any that is aggregated."""

from collections.abc import Iterator
from typing import Final

import structlog

from fizz.client.api import NotFound
from fizz.client.controller import Controller, Key, Manager
from fizz.controllers.aggregation.plan import aggregated
from fizz.schemas.rbac import ClusterRole

__all__ = ["AggregationController"]

log: Final = structlog.get_logger()


class AggregationController:
    """Writes the rules of aggregated ClusterRoles."""

    def __init__(self, manager: Manager) -> None:
        self._client = manager.client
        self._roles = manager.informer(ClusterRole)

    def controller(self) -> Controller:
        """What the manager runs."""
        return Controller("aggregation", self.reconcile).watches(self._roles, map=self._aggregated)

    def _aggregated(self, _: ClusterRole) -> Iterator[Key]:
        for role in self._roles.list():
            if role.aggregation_rule is not None:
                yield Key("", role.name)

    async def reconcile(self, key: Key) -> None:
        """Write the rules of one ClusterRole, if it has others."""
        role = self._roles.get(*key)
        rules = aggregated(role, self._roles.list()) if role else None
        if rules is None:
            return
        try:
            await self._client.patch(ClusterRole, key.name, {"rules": [rule.dump() for rule in rules]})
        except NotFound:
            return
        log.info("rules aggregated", kind="ClusterRole", name=key.name, rules=len(rules))
