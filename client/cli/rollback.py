"""Going back to a Release: all of the project at once, in one transaction, which makes a new Release that says so.

An image is gone back to by content. If the engine does not have it any more, it is fetched from its registry by digest;
if no registry ever had it, nothing is done at all.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from fizz.client.api import ApiError, Client, Forbidden, NotFound
from fizz.client.cli.apply import built_in
from fizz.client.cli.deploy import Applied, apply_project, author, releases_of
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import name_of
from fizz.client.cli.imageids import container_of, with_value
from fizz.client.cli.project import WORKLOADS, Resources, project_selector
from fizz.client.cli.releases import Entry, Note, entries_of, good_before, number_of
from fizz.client.cli.revisions import with_content
from fizz.client.cli.rollout import Rollout
from fizz.client.cli.waiting import DidNotComeUp, Show, wait_for_rollout
from fizz.client.images import NodeImages, image_node
from fizz.schemas.types import JSON

__all__ = ["fall_back", "follow", "go_back", "restored", "with_images"]

_NEVER_PULLED: Final = {"never", "build"}


async def go_back(
    client: Client, release: JSON, note: Note, say: Callable[[str], None], timeout: float | None = None
) -> tuple[Resources, Applied]:
    """Apply what was applied then. Raises `Failure` where something of it is lost, before anything is done."""
    resources = await with_images(client, await restored(client, release))
    note = replace(note, origin=number_of(release))
    return resources, await apply_project(client, resources, say, timeout, note, keep=False)


async def follow(
    client: Client, resources: Resources, applied: Applied, show: Show, timeout: float | None, *, wait: bool
) -> None:
    """Wait until the containers are started, or with `wait` until they are ready. Raises `Failure`."""
    rollout = Rollout(resources.names("Deployment"), resources.names("Job"), wait=wait)
    rollout.applied(each.object for each in applied.results if each.verb != "deleted")
    selector = project_selector(resources.project)
    await wait_for_rollout(client, resources.namespace, selector, rollout, show, timeout)


async def restored(client: Client, release: JSON) -> Resources:
    """The project as it was in the Release, contents included. Raises `Failure` where something of it is lost."""
    entries = entries_of(release)
    namespace = release["metadata"]["namespace"]

    async def whole(entry: Entry) -> JSON:
        if entry.revision is None:
            return entry.item
        kind = built_in(entry.item["kind"])
        try:
            return with_content(entry.item, await client.get(kind, entry.revision, namespace))
        except NotFound:
            lost = f"{kind.kind.lower()}/{entry.item['metadata']['name']}"
            raise Failure(
                f"release {number_of(release)} cannot be gone back to: the content of {lost}, kept as "
                f"{entry.revision}, was deleted"
            ) from None

    items = await asyncio.gather(*map(whole, entries.values()))
    digests = {each["id"]: tuple(each.get("digests") or ()) for each in release["spec"].get("images") or ()}
    return Resources(release["spec"]["project"], namespace, tuple(items), digests=digests)


async def fall_back(
    client: Client,
    failed: JSON,
    why: DidNotComeUp,
    say: Callable[[str], None],
    show: Show,
    timeout: float | None,
) -> str:
    """Go back from a Release that does not work to the last one that did, and wait until that is ready again. What was
    done, in words. Raises `Failure` if there is none, or if it does not come up either.

    The one that is left is Failed from now on, also if it was only late, so that nobody goes back to it by himself.
    """
    project, namespace, number = failed["spec"]["project"], failed["metadata"]["namespace"], number_of(failed)
    good = good_before(await releases_of(client, project, namespace), number)
    if good is None:
        raise Failure(
            f"{why}\nthere is no earlier release of {project} that worked, so nothing was rolled back; "
            f"release {number} stays as it is"
        )
    origin = number_of(good)
    say(f"release {number} does not come up: going back to release {origin}")
    note = Note(author(), f"release {number} did not come up: {why.reasons}")
    try:
        resources, applied = await go_back(client, good, note, say, timeout)
        await _mark_failed(client, failed, why.reasons)
        await follow(client, resources, applied, show, timeout, wait=True)
    except (Failure, ApiError) as problem:
        raise Failure(f"{why}\nand going back to release {origin} failed: {problem}") from None
    made = f" as release {number_of(applied.release)}" if applied.release and applied.made else ""
    return f"went back to release {origin}, which is ready{made}"


async def _mark_failed(client: Client, release: JSON, why: str) -> None:
    status = {"status": {"phase": "Failed", "message": why}}
    metadata = release["metadata"]
    with suppress(NotFound, Forbidden):  # it was the oldest; or this user may apply, but write no status
        await client.patch(built_in("Release"), metadata["name"], status, metadata["namespace"], "status")


async def with_images(client: Client, resources: Resources) -> Resources:
    """The resources with names that lead to the very images that they had, as long as there is a node to ask. Raises
    `Failure` for an image that nobody has any more.
    """
    images = {container_of(item).get("imageID") for item in resources.objects if item["kind"] in WORKLOADS}
    wanted = sorted(filter(None, images))
    node = await image_node(client) if wanted else None
    if node is None:
        return resources
    lost = {*wanted} - set(await NodeImages(client, node).images(wanted))
    return replace(resources, objects=tuple(_found_again(item, lost, resources.digests) for item in resources.objects))


def _found_again(item: JSON, lost: set[str], digests: Mapping[str, Sequence[str]]) -> JSON:
    spec = container_of(item) if item["kind"] in WORKLOADS else {}
    image = spec.get("imageID")
    if image not in lost:
        return item
    if not digests.get(image):
        raise Failure(
            f"the image {spec['image']} that {name_of(item)} had, {image}, is not in the engine any more, and no "
            "registry has it; build or load it, then go back"
        )
    found = with_value(item, "image", digests[image][0])
    return with_value(found, "pullPolicy", "missing") if spec.get("pullPolicy") in _NEVER_PULLED else found
