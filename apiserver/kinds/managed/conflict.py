"""Conflicts: an applier wants another value in a field that somebody else owns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fizz.apiserver import errors
from fizz.apiserver.kinds.managed import fieldset
from fizz.apiserver.kinds.managed.fieldset import FieldSet
from fizz.apiserver.kinds.values import show
from fizz.schemas.base import JSON

__all__ = ["ApplyConflict", "Conflict", "conflicts_of"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field that has an owner. `time` is when that owner wrote last, None if that is not known."""

    manager: str
    field_path: str
    api_version: str
    operation: str
    subresource: str = ""
    time: str | None = None

    @property
    def owner(self) -> str:
        """The owner as conflicts name it: `"mgr" using v1`, `"mgr" with subresource "status" using v1`."""
        through = f" with subresource {show(self.subresource)}" if self.subresource else ""
        return f"{show(self.manager)}{through} using {self.api_version}"


class ApplyConflict(Exception):
    """A configuration was not applied, because others own fields in which it wants another value.

    The message and `causes` are those of the Status (409 Conflict).
    """

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(_message(conflicts))
        self.conflicts = tuple(conflicts)

    @property
    def causes(self) -> list[JSON]:
        """The causes of the Status, one a field."""
        return [
            errors.cause("FieldManagerConflict", f"conflict with {item.owner}", item.field_path)
            for item in self.conflicts
        ]


def conflicts_of(entries: Iterable[JSON], changed: FieldSet) -> list[Conflict]:
    """The fields in `changed` that these entries own, by manager."""
    return [
        Conflict(
            manager=item.get("manager", ""),
            field_path=path,
            api_version=item["apiVersion"],
            operation=item["operation"],
            subresource=item.get("subresource", ""),
            time=item.get("time"),
        )
        for item in sorted(entries, key=lambda item: str(item.get("manager", "")))
        for path in sorted(map(fieldset.display, fieldset.paths(fieldset.intersection(item["fieldsV1"], changed))))
    ]


def _message(conflicts: Sequence[Conflict]) -> str:
    if len(conflicts) == 1:
        return f"Apply failed with 1 conflict: conflict with {conflicts[0].owner}: {conflicts[0].field_path}"
    lines = []
    for owner in dict.fromkeys(item.owner for item in conflicts):
        lines.append(f"conflicts with {owner}:")
        lines += [f"- {item.field_path}" for item in conflicts if item.owner == owner]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
