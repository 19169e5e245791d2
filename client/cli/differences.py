"""In which fields two versions of an object differ, without what the server writes by itself. Pure.

    spec.template.spec.image: shop/web:1 -> shop/web:2
    spec.template.spec.env[LEVEL].value: info -> debug

Items of a list are told by what tells them apart, as their name. The values of Secrets are never told.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fizz.schemas.types import JSON

__all__ = ["Change", "changes_between"]

_OF_THE_SERVER: Final = {
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generation", "managedFields",
    "ownerReferences", "resourceVersion", "uid",
}  # fmt: skip
_KEYS: Final = ("name", "target", "hostname", "containerPort")
"""Fields that tell the items of a list apart, as far as they do."""
_SHOWN: Final = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field that changes; None means that it is not there. The values of Secrets are never told."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.field}: {_shown(self.old)} -> {_shown(self.new)}"


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
