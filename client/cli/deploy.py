"""Bringing a project's resources to the server: one transaction, after what an earlier `down` still removes is gone.

The same transaction makes the Release that tells what was applied, if it is another than the one before.
"""

import asyncio
import getpass
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fizz.client.api import AlreadyExists, ApiError, Client, Conflict, Forbidden, NotFound, Operation, OperationResult
from fizz.client.cli.apply import PROJECT_KINDS, built_in, operations
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import name_of
from fizz.client.cli.imageids import keep_images
from fizz.client.cli.project import Resources, project_selector
from fizz.client.cli.releases import Draft, Note, Shelf, in_order, make_release
from fizz.client.cli.renewing import mark_renewals
from fizz.client.cli.revisions import KEY_NAME, key_secret, read_key
from fizz.client.cli.running import let_run
from fizz.client.cli.session import FIELD_MANAGER
from fizz.client.cli.waiting import wait_until_gone
from fizz.schemas import labels
from fizz.schemas.types import JSON

__all__ = ["Applied", "apply_project", "author", "dry_run", "releases_of"]

_LEAVING = frozenset({"NamespaceTerminating", "ObjectTerminating"})
_KINDS = (*PROJECT_KINDS, built_in("Volume"))
_ATTEMPTS: Final = 5
"""How often somebody else may have been faster with the next Release, until that is an error."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an apply: of each object, and the Release that says so (None: nobody asked for one). `made` says
    that it was made now.
    """

    results: Sequence[OperationResult]
    release: JSON | None = None
    made: bool = False


async def apply_project(
    client: Client,
    resources: Resources,
    say: Callable[[str], None],
    timeout: float | None = None,
    note: Note | None = None,
    *,
    renewed_at: str | None = None,
    keep: bool = True,
) -> Applied:
    """Apply the project and remove what is no longer in it, at one revision. Waits for the end of an earlier `down`.
    For `renewed_at` see `renewing`.

    With a `note` that is a Release. `keep` says that Deployments keep the image that they have, if its name is the same
    and nothing else is said. Raises `Failure` naming what is still being deleted after `timeout` seconds.
    """
    selector = project_selector(resources.project)
    attempts = 0
    while True:
        lists = await asyncio.gather(*(client.list(kind, resources.namespace, selector) for kind in _KINDS))
        existing = [item for listed in lists for item in listed.items if item["kind"] != "Volume"]
        try:
            kept = keep_images(resources, existing) if keep else resources
            marked = mark_renewals(kept, existing, renewed_at)
            return await _apply(client, marked, operations(let_run(marked, existing), existing), note)
        except AlreadyExists:
            attempts += 1
            if attempts == _ATTEMPTS:
                raise
            continue
        except (Conflict, Forbidden) as refusal:
            if not _is_leaving(refusal):
                raise
        leaving = [item for listed in lists for item in listed.items if "deletionTimestamp" in item["metadata"]]
        for item in _in_the_way(resources, leaving):
            say(f"{name_of(item)} is being deleted, and used all the same: another one takes its place")
            await _hand_over(client, item)
        say(_waiting(resources.project, leaving, total=sum(len(listed.items) for listed in lists)))
        await _wait_for_the_end(client, resources.namespace, leaving, timeout)


async def _apply(client: Client, resources: Resources, wanted: Sequence[Operation], note: Note | None) -> Applied:
    """Do what is wanted. The Release tells the resources: that something was stopped before is none of its business."""
    if note is None:
        return Applied((await client.transaction(wanted, field_manager=FIELD_MANAGER)).results)
    releases, (key, new_key) = await asyncio.gather(
        releases_of(client, resources.project, resources.namespace), _key(client, resources)
    )
    draft = make_release(resources, Shelf(releases, read_key(key)), note)
    more = [*([Operation("create", key)] if new_key else []), *draft.operations()] if draft else []
    done = await client.transaction([*wanted, *more], field_manager=FIELD_MANAGER)
    release = _made(draft, done.results) if draft else releases[-1]
    return Applied(done.results[: len(wanted)], release, draft is not None)


def _made(draft: Draft, results: Sequence[OperationResult]) -> JSON:
    """The Release as the server made it."""
    name = draft.release["metadata"]["name"]
    return next(
        done.object
        for done in results
        if done.object["kind"] == "Release" and done.object["metadata"]["name"] == name and done.verb == "created"
    )


async def _key(client: Client, resources: Resources) -> tuple[JSON, bool]:
    """The key of the project's revisions, and whether it is a new one, which is yet to be written."""
    try:
        return await client.get(built_in("Secret"), KEY_NAME, resources.namespace), False
    except NotFound:
        return key_secret(resources.project, resources.namespace), True


async def releases_of(client: Client, project: str, namespace: str) -> list[JSON]:
    """The project's Releases, the oldest first."""
    return in_order((await client.list(built_in("Release"), namespace, project_selector(project))).items)


def author() -> str:
    """Who somebody is, as this machine knows them: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an id without a name, as in a container
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


async def dry_run(
    client: Client, resources: Resources, *, renewed_at: str | None = None, keep: bool = True
) -> tuple[list[JSON], Sequence[OperationResult]]:
    """What is there of the project, and what applying it would come to. Raises `Failure` while it is taken down."""
    selector = project_selector(resources.project)
    lists = await asyncio.gather(*(client.list(kind, resources.namespace, selector) for kind in _KINDS))
    place = await client.list(built_in("Namespace"), field_selector=f"metadata.name={resources.namespace}")
    existing = [item for listed in (place, *lists) for item in listed.items]
    removable = [item for listed in lists for item in listed.items if item["kind"] != "Volume"]
    try:
        kept = keep_images(resources, removable) if keep else resources
        wanted = operations(let_run(mark_renewals(kept, removable, renewed_at), removable), removable)
        done = await client.transaction(wanted, field_manager=FIELD_MANAGER, dry_run=True)
    except (Conflict, Forbidden) as refusal:
        if not _is_leaving(refusal):
            raise
        raise Failure(f"the project {resources.project} is being taken down; `fizz up` would wait for that") from None
    return existing, done.results


def _is_leaving(refusal: ApiError) -> bool:
    return any(cause.get("reason") in _LEAVING for cause in refusal.causes)


def _in_the_way(resources: Resources, leaving: Sequence[JSON]) -> list[JSON]:
    """Networks and Volumes that somebody deleted while what uses them stays: they would never be gone."""
    wanted = {(item["kind"], item["metadata"]["name"]) for item in resources.objects}
    if any(item["kind"] == "Deployment" for item in leaving):
        return []  # a `down` is under way
    kinds = ("Network", "Volume")
    return [item for item in leaving if item["kind"] in kinds and (item["kind"], item["metadata"]["name"]) in wanted]


async def _hand_over(client: Client, item: JSON) -> None:
    """Let it go at once, and leave what is in the engine to the object of its name that is applied next."""
    metadata = item["metadata"]
    patch = {"metadata": {"uid": metadata["uid"], "annotations": {labels.HAND_OVER: "true"}}}
    with suppress(NotFound, Conflict):
        await client.patch(built_in(item["kind"]), metadata["name"], patch, metadata["namespace"])


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
