"""Checks of lists as wholes: how many items, and that those of sets, and the keys of those of maps, differ."""

from typing import Any

from fizz.apiserver.kinds.causes import Cause, Path, duplicate, invalid, render, too_many
from fizz.apiserver.kinds.nodes import Node
from fizz.apiserver.kinds.scalars import Check, sequence
from fizz.apiserver.kinds.values import fingerprint

__all__ = ["list_check"]


def list_check(node: Node) -> Check | None:
    """What the schema asks of a list besides its items; None if nothing."""
    return sequence([_item_count(node), _unique(node), _set(node), _map(node)])


def _item_count(node: Node) -> Check | None:
    least, most = node.min_items, node.max_items
    if least is None and most is None:
        return None

    def check(value: list[Any], here: Path, causes: list[Cause]) -> None:
        count = len(value)
        if most is not None and count > most:
            causes.append(too_many(render(here), count, most))
        if least is not None and count < least:
            path = render(here)
            causes.append(invalid(path, count, f"{path} in body should have at least {least} items"))

    return check


def _unique(node: Node) -> Check | None:
    if not node.unique:
        return None

    def check(value: list[Any], here: Path, causes: list[Cause]) -> None:
        if len({fingerprint(each) for each in value}) < len(value):
            path = render(here)
            causes.append(invalid(path, "", f"{path} in body shouldn't contain duplicates"))

    return check


def _set(node: Node) -> Check | None:
    if node.list_type != "set":
        return None

    def check(value: list[Any], here: Path, causes: list[Cause]) -> None:
        if not _differ(value):
            _duplicates(value, here, causes)

    return check


def _map(node: Node) -> Check | None:
    if node.list_type != "map":
        return None
    keys = node.list_keys

    def check(value: list[Any], here: Path, causes: list[Cause]) -> None:
        if len(value) < 2 or any(item.__class__ is not dict for item in value):
            return
        if len(keys) > 1 or not _differ([item.get(keys[0]) for item in value]):
            _duplicates([{key: item[key] for key in keys if key in item} for item in value], here, causes)

    return check


def _differ(values: list[Any]) -> bool:
    """Whether the values surely differ, found out the cheap way: a doubt (true == 1, or an object) says no."""
    try:
        return len(set(values)) == len(values)
    except TypeError:
        return False


def _duplicates(value: list[Any], here: Path, causes: list[Cause]) -> None:
    seen: set[bytes] = set()
    for index, each in enumerate(value):
        mark = fingerprint(each)
        if mark in seen:
            causes.append(duplicate(render(here, index), each))
        seen.add(mark)
