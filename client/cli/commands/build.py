"""`fizz build`: build the images of the project's services in the engine."""

import asyncio
import os
from collections.abc import Mapping
from typing import Final

import click

from fizz.client.api import Client
from fizz.client.cli.autostart import ensure_server
from fizz.client.cli.building import BuildOptions, build_images, with_needed
from fizz.client.cli.completing import complete_services
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.preparing import find_node, plans_of
from fizz.client.cli.progress import progress
from fizz.client.cli.project import load_options, load_project
from fizz.client.cli.session import connect, load_settings
from fizz.client.cli.steps import show_steps
from fizz.client.compose.builds import BuildPlan
from fizz.client.images import ImageError

__all__ = ["command"]

_UNITS: Final = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


@click.command("build")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("--build-arg", "arguments", multiple=True, metavar="NAME[=VALUE]", help="Set a build argument.")
@click.option("--no-cache", is_flag=True, help="Run all steps anew.")
@click.option("--pull", is_flag=True, help="Look for newer base images.")
@click.option("--push", is_flag=True, help="Bring the images to their registries.")
@click.option("-m", "--memory", metavar="SIZE", help="Memory of RUN steps, as 512m; the classic builder's only.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress; print the ids of the images.")
@click.option("--with-dependencies", is_flag=True, help="Build what the services depend on, too.")
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    services: tuple[str, ...],
    arguments: tuple[str, ...],
    no_cache: bool,
    pull: bool,
    push: bool,
    memory: str | None,
    quiet: bool,
    with_dependencies: bool,
) -> None:
    """Build the images of the project's services, or of some of them.

    The context is sent without what .dockerignore leaves out; BuildKit in the engine builds, or with DOCKER_BUILDKIT=0
    the engine's classic builder. Starts a server if none answers.
    """
    project = load_project(options, load_options(options, services, dependencies=with_dependencies))
    plans = plans_of(project)
    if not plans:
        click.echo("no service has anything to build", err=True)
        return
    everything = plans_of(load_project(options, warn=False)) if services else plans
    wanted = with_needed({**everything, **plans}, list(plans))
    build_options = BuildOptions(_arguments(arguments), no_cache, pull, _size(memory))
    settings = load_settings(options)
    if started := ensure_server(settings):
        click.echo(started)

    async def main() -> dict[str, str]:
        async with connect(settings) as client:
            return await _build(client, wanted, build_options, push=push, quiet=quiet)

    built = asyncio.run(main())
    for image in dict.fromkeys(built.values()) if quiet else ():
        click.echo(image)


async def _build(
    client: Client, plans: Mapping[str, BuildPlan], options: BuildOptions, *, push: bool, quiet: bool
) -> dict[str, str]:
    node = await find_node(client)
    with progress(plain=quiet, silent=quiet) as screen:
        built = await build_images(node, plans, options, screen)
        for plan in plans.values() if push else ():
            try:
                await show_steps(screen, plan.image, node.push(plan.image), "pushed")
            except ImageError as error:
                raise Failure(f"image {plan.image!r} of service {plan.service!r} cannot be pushed: {error}") from error
    return built


def _arguments(written: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE, or NAME for the variable of that name."""
    pairs = [each.partition("=") for each in written]
    found = {name: value if equals else os.environ.get(name) for name, equals, value in pairs}
    return {name: value for name, value in found.items() if value is not None}


def _size(written: str | None) -> int | None:
    if written is None:
        return None
    number, unit = (written[:-1], written[-1].lower()) if written[-1:].isalpha() else (written, "b")
    if not number.isdigit() or unit not in _UNITS:
        raise click.BadParameter(f"{written!r} is no size; write 512m or 2g", param_hint="--memory")
    return int(number) * _UNITS[unit]
