"""From a webhook's client configuration to an endpoint that this server can reach.

A `url` is taken as it is. A `service` names a Service of `fizz.dev`: its Deployment's containers answer, at the address
that they have in the engine's network, if they are ready and have one that the server can reach. The Service must have
the port. The certificate must be for NAME.NAMESPACE.svc, whatever the address.

    service: {namespace: shop, name: hook, port: 443}     https://172.18.0.5:443, certificate for hook.shop.svc
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from fizz.apiserver.admission.calls import CallFailed, Endpoint
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.apiserver.store.types import Store
from fizz.schemas.base import JSON
from fizz.schemas.labels import DEPLOYMENT

__all__ = ["Services", "endpoint"]

_PORT: Final = 443


class Services:
    """Finds who answers for a Service."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store, self._registry = store, registry

    async def addresses(self, namespace: str, name: str, port: int) -> list[str]:
        """The addresses of the ready containers. Raises `CallFailed` saying what is lacking."""
        record = await self._store.get(self._resource("services").key(namespace, name))
        if record is None:
            raise CallFailed(f'service "{name}" not found')
        spec: JSON = orjson.loads(record.value)["spec"]
        if all(each.get("port") != port for each in spec.get("ports") or ()):
            raise CallFailed(f'no service port {port} found for service "{name}"')
        page = await self._store.list(self._resource("containers").prefix(namespace))
        found = [
            address for each in page.records if (address := _address(orjson.loads(each.value), spec["deployment"]))
        ]
        if not found:
            raise CallFailed(f'no endpoints available for service "{name}"')
        return found

    def _resource(self, plural: str) -> Resource:
        found = self._registry.lookup("fizz.dev", "v1", plural)
        assert found is not None
        return found


def _address(container: JSON, deployment: str) -> str | None:
    """Where a container of a Deployment answers, if it is ready."""
    labels: Any = container["metadata"].get("labels") or {}
    status: JSON = container.get("status") or {}
    if labels.get(DEPLOYMENT) != deployment or not status.get("ready"):
        return None
    addresses: Sequence[str] = sorted(filter(None, (status.get("ipAddresses") or {}).values()))
    return addresses[0] if addresses else None


async def endpoint(services: Services, config: JSON, *, turn: int = 0) -> Endpoint:
    """Where to call; of several containers, `turn` chooses one. Raises `CallFailed`."""
    bundle = config.get("caBundle") or ""
    if config.get("url"):
        return Endpoint(config["url"], config["url"], bundle=bundle)
    service = config["service"]
    namespace, name, port = service["namespace"], service["name"], service.get("port") or _PORT
    path = f"/{(service.get('path') or '').lstrip('/')}"
    host = f"{name}.{namespace}.svc"
    shown = f"https://{host}:{port}{path}"
    try:
        found = await services.addresses(namespace, name, port)
    except CallFailed as problem:
        raise CallFailed(f'Post "{shown}": {problem}') from problem
    address = found[turn % len(found)]
    where = f"[{address}]" if ":" in address else address
    return Endpoint(f"https://{where}:{port}{path}", shown, host, bundle)
