"""What `fizz up` would do, in order, and why: from what is there and what a dry run of it gives to steps. Pure.

    + network/default            not there yet
    ~ deployment/web             the template changes
          spec.template.spec.image: shop/web:1 -> shop/web:2
        replace web-1, web-2, 1 at a time, start first: two of it do not get in each other's way
    ~ deployment/db              secret db-password changed
        replace db-1, 1 at a time, stop first: both would write to /var/lib/mysql
    - deployment/old             not in the compose file any more
        remove old-1

The server itself plans the writes (a dry run goes all the way but for the commit), so what is printed is what it would
do. What controllers make of it follows from the same functions that they decide with.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic.alias_generators import to_camel

from fizz.client.api import OperationResult
from fizz.client.cli.containers import in_order, number_of, short_name
from fizz.client.cli.formats import name_of
from fizz.schemas import labels
from fizz.schemas.apps import DeploymentSpec, DeploymentStatus
from fizz.schemas.inheritance import handed_on
from fizz.schemas.jobs import RUN_FIELDS
from fizz.schemas.ordering import dependencies_first
from fizz.schemas.sources import SourceRef, keys_used
from fizz.schemas.strategy import chosen_order, limits
from fizz.schemas.types import JSON

__all__ = ["Change", "Step", "as_json", "changes_between", "lines", "listed", "steps"]

Verb = Literal["create", "change", "replace", "remove"]

_SIGNS: Final[dict[Verb, str]] = {"create": "+", "change": "~", "replace": "~", "remove": "-"}
_OF_THE_SERVER: Final = {
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generation", "managedFields",
    "ownerReferences", "resourceVersion", "uid",
}  # fmt: skip
_KEYS: Final = ("name", "target", "hostname", "containerPort")
"""Fields that tell the items of a list apart, as far as they do."""
_SHOWN: Final = 60
"""Characters of a value that are shown."""
_ORDERED: Final = ("Deployment", "Job")
_RUN_KEYS: Final = tuple(map(to_camel, RUN_FIELDS))
_TIME_KEYS: Final = ("schedule", "timeZone", "suspend")
_FIRST: Final = ("Namespace", "Network", "Volume", "Secret", "ConfigMap", "Service")


@dataclass(frozen=True, slots=True)
class Change:
    """A field that changes; None means that it is not there. The values of Secrets are never told."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.field}: {_shown(self.old)} -> {_shown(self.new)}"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one object, and what becomes of its containers. *Replace* leaves the object as it is: what its
    containers use has changed.
    """

    verb: Verb
    name: str
    why: str
    changes: tuple[Change, ...] = ()
    containers: tuple[str, ...] = ()


def steps(
    existing: Sequence[JSON], results: Sequence[OperationResult], containers: Sequence[JSON], *, ports_shared: bool
) -> list[Step]:
    """What a dry run comes to. `existing` are the objects before it, `containers` the project's Containers."""
    before = {name_of(item): item for item in existing}
    made = [done for done in results if done.verb != "deleted"]
    gone = [done for done in results if done.verb == "deleted"]
    contents = _changed_contents(before, made)
    found = []
    for done in sorted(made, key=_place(made)):
        item, old = done.object, before.get(name_of(done.object))
        if old is None and done.verb == "created":
            found.append(Step("create", name_of(item), "not there yet", (), tuple(_started(item))))
            continue
        old = old or item
        changes, used = changes_between(old, item), _used(item, contents)
        if changes or used:
            verb: Verb = "change" if changes else "replace"
            reasons = [*([_reason(changes)] if changes else []), *(f"{name} changed" for name in used)]
            more = tuple(_updated(old, item, _of(item, containers), ports_shared, anew=bool(used)))
            found.append(Step(verb, name_of(item), ", ".join(reasons), tuple(changes), more))
    for done in gone:
        left = [f"remove {', '.join(map(short_name, each))}" for each in [_of(done.object, containers)] if each]
        found.append(Step("remove", name_of(done.object), "not in the compose file any more", (), tuple(left)))
    return found


