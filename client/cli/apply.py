"""What bringing a project's resources to the server takes, and what came of it, in words. Pure; `deploy` does it."""

from collections.abc import Mapping, Sequence
from typing import Final

from fizz.client.api import Operation, OperationResult
from fizz.client.cli.formats import name_of
from fizz.client.cli.project import Resources
from fizz.schemas import kinds
from fizz.schemas.kinds import Kind
from fizz.schemas.ordering import dependents_first
from fizz.schemas.types import JSON

__all__ = ["PROJECT_KINDS", "built_in", "identity", "operations", "reference", "result_lines", "stop_order"]


def built_in(name: str) -> Kind:
    """A kind that is known to be there."""
    kind = kinds.find(name)
    assert kind is not None, f"{name} is built in"
    return kind


PROJECT_KINDS: Final[tuple[Kind, ...]] = tuple(
    map(built_in, ("CronJob", "Job", "Deployment", "Service", "Network", "Secret", "ConfigMap"))
)
"""What is removed when it is no longer in the compose file. Volumes are not: nobody loses data by editing a file."""

_ORDERED: Final = ("Deployment", "Job")
"""What stops in the order of its dependencies."""


def operations(resources: Resources, existing: Sequence[JSON]) -> list[Operation]:
    """What a transaction must do. `existing` are the project's objects of `PROJECT_KINDS` as the server has them."""
    wanted = {identity(item) for item in resources.objects} | resources.idle
    mine = [item for item in existing if not item["metadata"].get("ownerReferences")]  # the rest goes with its owner
    surplus = [] if resources.partial else [item for item in mine if identity(item) not in wanted]
    alive = [item for item in surplus if "deletionTimestamp" not in item["metadata"]]
    order = {name: index for index, name in enumerate(stop_order(alive))}
    alive.sort(key=lambda item: order.get(item["metadata"]["name"], 0) if item["kind"] in _ORDERED else 0)
    return [
        *(Operation("apply", item, force=True, alive=True) for item in resources.objects),
        *(Operation("delete", reference(item)) for item in alive),
    ]


def identity(item: JSON) -> tuple[str, str]:
    """Kind and name, which tell an object apart within its namespace."""
    return item["kind"], item["metadata"]["name"]


def stop_order(items: Sequence[JSON]) -> list[str]:
    """The names of the Deployments and Jobs among the items, those first that others do not depend on."""
    edges: Mapping[str, list[str]] = {
        item["metadata"]["name"]: [each["name"] for each in item["spec"].get("dependsOn") or ()]
        for item in items
        if item["kind"] in _ORDERED
    }
    return dependents_first(edges)


def reference(item: JSON) -> JSON:
    """What names an object, and nothing else of it."""
    metadata = {"name": item["metadata"]["name"], "namespace": item["metadata"].get("namespace")}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def result_lines(results: Sequence[OperationResult]) -> list[str]:
    """One line for each object that changed, and one for all that did not."""
    lines = [f"{name_of(done.object)} {done.verb}" for done in results if done.verb != "unchanged"]
    unchanged = sum(done.verb == "unchanged" for done in results)
    return [*lines, f"{unchanged} unchanged"] if unchanged else lines
