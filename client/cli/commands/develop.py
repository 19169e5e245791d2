"""`fizz develop`: what `docker compose watch` does. (`fizz watch` shows changes of resources.)"""

import asyncio

import click

from fizz.client.api import Client
from fizz.client.cli.apply import result_lines
from fizz.client.cli.autostart import ensure_server
from fizz.client.cli.bringing import Rebuilder, bring_up
from fizz.client.cli.completing import complete_services
from fizz.client.cli.developing import Developer, read_rules
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.preparing import Preparation
from fizz.client.cli.progress import progress
from fizz.client.cli.project import load_options, load_project, to_resources
from fizz.client.cli.session import connect, load_settings

__all__ = ["command"]


@click.command("develop")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("--no-up", is_flag=True, help="Leave the project as it runs; only follow files.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing of builds.")
@project_options
@connection_options
@pass_options
def command(options: Options, services: tuple[str, ...], no_up: bool, quiet: bool) -> None:
    """Bring the project up, and keep its containers up to date with your files until Ctrl-C.

    `develop.watch` in the compose file says which files are copied into containers, and which build an image anew.
    """
    project = load_project(options, load_options(options, services))
    rules = [rule for rule in read_rules(project) if not services or rule.service in services]
    if not rules:
        raise Failure("no service has develop.watch; it says which files are followed, and what is done")
    settings = load_settings(options)
    if started := ensure_server(settings):
        click.echo(started)

    async def main(client: Client) -> None:
        with progress(plain=True) as screen:
            if not no_up:
                resources = to_resources(project, partial=bool(services))
                done = await bring_up(client, project, resources, Preparation(build=True), screen, quiet=quiet)
                for line in result_lines(done):
                    screen.say(line)
            rebuilder = Rebuilder(client, options, screen, quiet=quiet)
            await Developer(client, project, rules, rebuilder.rebuild, screen).run()

    async def whole() -> None:
        async with connect(settings) as client:
            await main(client)

    asyncio.run(whole())
