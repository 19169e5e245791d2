"""Admission policies: what must hold of objects that are written, said in CEL and judged by this server itself.

A policy counts where a binding names it. For each parameter object of the binding (once without any, if the policy has
no paramKind), the conditions are asked, then the validations; what does not hold is a `Breach`, and the binding's
actions say what follows of it.

    policy   replicas: object.spec.replicas <= params.maxReplicas        binding   test: params small, actions [Deny]
    request  CREATE of a Deployment with 9 replicas                      breach    of replicas by test

Source: "Validating Admission Policy" of the Kubernetes documentation; the words are those of its API server.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from fizz.apiserver.admission.attributes import Attributes
from fizz.apiserver.admission.hooks import Conditions
from fizz.apiserver.admission.matching import Criteria, Rule
from fizz.apiserver.kinds.cel.admission import POLICY, names_of_variables
from fizz.apiserver.kinds.cel.engine import CelError, Program
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON

__all__ = ["Applied", "Binding", "Breach", "Policies", "Policy"]

log = structlog.get_logger()


_ANYTHING: Final[JSON] = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}


@dataclass(frozen=True, slots=True)
class Breach:
    """What does not hold."""

    message: str
    reason: str = "Invalid"


class _Values:
    """The values that expressions of one judgement see; variables are worked out when one of them is needed."""

    def __init__(self, data: JSON, variables: Mapping[str, Program]) -> None:
        self._variables = variables
        self._known: JSON = {}
        self._data = {**data, "variables": self._known}

    def of(self, program: Program) -> Any:
        """The value of an expression. Raises `CelError`."""
        for name in sorted(names_of_variables(program.source)):
            if name not in self._known:
                try:
                    self._known[name] = self.of(self._variables[name])
                except KeyError:
                    raise CelError(f"undefined field '{name}'") from None
                except CelError as problem:
                    raise CelError(f'composited variable "{name}" fails to evaluate: {problem}') from problem
        return program.run(self._data)


@dataclass(frozen=True, slots=True)
class _Validation:
    test: Program
    message: str
    words: Program | None
    reason: str

    def said(self, values: _Values) -> str:
        if self.words is not None:
            try:
                text = values.of(self.words)
            except CelError:
                text = None
            if isinstance(text, str) and text.strip() and "\n" not in text.strip():
                return text.strip()
        return self.message or f"failed expression: {self.test.source}"


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy, compiled."""

    name: str
    criteria: Criteria
    params: tuple[str, str] | None
    """apiVersion and kind of its parameters, or None."""
    conditions: Conditions
    variables: Mapping[str, Program]
    validations: tuple[_Validation, ...]
    annotations: tuple[tuple[str, Program], ...]
    fails: bool

    @classmethod
    def load(cls, obj: JSON) -> "Policy":
        """Compile a stored policy. Raises `ValueError`."""
        spec, kind = obj["spec"], obj["spec"].get("paramKind")
        match = spec["matchConstraints"]
        return cls(
            obj["metadata"]["name"],
            _criteria(match),
            (kind["apiVersion"], kind["kind"]) if kind else None,
            Conditions(spec.get("matchConditions") or [], POLICY),
            {each["name"]: _program(each["expression"]) for each in spec.get("variables") or ()},
            tuple(_validation(each) for each in spec.get("validations") or ()),
            tuple((each["key"], _program(each["valueExpression"])) for each in spec.get("auditAnnotations") or ()),
            (spec.get("failurePolicy") or "Fail") == "Fail",
        )

    def judge(self, data: JSON) -> list[Breach]:
        """What does not hold of a request, whose values are `data`."""
        try:
            if not self.conditions.hold(data):
                return []
        except CelError as problem:
            return self.failed(str(problem))
        values = _Values(data, self.variables)
        breaches: list[Breach] = []
        for each in self.validations:
            try:
                if values.of(each.test) is not True:
                    breaches.append(Breach(each.said(values), each.reason))
            except CelError as problem:
                breaches += self.failed(f"expression '{each.test.source}' resulted in error: {problem}")
        self._annotate(values)
        return breaches

    def failed(self, why: str) -> list[Breach]:
        """What follows when the policy itself fails."""
        if self.fails:
            return [Breach(why)]
        log.warning("an admission policy fails, and is passed over", policy=self.name, error=why)
        return []

    def _annotate(self, values: _Values) -> None:
        told: dict[str, str] = {}
        for key, program in self.annotations:
            try:
                value = values.of(program)
            except CelError as problem:
                value = f"error: {problem}"
            if isinstance(value, str):
                told[f"{self.name}/{key}"] = value
        if told:
            log.info("audit annotations of an admission policy", policy=self.name, annotations=told)


