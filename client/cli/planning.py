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

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from pydantic.alias_generators import to_camel

from fizz.client.api import OperationResult
from fizz.client.cli.containers import in_order, number_of, short_name
from fizz.client.cli.differences import Change, changes_between
from fizz.client.cli.formats import name_of
from fizz.schemas import labels
from fizz.schemas.apps import DeploymentSpec, DeploymentStatus
from fizz.schemas.inheritance import handed_on
from fizz.schemas.jobs import RUN_FIELDS
from fizz.schemas.ordering import dependencies_first
from fizz.schemas.sources import SourceRef, keys_used
from fizz.schemas.strategy import chosen_order, limits
from fizz.schemas.types import JSON

__all__ = ["Act", "Step", "as_json", "lines", "listed", "steps"]

Verb = Literal["create", "change", "replace", "restart", "remove"]
ActVerb = Literal["start", "run", "replace", "restart", "remove", "wait for"]

_SIGNS: Final[dict[Verb, str]] = {"create": "+", "change": "~", "replace": "~", "restart": "~", "remove": "-"}
_ORDERED: Final = ("Deployment", "Job")
_RUN_KEYS: Final = tuple(map(to_camel, RUN_FIELDS))
_TIME_KEYS: Final = ("schedule", "timeZone", "suspend")
_FIRST: Final = ("Namespace", "Network", "Volume", "Secret", "ConfigMap", "Service")


@dataclass(frozen=True, slots=True)
class Act:
    """What is done to containers, by their short names, and in words how. Jobs and schedules *run*. What a Network has
    to *wait for* goes by other reasons, if it goes.
    """

    verb: ActVerb
    containers: tuple[str, ...]
    how: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, [self.verb, ", ".join(self.containers)])) + self.how


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one object, and what becomes of its containers. *Replace* and *restart* leave the object as it
    is: what its containers use has changed, or what they depend on.
    """

    verb: Verb
    name: str
    why: str
    changes: tuple[Change, ...] = ()
    acts: tuple[Act, ...] = ()


def steps(
    existing: Sequence[JSON], results: Sequence[OperationResult], containers: Sequence[JSON], *, ports_shared: bool
) -> list[Step]:
    """What a dry run comes to. `existing` are the objects before it, `containers` the project's Containers."""
    before = {name_of(item): item for item in existing}
    made = [done for done in results if done.verb != "deleted"]
    gone = [done for done in results if done.verb == "deleted"]
    contents = _changed_contents(before, made)
    found: dict[str, Step] = {}
    for done in sorted(made, key=_place(made)):
        item, name = done.object, name_of(done.object)
        old = before.get(name)
        if old is None and done.verb == "created":
            found[name] = Step("create", name, "not there yet", (), tuple(_started(item)))
            continue
        old = old or item
        changes, used = changes_between(old, item), _used(item, contents)
        if changes or used:
            verb: Verb = "change" if changes else "replace"
            reasons = [*([_reason(changes)] if changes else []), *(f"{name} changed" for name in used)]
            acts = tuple(_updated(old, item, _of(item, containers), ports_shared, anew=bool(used)))
            found[name] = Step(verb, name, ", ".join(reasons), tuple(changes), acts)
    deleted = {name_of(done.object) for done in gone}
    present = {**before, **{name_of(done.object): done.object for done in made}}
    left = [item for name, item in present.items() if name not in deleted]
    for follower in _followers(left, found, lambda item: _names(_of(item, containers))):
        known = found.get(follower.name)
        found[follower.name] = replace(known, acts=(*known.acts, *follower.acts)) if known else follower
    for name, step in found.items():
        found[name] = replace(step, acts=(*step.acts, *_awaited(present[name], step, containers)))
    for done in gone:
        acts = tuple(Act("remove", _names(each)) for each in [_of(done.object, containers)] if each)
        name = name_of(done.object)
        found[name] = Step("remove", name, "not in the compose file any more", (), acts)
    return list(found.values())


def _names(containers: Sequence[JSON]) -> tuple[str, ...]:
    return tuple(map(short_name, containers))


def _awaited(item: JSON, step: Step, containers: Sequence[JSON]) -> Iterator[Act]:
    """What the change of a Network has to wait for: the engine cannot change one that is in use."""
    if item["kind"] == "Network" and any(change.field.startswith("spec.") for change in step.changes):
        users = [
            each
            for each in in_order(containers)
            if any(used["name"] == item["metadata"]["name"] for used in each["spec"].get("networks") or ())
        ]
        if users:
            yield Act("wait for", _names(users), " to be gone: a network that is in use stays as it is")


