"""Bringing a project's resources to the server: one transaction, after what an earlier `down` still removes is gone."""

import asyncio
from collections.abc import Callable, Sequence

from fizz.client.api import ApiError, Client, Conflict, Forbidden, OperationResult, TransactionResult
from fizz.client.cli.apply import PROJECT_KINDS, built_in, operations
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import name_of
from fizz.client.cli.imageids import keep_images
from fizz.client.cli.project import Resources, project_selector
from fizz.client.cli.renewing import mark_renewals
from fizz.client.cli.running import let_run
from fizz.client.cli.session import FIELD_MANAGER
from fizz.client.cli.waiting import wait_until_gone
from fizz.schemas.types import JSON

__all__ = ["apply_project", "dry_run"]

_LEAVING = frozenset({"NamespaceTerminating", "ObjectTerminating"})
_KINDS = (*PROJECT_KINDS, built_in("Volume"))


async def apply_project(
    client: Client,
    resources: Resources,
    say: Callable[[str], None],
    timeout: float | None = None,
    *,
    renewed_at: str | None = None,
) -> TransactionResult:
    """Apply the project and remove what is no longer in it, at one revision. Waits for the end of an earlier `down`.
    For `renewed_at` see `renewing`.

    Raises `Failure` naming what is still being deleted after `timeout` seconds.
    """
    selector = project_selector(resources.project)
    while True:
        lists = await asyncio.gather(*(client.list(kind, resources.namespace, selector) for kind in _KINDS))
        existing = [item for listed in lists for item in listed.items if item["kind"] != "Volume"]
        try:
            marked = let_run(mark_renewals(keep_images(resources, existing), existing, renewed_at), existing)
            wanted = operations(marked, existing)
            return await client.transaction(wanted, field_manager=FIELD_MANAGER)
        except (Conflict, Forbidden) as refusal:
            if not _is_leaving(refusal):
                raise
        leaving = [item for listed in lists for item in listed.items if "deletionTimestamp" in item["metadata"]]
        say(_waiting(resources.project, leaving, total=sum(len(listed.items) for listed in lists)))
        await _wait_for_the_end(client, resources.namespace, leaving, timeout)


async def dry_run(
    client: Client, resources: Resources, *, renewed_at: str | None = None
) -> tuple[list[JSON], Sequence[OperationResult]]:
    """What is there of the project, and what applying it would come to. Raises `Failure` while it is taken down."""
    selector = project_selector(resources.project)
    lists = await asyncio.gather(*(client.list(kind, resources.namespace, selector) for kind in _KINDS))
    place = await client.list(built_in("Namespace"), field_selector=f"metadata.name={resources.namespace}")
    existing = [item for listed in (place, *lists) for item in listed.items]
    removable = [item for listed in lists for item in listed.items if item["kind"] != "Volume"]
    try:
        marked = let_run(mark_renewals(keep_images(resources, removable), removable, renewed_at), removable)
        wanted = operations(marked, removable)
        done = await client.transaction(wanted, field_manager=FIELD_MANAGER, dry_run=True)
    except (Conflict, Forbidden) as refusal:
        if not _is_leaving(refusal):
            raise
        raise Failure(f"the project {resources.project} is being taken down; `fizz up` would wait for that") from None
    return existing, done.results


def _is_leaving(refusal: ApiError) -> bool:
    return any(cause.get("reason") in _LEAVING for cause in refusal.causes)


def _waiting(project: str, leaving: list[JSON], *, total: int) -> str:
    """What is waited for, and what holds it up as far as that is known."""
    if len(leaving) in {0, total}:
        return f"the project {project} is still being taken down; waiting for that"
    held = [f"{name_of(item)}{f' ({why})' if (why := _why(item)) else ''}" for item in leaving]
    return f"waiting for the end of what is being deleted: {', '.join(held)}"


def _why(item: JSON) -> str:
    return str((item.get("status") or {}).get("message") or "")


async def _wait_for_the_end(client: Client, namespace: str, doomed: list[JSON], timeout: float | None) -> None:
    """Until what is being deleted is gone: these objects, or else the namespace."""
    if doomed:
        await wait_until_gone(client, _KINDS, namespace, doomed, lambda _: None, timeout)
        return
    kind = built_in("Namespace")
    place = await client.list(kind, field_selector=f"metadata.name={namespace}")
    doomed = [item for item in place.items if "deletionTimestamp" in item["metadata"]]
    if doomed:
        await wait_until_gone(client, [kind], None, doomed, lambda _: None, timeout)