def _program(text: str) -> Program:
    return Program(text.strip(), POLICY)


def _validation(source: JSON) -> _Validation:
    words = source.get("messageExpression")
    return _Validation(
        _program(source["expression"]),
        (source.get("message") or "").strip(),
        _program(words) if words else None,
        source.get("reason") or "Invalid",
    )


def _criteria(match: JSON) -> Criteria:
    return Criteria.load(match, match.get("resourceRules") or (), match.get("excludeResourceRules") or ())


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """Where a policy counts. `criteria` is None where all that the policy is about is meant."""

    name: str
    policy: str
    params: JSON | None
    criteria: Criteria | None
    actions: tuple[str, ...]

    @classmethod
    def load(cls, obj: JSON) -> "Binding":
        """Read a stored binding. Raises `ValueError`."""
        spec = obj["spec"]
        match = spec.get("matchResources")
        return cls(
            obj["metadata"]["name"],
            spec["policyName"],
            spec.get("paramRef"),
            None if match is None else _criteria({**match, "resourceRules": match.get("resourceRules") or [_ANYTHING]}),
            tuple(spec.get("validationActions") or ()),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A policy by one of its bindings, for an operation on a resource: the version that it sees objects in, and the
    rules that fit, of the policy and of the binding.
    """

    policy: Policy
    binding: Binding
    seen_as: Resource
    rules: tuple[Rule, ...]
    bound: tuple[Rule, ...]

    def wants(self, asked: Attributes, namespace: JSON | None) -> bool:
        """Whether it is about the request, by names and labels."""
        if not self.policy.criteria.selects(asked, self.rules, namespace):
            return False
        criteria = self.binding.criteria
        return criteria is None or criteria.selects(asked, self.bound, namespace)


Place = tuple[str, str, str, str, str]


class Policies:
    """All policies and bindings. Used from the event loop only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._policies: dict[str, Policy] = {}
        self._bindings: dict[str, Binding] = {}
        self._found: dict[Place, tuple[Applied, ...]] = {}
        self._changes = registry.changes

    def __bool__(self) -> bool:
        return bool(self._policies) and bool(self._bindings)

    def put(self, obj: JSON) -> None:
        """A policy or binding as it is now."""
        name = obj["metadata"]["name"]
        self.remove(obj)
        try:
            if obj["kind"] == "ValidatingAdmissionPolicy":
                self._policies[name] = Policy.load(obj)
            else:
                self._bindings[name] = Binding.load(obj)
        except (ValueError, KeyError) as problem:  # it was checked when it was written, maybe by an older server
            log.error("an admission policy cannot be used", kind=obj["kind"], name=name, error=str(problem))

    def remove(self, obj: JSON) -> None:
        """A policy or binding is gone."""
        kept: dict[str, Any] = self._policies if obj["kind"] == "ValidatingAdmissionPolicy" else self._bindings
        kept.pop(obj["metadata"]["name"], None)
        self._found.clear()

    def find(self, operation: str, resource: Resource, subresource: str) -> tuple[Applied, ...]:
        """The policies that may be about an operation on a resource, by name."""
        if not self:
            return ()
        if self._changes != self._registry.changes:
            self._changes = self._registry.changes
            self._found.clear()
        place = (operation, resource.group, resource.version, resource.plural, subresource)
        found = self._found.get(place)
        if found is None:
            found = self._found[place] = tuple(self._applied(operation, resource, subresource))
        return found

    def _applied(self, operation: str, resource: Resource, subresource: str) -> Iterator[Applied]:
        for _, binding in sorted(self._bindings.items()):
            policy = self._policies.get(binding.policy)
            fit = policy and policy.criteria.seen_as(self._registry, operation, resource, subresource)
            if not policy or not fit:
                continue
            bound = binding.criteria and binding.criteria.seen_as(self._registry, operation, resource, subresource)
            if bound or binding.criteria is None:
                yield Applied(policy, binding, *fit, bound[1] if bound else ())
