"""From a schema to a function that makes an object complete and plain: nulls dropped, defaults set, unknown fields cut.

Kubernetes does these one after the other; one walk does all three, because at every level they concern the same
fields. Null stays where a field is nullable; elsewhere it means "not given" and gives way to the default, if there is
one. A default that is an object is completed by the defaults below it, once, when the schema is compiled.

    >>> clean = compile_step(parse({"type": "object", "properties": {"a": {"type": "integer", "default": 1}}}), ALL)
    >>> obj, unknown = {"a": None, "b": 2}, []
    >>> clean(obj, None, unknown)
    >>> obj, unknown
    ({'a': 1}, ['b'])

Source: "Defaulting", "Field pruning" and "Defaulting and Nullable" in the documentation of CustomResourceDefinitions.
"""

from collections.abc import Callable
from enum import Flag
from typing import Any, Final

from fizz.apiserver.kinds.causes import Path, render
from fizz.apiserver.kinds.nodes import NOTHING, Node
from fizz.apiserver.kinds.values import clone

__all__ = ["ALL", "Mode", "Step", "compile_step", "completed_default"]

Step = Callable[[Any, Path, list[str]], None]
"""Cleans a value in place, given its path, and adds the paths of unknown fields to the list."""


class Mode(Flag):
    """What a walk does: FILL drops nulls and sets defaults, CUT takes unknown fields away."""

    FILL = 1
    CUT = 2


ALL: Final = Mode.FILL | Mode.CUT

_UNKNOWN: Final[Any] = object()


def compile_step(node: Node, mode: Mode) -> Step | None:
    """The step for a level and all below it; None if there is never anything to do."""
    fields = _compile_object(node, mode) if _may_be_object(node) else None
    items = compile_step(node.items, mode) if node.items else None
    if items is None:
        return fields
    each = _over_items(items)
    return each if fields is None else _by_class(fields, each)


def completed_default(node: Node) -> Any:
    """The default with the defaults below it, or `NOTHING`."""
    if node.default is NOTHING:
        return NOTHING
    value = clone(node.default)
    if step := compile_step(node, Mode.FILL):
        step(value, None, [])
    return value


def _may_be_object(node: Node) -> bool:
    return node.type == "object" or (not node.type and bool(node.properties or node.additional))


def _compile_object(node: Node, mode: Mode) -> Step | None:
    fill, cut = Mode.FILL in mode, Mode.CUT in mode
    steps = {name: compile_step(child, mode) for name, child in node.properties.items()}
    additional = compile_step(node.additional, mode) if node.additional else None
    closed = cut and not node.open and node.additional is None
    rest: Any = _UNKNOWN if closed else additional
    completed = [(name, completed_default(child)) for name, child in node.properties.items()] if fill else []
    defaults = [(name, value, isinstance(value, dict | list)) for name, value in completed if value is not NOTHING]
    droppable = {name for name, child in node.properties.items() if not child.nullable} if fill else set()
    drop_additional = fill and node.additional is not None and not node.additional.nullable
    if not (closed or defaults or droppable or drop_additional or additional or any(steps.values())):
        return None

    def step(value: Any, here: Path, unknown: list[str]) -> None:
        if value.__class__ is not dict:
            return
        gone: list[str] = []
        for name, each in value.items():
            inner = steps.get(name, rest)
            if each is None or inner is _UNKNOWN:
                if inner is _UNKNOWN:
                    unknown.append(render(here, name))
                elif name not in droppable if name in steps else not drop_additional:
                    continue
                gone.append(name)
            elif inner is not None:
                inner(each, (here, name), unknown)
        for name in gone:
            del value[name]
        for name, default, is_container in defaults:
            if name not in value:
                value[name] = clone(default) if is_container else default

    return step


def _over_items(items: Step) -> Step:
    def step(value: Any, here: Path, unknown: list[str]) -> None:
        if value.__class__ is list:
            for index, each in enumerate(value):
                items(each, (here, index), unknown)

    return step


def _by_class(fields: Step, items: Step) -> Step:
    def step(value: Any, here: Path, unknown: list[str]) -> None:
        (fields if value.__class__ is dict else items)(value, here, unknown)

    return step
