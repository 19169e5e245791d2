"""The shell of the ServiceAccounts' controller: a Namespace that comes, or an account that goes, is looked at."""

from collections.abc import Iterator
from typing import Final

import structlog

from fizz.client.api import AlreadyExists, Forbidden, NotFound
from fizz.client.controller import Controller, Key, Manager
from fizz.controllers.serviceaccount.plan import DEFAULT, is_missing
from fizz.schemas.core import Namespace, ServiceAccount

__all__ = ["ServiceAccountController"]

log: Final = structlog.get_logger()


class ServiceAccountController:
    """Makes the accounts that are missing."""

    def __init__(self, manager: Manager) -> None:
        self._client = manager.client
        self._namespaces = manager.informer(Namespace)
        self._accounts = manager.informer(ServiceAccount)

    def controller(self) -> Controller:
        """What the manager runs."""
        controller = Controller("serviceaccount", self.reconcile).watches(self._namespaces)
        return controller.watches(self._accounts, map=self._of_account)

    def _of_account(self, changed: ServiceAccount) -> Iterator[Key]:
        if changed.name == DEFAULT:
            yield Key("", changed.namespace)

    async def reconcile(self, key: Key) -> None:
        """Make the account of one Namespace, if it has none."""
        account = self._accounts.get(key.name, DEFAULT)
        if not is_missing(self._namespaces.get("", key.name), account):
            return
        body = {"metadata": {"name": DEFAULT, "namespace": key.name}}
        try:
            await self._client.create(ServiceAccount.load(body))
        except (AlreadyExists, Forbidden, NotFound):  # somebody was faster, or the Namespace goes or is gone
            return
        log.info("account made", kind="ServiceAccount", namespace=key.name, name=DEFAULT)
