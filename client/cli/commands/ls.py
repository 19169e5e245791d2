"""`fizz ls`: the projects that there are."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import click

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.composefields import state_of
from fizz.client.cli.options import Options, connection_options, pass_options
from fizz.client.cli.session import run
from fizz.client.cli.tables import table
from fizz.schemas import labels
from fizz.schemas.types import JSON

__all__ = ["command", "projects"]

_ALIVE = frozenset({"running", "restarting", "paused", "created"})


@click.command("ls")
@click.option("-a", "--all", "everything", is_flag=True, help="Also projects of which nothing runs.")
@click.option("-q", "--quiet", is_flag=True, help="Print the names and nothing else.")
@click.option("--filter", "filters", multiple=True, metavar="name=PATTERN", help="Only projects whose name matches.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="table or json.")
@connection_options
@pass_options
def command(options: Options, everything: bool, quiet: bool, filters: tuple[str, ...], form: str) -> None:
    """List the projects, and how many of their containers are in which state."""
    patterns = [_pattern(text) for text in filters]

    async def read(client: Client) -> tuple[Sequence[JSON], Sequence[JSON]]:
        places = await client.list(built_in("Namespace"), label_selector=labels.PROJECT)
        containers = await client.list(built_in("Container"), label_selector=labels.PROJECT)
        return places.items, containers.items

    found = projects(*run(options, read), everything=everything)
    found = [each for each in found if all(pattern.search(each["Name"]) for pattern in patterns)]
    if quiet:
        for each in found:
            click.echo(each["Name"])
    elif form == "json":
        click.echo(json.dumps(found))
    else:
        click.echo(table(("NAME", "STATUS", "NAMESPACE"), [(e["Name"], e["Status"], e["Namespace"]) for e in found]))


def projects(namespaces: Iterable[JSON], containers: Iterable[JSON], *, everything: bool) -> list[JSON]:
    """The projects by name, with compose's fields. Which files they came from, only who applied them knows."""
    states: dict[tuple[str, str], Counter[str]] = {}
    for item in namespaces:
        states.setdefault((item["metadata"]["labels"][labels.PROJECT], item["metadata"]["name"]), Counter())
    for item in containers:
        key = (item["metadata"]["labels"][labels.PROJECT], item["metadata"]["namespace"])
        states.setdefault(key, Counter())[state_of(item)] += 1
    return [
        {"Name": project, "Status": _status(found), "ConfigFiles": "N/A", "Namespace": namespace}
        for (project, namespace), found in sorted(states.items())
        if everything or _ALIVE & set(found)
    ]


def _status(found: Counter[str]) -> str:
    return ", ".join(f"{state}({number})" for state, number in sorted(found.items())) or "empty"


def _pattern(text: str) -> re.Pattern[str]:
    key, equals, pattern = text.partition("=")
    if key != "name" or not equals:
        raise click.UsageError(f"--filter {text!r} is not name=PATTERN")
    try:
        return re.compile(pattern)
    except re.error as problem:
        raise click.UsageError(f"--filter {text!r}: {problem}") from problem
