"""The entries of `metadata.managedFields`, and who may be a manager.

An entry stays the JSON object that it is; functions here make new ones. Its *identity* is (manager, operation,
subresource) and, for an Update, apiVersion: who writes again under the same identity extends the same entry. Entries
stand in a fixed order: by operation, then time, then name.

At most `MAX_UPDATERS` entries are of the operation Update. Beyond that, the oldest of one apiVersion are merged into
one under the name `ancient-changes`.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, invalid, too_long
from fizz.apiserver.kinds.managed import fieldset
from fizz.apiserver.kinds.managed.fieldset import FieldSet
from fizz.schemas import times
from fizz.schemas.base import JSON

__all__ = [
    "MAX_UPDATERS",
    "Identity",
    "arrange",
    "default_manager",
    "entry",
    "identity",
    "is_reset",
    "read",
    "validate_entries",
    "validate_manager",
]

MAX_UPDATERS: Final = 10
"""How many Update entries an object keeps. More would tell more exactly who changed what, and make objects larger."""

_MAX_MANAGER: Final = 128
_MAX_SUBRESOURCE: Final = 256
_ANCIENT: Final = "ancient-changes"

Identity = tuple[str, str, str, str]
"""(manager, operation, subresource, apiVersion or "")."""


def entry(
    manager: str, operation: str, api_version: str, fields: FieldSet, now: datetime, subresource: str = ""
) -> JSON:
    """A new entry."""
    result = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": times.format_seconds(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    if subresource:
        result["subresource"] = subresource
    return result


def identity(item: JSON) -> Identity:
    """Who an entry speaks of."""
    operation = item["operation"]
    version = item["apiVersion"] if operation == "Update" else ""
    return item.get("manager", ""), operation, item.get("subresource", ""), version


def is_reset(entries: object) -> bool:
    """Whether a client asks to forget all managers: `[]` or `[{}]`."""
    return entries in ([], [{}])


def read(entries: Sequence[Any]) -> list[JSON]:
    """Entries that a client wrote, in canonical form. Raises `ValueError` if they cannot be understood."""
    merged: dict[Identity, JSON] = {}
    for index, item in enumerate(entries):
        try:
            read_item = _read(item)
        except (ValueError, TypeError) as problem:
            raise ValueError(f"entry {index} of managedFields: {problem}") from problem
        merged[identity(read_item)] = read_item
    return arrange(list(merged.values()))


def _read(item: Any) -> JSON:
    if not isinstance(item, dict):
        raise ValueError("it must be an object")
    if item.get("operation") not in ("Apply", "Update"):
        raise ValueError("operation must be `Apply` or `Update`")
    if item.get("fieldsType") != "FieldsV1":
        raise ValueError("fieldsType must be `FieldsV1`")
    for name in ("manager", "apiVersion", "time", "subresource"):
        if not isinstance(item.get(name) or "", str):
            raise ValueError(f"{name} must be a string")
    if not item.get("apiVersion"):
        raise ValueError("apiVersion must not be empty")
    result = {name: item[name] for name in ("manager", "operation", "apiVersion") if item.get(name)}
    if item.get("time"):
        result["time"] = times.format_seconds(times.parse(item["time"]))
    result |= {"fieldsType": "FieldsV1", "fieldsV1": fieldset.parse(item.get("fieldsV1") or {})}
    if item.get("subresource"):
        result["subresource"] = item["subresource"]
    return result


def arrange(entries: list[JSON]) -> list[JSON]:
    """The entries in order, without empty ones, and the oldest updates merged if there are too many."""
    present = [item for item in entries if item["fieldsV1"]]
    if len(present) > MAX_UPDATERS:
        present = _capped(present)
    return sorted(present, key=_order)


def _order(item: JSON) -> tuple[str, ...]:
    subresource = item.get("subresource", "")
    return item["operation"], item.get("time") or "", item.get("manager", ""), item["apiVersion"], subresource


def _capped(entries: list[JSON]) -> list[JSON]:
    updates = [item for item in entries if item["operation"] == "Update"]
    excess = len(updates) - MAX_UPDATERS
    if excess <= 0:
        return entries
    oldest = sorted(updates, key=lambda item: (item.get("manager") != _ANCIENT, _order(item)))
    buckets: dict[str, list[JSON]] = {}
    for item in oldest:
        if excess > 0:
            bucket = buckets.setdefault(item["apiVersion"], [])
            bucket.append(item)
            excess -= len(bucket) > 1
    merged = {id(item) for bucket in buckets.values() if len(bucket) > 1 for item in bucket}
    result = [item for item in entries if id(item) not in merged]
    return [*result, *(_ancient(bucket) for bucket in buckets.values() if len(bucket) > 1)]


def _ancient(bucket: list[JSON]) -> JSON:
    """One entry for several of the same apiVersion; its time is the latest of theirs."""
    fields: FieldSet = {}
    for item in bucket:
        fields = fieldset.union(fields, item["fieldsV1"])
    latest = max(bucket, key=lambda item: item.get("time") or "")
    result = {**latest, "manager": _ANCIENT, "fieldsV1": fields}
    result.pop("subresource", None)
    return result


@lru_cache(maxsize=1024)
def default_manager(user_agent: str) -> str:
    """The manager of a request that names none: the User-Agent up to its first `/`, as far as it is printable.

    >>> default_manager("kubectl/v1.35.0 (linux/amd64)")
    'kubectl'
    """
    printable = [character for character in user_agent.partition("/")[0] if character.isprintable()]
    size = 0
    for count, character in enumerate(printable):
        size += len(character.encode(errors="replace"))
        if size > _MAX_MANAGER:
            return "".join(islice(printable, count))
    return "".join(printable)


def validate_manager(manager: str, field: str = "fieldManager") -> list[Cause]:
    """What is wrong with a manager's name; nothing, if the list is empty."""
    causes: list[Cause] = []
    if len(manager.encode(errors="replace")) > _MAX_MANAGER:
        causes.append(too_long(field, _MAX_MANAGER))
    for position, character in enumerate(manager):
        if not character.isprintable():
            reason = f"invalid character U+{ord(character):04X} (at position {position})"
            causes.append(invalid(field, manager, reason))
    return causes


def validate_entries(entries: Sequence[Any], field: str = "metadata.managedFields") -> list[Cause]:
    """What is wrong with managedFields that a client wrote, in Kubernetes' words; nothing, if the list is empty."""
    causes: list[Cause] = []
    if is_reset(entries):
        return causes
    for index, item in enumerate(entries):
        path = f"{field}[{index}]"
        if not isinstance(item, dict):
            causes.append(invalid(path, item, "must be an object"))
            continue
        if item.get("operation") not in ("Apply", "Update"):
            causes.append(invalid(f"{path}.operation", item.get("operation") or "", "must be `Apply` or `Update`"))
        if item.get("fieldsType") not in (None, "", "FieldsV1"):
            causes.append(invalid(f"{path}.fieldsType", item["fieldsType"], "must be `FieldsV1`"))
        causes += validate_manager(str(item.get("manager") or ""), f"{path}.manager")
        if len(str(item.get("subresource") or "").encode(errors="replace")) > _MAX_SUBRESOURCE:
            causes.append(too_long(f"{path}.subresource", _MAX_SUBRESOURCE))
    return causes
