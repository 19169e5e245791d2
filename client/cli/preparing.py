"""Before a project is applied: its images are pulled and built as its pull policies say, and named by content.

What `docker compose up` does, and in this order:

| | pulled | built |
|---|---|---|
| `always`, `refresh` | yes | if that failed |
| `missing` (and none) | if the engine does not have it | if it still is not there |
| `daily`, `weekly`, `every_<time>`, `refresh` with a time | if it is missing or older | if it is missing |
| `build` | no | yes |
| `never` | no | if it is missing |

A service that has `build` and no `image` is never pulled. In the end each Deployment is told the id of its image
(`imageID`): a changed image replaces its containers, and the same one does not.
"""

import asyncio
import os
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.building import BuildOptions, build_images, with_needed
from fizz.client.cli.changes import changes
from fizz.client.cli.failures import Failure
from fizz.client.cli.imageids import tell_images
from fizz.client.cli.progress import Progress, Silent
from fizz.client.cli.project import Resources
from fizz.client.cli.steps import show_steps
from fizz.client.compose import Project
from fizz.client.compose.builds import BuildPlan, plan_builds
from fizz.client.compose.project import pull_policy
from fizz.client.images import ImageError, NodeImages, image_node
from fizz.schemas.durations import parse_duration
from fizz.schemas.images import Image
from fizz.schemas.names import to_name

__all__ = ["Preparation", "find_node", "plans_of", "prepare_images", "pull_images"]

_NODE_SECONDS: Final = 10.0
"""How long a node may take to be ready, as after the start of a server."""
_AGES: Final = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_EVERY: Final = "every_"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a command says about images. `build` None means: where the policy says so or the image is missing; False
    means never. `pull` replaces the pull policy of all services.
    """

    build: bool | None = None
    pull: str | None = None
    quiet: bool = False
    options: BuildOptions = field(default_factory=BuildOptions)


def plans_of(project: Project) -> dict[str, BuildPlan]:
    """How the images of the services are built, under this environment."""
    return plan_builds(project, os.environ)


async def find_node(client: Client) -> NodeImages:
    """The node that has the images. Raises `Failure` if none gets ready in time."""
    try:
        async with asyncio.timeout(_NODE_SECONDS), aclosing(changes(client, [built_in("Node")], None)) as nodes:
            async for _ in nodes:
                if (name := await image_node(client)) is not None:
                    return NodeImages(client, name)
    except TimeoutError:
        raise Failure("no node is ready that could pull or build images; `fizz get nodes` shows them") from None
    raise AssertionError("changes never end")


async def prepare_images(
    client: Client, project: Project, resources: Resources, what: Preparation, screen: Progress
) -> Resources:
    """Pull and build what is to be, and tell the Deployments which images they have. Raises `Failure`."""
    services = {name: project.image(name) for name in project.services if project.image(name)}
    if not services:
        return resources
    plans = plans_of(project)
    try:
        node = await find_node(client)
    except Failure:
        if plans:
            raise
        screen.say("no node is ready; the first that is pulls the images")
        return resources
    policies = {name: what.pull or pull_policy(project.services[name]) for name in services}
    there = await node.images(services.values())
    to_pull = {
        services[name]: _platform(project, name)
        for name, policy in policies.items()
        if project.services[name].get("image") and _wants_pull(policy, there.get(services[name]))
    }
    built_by = {plans[name].image for name in plans}
    await pull_images(node, to_pull, screen, may_fail=built_by if what.build is not False else (), quiet=what.quiet)
    if to_pull:
        there = await node.images(services.values())
    chosen = (
        []
        if what.build is False
        else [
            name for name, plan in plans.items() if what.build or policies[name] == "build" or plan.image not in there
        ]
    )
    if chosen:
        await build_images(node, with_needed(plans, chosen), what.options, screen)
        there = await node.images(services.values())
    missing = sorted(name for name, image in services.items() if image not in there)
    if missing:
        raise _lacking(missing, services, policies, plans)
    told = tell_images(resources, {to_name(name): there[image].id for name, image in services.items()})
    return replace(told, digests={image.id: image.digests for image in there.values()})


def _platform(project: Project, name: str) -> str:
    return str(project.services[name].get("platform") or os.environ.get("DOCKER_DEFAULT_PLATFORM") or "")


def _wants_pull(policy: str, image: Image | None) -> bool:
    if policy in {"never", "build"}:
        return False
    if policy in {"always", "refresh"} or image is None:
        return True
    age = _AGES.get(policy)
    if policy.startswith(_EVERY):
        age = timedelta(microseconds=parse_duration(policy.removeprefix(_EVERY)) / 1000)
    return age is not None and image.tagged_at is not None and datetime.now(UTC) - image.tagged_at > age


def _lacking(
    missing: list[str], services: Mapping[str, str], policies: Mapping[str, str], plans: Mapping[str, BuildPlan]
) -> Failure:
    name = missing[0]
    image = services[name]
    if name in plans:
        hint = "run `fizz build`, or leave out --no-build"
    else:
        hint = f"its pull policy is {policies[name]}: `fizz pull {name}` fetches it"
    return Failure(f"service {name!r}: image {image!r} is not in the engine; {hint}")


async def pull_images(
    node: NodeImages,
    wanted: Mapping[str, str],
    screen: Progress,
    *,
    may_fail: Iterable[str] = (),
    quiet: bool = False,
) -> None:
    """Pull images, by name with their platforms, all at once. Raises `Failure` naming those that cannot be pulled; one
    that may fail, because it can be built, is only told.
    """
    view: Progress = Silent() if quiet else screen
    forgiven = set(may_fail)

    async def pull(image: str, platform: str) -> str | None:
        view.show({image: "pulling"})
        try:
            await show_steps(view, image, node.pull(image, platform), "pulled")
        except ImageError as error:
            if image not in forgiven:
                return f"{image}: {error}"
            view.say(f"{image} cannot be pulled, so it is built: {error}")
        return None

    results = await asyncio.gather(*(pull(image, platform) for image, platform in wanted.items()))
    if failures := [each for each in results if each]:
        raise Failure("cannot pull " + "\n  ".join(failures))
