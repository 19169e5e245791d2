"""`fizz pull` and `fizz push`: images of the project's services, from their registries and to them."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import click

from fizz.client.cli.autostart import ensure_server
from fizz.client.cli.completing import complete_services
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.preparing import find_node, pull_images
from fizz.client.cli.progress import Progress, progress
from fizz.client.cli.project import load_options, load_project
from fizz.client.cli.session import connect, load_settings
from fizz.client.cli.steps import show_steps
from fizz.client.compose import Project
from fizz.client.images import ImageError, NodeImages

__all__ = ["pull", "push"]


@click.command("pull")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("--ignore-pull-failures", is_flag=True, help="Go on if an image cannot be pulled.")
@click.option("--ignore-buildable", is_flag=True, help="Leave out images that can be built.")
@click.option("--include-deps", is_flag=True, help="Pull for what the services depend on, too.")
@click.option("--policy", type=click.Choice(["missing", "always"]), help="missing: only what is not there.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@project_options
@connection_options
@pass_options
def pull(
    options: Options,
    services: tuple[str, ...],
    ignore_pull_failures: bool,
    ignore_buildable: bool,
    include_deps: bool,
    policy: str | None,
    quiet: bool,
) -> None:
    """Pull the images of the project's services, or of some of them, all at once.

    Running containers stay as they are; `fizz up` then replaces those whose image is another.
    """
    project = load_project(options, load_options(options, services, dependencies=include_deps))
    wanted = {}
    for service in project.services.values():
        if service.get("image") and not (ignore_buildable and service.get("build")):
            platform = service.get("platform") or os.environ.get("DOCKER_DEFAULT_PLATFORM") or ""
            wanted[str(service["image"])] = str(platform)
    buildable = [str(each["image"]) for each in project.services.values() if each.get("build") and each.get("image")]

    async def work(node: NodeImages, screen: Progress) -> None:
        there = await node.images(wanted) if policy == "missing" else {}
        left = {image: platform for image, platform in wanted.items() if image not in there}
        try:
            await pull_images(node, left, screen, may_fail=buildable)
        except Failure as failure:
            if not ignore_pull_failures:
                raise
            click.echo(f"warning: {failure}", err=True)

    _run(options, work, quiet=quiet)


@click.command("push")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("--ignore-push-failures", is_flag=True, help="Go on if an image cannot be pushed.")
@click.option("--include-deps", is_flag=True, help="Push for what the services depend on, too.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@project_options
@connection_options
@pass_options
def push(
    options: Options, services: tuple[str, ...], ignore_push_failures: bool, include_deps: bool, quiet: bool
) -> None:
    """Bring the images that are built for the project's services to their registries."""
    project = load_project(options, load_options(options, services, dependencies=include_deps))
    images = _pushed(project)

    async def work(node: NodeImages, screen: Progress) -> None:
        for image in images:
            try:
                await show_steps(screen, image, node.push(image), "pushed")
            except ImageError as error:
                if not ignore_push_failures:
                    raise Failure(f"image {image!r} cannot be pushed: {error}") from error
                click.echo(f"warning: image {image!r} cannot be pushed: {error}", err=True)

    _run(options, work, quiet=quiet)


def _pushed(project: Project) -> list[str]:
    """What is built and has a name of its own, which is where it is pushed to; and its further tags."""
    built = [each for each in project.services.values() if each.get("build") and each.get("image")]
    return list(dict.fromkeys(name for each in built for name in (str(each["image"]), *each["build"].get("tags", ()))))


def _run(options: Options, work: Callable[[NodeImages, Progress], Coroutine[Any, Any, None]], *, quiet: bool) -> None:
    settings = load_settings(options)
    if started := ensure_server(settings):
        click.echo(started)

    async def main() -> None:
        async with connect(settings) as client:
            node = await find_node(client)
            with progress(silent=quiet) as screen:
                await work(node, screen)

    asyncio.run(main())
