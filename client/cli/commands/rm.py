"""`fizz rm`: remove containers that have ended."""

import asyncio

import click

from fizz.client.api import Client, NotFound, Operation
from fizz.client.cli.apply import built_in, reference
from fizz.client.cli.choosing import containers_of
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import engine_name, is_of, is_oneoff, service_of
from fizz.client.cli.options import Options, connection_options, pass_options, project_options_long
from fizz.client.cli.progress import progress
from fizz.client.cli.project import project_namespace, the_project_name
from fizz.client.cli.running import deployments_of, has_ended, stop_services, tell_state
from fizz.client.cli.session import run
from fizz.client.cli.waiting import wait_until_gone
from fizz.schemas import labels
from fizz.schemas.types import JSON

__all__ = ["command"]

_CONTAINER = built_in("Container")


@click.command("rm")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.option("-s", "--stop", is_flag=True, help="Stop what runs before.")
@click.option("-v", "--volumes", is_flag=True, help="Remove their anonymous volumes, too.")
@project_options_long
@connection_options
@pass_options
def command(options: Options, services: tuple[str, ...], force: bool, stop: bool, volumes: bool) -> None:
    """Remove the containers of services that have ended, and what `fizz run` left of them.

    None is made in their place until `fizz up` or `fizz start`.
    """
    project = the_project_name(options)

    async def whole(client: Client) -> None:
        deployments = await deployments_of(client, project, services)
        with progress() as screen:
            if stop:
                await stop_services(client, project, services, screen.show)
        items = [item for item in await containers_of(client, project) if not services or is_of(item, services)]
        alive = {service_of(item) for item in items if not has_ended(item) and not is_oneoff(item)}
        doomed = [item for item in items if has_ended(item) and (is_oneoff(item) or service_of(item) not in alive)]
        if not doomed:
            click.echo("no stopped containers", err=True)
            return
        click.echo(f"going to remove {', '.join(map(engine_name, doomed))}", err=True)
        if not force and not click.confirm("Are you sure?", err=True):
            return
        mine = {service_of(item) for item in doomed if not is_oneoff(item)}
        if volumes:
            await asyncio.gather(*(_with_volumes(client, item) for item in doomed))
        ended = [item for item in deployments if service_of(item) in mine]
        await tell_state(client, ended, "Stopped", others=[Operation("delete", reference(item)) for item in doomed])
        with progress() as screen:
            await wait_until_gone(client, [_CONTAINER], project_namespace(project), doomed, screen.show)

    run(options, whole)


async def _with_volumes(client: Client, item: JSON) -> None:
    metadata = item["metadata"]
    change = {"metadata": {"annotations": {labels.REMOVE_VOLUMES: "true"}}}
    try:
        await client.patch(_CONTAINER, metadata["name"], change, metadata["namespace"])
    except NotFound:
        return
