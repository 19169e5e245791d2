"""A write before it is done: what one request makes of one object, planned against what is there.

Every write, single or in a transaction, goes the same way: read the live object through a `View`, plan a `Draft` from
it (pure rules of `kinds`, checks of `admission`), commit the draft's change on the condition that the object is still
as it was read. If it is not, plan again from what is there now.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from fizz.apiserver import errors
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.rest import versions
from fizz.apiserver.rest.context import Context
from fizz.apiserver.store.types import Change, Conflict, Full, Revision, Store, StoreError
from fizz.schemas.base import JSON

__all__ = ["Draft", "View", "commit", "write"]

log = structlog.get_logger()

_ATTEMPTS: Final = 32
_EVENT_TTL_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Draft:
    """What will have happened to one object.

    `item` is the object as it will be, or, where it goes, as it was last; `change` is None where nothing changes.
    """

    resource: Resource
    key: str
    item: JSON
    change: Change | None
    created: bool = False
    removed: bool = False
    warnings: tuple[str, ...] = ()

    @classmethod
    def creation(cls, resource: Resource, item: JSON, warnings: Sequence[str] = ()) -> "Draft":
        key = _key(resource, item)
        return cls(resource, key, item, _change(resource, key, item, 0), created=True, warnings=tuple(warnings))

    @classmethod
    def update(cls, resource: Resource, live: JSON, item: JSON, warnings: Sequence[str] = ()) -> "Draft":
        key = _key(resource, live)
        return cls(resource, key, item, _change(resource, key, item, _revision(live)), warnings=tuple(warnings))

    @classmethod
    def unchanged(cls, resource: Resource, live: JSON, warnings: Sequence[str] = ()) -> "Draft":
        return cls(resource, _key(resource, live), live, None, warnings=tuple(warnings))

    @classmethod
    def removal(cls, resource: Resource, live: JSON, last: JSON, warnings: Sequence[str] = ()) -> "Draft":
        """`last` is the object's last state, as the answer shows it."""
        key = _key(resource, live)
        change = Change(key, None, expected=_revision(live))
        return cls(resource, key, last, change, removed=True, warnings=tuple(warnings))

    def at(self, revision: Revision) -> "Draft":
        """The draft after its commit: the object says which version it is."""
        if self.change is None:
            return self
        metadata = {**self.item["metadata"], "resourceVersion": str(revision)}
        return replace(self, item={**self.item, "metadata": metadata})


class View:
    """The objects as they stand, seen through the drafts of a transaction so far."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._drafts: dict[str, Draft] = {}

    async def live(self, resource: Resource, namespace: str | None, name: str) -> JSON | None:
        """The object, with its resourceVersion, or None."""
        key = resource.key(namespace, name)
        if draft := self._drafts.get(key):
            return None if draft.removed else draft.item
        record = await self._context.store.get(key)
        if record is None:
            return None
        (record,) = await versions.brought(self._context, resource, [record])
        return resource.load(record.value, record.revision)

    def add(self, draft: Draft) -> None:
        """Let later plans see the draft. Raises `BadRequest` if its object has one already."""
        if draft.key in self._drafts:
            name = draft.item["metadata"]["name"]
            raise errors.BadRequest(f'{draft.resource.name} "{name}" is written twice in one transaction')
        self._drafts[draft.key] = draft


Plan = Callable[[View], Awaitable[list[Draft]]]


async def write(context: Context, plan: Plan, *, dry_run: bool) -> tuple[list[Draft], Revision]:
    """Plan and commit until nobody else wrote in between; the drafts as they were committed, and the revision."""
    for _ in range(_ATTEMPTS):
        drafts = await plan(View(context))
        if dry_run:
            return drafts, context.store.revision
        drafts = [await _converted(context, draft) for draft in drafts]
        try:
            revision = await commit(context.store, drafts)
        except Conflict:
            continue
        return [draft.at(revision) for draft in drafts], revision
    raise errors.Conflict("the objects change faster than they can be written; try again")


async def _converted(context: Context, draft: Draft) -> Draft:
    """The draft with its change in the version that is stored."""
    change = draft.change
    if draft.resource.conversion is None or change is None or change.value is None:
        return draft
    return replace(draft, change=replace(change, value=await versions.to_store(context, draft.resource, draft.item)))


async def commit(store: Store, drafts: Sequence[Draft]) -> Revision:
    """Do all that the drafts say, at one revision. Raises `Conflict` of the store, or an `ApiError`."""
    changes = [draft.change for draft in drafts if draft.change is not None]
    if not changes:
        return store.revision
    try:
        return await store.commit(changes)
    except Conflict:
        raise
    except Full as problem:
        raise errors.InsufficientStorage(f"nothing was written: {problem}") from problem
    except StoreError as problem:
        log.error("the store refused a commit", exc_info=problem)
        raise errors.ServiceUnavailable("the store does not take writes; try again") from problem


def _key(resource: Resource, item: JSON) -> str:
    metadata = item["metadata"]
    return resource.key(metadata.get("namespace"), metadata["name"])


def _revision(live: JSON) -> Revision | None:
    version = live["metadata"].get("resourceVersion")
    return int(version) if version else None


def _change(resource: Resource, key: str, item: JSON, expected: Revision | None) -> Change:
    ttl = _EVENT_TTL_SECONDS if resource.prefix() == "/core/events/" else None
    return Change(key, resource.dump(item), expected=expected, ttl=ttl)
