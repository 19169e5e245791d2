"""`pre_start`: containers that run before those of a service, and look like them unless they say otherwise."""

from fizz.client.compose.nodes import Node
from fizz.client.compose.spec.container import CONTAINER
from fizz.client.compose.spec.project import PRE_START

__all__ = ["inherited"]

_OWN = ("command", "volumes")
"""What a hook does not take from its service."""


def inherited(service: Node) -> Node:
    """The service, with what its `pre_start` hooks take from it written into them."""
    hooks = service.get("pre_start")
    if hooks is None or not hooks.items():
        return service
    taken = {key: child for key, child in service.mapping().items() if key in CONTAINER and key not in _OWN}
    base = service.with_value(taken)
    done = hooks.with_value([PRE_START.merge(base, hook) for hook in hooks.items()])
    return service.with_value({**service.mapping(), "pre_start": done})
