"""Rules as a definition brings them: whether they compile, are of the right type, and say what they may.

Source: the validation of apiextensions.k8s.io/v1, whose words these are.
"""

from collections.abc import Iterator
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, forbidden, invalid, not_supported, required
from fizz.apiserver.kinds.cel.cost import estimate, too_dear
from fizz.apiserver.kinds.cel.engine import CelError, check
from fizz.apiserver.kinds.cel.rules import is_transition, with_identity
from fizz.apiserver.kinds.cel.types import Types
from fizz.apiserver.kinds.nodes import Node, parse
from fizz.schemas.base import JSON

__all__ = ["check_rules"]

_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_RULES: Final = "x-kubernetes-validations"


def check_rules(schema: JSON, path: str) -> list[Cause]:
    """What is wrong with the rules of a structural schema; `path` is the field that holds it."""
    root = with_identity(parse(schema))
    found = list(_levels(root, path, correlated=True))
    if not found:
        return []
    types = Types(root)
    causes: list[Cause] = []
    for node, place, correlated, size in found:
        for index, rule in enumerate(node.rules):
            causes += _check(rule, node, types, f"{place}.{_RULES}[{index}]", correlated=correlated, size=size)
    return causes


def _levels(node: Node, path: str, *, correlated: bool, size: int = 1) -> Iterator[tuple[Node, str, bool, int]]:
    """All levels that have rules; whether old values are found there, and how many values there may be at most."""
    if node.rules:
        yield node, path, correlated, size
    for name, child in node.properties.items():
        yield from _levels(child, f"{path}.properties[{name}]", correlated=correlated, size=size)
    if node.additional:
        many = size * estimate(node)
        yield from _levels(node.additional, f"{path}.additionalProperties", correlated=correlated, size=many)
    if node.items:
        known = correlated and node.list_type == "map"
        yield from _levels(node.items, f"{path}.items", correlated=known, size=size * estimate(node))


def _check(rule: Any, node: Node, types: Types, place: str, *, correlated: bool, size: int) -> list[Cause]:
    if not isinstance(rule, dict):
        return [invalid(place, rule, "must be an object")]
    text = rule.get("rule")
    if not isinstance(text, str) or not text.strip():
        return [required(f"{place}.rule", "rule is not specified")]
    causes = _words(rule, node, place)
    optional = bool(rule.get("optionalOldSelf"))
    transition = is_transition(rule)
    if optional and not transition:
        detail = "may not be set if oldSelf is not used in rule"
        causes.append(invalid(f"{place}.optionalOldSelf", True, detail))
    if transition and not correlated and not optional:
        at = place.rpartition(f".{_RULES}")[0]
        detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {at}"
        return [*causes, invalid(f"{place}.rule", text, detail)]
    mine = types.type(node)
    variables = {"self": mine} if optional else {"self": mine, "oldSelf": mine}
    old = types.signature(node) if optional else ""
    try:
        result = check(text, variables, types.pool, old)
        if result.name() not in {"BOOL", "DYN"}:
            causes.append(invalid(f"{place}.rule", text, "compilation failed: must evaluate to a bool"))
        elif problem := too_dear(text, node, size):
            causes.append(forbidden(f"{place}.rule", problem))
    except CelError as problem:
        causes.append(invalid(f"{place}.rule", text, f"compilation failed: {problem}"))
    words = rule.get("messageExpression")
    if words is not None:
        causes += _message(words, variables, types, old, f"{place}.messageExpression")
    return causes


def _message(words: Any, variables: JSON, types: Types, old: str, place: str) -> list[Cause]:
    if not isinstance(words, str) or not words.strip():
        return [required(place, "must be non-empty if specified")]
    try:
        result = check(words, variables, types.pool, old)
    except CelError as problem:
        return [invalid(place, words, f"messageExpression compilation failed: {problem}")]
    if result.name() in {"STRING", "DYN"}:
        return []
    return [invalid(place, words, "messageExpression compilation failed: must evaluate to a string")]


def _words(rule: JSON, node: Node, place: str) -> list[Cause]:
    causes: list[Cause] = []
    message = rule.get("message")
    if message is not None:
        if not isinstance(message, str) or not message.strip():
            causes.append(invalid(f"{place}.message", message, "message must be non-empty if specified"))
        elif "\n" in message.strip():
            causes.append(invalid(f"{place}.message", message, "message must not contain line breaks"))
        elif len(message) > 2048:
            detail = "message must have a maximum length of 2048 characters"
            causes.append(invalid(f"{place}.message", f"{message[:10]}...", detail))
    elif "\n" in rule["rule"].strip() and not rule.get("messageExpression"):
        causes.append(required(f"{place}.message", "message must be specified if rule contains line breaks"))
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        causes.append(not_supported(f"{place}.reason", reason, _REASONS))
    where = rule.get("fieldPath")
    if where is not None and (problem := _field_problem(where, node)):
        causes.append(invalid(f"{place}.fieldPath", where, f"fieldPath must be a valid path: {problem}"))
    return causes


def _field_problem(path: Any, node: Node) -> str | None:
    if not isinstance(path, str) or not path.strip():
        return "must be non-empty if specified"
    if not path.startswith((".", "[")):
        return "must start with ."
    level: Node | None = node
    for name in path.replace("['", ".").replace("']", "").lstrip(".").split("."):
        level = level.properties.get(name) or level.additional if level else None
        if level is None:
            return f'does not refer to a valid field: cannot find field "{name}"'
    return None
