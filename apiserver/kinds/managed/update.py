"""Who owns what after a create, update or patch.

Such a write has no conflicts: whoever changes a field owns it, and everyone else loses it. A field that is gone is
owned by nobody. A worked example, of an object with the managers `fizz` and `kubectl`:

    old     data: {a: "1", b: "1"}     fizz owns a and b
    new     data: {a: "2"}             written by kubectl
    after   kubectl owns a; fizz owned a and b, and has nothing left: its entry vanishes
"""

from datetime import datetime

from fizz.apiserver.kinds.managed import entries as managed
from fizz.apiserver.kinds.managed import fieldset
from fizz.apiserver.kinds.managed.compare import Difference, diff
from fizz.apiserver.kinds.managed.typed import TypedSchema
from fizz.schemas.base import JSON

__all__ = ["deprived", "track_update", "with_entries"]

_NOTHING: JSON = {"metadata": {}}


def track_update(
    old: JSON | None,
    new: JSON,
    *,
    manager: str,
    schema: TypedSchema,
    api_version: str,
    now: datetime,
    subresource: str = "",
) -> JSON:
    """The new object with its managedFields brought up to date; `old` is None for a create.

    The time of the manager's entry moves if it added, changed or removed a field. managedFields that the client sent
    count, if they can be read; `[]` and `[{}]` forget all managers, and an object without managers is not tracked again
    before somebody applies. A write through a subresource cannot change managedFields itself.
    """
    entries = _entries(old, new, subresource)
    if old is not None and not entries:
        return with_entries(new, [])
    difference = diff(schema.root(subresource), _NOTHING if old is None else old, new)
    if difference.changed or difference.removed:
        entries = _after(entries, difference, managed.entry(manager, "Update", api_version, {}, now, subresource))
    return with_entries(new, entries)


def _entries(old: JSON | None, new: JSON, subresource: str) -> list[JSON]:
    before: list[JSON] = [] if old is None else old["metadata"].get("managedFields") or []
    sent = new["metadata"].get("managedFields")
    if subresource or sent is None or sent == before:
        return before
    if managed.is_reset(sent):
        return []
    try:
        return managed.read(sent) or before
    except ValueError:  # validation speaks of what can be said well; the rest must not cost anyone their fields
        return before


def _after(entries: list[JSON], difference: Difference, mine: JSON) -> list[JSON]:
    """The entries after a write by the manager whose (empty) entry `mine` is."""
    fields, result = difference.changed, []
    me = managed.identity(mine)
    for before, left in zip(entries, deprived(entries, difference), strict=True):
        if managed.identity(left) != me:
            result.append(left)
            continue
        fields = fieldset.union(left["fieldsV1"], fields)
        if left is before and not difference.changed:
            mine = before
    return managed.arrange([*result, {**mine, "fieldsV1": fields}])


def deprived(entries: list[JSON], difference: Difference) -> list[JSON]:
    """The entries without the fields that were changed or removed; those that own none of them are the same objects."""
    result = []
    for item in entries:
        before = item["fieldsV1"]
        left = fieldset.difference(fieldset.difference(before, difference.changed), difference.removed)
        result.append(item if left is before else {**item, "fieldsV1": left})
    return result


def with_entries(new: JSON, entries: list[JSON]) -> JSON:
    """A copy of the object with these managedFields; without the field if there are none."""
    metadata = {**new["metadata"], "managedFields": entries}
    if not entries:
        del metadata["managedFields"]
    return {**new, "metadata": metadata}
