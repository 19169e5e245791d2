"""Which Node a Container is bound to: pure, from the nodes and what is on them to one decision.

The node with the fewest containers gets the next one; of equals, the first by name. Only nodes that are ready and
schedulable count. Example, with 3, 1 and 1 containers on a, b and c: the next one goes to b, the one after that to c.

A Container that has volumes from the one before it goes where they are, and waits if that node cannot take it.

A Container that is deleted before it was bound has no agent that could let it go, so the scheduler does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fizz.schemas import labels
from fizz.schemas.conditions import is_true
from fizz.schemas.container import Container
from fizz.schemas.inheritance import inherited
from fizz.schemas.node import Node

__all__ = ["Bind", "Decision", "Release", "Wait", "decide", "is_candidate"]


@dataclass(frozen=True, slots=True)
class Bind:
    """The Container runs on this node."""

    node: str


@dataclass(frozen=True, slots=True)
class Wait:
    """No node can take it; the message says why."""

    message: str


@dataclass(frozen=True, slots=True)
class Release:
    """It was never bound and is being deleted: these are the finalizers that stay."""

    finalizers: tuple[str, ...]


Decision = Bind | Wait | Release


def decide(container: Container, nodes: Sequence[Node], load: Mapping[str, int]) -> Decision | None:
    """What to do with a Container; None if it is not the scheduler's business (any more).

    `load` counts the containers on each node by name; an absent node has none.
    """
    if container.spec.node_name:
        return None
    finalizers = container.metadata.finalizers or []
    if container.metadata.deletion_timestamp is not None:
        if labels.FINALIZER_NODE not in finalizers:
            return None
        return Release(tuple(each for each in finalizers if each != labels.FINALIZER_NODE))
    candidates = [node for node in nodes if is_candidate(node)]
    heritage = inherited(container)
    if heritage is not None and any(node.name == heritage.node for node in nodes):
        candidates = [node for node in candidates if node.name == heritage.node]
        if not candidates:
            return Wait(f"its volumes are on {heritage.node}, which cannot take it now")
    if not candidates:
        return Wait(_why_none(nodes))
    return Bind(min(candidates, key=lambda node: (load.get(node.name, 0), node.name)).name)


def is_candidate(node: Node) -> bool:
    """Whether new containers may be bound to the node."""
    ready = is_true(node.status.conditions if node.status else None, "Ready")
    return ready and not node.spec.unschedulable and node.metadata.deletion_timestamp is None


def _why_none(nodes: Sequence[Node]) -> str:
    if not nodes:
        return "there is no node; start an agent with `fizz server` or `fizz node`"
    parts = [f"{node.name} is {'unschedulable' if node.spec.unschedulable else 'not ready'}" for node in nodes]
    return f"no node can take it: {', '.join(sorted(parts))}"