def _followers(
    items: Sequence[JSON], found: Mapping[str, Step], containers: Callable[[JSON], tuple[str, ...]]
) -> Iterator[Step]:
    """What follows from containers that are made anew: who depends on them with `restart` is started again, who shares
    a namespace or volumes with them is made anew, too. One may follow the other.
    """
    deployments = {item["metadata"]["name"]: item for item in items if item["kind"] == "Deployment"}
    anew = {name for name in deployments for step in [found.get(f"deployment/{name}")] if step and _is_anew(step)}
    again: set[str] = set()
    order = dependencies_first({name: [*_shared(item), *_restarting(item)] for name, item in deployments.items()})
    for name in order:
        item = deployments.get(name)
        known = found.get(f"deployment/{name}")
        if item is None or name in anew or (known is not None and known.verb == "create") or not containers(item):
            continue
        if shared := [other for other in _shared(item) if other in anew]:
            anew.add(name)
            yield _following(
                "replace", item, containers(item), f"{', '.join(shared)}, which it shares with, is made anew"
            )
        elif causes := [other for other in _restarting(item) if other in anew | again]:
            again.add(name)
            yield _following("restart", item, containers(item), f"{', '.join(causes)} is made anew or restarted")


def _following(verb: Literal["replace", "restart"], item: JSON, names: tuple[str, ...], why: str) -> Step:
    return Step(verb, name_of(item), why, (), (Act(verb, names, f": {why}"),))


def _is_anew(step: Step) -> bool:
    return any(act.verb == "replace" for act in step.acts)


def _restarting(item: JSON) -> list[str]:
    """What it depends on in such a way that it is started again with that."""
    return [each["name"] for each in item["spec"].get("dependsOn") or () if each.get("restart")]


def _shared(item: JSON) -> list[str]:
    """The Deployments whose namespaces or volumes its containers share."""
    spec = item["spec"]["template"]["spec"]
    modes = [str(spec.get(key) or "") for key in ("networkMode", "ipc", "pid")]
    named = [mode.removeprefix("service:") for mode in modes if mode.startswith("service:")]
    return [*named, *(each["deployment"] for each in spec.get("volumesFrom") or () if each.get("deployment"))]


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


def _numbers(item: JSON, first: int, last: int) -> tuple[str, ...]:
    service = (item["metadata"].get("labels") or {}).get(labels.SERVICE) or item["metadata"]["name"]
    return tuple(f"{service}-{number}" for number in range(first, last + 1))


def _started(item: JSON) -> Iterator[Act]:
    if item["kind"] == "Deployment" and (replicas := item["spec"].get("replicas", 1)):
        yield Act("start", _numbers(item, 1, replicas), _after(item))
    elif item["kind"] == "Job":
        yield _run(item)
    elif item["kind"] == "CronJob":
        yield Act("run", (), f" at {_schedule(item)}")


def _run(item: JSON, why: str = "") -> Act:
    spec = item["spec"]
    if spec.get("completionMode") == "PerNode":
        return Act("run", (), f" once on each node{_after(item)}{why}")
    return Act("run", _numbers(item, 1, spec.get("completions", 1)), f"{_after(item)}{why}")


def _schedule(item: JSON) -> str:
    spec = item["spec"]
    return f"{spec['schedule']} ({spec.get('timeZone', 'UTC')})" + (", but suspended" if spec.get("suspend") else "")


def _after(item: JSON) -> str:
    needed = [each["name"] for each in item["spec"].get("dependsOn") or ()]
    return f" after {', '.join(needed)}" if needed else ""


def _updated(
    old: JSON, new: JSON, containers: Sequence[JSON], ports_shared: bool, *, anew: bool = False
) -> Iterator[Act]:
    if new["kind"] == "Job" and any(old["spec"].get(key) != new["spec"].get(key) for key in _RUN_KEYS):
        if containers:
            yield Act("remove", _names(containers))
        yield _run(new, ": a job that changes runs again")
    if new["kind"] == "CronJob" and any(old["spec"].get(key) != new["spec"].get(key) for key in _TIME_KEYS):
        yield Act("run", (), f" at {_schedule(new)}")
    if new["kind"] != "Deployment":
        return
    before, replicas = old["spec"].get("replicas", 1), new["spec"].get("replicas", 1)
    excess = [each for each in containers if number_of(each) > replicas]
    if excess:
        yield Act("remove", _names(excess), f": {replicas} are wanted")
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
        yield Act("replace", _names(kept), f", {pace}, {how}: {why}")
    elif kept and old["spec"].get("desiredState") in {"Stopped", "Paused"}:
        yield Act("start", _names(kept), f": it was {old['spec']['desiredState'].lower()}")
    if replicas > before:
        yield Act("start", _numbers(new, before + 1, replicas), f": {replicas} are wanted")


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
        told += (f"    {act}" for act in step.acts)
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
                "containers": [
                    {"action": act.verb, "names": list(act.containers), "text": str(act)} for act in step.acts
                ],
            }
            for step in planned
        ],
    }
