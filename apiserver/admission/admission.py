"""The front of this room: who has to be asked about a write, as the configurations in the store stand at that moment.

Where nobody has to, asking costs a comparison and a look-up. Configurations themselves are never asked about.
"""

from typing import Final

import orjson

from fizz.apiserver.admission.attributes import Operation
from fizz.apiserver.admission.calls import Caller
from fizz.apiserver.admission.chain import Chain
from fizz.apiserver.admission.hooks import Hooks
from fizz.apiserver.admission.judging import World
from fizz.apiserver.admission.matching import is_exempt
from fizz.apiserver.admission.policies import Policies
from fizz.apiserver.admission.services import Services
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.apiserver.store.following import Follower
from fizz.apiserver.store.types import Store

__all__ = ["Admission"]

_GROUP: Final = ("admissionregistration.k8s.io", "v1")
_WEBHOOKS: Final = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
_POLICIES: Final = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")


class Admission:
    """Knows all webhooks and policies, and asks them. Used from the event loop only."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.caller = Caller()
        self.services = Services(store, registry)
        self._registry = registry
        self._reset()
        found = [registry.lookup(*_GROUP, plural) for plural in (*_WEBHOOKS, *_POLICIES)]
        prefixes = tuple(each.prefix() for each in found if each is not None)
        self._follower = Follower(store, prefixes, self._reset, self._observe)

    @property
    def is_idle(self) -> bool:
        """Whether nobody has to be asked about anything."""
        return self._follower.is_current and not self._hooks and not self._policies

    async def chain(self, operation: Operation, resource: Resource, subresource: str, world: World) -> Chain | None:
        """Those who may have to be asked about an operation, or None."""
        if not self._follower.is_current:
            await self._follower.catch_up()
        if is_exempt(resource):
            return None
        hooks = self._hooks.find(operation, resource, subresource)
        policies = self._policies.find(operation, resource, subresource)
        if not hooks and not policies:
            return None
        return Chain(hooks, policies, self.caller, self.services, self._registry, world)

    def end(self) -> None:
        """End the calls under way: the server stops."""
        self.caller.end()

    async def close(self) -> None:
        """Close the connections to webhooks."""
        await self.caller.close()

    def _reset(self) -> None:
        self._hooks, self._policies = Hooks(self._registry), Policies(self._registry)

    def _observe(self, value: bytes, *, gone: bool) -> None:
        obj = orjson.loads(value)
        index = self._hooks if obj["kind"].endswith("WebhookConfiguration") else self._policies
        change = index.remove if gone else index.put
        change(obj)
