"""`fizz history`: the releases of a project, what is in one, and how two differ."""

from datetime import UTC, datetime

import click

from fizz.client.api import Client
from fizz.client.cli import history, planning
from fizz.client.cli.deploy import releases_of
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import Output, as_list, parse_output, to_json, to_yaml, write
from fizz.client.cli.options import Options, connection_options, output_option, pass_options, project_options
from fizz.client.cli.project import project_namespace, the_project_name
from fizz.client.cli.session import run

__all__ = ["command"]


@click.command("history")
@click.argument("number", type=click.IntRange(1), required=False, metavar="[RELEASE]")
@click.option(
    "--diff", "other", type=click.IntRange(1), metavar="RELEASE", help="Show what it has otherwise than that."
)
@output_option
@project_options
@connection_options
@pass_options
def command(options: Options, number: int | None, other: int | None, output: str) -> None:
    """List the releases of the project: each `fizz up` that changed something made one.

    With a number, show what is in that release; with --diff, how it differs from another one. Contents of secrets and
    configs are told by hash.
    """
    if other is not None and number is None:
        raise click.UsageError("--diff compares two releases: fizz history 5 --diff 3")
    form = parse_output(output)
    project = the_project_name(options)
    click.echo(run(options, lambda client: _text(client, project, number, other, form)))


async def _text(client: Client, project: str, number: int | None, other: int | None, form: Output) -> str:
    releases = await releases_of(client, project, project_namespace(project))
    if number is None:
        if form.is_table:
            return (
                history.history_table(releases, datetime.now(UTC)) if releases else f"there is no release of {project}"
            )
        return write(form, as_list(releases))
    chosen = history.find_release(releases, number, project)
    if other is None:
        return "\n".join(history.described(chosen)) if form.is_table else write(form, history.full(chosen))
    steps = history.difference(history.find_release(releases, other, project), chosen)
    if form.is_table:
        return "\n".join([f"release {other} -> release {number}", *planning.listed(steps)])
    data = {"from": other, "to": number, **planning.as_json(project, steps)}
    if form.form.value not in {"json", "yaml"}:
        raise Failure(f"a difference is written as table, json or yaml, not as {form.form.value}")
    return to_json(data) if form.form.value == "json" else to_yaml(data).rstrip("\n")
