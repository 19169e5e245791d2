"""`fizz plan`: what `fizz up` would do, and why. Changes nothing."""

import asyncio
from collections.abc import Sequence

import click

from fizz.client.api import Client
from fizz.client.cli import planning
from fizz.client.cli.apply import built_in
from fizz.client.cli.completing import complete_services
from fizz.client.cli.deploy import dry_run
from fizz.client.cli.formats import Form, parse_output, to_json, to_yaml
from fizz.client.cli.options import Options, connection_options, output_option, pass_options, project_options
from fizz.client.cli.project import Resources, project_selector, read_resources
from fizz.client.cli.publishing import ports_are_shared
from fizz.client.cli.session import run

__all__ = ["CHANGES", "command", "print_plan", "show_plan", "steps_of"]

CHANGES = 2
"""Exit code that says: something would change."""


@click.command("plan")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("--no-deps", is_flag=True, help="Leave alone what the services depend on.")
@output_option
@project_options
@connection_options
@pass_options
def command(options: Options, services: tuple[str, ...], no_deps: bool, output: str) -> None:
    """Show what `fizz up` would do, in order, and why: which fields change, which containers are replaced and how.

    Nothing is changed. Exit code 0: nothing would be done; 2: something would; 1: an error.
    """
    show_plan(options, read_resources(options, services, dependencies=not no_deps), output)


def show_plan(options: Options, resources: Resources, output: str = "table", *, renewed_at: str | None = None) -> None:
    """Print what applying the resources would do, and end with the exit code of a plan. For `renewed_at` see
    `renewing`.
    """
    print_plan(resources.project, run(options, lambda client: steps_of(client, resources, renewed_at)), output)


def print_plan(project: str, planned: Sequence[planning.Step], output: str = "table") -> None:
    """Print a plan, and end with its exit code."""
    form = parse_output(output).form
    if form not in {Form.TABLE, Form.JSON, Form.YAML}:
        raise click.UsageError(f"a plan is written as table, json or yaml, not as {form.value}.")
    if form is Form.TABLE:
        click.echo("\n".join(planning.lines(project, planned)))
    else:
        data = planning.as_json(project, planned)
        click.echo(to_json(data) if form is Form.JSON else to_yaml(data).rstrip("\n"))
    if planned:
        raise click.exceptions.Exit(CHANGES)


async def steps_of(
    client: Client, resources: Resources, renewed_at: str | None = None, *, keep: bool = True
) -> list[planning.Step]:
    """What applying the resources would do; `keep` and `renewed_at` as in `apply_project`."""
    selector = project_selector(resources.project)
    tried, containers = await asyncio.gather(
        dry_run(client, resources, renewed_at=renewed_at, keep=keep),
        client.list(built_in("Container"), resources.namespace, selector),
    )
    existing, results = tried
    return planning.steps(existing, results, containers.items, ports_shared=await ports_are_shared(client))
