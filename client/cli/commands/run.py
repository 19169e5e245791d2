"""`fizz run SERVICE [COMMAND]`: one container of a service, for once."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from fizz.client.api import ApiError, Client
from fizz.client.cli.autostart import ensure_server
from fizz.client.cli.completing import complete_services
from fizz.client.cli.failures import Failure
from fizz.client.cli.oneoff import OneOff, container_of
from fizz.client.cli.options import Options, connection_options, pass_options, project_options_for_run
from fizz.client.cli.preparing import Preparation, prepare_images
from fizz.client.cli.progress import Lines, Silent
from fizz.client.cli.project import load_options, load_project, to_resources
from fizz.client.cli.running_once import overlaid, run_detached, run_talking, slug, split, start_dependencies
from fizz.client.cli.session import connect, load_settings
from fizz.client.cli.talking import detach_keys_option, environment, tell_end
from fizz.client.cli.terminal import Streams, both_are_terminals
from fizz.client.objects import key_of

__all__ = ["command"]


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("service", shell_complete=complete_services)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND] [ARGUMENT]...")
@click.option("--rm", "remove", is_flag=True, help="Remove the container when it has ended.")
@click.option("-d", "--detach", is_flag=True, help="Leave it to itself, and print the engine's id of it.")
@click.option("-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="Set a variable.")
@click.option("--env-from-file", "env_files", multiple=True, metavar="FILE", help="Set the variables of a file.")
@click.option("-l", "--label", "labels", multiple=True, metavar="NAME=VALUE", help="Add a label.")
@click.option("-u", "--user", metavar="USER[:GROUP]", help="Run it as this user.")
@click.option("-w", "--workdir", metavar="DIR", help="Run it in this folder.")
@click.option("-v", "--volume", "volumes", multiple=True, metavar="SOURCE:TARGET", help="Mount a folder or volume.")
@click.option("-p", "--publish", multiple=True, metavar="HOST:PORT", help="Publish a port.")
@click.option("-P", "--service-ports", is_flag=True, help="Publish the service's own ports, too.")
@click.option("--use-aliases", is_flag=True, help="Let it answer to the service's names in its networks.")
@click.option("--cap-add", multiple=True, metavar="NAME", help="Add a capability.")
@click.option("--cap-drop", multiple=True, metavar="NAME", help="Take away a capability.")
@click.option("--entrypoint", metavar="COMMAND", help="Run this instead of the entry point.")
@click.option("--name", default="", metavar="NAME", help="The container's name; else PROJECT-SERVICE-run-...")
@click.option("-T", "--no-tty", is_flag=True, help="Give it no terminal, though this is one.")
@click.option("-i", "--interactive/--no-interactive", default=True, help="Pass on standard input. That is the default.")
@click.option("--no-deps", is_flag=True, help="Do not start what the service depends on.")
@click.option("--build", is_flag=True, help="Build the image first.")
@click.option("--pull", type=click.Choice(["always", "missing", "never"]), help="When to pull images.")
@click.option("--quiet-pull", is_flag=True, help="Show no progress of pulls.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing but what the command writes.")
@click.option("--remove-orphans", is_flag=True, hidden=True, help="What is not in the file goes with `fizz up`.")
@detach_keys_option
@project_options_for_run
@connection_options
@pass_options
def command(
    options: Options,
    service: str,
    words: tuple[str, ...],
    remove: bool,
    detach: bool,
    variables: tuple[str, ...],
    env_files: tuple[str, ...],
    labels: tuple[str, ...],
    user: str | None,
    workdir: str | None,
    volumes: tuple[str, ...],
    publish: tuple[str, ...],
    service_ports: bool,
    use_aliases: bool,
    cap_add: tuple[str, ...],
    cap_drop: tuple[str, ...],
    entrypoint: str | None,
    name: str,
    no_tty: bool,
    interactive: bool,
    no_deps: bool,
    build: bool,
    pull: str | None,
    quiet_pull: bool,
    quiet: bool,
    remove_orphans: bool,
    detach_keys: str,
) -> int:
    """Run a command in a new container of a service, and end with its exit code.

    What the service depends on is started first. The container is none of the service's own: it publishes no ports, is
    not restarted, and goes with `fizz down`. What belongs to fizz stands before SERVICE.
    """
    said = OneOff(
        command=words,
        entrypoint=entrypoint,
        environment=(*_of_files(env_files), *environment(variables)),
        labels=labels,
        user=user,
        working_dir=workdir,
        volumes=volumes,
        publish=publish,
        cap_add=cap_add,
        cap_drop=cap_drop,
        service_ports=service_ports,
        use_aliases=use_aliases,
        interactive=interactive and not detach,
        tty=not no_tty and not detach and both_are_terminals(),
        remove=remove,
    )
    wanted = load_options(options, [service], dependencies=not no_deps)
    project = load_project(options, replace(wanted, all_resources=wanted.all_resources or said.names_volumes))
    project = overlaid(project, service, said)
    resources = to_resources(project, partial=True)
    screen = Silent(sys.stderr) if quiet else Lines(sys.stderr)
    settings = load_settings(options)
    if started := ensure_server(settings):
        screen.say(started)

    async def main(client: Client) -> int:
        preparation = Preparation(build=True if build else None, pull=pull, quiet=quiet_pull or quiet)
        ready = await prepare_images(client, project, resources, preparation, screen)
        workload, rest = split(ready, service)
        await start_dependencies(client, workload, rest, screen)
        item = container_of(workload, project.name, service, slug(), said, name)
        if detach:
            click.echo(await run_detached(client, item))
            return 0
        key = key_of(item)

        async def pass_on(signal: str) -> None:
            try:
                await client.kill(key.name, key.namespace, signal)
            except ApiError:
                return  # it does not run yet, or not any more

        streams = Streams(
            stdin=interactive, tty=said.tty, detach_keys=detach_keys, on_signal=None if said.tty else pass_on
        )
        return tell_end(await run_talking(client, item, streams))

    async def whole() -> int:
        async with connect(settings) as client:
            return await main(client)

    return asyncio.run(whole())


def _of_files(names: tuple[str, ...]) -> tuple[str, ...]:
    """The variables of files, as `NAME=value`. Raises `Failure`."""
    from fizz.client.compose.dotenv import DotenvError, parse_dotenv

    found: dict[str, str] = {}
    for name in names:
        try:
            found |= parse_dotenv(Path(name).read_text(), os.environ.get)
        except OSError as problem:
            raise Failure(f"{name}: {problem.strerror}") from problem
        except DotenvError as problem:
            raise Failure(f"{name}: {problem}") from problem
    return tuple(f"{key}={value}" for key, value in found.items())
