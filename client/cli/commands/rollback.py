"""`fizz rollback`: go back to an earlier release, all of it together."""

import click

from fizz.client.api import Client
from fizz.client.cli import planning
from fizz.client.cli.apply import result_lines
from fizz.client.cli.commands.plan import print_plan, steps_of
from fizz.client.cli.deploy import author, releases_of
from fizz.client.cli.failures import Failure
from fizz.client.cli.history import find_release
from fizz.client.cli.options import SECONDS, Options, connection_options, output_option, pass_options, project_options
from fizz.client.cli.progress import progress
from fizz.client.cli.project import project_namespace, the_project_name
from fizz.client.cli.releases import KEEP, Note, last_before, number_of
from fizz.client.cli.rollback import follow, go_back, restored, with_images
from fizz.client.cli.session import run
from fizz.schemas.types import JSON

__all__ = ["command"]


@click.command("rollback")
@click.argument("number", type=click.IntRange(1), required=False, metavar="[RELEASE]")
@click.option("--dry-run", is_flag=True, help="Show what would be done, as `fizz plan` does, and do nothing.")
@click.option("--wait", is_flag=True, help="Return when all containers are ready or have completed.")
@click.option("--timeout", type=SECONDS, metavar="DURATION", help="Give up waiting after that time, as 90s.")
@click.option("-m", "--message", default="", metavar="TEXT", help="What to say of it in the history.")
@click.option("--keep", type=click.IntRange(1), default=KEEP, metavar="N", help="How many releases to keep; 10.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.option("-d", "--detach", is_flag=True, hidden=True, help="Always so: what is written is shown by `fizz logs`.")
@output_option
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    number: int | None,
    dry_run: bool,
    wait: bool,
    timeout: float | None,
    message: str,
    keep: int,
    quiet: bool,
    detach: bool,
    output: str,
) -> None:
    """Go back to a release, or to the one before the present one.

    Images, environment, configs, secrets, networks and numbers of replicas become what they were then, all at once;
    what that release did not have is removed, and what it had comes back. Data in volumes stays as it is. This makes a
    new release, so it can be taken back, too.
    """
    if output != "table" and not dry_run:
        raise click.UsageError("-o is for --dry-run")
    project = the_project_name(options)
    note = Note(author(), message, keep=keep)
    if dry_run:
        print_plan(project, run(options, lambda client: _plan(client, project, number)), output)
    else:
        run(options, lambda client: _whole(client, project, number, note, timeout, wait=wait, quiet=quiet))


async def _plan(client: Client, project: str, number: int | None) -> list[planning.Step]:
    resources = await with_images(client, await restored(client, await _target(client, project, number)))
    return await steps_of(client, resources, keep=False)


async def _whole(
    client: Client, project: str, number: int | None, note: Note, timeout: float | None, *, wait: bool, quiet: bool
) -> None:
    target = await _target(client, project, number)
    with progress(plain=quiet) as screen:
        resources, applied = await go_back(client, target, note, screen.say, timeout)
        if not quiet:
            for line in result_lines(applied.results):
                screen.say(line)
            screen.say(_told(applied.release, number_of(target), made=applied.made))
        await follow(client, resources, applied, (lambda _: None) if quiet else screen.show, timeout, wait=wait)


def _told(release: JSON | None, origin: int, *, made: bool) -> str:
    if release is None or not made:
        return f"release {origin} is the present one"
    return f"release {number_of(release)} is as release {origin} was"


async def _target(client: Client, project: str, number: int | None) -> JSON:
    releases = await releases_of(client, project, project_namespace(project))
    if number is not None:
        return find_release(releases, number, project)
    if not releases:
        raise Failure(f"there is no release of {project} to go back to; `fizz up` makes them")
    if (found := last_before(releases, number_of(releases[-1]))) is None:
        raise Failure(f"release {number_of(releases[-1])} is the only one of {project}; there is nothing to go back to")
    return found
