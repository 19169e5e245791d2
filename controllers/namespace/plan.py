"""What to do next for a Namespace that is being deleted: pure, from what is left in it to deletions and conditions.

The contents go in stages; a stage begins when nothing is left of the one before:

1. CronJobs, so that no further Jobs are made
2. Jobs and Deployments, those first that others do not depend on: they stop their containers in that order
3. Containers that belong to neither
4. everything else
5. Events, which tell how the rest went

When nothing is left, and no question went unanswered, the namespace itself may go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from fizz.schemas.base import JSON
from fizz.schemas.conditions import set_condition
from fizz.schemas.kinds import Kind
from fizz.schemas.meta import Condition
from fizz.schemas.ordering import dependents_first

__all__ = ["FINALIZER", "Contents", "Doomed", "Plan", "plan"]

FINALIZER: Final = "kubernetes"
"""In spec.finalizers of a Namespace: its contents must be removed first."""

_STAGES: Final[Mapping[tuple[str, str], int]] = {
    ("fizz.dev", "CronJob"): 0,
    ("fizz.dev", "Deployment"): 1,
    ("fizz.dev", "Job"): 1,
    ("fizz.dev", "Container"): 2,
    ("", "Event"): 4,
    ("events.k8s.io", "Event"): 4,
}
_IN_ORDER: Final = 1
"""The stage whose objects go in the order of their dependencies."""
_USUAL_STAGE: Final = 3

_Verdict = tuple[str, Literal["True", "False"], str, str]
"""A condition: its type, status, reason and message. Those that follow say, in Kubernetes' words, that all is well."""
_DISCOVERED: Final[_Verdict] = (
    "NamespaceDeletionDiscoveryFailure",
    "False",
    "ResourcesDiscovered",
    "All resources successfully discovered",
)
_PARSED: Final[_Verdict] = (
    "NamespaceDeletionGroupVersionParsingFailure",
    "False",
    "ParsedGroupVersions",
    "All legacy kube types successfully parsed",
)
_DELETED: Final[_Verdict] = (
    "NamespaceDeletionContentFailure",
    "False",
    "ContentDeleted",
    "All content successfully deleted, may be waiting on finalization",
)
_REMOVED: Final[_Verdict] = (
    "NamespaceContentRemaining",
    "False",
    "ContentRemoved",
    "All content successfully removed",
)
_RELEASED: Final[_Verdict] = (
    "NamespaceFinalizersRemaining",
    "False",
    "ContentHasNoFinalizers",
    "All content-preserving finalizers finished",
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a namespace, by kind. `unanswered` says for which kinds that could not be found out, and why."""

    objects: Mapping[Kind, Sequence[JSON]]
    unanswered: Mapping[Kind, str]


@dataclass(frozen=True, slots=True)
class Doomed:
    """An object to delete."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to delete, in this order; the conditions that say what is left; and whether the namespace may go."""

    deletions: tuple[Doomed, ...]
    conditions: list[Condition]
    is_empty: bool


def plan(old: list[Condition] | None, contents: Contents, failures: Sequence[str], now: datetime) -> Plan:
    """The next step. `old` are the conditions as they stand, `failures` what went wrong with earlier deletions."""
    left = {kind: objects for kind, objects in contents.objects.items() if objects}
    stage = min((_stage(kind) for kind in [*left, *contents.unanswered]), default=None)
    deletions = [
        Doomed(kind, name)
        for kind, objects in sorted(left.items(), key=lambda entry: (entry[0].kind != "Job", entry[0].resource))
        if _stage(kind) == stage
        for name in _in_order(kind, objects)
    ]
    is_empty = not left and not contents.unanswered
    return Plan(tuple(deletions), _conditions(old, left, contents.unanswered, failures, now), is_empty)


def _stage(kind: Kind) -> int:
    return _STAGES.get((kind.group, kind.kind), _USUAL_STAGE)


def _in_order(kind: Kind, objects: Sequence[JSON]) -> list[str]:
    """The names of those that are not being deleted yet."""
    waiting = {item["metadata"]["name"] for item in objects if "deletionTimestamp" not in item["metadata"]}
    if _stage(kind) != _IN_ORDER:
        return sorted(waiting)
    edges = {
        item["metadata"]["name"]: [each["name"] for each in item.get("spec", {}).get("dependsOn") or ()]
        for item in objects
    }
    return [name for name in dependents_first(edges) if name in waiting]


def _conditions(
    old: list[Condition] | None,
    left: Mapping[Kind, Sequence[JSON]],
    unanswered: Mapping[Kind, str],
    failures: Sequence[str],
    now: datetime,
) -> list[Condition]:
    finalizers = _count_finalizers(left)
    counts = ", ".join(sorted(f"{_dotted(kind)} has {len(each)} resource instances" for kind, each in left.items()))
    held = ", ".join(f"{finalizer} in {count} resource instances" for finalizer, count in sorted(finalizers.items()))
    unknown = "; ".join(sorted(f"{kind.resource}: {why}" for kind, why in unanswered.items()))
    verdicts = [
        _DISCOVERED if not unknown else _failure(_DISCOVERED, "DiscoveryFailed", f"cannot be listed: {unknown}"),
        _PARSED,
        _DELETED if not failures else _failure(_DELETED, "ContentDeletionFailed", "; ".join(failures)),
        _REMOVED
        if not counts
        else _failure(_REMOVED, "SomeResourcesRemain", f"Some resources are remaining: {counts}"),
        _RELEASED
        if not held
        else _failure(
            _RELEASED, "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {held}"
        ),
    ]
    conditions = list(old or [])
    for kind, status, reason, message in verdicts:
        conditions = set_condition(conditions, kind, status, now=now, reason=reason, message=message)
    return conditions


def _failure(fine: _Verdict, reason: str, message: str) -> _Verdict:
    return (fine[0], "True", reason, message)


def _dotted(kind: Kind) -> str:
    """A resource with its group, which is empty for the core group, as Kubernetes writes it: `configmaps.`."""
    return f"{kind.plural}.{kind.group}"


def _count_finalizers(left: Mapping[Kind, Sequence[JSON]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for objects in left.values():
        for item in objects:
            for finalizer in item["metadata"].get("finalizers") or ():
                counts[finalizer] = counts.get(finalizer, 0) + 1
    return counts
