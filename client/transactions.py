"""Transactions: many operations, all or nothing, at one revision.

result = await client.transaction([Operation("apply", namespace), Operation("apply", deployment)])
result.resource_version, [(done.verb, done.object["metadata"]["name"]) for done in result.results]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from fizz.client.objects import to_json
from fizz.schemas.types import JSON

if TYPE_CHECKING:
    from fizz.schemas.meta import Object

__all__ = ["PATH", "Operation", "OperationResult", "PropagationPolicy", "TransactionResult", "from_json", "to_body"]

PATH: Final = "/apis/fizz.dev/v1/transactions"

PropagationPolicy = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done to one object.

    `apply` creates the object or merges it into what is there (server-side apply; `force` takes over fields of other
    managers); with `alive` it is refused with `Conflict`, cause `ObjectTerminating`, if the object is being deleted.
    `delete` needs its type and name only, and is content if there is no such object; `grace_period_seconds` is the time
    that what runs has to end.
    """

    verb: Literal["create", "update", "apply", "delete"]
    object: Object | JSON
    force: bool = False
    propagation_policy: PropagationPolicy | None = None
    grace_period_seconds: int | None = None
    alive: bool = False


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What became of an operation; `object` is what is there now, or what was deleted."""

    verb: Literal["created", "configured", "unchanged", "deleted"]
    object: JSON


@dataclass(frozen=True, slots=True)
class TransactionResult:
    """What became of a transaction, in the order of its operations. `resource_version` is where to watch from."""

    resource_version: str
    results: list[OperationResult]


def to_body(operations: Sequence[Operation]) -> JSON:
    """The request's body."""
    written = [_operation(each) for each in operations]
    return {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": written}


def _operation(operation: Operation) -> JSON:
    written: dict[str, Any] = {"verb": operation.verb, "object": to_json(operation.object)}
    if operation.force:
        written["force"] = True
    if operation.propagation_policy:
        written["propagationPolicy"] = operation.propagation_policy
    if operation.grace_period_seconds is not None:
        written["gracePeriodSeconds"] = operation.grace_period_seconds
    if operation.alive:
        written["alive"] = True
    return written


def from_json(answer: JSON) -> TransactionResult:
    """Read the answer."""
    results = [OperationResult(each["verb"], each["object"]) for each in answer["results"]]
    return TransactionResult(answer["metadata"]["resourceVersion"], results)
