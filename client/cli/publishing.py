"""What it costs that the engine publishes ports on a node, and not Fizz."""

from collections.abc import Iterable

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.schemas.container import ContainerSpec
from fizz.schemas.publishing import ingress_ports
from fizz.schemas.types import JSON

__all__ = ["cost_of_publishing", "ports_are_shared", "publishes"]


def publishes(objects: Iterable[JSON]) -> bool:
    """Whether one of these objects is a Deployment with a port that the ingress would publish."""
    specs = (item["spec"]["template"]["spec"] for item in objects if item["kind"] == "Deployment")
    return any(ingress_ports(ContainerSpec.load(spec)) for spec in specs)


async def cost_of_publishing(client: Client, objects: Iterable[JSON]) -> str:
    """A sentence to show; empty if there is nothing to say."""
    if not publishes(objects):
        return ""
    for node, ingress in await _ingresses(client):
        if ingress.get("mode") == "engine":
            why = f" ({ingress['message']})" if ingress.get("message") else ""
            return (
                f"note: on {node} the engine publishes ports{why}: "
                "only one replica can have a port, and an update stops the old container before the new one starts"
            )
    return ""


async def ports_are_shared(client: Client) -> bool:
    """Whether replicas can share a published port, on every node."""
    return all(ingress.get("mode") == "nftables" for _, ingress in await _ingresses(client))


async def _ingresses(client: Client) -> list[tuple[str, JSON]]:
    """The nodes by name, and what they say of who publishes."""
    nodes = (await client.list(built_in("Node"))).items
    return [(node["metadata"]["name"], (node.get("status") or {}).get("ingress") or {}) for node in nodes]
