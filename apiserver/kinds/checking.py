"""From a schema to the rule that says what is wrong with an object.

Values are expected to be cleaned (`cleaning`): unknown fields are not looked at.
Source of the words: Kubernetes' OpenAPI validation and its translation to field errors.
"""

from typing import Any

from fizz.apiserver.kinds import composites
from fizz.apiserver.kinds.causes import Cause, Path, invalid, not_supported, render, required, too_many
from fizz.apiserver.kinds.cleaning import completed_default
from fizz.apiserver.kinds.lists import list_check
from fizz.apiserver.kinds.nodes import NOTHING, Node, SchemaError
from fizz.apiserver.kinds.rule import Rule
from fizz.apiserver.kinds.scalars import Check, number_check, sequence, text_check, whole_number_check
from fizz.apiserver.kinds.values import fingerprint

__all__ = ["compile_rule"]


def compile_rule(node: Node) -> Rule:
    """The rule of a level and all below it. Raises `SchemaError`."""
    rule = _of_type(node)
    if node.nullable:
        rule[type(None)] = None
    if node.enum is not None:
        rule.always(_enum(node.enum))
    for check in (
        composites.all_of([compile_rule(each) for each in node.all_of]),
        composites.any_of([compile_rule(each) for each in node.any_of]),
        composites.one_of([compile_rule(each) for each in node.one_of]),
        composites.negated(compile_rule(node.negated)) if node.negated else None,
    ):
        if check:
            rule.further(check)
    _check_default(node, rule)
    return rule


def _of_type(node: Node) -> Rule:
    rule = Rule(node.type)
    match node.type:
        case "string":
            rule[str] = text_check(node)
        case "integer":
            rule[int] = number_check(node)
            rule[float] = whole_number_check(node)
        case "number":
            rule[int] = rule[float] = number_check(node)
        case "boolean":
            rule[bool] = None
        case "object":
            rule[dict] = _object_check(node)
        case "array":
            rule[list] = _array_check(node)
        case _ if node.int_or_string:
            rule = Rule("integer,string")
            rule[int] = number_check(node)
            rule[str] = text_check(node)
            if node.format == "quantity":  # of built-in kinds: 0.5 cores need no quotes
                rule[float] = number_check(node)
        case _:
            rule[str] = text_check(node)
            rule[int] = rule[float] = number_check(node)
            rule[bool] = rule[type(None)] = None
            rule[dict] = _object_check(node)
            rule[list] = _array_check(node)
    return rule


def _check_default(node: Node, rule: Rule) -> None:
    value = completed_default(node)
    if value is NOTHING:
        return
    if causes := rule.causes(value, None):
        raise SchemaError(f"{node.where}.default".lstrip("."), "; ".join(str(cause) for cause in causes))


def _object_check(node: Node) -> Check | None:
    return sequence([_required(node), _property_count(node), _properties(node)])


def _required(node: Node) -> Check | None:
    names = node.required
    needed = frozenset(names)
    if not names:
        return None

    def check(value: dict[str, Any], here: Path, causes: list[Cause]) -> None:
        if not value.keys() >= needed:
            causes.extend(required(render(here, name)) for name in names if name not in value)

    return check


def _property_count(node: Node) -> Check | None:
    least, most = node.min_properties, node.max_properties
    if least is None and most is None:
        return None

    def check(value: dict[str, Any], here: Path, causes: list[Cause]) -> None:
        count = len(value)
        if most is not None and count > most:
            causes.append(too_many(render(here), count, most))
        if least is not None and count < least:
            path = render(here)
            causes.append(invalid(path, count, f"{path} in body should have at least {least} properties"))

    return check


def _properties(node: Node) -> Check | None:
    rules = {name: compile_rule(child) for name, child in node.properties.items()}
    rest = compile_rule(node.additional) if node.additional else None
    if not rules and rest is None:
        return None

    def check(value: dict[str, Any], here: Path, causes: list[Cause]) -> None:
        for name, each in value.items():
            rule = rules.get(name, rest)
            if rule is not None:
                further = rule[each.__class__]
                if further is not None:
                    further(each, (here, name), causes)

    return check


def _array_check(node: Node) -> Check | None:
    return sequence([_items(node), list_check(node)])


def _items(node: Node) -> Check | None:
    if node.items is None:
        return None
    rule = compile_rule(node.items)

    def check(value: list[Any], here: Path, causes: list[Cause]) -> None:
        for index, each in enumerate(value):
            further = rule[each.__class__]
            if further is not None:
                further(each, (here, index), causes)

    return check


def _enum(values: tuple[Any, ...]) -> Check:
    texts = {value for value in values if isinstance(value, str)}
    marks = {fingerprint(value) for value in values}

    def check(value: Any, here: Path, causes: list[Cause]) -> None:
        if not (value in texts if value.__class__ is str else fingerprint(value) in marks):
            causes.append(not_supported(render(here), value, values))

    return check
