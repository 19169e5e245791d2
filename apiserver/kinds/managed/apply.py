"""Server-side apply: merge a configuration into the live object, and keep the books of who owns what.

An applier says which fields it wants and with which values; it owns these, and nothing else. So

- a field that it wants is set; if somebody else owns it and it has another value, that is a conflict, or, with
  `force`, the end of the other's ownership;
- a field that it wants and that has this value already is shared with its other owners;
- a field that it wanted the last time, and does not name now, is removed unless somebody else owns it.

Objects written before anybody kept the books count as owned by the manager `before-first-apply`.

Source: "Server-Side Apply" in the Kubernetes documentation, and KEP-555.
"""

from datetime import datetime
from functools import reduce
from typing import Final

from fizz.apiserver.kinds.managed import entries as managed
from fizz.apiserver.kinds.managed import fieldset, lastapplied
from fizz.apiserver.kinds.managed.compare import applied_fields, diff
from fizz.apiserver.kinds.managed.conflict import ApplyConflict, conflicts_of
from fizz.apiserver.kinds.managed.merge import TypedError, checked, merge, prune
from fizz.apiserver.kinds.managed.typed import Node, TypedSchema
from fizz.apiserver.kinds.managed.update import deprived, with_entries
from fizz.apiserver.kinds.values import equal
from fizz.schemas.base import JSON

__all__ = ["apply"]

_BEFORE: Final = "before-first-apply"
_EMPTY: Final[JSON] = {"metadata": {}}


def apply(
    live: JSON | None,
    applied: JSON,
    *,
    manager: str,
    schema: TypedSchema,
    api_version: str,
    now: datetime,
    force: bool,
    subresource: str = "",
) -> JSON:
    """The object after `manager` applied the configuration; `live` is None if it does not exist yet.

    The configuration is as its author wrote it (pruned, but without defaults). If nothing changes, neither a value nor
    an owner, the result is `live` itself. Raises `ApplyConflict`, or `TypedError` for what cannot be merged.
    """
    applied = {**applied, "metadata": applied.get("metadata") or {}}
    if applied["metadata"].get("managedFields") is not None:
        raise TypedError("", "metadata.managedFields must be nil")
    root = schema.root(subresource)
    wanted = checked(root, _tracked(root, applied))
    mine = managed.entry(manager, "Apply", api_version, applied_fields(root, wanted), now, subresource)
    result = _applied(root, live, wanted, mine, force)
    return lastapplied.with_note(result, applied) if manager == lastapplied.MANAGER and not subresource else result


def _applied(root: Node, live: JSON | None, wanted: JSON, mine: JSON, force: bool) -> JSON:
    """The object after the manager whose new entry `mine` is applied what is wanted."""
    before = _EMPTY if live is None else live
    present = _entries(root, live, mine)
    me = managed.identity(mine)
    others = [item for item in present if managed.identity(item) != me]
    last = next((item for item in present if managed.identity(item) == me), None)

    after = merge(root, before, wanted)
    if last:
        kept = reduce(fieldset.union, (item["fieldsV1"] for item in others), mine["fieldsV1"])
        if fieldset.difference(last["fieldsV1"], kept):
            after = prune(root, after, last["fieldsV1"], kept)
    if live is not None and equal(after, live):
        if last and last["fieldsV1"] == mine["fieldsV1"] and last["apiVersion"] == mine["apiVersion"]:
            return live
        if not last and not mine["fieldsV1"]:
            return live
        return with_entries(after, managed.arrange([*others, mine]))
    difference = diff(root, before, after)
    if not force:
        own = lastapplied.noted_fields(root, before) if mine["manager"] == lastapplied.MANAGER else {}
        if conflicts := conflicts_of(others, fieldset.difference(difference.changed, own)):
            raise ApplyConflict(conflicts)
    return with_entries(after, managed.arrange([*deprived(others, difference), mine]))


def _tracked(root: Node, applied: JSON) -> JSON:
    """The configuration without what is not tracked here, as the status in a write to the object."""
    identifying = ("apiVersion", "kind", "metadata")
    return {
        key: value
        for key, value in applied.items()
        if key in identifying or root.fields.get(key, root.rest) is not None
    }


def _entries(root: Node, live: JSON | None, mine: JSON) -> list[JSON]:
    if live is None:
        return []
    present: list[JSON] = live["metadata"].get("managedFields") or []
    if present:
        return present
    everything = diff(root, _EMPTY, live).changed
    first = {**mine, "manager": _BEFORE, "operation": "Update", "fieldsV1": everything}
    first.pop("subresource", None)
    return [first] if everything else []
