"""Which cluster this is: the uid of the Namespace `fizz-system`, made when the first agent looks for it.

It is the name under which the agent owns objects in an engine (see `naming`). It lives as long as the server's data:
a server that lost its data is another one, and leaves alone what the lost one had made. Should somebody delete the
Namespace, containers of Containers that are still there are recognised by their uid; only what is already gone by then
stays in the engine, unowned.
"""

import asyncio
from typing import Final

import structlog

from fizz.client.api import AlreadyExists, ApiError, Client, NotFound
from fizz.client.backoff import exponential
from fizz.schemas.core import Namespace
from fizz.schemas.meta import ObjectMeta

__all__ = ["SYSTEM_NAMESPACE", "cluster_id", "ensure_namespace"]

SYSTEM_NAMESPACE: Final = "fizz-system"

log: Final = structlog.get_logger()


async def cluster_id(client: Client) -> str:
    """The cluster's id. Waits for a server that is away."""
    failures = 0
    while True:
        try:
            namespace = await ensure_namespace(client, SYSTEM_NAMESPACE)
        except ApiError as error:
            log.warning("cluster is not known yet", error=error.message)
            await asyncio.sleep(exponential(failures, 0.1, 5.0))
            failures += 1
        else:
            return namespace.metadata.uid or ""


async def ensure_namespace(client: Client, name: str) -> Namespace:
    """The Namespace, made if it is not there."""
    try:
        return await client.get(Namespace, name)
    except NotFound:
        try:
            return await client.create(Namespace(metadata=ObjectMeta(name=name)))
        except AlreadyExists:
            return await client.get(Namespace, name)
