"""The rules of admission policies and their bindings: what they mean where they say nothing, and what makes no sense.

A policy's status says which generation counts; that is always the present one, because policies are compiled when they
are asked about. Nothing odd is looked for in expressions beyond what refuses them.

Source: the defaults and the validation of admissionregistration.k8s.io/v1, whose words these are.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from fizz.apiserver.kinds.causes import Cause, duplicate, invalid, not_supported, required
from fizz.apiserver.kinds.cel.admission import POLICY, check_conditions, check_expression, names_of_variables
from fizz.apiserver.kinds.values import equal
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.apiserver.kinds.webhooks import check_rules, check_selector
from fizz.schemas.base import JSON
from fizz.schemas.names import check_label_key, check_subdomain

__all__ = ["BINDING", "CODES", "POLICY_RULES"]

CODES: Final[Mapping[str, int]] = {"Unauthorized": 401, "Forbidden": 403, "Invalid": 422, "RequestEntityTooLarge": 413}
"""The reasons that a validation may give, and their HTTP codes."""
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _create_policy(obj: JSON) -> Verdict:
    return _policy(obj, 1)


def _update_policy(old: JSON, new: JSON) -> Verdict:
    was = old["metadata"].get("generation", 1)
    verdict = _policy(new, was)
    if equal(old["spec"], verdict.obj["spec"]):
        return verdict
    return _policy(new, was + 1)


def _policy(obj: JSON, generation: int) -> Verdict:
    spec = dict(obj["spec"])
    if spec.get("matchConstraints") is not None:
        spec["matchConstraints"] = _filled(spec["matchConstraints"])
    status = {"typeChecking": {}, **(obj.get("status") or {}), "observedGeneration": generation}
    return Verdict({**obj, "spec": spec, "status": status}, list(_check_policy(spec)))


def _filled(match: JSON) -> JSON:
    return {**match, **{name: match.get(name) or {} for name in ("namespaceSelector", "objectSelector")}}


def _check_policy(spec: JSON) -> Iterable[Cause]:
    yield from _param_kind(spec.get("paramKind"), "spec.paramKind")
    match = spec.get("matchConstraints")
    if match is None:
        yield required("spec.matchConstraints")
    else:
        yield from _match(match, "spec.matchConstraints")
        if not match.get("resourceRules"):
            yield required("spec.matchConstraints.resourceRules")
    yield from check_conditions(spec.get("matchConditions") or [], POLICY, "spec.matchConditions")
    defined: set[str] = set()
    for index, variable in enumerate(spec.get("variables") or ()):
        yield from _variable(variable, defined, f"spec.variables[{index}]")
        defined.add(variable["name"])
    validations, annotations = spec.get("validations") or (), spec.get("auditAnnotations") or ()
    if not validations and not annotations:
        yield required("spec.validations", "validations or auditAnnotations must contain at least one item")
    for index, validation in enumerate(validations):
        yield from _validation(validation, defined, f"spec.validations[{index}]")
    for index, annotation in enumerate(annotations):
        place = f"spec.auditAnnotations[{index}]"
        if problem := check_label_key(annotation["key"]):
            yield invalid(f"{place}.key", annotation["key"], problem)
        yield from _expression(annotation["valueExpression"], defined, f"{place}.valueExpression", ("STRING", "NULL"))


def _param_kind(kind: JSON | None, place: str) -> Iterable[Cause]:
    for field in ("apiVersion", "kind") if kind is not None else ():
        if not (kind or {}).get(field):
            yield required(f"{place}.{field}")


def _match(match: JSON, place: str) -> Iterable[Cause]:
    for selector in ("namespaceSelector", "objectSelector"):
        yield from check_selector(match.get(selector) or {}, f"{place}.{selector}")
    for rules in ("resourceRules", "excludeResourceRules"):
        yield from check_rules(match.get(rules) or (), f"{place}.{rules}")


def _variable(variable: JSON, defined: set[str], place: str) -> Iterable[Cause]:
    name = variable["name"]
    if not name:
        yield required(f"{place}.name", "name is not specified")
    elif not _IDENTIFIER.fullmatch(name):
        yield invalid(f"{place}.name", name, "name is not a valid CEL identifier")
    elif name in defined:
        yield duplicate(f"{place}.name", name)
    yield from _expression(variable["expression"], defined, f"{place}.expression", ())


def _validation(validation: JSON, defined: set[str], place: str) -> Iterable[Cause]:
    expression, message = validation["expression"], validation.get("message")
    yield from _expression(expression, defined, f"{place}.expression", ("BOOL",))
    if message is not None and not message.strip():
        yield invalid(f"{place}.message", message, "message must be non-empty if specified")
    elif message and "\n" in message.strip():
        yield invalid(f"{place}.message", message, "message must not contain line breaks")
    elif message is None and "\n" in expression.strip():
        yield required(f"{place}.message", "message must be specified if expression contains line breaks")
    if (said := validation.get("messageExpression")) is not None:
        yield from _expression(said, defined, f"{place}.messageExpression", ("STRING",))
    if (reason := validation.get("reason")) is not None and reason not in CODES:
        yield not_supported(f"{place}.reason", reason, CODES)


def _expression(text: str, defined: set[str], place: str, returns: tuple[str, ...]) -> Iterable[Cause]:
    if not text.strip():
        yield required(place, "expression is not specified")
        return
    yield from check_expression(text, POLICY, place, returns)
    for name in sorted(names_of_variables(text) - defined):
        yield invalid(place, text, f"compilation failed: undefined field '{name}'")


def _binding(obj: JSON) -> Verdict:
    spec = dict(obj["spec"])
    if spec.get("matchResources") is not None:
        spec["matchResources"] = _filled(spec["matchResources"])
    return Verdict({**obj, "spec": spec}, list(_check_binding(spec)))


def _check_binding(spec: JSON) -> Iterable[Cause]:
    if not spec.get("policyName"):
        yield required("spec.policyName")
    elif problem := check_subdomain(spec["policyName"]):
        yield invalid("spec.policyName", spec["policyName"], problem)
    if (ref := spec.get("paramRef")) is not None:
        yield from _param_ref(ref, "spec.paramRef")
    if (match := spec.get("matchResources")) is not None:
        yield from _match(match, "spec.matchResources")
    actions = spec.get("validationActions") or []
    if not actions:
        yield required("spec.validationActions", "at least one validation action is required")
    for index, action in enumerate(actions):
        if action in actions[:index]:
            yield duplicate(f"spec.validationActions[{index}]", action)
    if {"Deny", "Warn"} <= set(actions):
        said = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)"
        )
        yield invalid("spec.validationActions", actions, said)


def _param_ref(ref: JSON, place: str) -> Iterable[Cause]:
    if ref.get("selector") is None:
        if not ref.get("name"):
            yield required(place, "one of name or selector must be specified")
    elif ref.get("name"):
        yield invalid(f"{place}.name", ref["name"], "name and selector are mutually exclusive")
    else:
        yield from check_selector(ref["selector"], f"{place}.selector")
    if not ref.get("parameterNotFoundAction"):
        yield required(f"{place}.parameterNotFoundAction")


POLICY_RULES: Final = Rules(_create_policy, _update_policy)
BINDING: Final = Rules(_binding, lambda old, new: _binding(new))
