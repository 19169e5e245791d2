"""`fizz down`: stop the project and remove what it left."""

import click

from fizz.client.api import Client
from fizz.client.cli.options import SECONDS, Options, connection_options, pass_options, project_options
from fizz.client.cli.progress import progress
from fizz.client.cli.project import project_namespace, the_project_name
from fizz.client.cli.session import run
from fizz.client.cli.teardown import Teardown, take_down

__all__ = ["command"]


@click.command("down")
@click.option("-v", "--volumes", is_flag=True, help="Remove the volumes with their data, too.")
@click.option(
    "-t", "--timeout", type=click.IntRange(0), metavar="SECONDS", help="Kill what has not stopped after that time."
)
@click.option("--wait-timeout", type=SECONDS, metavar="DURATION", help="Give up waiting after that time, as 90s.")
@click.option("--keep-history", is_flag=True, help="Keep the releases, so that `fizz rollback N` brings it back.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.option("--remove-orphans", is_flag=True, hidden=True, help="Always so: what bears the project's label goes.")
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    volumes: bool,
    timeout: int | None,
    wait_timeout: float | None,
    keep_history: bool,
    quiet: bool,
    remove_orphans: bool,
) -> None:
    """Stop the project and remove what it left.

    Containers stop in the opposite order of their dependencies. Volumes stay, with their data, unless -v is given.
    """
    project = the_project_name(options)
    namespace = project_namespace(project)
    how = Teardown(volumes, not keep_history, timeout, wait_timeout)

    async def whole(client: Client) -> bool:
        with progress(plain=quiet) as screen:
            show = (lambda _: None) if quiet else screen.show
            return await take_down(client, project, namespace, how, show)

    if not run(options, whole) and not quiet:
        click.echo(f"nothing of the project {project} is there")
