"""`fizz volumes`: the project's volumes."""

import json
from collections.abc import Sequence

import click

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.choosing import containers_of
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import is_of
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.project import project_namespace, project_selector, the_project_name
from fizz.client.cli.session import run
from fizz.client.cli.tables import table
from fizz.schemas.types import JSON

__all__ = ["command", "used_by"]


@click.command("volumes")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-q", "--quiet", is_flag=True, help="Print the engine's names and nothing else.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="table or json.")
@project_options
@connection_options
@pass_options
def command(options: Options, services: tuple[str, ...], quiet: bool, form: str) -> None:
    """List the project's volumes, or those that some services use."""
    project = the_project_name(options)

    async def read(client: Client) -> tuple[list[JSON], list[JSON]]:
        listed = await client.list(built_in("Volume"), project_namespace(project), project_selector(project))
        return listed.items, await containers_of(client, project) if services else []

    items, containers = run(options, read)
    wanted = used_by(containers, services) if services else None
    found = [_fields(item) for item in items if wanted is None or item["metadata"]["name"] in wanted]
    if quiet:
        for each in found:
            click.echo(each["Name"])
    elif form == "json":
        for each in found:
            click.echo(json.dumps(each))
    else:
        rows = [(each["Driver"], each["Name"], each["Status"]) for each in found]
        click.echo(table(("DRIVER", "VOLUME NAME", "STATUS"), rows))


def used_by(containers: Sequence[JSON], services: Sequence[str]) -> set[str]:
    """The names of the Volumes that containers of these services mount."""
    mounts = (each for item in containers if is_of(item, services) for each in item["spec"].get("mounts") or ())
    return {str(each["source"]) for each in mounts if each.get("type") == "volume" and each.get("source")}


def _fields(item: JSON) -> JSON:
    status, spec = item.get("status") or {}, item["spec"]
    written = spec.get("labels") or {}
    return {
        "Driver": spec.get("driver") or "local",
        "Labels": ",".join(f"{key}={value}" for key, value in written.items()),
        "Name": status.get("name") or spec.get("name") or item["metadata"]["name"],
        "Scope": "local",
        "Status": status.get("phase") or "Pending",
    }
