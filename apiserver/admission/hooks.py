"""The webhooks of all configurations, compiled, and found by what is asked.

Configurations count in the order of their names, webhooks in the order in which they stand there. What is about an
operation on a resource is found once and remembered, so that a write that no rule fits costs one look-up; labels,
names and conditions are looked at each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from fizz.apiserver import errors
from fizz.apiserver.admission.attributes import Attributes
from fizz.apiserver.admission.matching import Criteria, Rule
from fizz.apiserver.admission.review import values
from fizz.apiserver.kinds.cel.admission import CONDITION
from fizz.apiserver.kinds.cel.engine import CelError, Program
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON

__all__ = ["Candidate", "Conditions", "Hook", "Hooks"]

log = structlog.get_logger()


class Conditions:
    """matchConditions: all must be true. One that is false decides, whatever becomes of the others."""

    def __init__(self, source: list[JSON], variables: tuple[str, ...] = CONDITION) -> None:
        """Raises `CelError` for what does not compile."""
        self._programs = [(each["name"], Program(each["expression"].strip(), variables)) for each in source]

    def __bool__(self) -> bool:
        return bool(self._programs)

    def hold(self, data: JSON) -> bool:
        """Whether all are true. Raises `CelError` if none is false and one cannot be evaluated."""
        trouble: list[str] = []
        for name, program in self._programs:
            try:
                if program.run(data) is not True:
                    return False
            except CelError as problem:
                trouble.append(f"{name}: {problem}")
        if trouble:
            raise CelError("; ".join(trouble))
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """A webhook of a configuration."""

    name: str
    configuration: str
    mutating: bool
    client: JSON
    criteria: Criteria
    conditions: Conditions
    fails: bool
    """Whether a write is refused when no answer comes."""
    seconds: float
    again: bool
    """Whether it is asked once more when others changed the object afterwards."""

    @classmethod
    def load(cls, source: JSON, configuration: str, *, mutating: bool) -> "Hook":
        """Compile a webhook of a stored configuration. Raises `ValueError`."""
        return cls(
            source["name"],
            configuration,
            mutating,
            source["clientConfig"],
            Criteria.load(source, source.get("rules") or ()),
            Conditions(source.get("matchConditions") or []),
            (source.get("failurePolicy") or "Fail") == "Fail",
            float(source.get("timeoutSeconds") or 10),
            source.get("reinvocationPolicy") == "IfNeeded",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A webhook that may be about an operation: the version that it sees objects in, and the rules that fit."""

    hook: Hook
    seen_as: Resource
    rules: tuple[Rule, ...]

    def wants(self, asked: Attributes, namespace: JSON | None) -> bool:
        """Whether it is asked. Raises `Forbidden` where its conditions fail and it must not be missed."""
        if not self.hook.criteria.selects(asked, self.rules, namespace):
            return False
        if not self.hook.conditions:
            return True
        try:
            return self.hook.conditions.hold(values(asked, self.seen_as, asked.obj, asked.old))
        except CelError as problem:
            if not self.hook.fails:
                return False
            raise forbidden(asked, str(problem)) from problem


def forbidden(asked: Attributes, why: str) -> errors.Forbidden:
    """The refusal of what was asked."""
    resource = asked.resource
    details = {"name": asked.name, "group": resource.group, "kind": resource.plural}
    shown: JSON = {key: value for key, value in details.items() if value}
    return errors.Forbidden(f'{resource.name} "{asked.name}" is forbidden: {why}', details=shown)


Place = tuple[str, str, str, str, str]


class Hooks:
    """All webhooks. Used from the event loop only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._configurations: dict[tuple[bool, str], tuple[Hook, ...]] = {}
        self._found: dict[Place, tuple[Candidate, ...]] = {}
        self._changes = registry.changes

    def __bool__(self) -> bool:
        return bool(self._configurations)

    def put(self, obj: JSON) -> None:
        """A configuration as it is now."""
        mutating, name = _key(obj)
        self._configurations[(mutating, name)] = tuple(_compiled(obj, name, mutating=mutating))
        self._found.clear()

    def remove(self, obj: JSON) -> None:
        """A configuration is gone."""
        self._configurations.pop(_key(obj), None)
        self._found.clear()

    def find(self, operation: str, resource: Resource, subresource: str) -> tuple[Candidate, ...]:
        """The webhooks that may be about an operation on a resource, in order."""
        if not self._configurations:
            return ()
        if self._changes != self._registry.changes:
            self._changes = self._registry.changes
            self._found.clear()
        place = (operation, resource.group, resource.version, resource.plural, subresource)
        found = self._found.get(place)
        if found is None:
            found = self._found[place] = tuple(self._candidates(operation, resource, subresource))
        return found

    def _candidates(self, operation: str, resource: Resource, subresource: str) -> Iterator[Candidate]:
        for _, hooks in sorted(self._configurations.items(), key=lambda item: item[0][1]):
            for hook in hooks:
                fit = hook.criteria.seen_as(self._registry, operation, resource, subresource)
                if fit is not None:
                    yield Candidate(hook, *fit)


def _key(obj: JSON) -> tuple[bool, str]:
    return obj["kind"] == "MutatingWebhookConfiguration", obj["metadata"]["name"]


def _compiled(obj: JSON, name: str, *, mutating: bool) -> Iterator[Hook]:
    sources: list[Any] = obj.get("webhooks") or []
    for source in sources:
        try:
            yield Hook.load(source, name, mutating=mutating)
        except (ValueError, KeyError) as problem:  # it was checked when it was written, maybe by an older server
            log.error("a webhook cannot be used", configuration=name, webhook=source.get("name"), error=str(problem))
