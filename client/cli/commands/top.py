"""`fizz top` and `fizz stats`: what runs in the containers, and what they use."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing, suppress

import click

from fizz.client.api import ApiError, Client
from fizz.client.cli.choosing import containers_of, is_running
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import engine_name, is_of, number_of, service_of
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.project import the_project_name
from fizz.client.cli.session import run
from fizz.client.cli.tables import table
from fizz.client.cli.usage import HEADER, Usage, usage_of
from fizz.client.objects import key_of
from fizz.schemas.types import JSON

__all__ = ["stats", "top"]


async def _chosen(client: Client, project: str, services: Sequence[str], *, everything: bool = False) -> list[JSON]:
    items = await containers_of(client, project)
    known = {service_of(item) for item in items}
    if missing := [service for service in services if not any(is_of(item, [service]) for item in items)]:
        has = ", ".join(sorted(known)) or "none"
        raise Failure(f"no container of {', '.join(missing)} is there; project {project} has containers of: {has}")
    return [item for item in items if (not services or is_of(item, services)) and (everything or is_running(item))]


@click.command("top")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="table or json.")
@project_options
@connection_options
@pass_options
def top(options: Options, services: tuple[str, ...], output: str) -> None:
    """Show the processes in the project's containers. What they use is shown by `fizz stats`."""
    project = the_project_name(options)

    async def read(client: Client) -> list[tuple[JSON, JSON]]:
        items = await _chosen(client, project, services)
        keys = map(key_of, items)
        found = await asyncio.gather(*(client.processes(key.name, key.namespace) for key in keys))
        return list(zip(items, found, strict=True))

    found = run(options, read)
    if output == "json":
        click.echo(json.dumps([_processes(item, each) for item, each in found], indent=2))
    elif found:
        titles = found[0][1]["titles"]
        rows = [[service_of(item), number_of(item), *row] for item, each in found for row in each["processes"]]
        click.echo(table(("SERVICE", "#", *titles), rows))


def _processes(item: JSON, found: JSON) -> JSON:
    rows = [dict(zip(found["titles"], row, strict=False)) for row in found["processes"]]
    return {"Service": service_of(item), "Name": engine_name(item), "Number": number_of(item), "Processes": rows}


@click.command("stats")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-a", "--all", "everything", is_flag=True, help="Also containers that do not run.")
@click.option("--no-stream", is_flag=True, help="Show it once, and not again and again.")
@click.option(
    "-o", "--output", "--format", type=click.Choice(["table", "json"]), default="table", help="table or json."
)
@project_options
@connection_options
@pass_options
def stats(options: Options, services: tuple[str, ...], everything: bool, no_stream: bool, output: str) -> None:
    """Show what the containers use: processor, memory, network, disks. Again every second, until Ctrl-C."""
    project = the_project_name(options)

    async def once(client: Client, item: JSON) -> Usage:
        if is_running(item):
            key = key_of(item)
            with suppress(ApiError):
                async with aclosing(client.stats(key.name, key.namespace, stream=False)) as figures:
                    return usage_of(item, await anext(figures))
        return usage_of(item, None)

    async def main(client: Client) -> None:
        items = await _chosen(client, project, services, everything=everything)
        if no_stream:
            _show(await asyncio.gather(*(once(client, item) for item in items)), output)
            return
        await _follow(client, items, output)

    run(options, main)


async def _follow(client: Client, items: Sequence[JSON], output: str) -> None:
    """Show it every second, until no container runs any more."""
    found = {engine_name(item): usage_of(item, None) for item in items}

    async def read(item: JSON) -> None:
        key = key_of(item)
        with suppress(ApiError):
            async with aclosing(client.stats(key.name, key.namespace, stream=True)) as figures:
                async for each in figures:
                    found[engine_name(item)] = usage_of(item, each)
        found[engine_name(item)] = usage_of(item, None)

    tasks = [asyncio.create_task(read(item)) for item in items if is_running(item)]
    try:
        while tasks and not all(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=1.0)
            if output == "table" and sys.stdout.isatty():
                click.clear()
            _show(list(found.values()), output)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _show(found: Sequence[Usage], output: str) -> None:
    if output == "json":
        for each in found:
            click.echo(json.dumps(each.as_json()))
    else:
        click.echo(table(HEADER, [each.row() for each in found]))
    sys.stdout.flush()
