"""Names of custom kinds: which are accepted, when a kind is established, and what its conditions say.

Within an API group, a plural, singular, short name or kind belongs to one definition, the first that asked. Who comes
second keeps the names that it had (none, at first) until those that it wants are free.

Source: the naming and establishing controllers of apiextensions.k8s.io.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from fizz.schemas import times
from fizz.schemas.base import JSON

__all__ = ["CLEANUP", "condition", "is_established", "is_terminating", "settle", "with_condition"]

CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer of a definition: its objects go before it does."""


def settle(item: JSON, others: Iterable[JSON], now: datetime) -> JSON:
    """The definition with its names judged against the `acceptedNames` of all `others` of its group."""
    taken_resources: set[str] = set()
    taken_kinds: set[str] = set()
    for names in others:
        taken_resources |= {names.get("plural", ""), names.get("singular", ""), *(names.get("shortNames") or ())}
        taken_kinds |= {names.get("kind", ""), names.get("listKind", "")}
    wanted, accepted = item["spec"]["names"], dict((item.get("status") or {}).get("acceptedNames") or {})
    trouble = _accept(wanted, accepted, taken_resources - {""}, taken_kinds - {""})
    status = {**(item.get("status") or {}), "acceptedNames": accepted}
    new = {**item, "status": status}
    if trouble:
        reason, message = trouble
        new = with_condition(new, "NamesAccepted", "False", reason, message, now)
        if is_established(item):
            return new
        return with_condition(new, "Established", "False", "NotAccepted", "not all names are accepted", now)
    new = with_condition(new, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now)
    message = "the initial names have been accepted"
    return with_condition(new, "Established", "True", "InitialNamesAccepted", message, now)


def _accept(wanted: JSON, accepted: JSON, resources: set[str], kinds: set[str]) -> tuple[str, str] | None:
    """Take over what is free; the last trouble is the one that is told."""
    trouble: tuple[str, str] | None = None
    for field, taken, reason in (
        ("plural", resources, "PluralConflict"),
        ("singular", resources, "SingularConflict"),
        ("shortNames", resources, "ShortNamesConflict"),
        ("kind", kinds, "KindConflict"),
        ("listKind", kinds, "ListKindConflict"),
    ):
        value: Any = wanted.get(field)
        clash = [name for name in (value if isinstance(value, list) else [value]) if name in taken]
        if clash:
            trouble = (reason, ", ".join(f'"{name}" is already in use' for name in clash))
        elif value:
            accepted[field] = value
        else:
            accepted.pop(field, None)
    if wanted.get("categories"):
        accepted["categories"] = wanted["categories"]
    else:
        accepted.pop("categories", None)
    return trouble


def condition(item: JSON, kind: str) -> JSON | None:
    """A condition of the definition, or None."""
    conditions = (item.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == kind), None)


def is_established(item: JSON) -> bool:
    """Whether the kind is served."""
    found = condition(item, "Established")
    return found is not None and found.get("status") == "True"


def is_terminating(item: JSON) -> bool:
    """Whether the definition is being deleted."""
    return "deletionTimestamp" in item["metadata"]


def with_condition(item: JSON, kind: str, state: str, reason: str, message: str, now: datetime) -> JSON:
    """The definition with a condition set; its time moves only when the state does."""
    status = item.get("status") or {}
    before = condition(item, kind)
    moved = before is None or before.get("status") != state
    new = {
        "lastTransitionTime": times.format_seconds(now) if moved or before is None else before["lastTransitionTime"],
        "message": message,
        "reason": reason,
        "status": state,
        "type": kind,
    }
    conditions = [new if each.get("type") == kind else each for each in status.get("conditions") or ()]
    if before is None:
        conditions.append(new)
    return {**item, "status": {**status, "conditions": conditions}}
