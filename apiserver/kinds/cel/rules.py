"""The rules of a schema at work: `x-kubernetes-validations` at every level, evaluated with what was there before.

The old value of a level is found by the property's name, the map's key, or, in a list that is a map, by the item's
keys; items of other lists have none, and no rule there may ask for one. A rule that speaks of `oldSelf` is a
*transition rule*: it is left out where there is no old value, unless `optionalOldSelf` asks for it. Other rules are
left out where the value is as it was: an object that broke a new rule already may still be changed elsewhere.

Source: "Validation rules" and "Transition rules" in the documentation of CustomResourceDefinitions; KEP-4008.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, Path, duplicate, forbidden, invalid, render, required
from fizz.apiserver.kinds.cel.engine import LITERALS, CelError, Expression
from fizz.apiserver.kinds.cel.values import Bind, binder
from fizz.apiserver.kinds.nodes import Node
from fizz.apiserver.kinds.values import equal
from fizz.schemas.base import JSON

__all__ = ["ABSENT", "Level", "compile_level", "is_transition", "with_identity"]

ABSENT: Final[Any] = object()
"""Stands for an old value that is not there."""
_OLD: Final = re.compile(r"\boldSelf\b")


def is_transition(rule: JSON) -> bool:
    """Whether a rule compares with what was there before."""
    return bool(_OLD.search(LITERALS.sub("", str(rule.get("rule", "")))))


def with_identity(root: Node) -> Node:
    """The root as rules see it: with apiVersion, kind, and the names in metadata."""
    text = Node(type="string")
    metadata = Node(type="object", properties={"name": text, "generateName": text})
    identity = {"apiVersion": text, "kind": text, "metadata": metadata}
    return replace(root, type="object", properties={**root.properties, **identity})


@dataclass(frozen=True, slots=True)
class _Rule:
    source: JSON
    test: Expression
    message: Expression | None
    transition: bool

    def applies(self, value: Any, old: Any) -> bool:
        if not self.transition:
            return old is ABSENT or not equal(value, old)
        return old is not ABSENT or bool(self.source.get("optionalOldSelf"))


class Level:
    """The rules of one level and of those below it."""

    __slots__ = ("_bind", "_items", "_keys", "_kind", "_properties", "_rest", "_rules")

    def __init__(
        self,
        node: Node,
        rules: list[_Rule],
        properties: Mapping[str, "Level"],
        rest: "Level | None",
        items: "Level | None",
    ) -> None:
        self._kind = node.type or "object"
        self._bind: Bind | None = binder(node) if rules else None
        self._rules, self._properties, self._rest, self._items = rules, properties, rest, items
        self._keys = node.list_keys if node.list_type == "map" else ()

    def check(self, value: Any, old: Any, here: Path, causes: list[Cause]) -> None:
        """Evaluate all rules on a value; `old` is `ABSENT` where there was none."""
        if value is None:
            return
        if self._bind is not None:
            self._check_own(value, ABSENT if old is None else old, here, causes)
        if isinstance(value, dict):
            before = old if isinstance(old, dict) else {}
            for name, each in value.items():
                level = self._properties.get(name, self._rest)
                if level is not None:
                    level.check(each, before.get(name, ABSENT), (here, name), causes)
        elif self._items is not None and isinstance(value, list):
            find = _finder(old, self._keys)
            for index, each in enumerate(value):
                self._items.check(each, find(each), (here, index), causes)

    def _check_own(self, value: Any, old: Any, here: Path, causes: list[Cause]) -> None:
        assert self._bind is not None
        wanted = [rule for rule in self._rules if rule.applies(value, old)]
        if not wanted:
            return
        present = old is not ABSENT
        me, before = self._bind(value), self._bind(old) if present else None
        for rule in wanted:
            try:
                if rule.test(me, before, present=present) is not True:
                    causes.append(self._breach(rule, me, before, here, present=present))
            except CelError as problem:
                text = rule.source["rule"]
                causes.append(invalid(render(here), self._kind, f"{problem} evaluating rule: {text}"))

    def _breach(self, rule: _Rule, me: Any, before: Any, here: Path, *, present: bool) -> Cause:
        source = rule.source
        field = f"{render(here)}{source.get('fieldPath', '')}".removeprefix(".")
        message = source.get("message") or f"failed rule: {' '.join(source['rule'].split())}"
        if rule.message is not None:
            try:
                said = rule.message(me, before, present=present)
            except CelError:
                said = None
            if isinstance(said, str) and said.strip() and "\n" not in said.strip():
                message = said.strip()
        match source.get("reason"):
            case "FieldValueForbidden":
                return forbidden(field, message)
            case "FieldValueRequired":
                return required(field, message)
            case "FieldValueDuplicate":
                return duplicate(field, self._kind)
        return invalid(field, self._kind, message)


def _finder(old: Any, keys: tuple[str, ...]) -> Callable[[Any], Any]:
    """What finds the old item of a new one: by its keys, or never."""
    if not keys or not isinstance(old, list):
        return lambda item: ABSENT
    by_keys = {_marks(item, keys): item for item in old if isinstance(item, dict)}
    return lambda item: by_keys.get(_marks(item, keys), ABSENT) if isinstance(item, dict) else ABSENT


def _marks(item: JSON, keys: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(repr(item.get(key)) for key in keys)


def compile_level(node: Node) -> Level | None:
    """The rules at and below a node, or None where there are none. What does not compile was refused when the
    definition was written, and is passed over here.
    """
    properties = {name: level for name, child in node.properties.items() if (level := compile_level(child))}
    rest = compile_level(node.additional) if node.additional else None
    items = compile_level(node.items) if node.items else None
    rules = [rule for source in node.rules if (rule := _compile(source)) is not None]
    if not (rules or properties or rest or items):
        return None
    return Level(node, rules, properties, rest, items)


def _compile(source: JSON) -> _Rule | None:
    optional = bool(source.get("optionalOldSelf"))
    try:
        test = Expression(source["rule"], optional_old=optional)
        words = source.get("messageExpression")
        message = Expression(words, optional_old=optional) if words else None
    except (CelError, KeyError, TypeError):
        return None
    return _Rule(source, test, message, is_transition(source))