def _changed_contents(before: Mapping[str, JSON], made: Iterable[OperationResult]) -> dict[SourceRef, set[str]]:
    """The keys of Secrets and ConfigMaps that were there before and have another value now."""
    found: dict[SourceRef, set[str]] = {}
    for done in made:
        item, old = done.object, before.get(name_of(done.object))
        kind = item["kind"]
        if old is None or (kind != "Secret" and kind != "ConfigMap"):
            continue
        new_values, old_values = _values(item), _values(old)
        keys = {key for key in {*new_values, *old_values} if new_values.get(key) != old_values.get(key)}
        if keys:
            found[SourceRef(kind, item["metadata"]["name"])] = keys
    return found


def _values(item: JSON) -> JSON:
    return {**(item.get("data") or {}), **(item.get("binaryData") or {})}


def _used(item: JSON, contents: Mapping[SourceRef, set[str]]) -> list[str]:
    """Which of the changed contents the containers of a Deployment use, as `secret db-password`."""
    if item["kind"] != "Deployment" or not contents:
        return []
    used = keys_used(DeploymentSpec.load(item["spec"]).template.spec)
    return [f"{ref.kind.lower()} {ref.name}" for ref, keys in used.items() if contents.get(ref, set()) & {*keys}]


def _place(made: Sequence[OperationResult]) -> Any:
    """In the order in which things come up: what containers need, then Deployments, dependencies first."""
    order = dependencies_first(
        {
            done.object["metadata"]["name"]: [each["name"] for each in done.object["spec"].get("dependsOn") or ()]
            for done in made
            if done.object["kind"] in _ORDERED
        }
    )

    def place(done: OperationResult) -> tuple[int, int]:
        kind, name = done.object["kind"], done.object["metadata"]["name"]
        if kind in _ORDERED:
            return len(_FIRST), order.index(name)
        return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST) + 1), 0

    return place


def _of(item: JSON, containers: Sequence[JSON]) -> list[JSON]:
    if item["kind"] not in _ORDERED:
        return []
    uid = item["metadata"].get("uid")
    owned = [
        each
        for each in containers
        if any(owner.get("uid") == uid for owner in each["metadata"].get("ownerReferences") or ())
    ]
    return in_order(each for each in owned if "deletionTimestamp" not in each["metadata"])


def _reason(changes: Sequence[Change]) -> str:
    if any(
        change.field.startswith(("data.", "binaryData.")) or change.field in {"data", "binaryData"}
        for change in changes
    ):
        return "its content changes"
    if any(change.field.startswith("spec.template") for change in changes):
        return "the template changes"
    return "its settings change"


def _numbers(item: JSON, first: int, last: int) -> str:
    service = (item["metadata"].get("labels") or {}).get(labels.SERVICE) or item["metadata"]["name"]
    return ", ".join(f"{service}-{number}" for number in range(first, last + 1))


def _started(item: JSON) -> Iterator[str]:
    if item["kind"] == "Deployment" and (replicas := item["spec"].get("replicas", 1)):
        yield f"start {_numbers(item, 1, replicas)}{_after(item)}"
    elif item["kind"] == "Job":
        yield f"run {_job_numbers(item)}{_after(item)}"
    elif item["kind"] == "CronJob":
        yield f"run at {_schedule(item)}"


def _job_numbers(item: JSON) -> str:
    spec = item["spec"]
    if spec.get("completionMode") == "PerNode":
        return "once on each node"
    return _numbers(item, 1, spec.get("completions", 1))


def _schedule(item: JSON) -> str:
    spec = item["spec"]
    return f"{spec['schedule']} ({spec.get('timeZone', 'UTC')})" + (", but suspended" if spec.get("suspend") else "")


def _after(item: JSON) -> str:
    needed = [each["name"] for each in item["spec"].get("dependsOn") or ()]
    return f" after {', '.join(needed)}" if needed else ""


