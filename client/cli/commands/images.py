"""`fizz images`: the images that the project's containers run."""

import json
from datetime import UTC, datetime
from typing import Final

import click

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import engine_name, in_order, is_of
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.project import project_namespace, project_selector, the_project_name
from fizz.client.cli.session import run
from fizz.client.cli.steps import size_text
from fizz.client.cli.tables import age, table
from fizz.client.images import NodeImages
from fizz.schemas.images import Image
from fizz.schemas.types import JSON

__all__ = ["command"]

_HASH: Final = 12


@click.command("images")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-q", "--quiet", is_flag=True, help="Print the ids only.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="table or json.")
@project_options
@connection_options
@pass_options
def command(options: Options, services: tuple[str, ...], quiet: bool, form: str) -> None:
    """List the images that the project's containers run, by content: what the name stood for when they were made."""
    project = the_project_name(options)

    async def main(client: Client) -> list[tuple[JSON, Image]]:
        listed = await client.list(built_in("Container"), project_namespace(project), project_selector(project))
        items = [item for item in in_order(listed.items) if not services or is_of(item, services)]
        return await _images(client, items)

    found = run(options, main)
    if quiet:
        for image in dict.fromkeys(image.id for _, image in found):
            click.echo(image.removeprefix("sha256:"))
    elif form == "json":
        click.echo(json.dumps([_json(item, image) for item, image in found], indent=2))
    else:
        rows = [_row(item, image) for item, image in found]
        click.echo(table(("CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"), rows))


async def _images(client: Client, items: list[JSON]) -> list[tuple[JSON, Image]]:
    by_node: dict[str, list[JSON]] = {}
    for item in items:
        node = item["spec"].get("nodeName")
        if node and (item.get("status") or {}).get("imageID"):
            by_node.setdefault(node, []).append(item)
    known: dict[tuple[str, str], Image] = {}
    for node, placed in by_node.items():
        images = await NodeImages(client, node).images(item["status"]["imageID"] for item in placed)
        known |= {(node, name): image for name, image in images.items()}
    return [
        (item, known[place])
        for item in items
        if (place := (item["spec"].get("nodeName") or "", (item.get("status") or {}).get("imageID") or "")) in known
    ]


def _repository(item: JSON) -> tuple[str, str]:
    """Repository and tag, as the container's image was written."""
    written = str(item["spec"]["image"])
    name, _, digest = written.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, "" if digest else "latest"
    return repository, tag or "<none>"


def _row(item: JSON, image: Image) -> tuple[str, ...]:
    repository, tag = _repository(item)
    created = f"{age(image.created, datetime.now(UTC))} ago" if image.created else ""
    short = image.id.removeprefix("sha256:")[:_HASH]
    return (engine_name(item), repository, tag, image.platform, short, size_text(image.size), created)


def _json(item: JSON, image: Image) -> JSON:
    repository, tag = _repository(item)
    return {
        "ID": image.id,
        "ContainerName": engine_name(item),
        "Repository": repository,
        "Tag": tag,
        "Platform": image.platform,
        "Size": image.size,
        "Created": image.created.isoformat() if image.created else None,
        "LastTagTime": image.tagged_at.isoformat() if image.tagged_at else None,
    }