def _updated(
    old: JSON, new: JSON, containers: Sequence[JSON], ports_shared: bool, *, anew: bool = False
) -> Iterator[str]:
    if new["kind"] == "Job" and any(old["spec"].get(key) != new["spec"].get(key) for key in _RUN_KEYS):
        gone = f"remove {', '.join(map(short_name, containers))}, then " if containers else ""
        yield f"{gone}run {_job_numbers(new)}{_after(new)}: a job that changes runs again"
    if new["kind"] == "CronJob" and any(old["spec"].get(key) != new["spec"].get(key) for key in _TIME_KEYS):
        yield f"run at {_schedule(new)}"
    if new["kind"] != "Deployment":
        return
    before, replicas = old["spec"].get("replicas", 1), new["spec"].get("replicas", 1)
    excess = [each for each in containers if number_of(each) > replicas]
    if excess:
        yield f"remove {', '.join(map(short_name, excess))}: {replicas} are wanted"
    kept = [each for each in containers if number_of(each) <= replicas]
    if kept and (anew or old["spec"]["template"] != new["spec"]["template"]):
        spec = DeploymentSpec.load(new["spec"])
        inherits = handed_on(DeploymentStatus.load(old.get("status") or {}), spec.template)
        order, why = chosen_order(
            spec.update_strategy, spec.template.spec, ports_shared=ports_shared, handed_on=inherits
        )
        bound = limits(spec.update_strategy, order, replicas)
        pace = f"{bound.surge + bound.unavailable} at a time"
        how = "start first" if order == "StartFirst" else "stop first"
        yield f"replace {', '.join(map(short_name, kept))}, {pace}, {how}: {why}"
    if replicas > before:
        yield f"start {_numbers(new, before + 1, replicas)}: {replicas} are wanted"


def changes_between(old: JSON, new: JSON) -> list[Change]:
    """The fields that differ, without status and what the server writes by itself. Texts of Secrets are left out."""
    found = list(_differences("", _written(old), _written(new)))
    if new["kind"] == "Secret":
        return [Change(change.field, "(secret)", "(another secret)") for change in found]
    return found


def _written(item: JSON) -> JSON:
    metadata = {key: value for key, value in item["metadata"].items() if key not in _OF_THE_SERVER}
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}


def _differences(path: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            below = f"{path}.{key}" if path else key
            yield from _differences(below, old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and (named := _keyed(old, new)):
        before, after = named
        for key in dict.fromkeys([*before, *after]):
            yield from _differences(f"{path}[{key}]", before.get(key), after.get(key))
    else:
        yield Change(path, old, new)


def _keyed(*lists: list[Any]) -> list[dict[str, Any]] | None:
    """The lists by what tells their items apart, or None if nothing does."""
    for field in _KEYS:
        if all(isinstance(item, dict) and field in item for each in lists for item in each):
            by_key = [{str(item[field]): item for item in each} for each in lists]
            if all(len(found) == len(each) for found, each in zip(by_key, lists, strict=True)):
                return by_key
    return None


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = text.replace("\n", "\\n")
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def lines(project: str, planned: Sequence[Step]) -> list[str]:
    """For people."""
    if not planned:
        return [f"{project}: everything is as wanted"]
    return [*listed(planned), f"{project}: {_counts(planned)}"]


def listed(planned: Sequence[Step]) -> list[str]:
    """The steps alone."""
    width = max((len(step.name) for step in planned), default=0)
    told: list[str] = []
    for step in planned:
        told.append(f"{_SIGNS[step.verb]} {step.name:<{width}}  {step.why}")
        told += (f"      {change}" for change in step.changes)
        told += (f"    {line}" for line in step.containers)
    return told


def _counts(planned: Iterable[Step]) -> str:
    verbs = [step.verb for step in planned]
    return ", ".join(f"{verbs.count(verb)} to {verb}" for verb in _SIGNS if verb in verbs)


def as_json(project: str, planned: Sequence[Step]) -> JSON:
    """For programs."""
    return {
        "project": project,
        "steps": [
            {
                "action": step.verb,
                "object": step.name,
                "why": step.why,
                "changes": [{"field": each.field, "old": each.old, "new": each.new} for each in step.changes],
                "containers": list(step.containers),
            }
            for step in planned
        ],
    }
