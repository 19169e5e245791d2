"""`fizz apply -f`: compose files or resource manifests, told apart by what is in them."""

import re
from collections.abc import Sequence

import click

from fizz.client.api import ApiError, Client, Operation, OperationResult
from fizz.client.cli.apply import result_lines
from fizz.client.cli.autostart import ensure_server
from fizz.client.cli.deploy import apply_project, author
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import Output, as_list, name_of, parse_output, write
from fizz.client.cli.manifests import STDIN, Source, is_compose, parse, read_sources
from fizz.client.cli.options import Options, connection_options, output_option, pass_options, project_options_long
from fizz.client.cli.place import namespace_of
from fizz.client.cli.project import Resources, read_resources
from fizz.client.cli.releases import Note
from fizz.client.cli.session import FIELD_MANAGER, load_settings, run
from fizz.schemas.types import JSON

__all__ = ["command"]


@click.command("apply")
@click.option("-f", "--filename", "names", multiple=True, required=True, metavar="FILE", help="File, folder, or -.")
@click.option("-n", "--namespace", metavar="NAME", help="Namespace of manifests that name none.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--force", is_flag=True, help="Take over fields that somebody else manages.")
@output_option
@project_options_long
@connection_options
@pass_options
def command(
    options: Options, names: tuple[str, ...], namespace: str | None, dry_run: bool, force: bool, output: str
) -> None:
    """Apply compose files or resource manifests: all of it at once, or nothing.

    A compose file is brought to the server as with `fizz up`, without waiting for the containers.
    """
    form = parse_output(output)
    sources = read_sources(names)
    compose = [source for source in sources if is_compose(source)]
    if compose and len(compose) < len(sources):
        other = next(source.name for source in sources if source not in compose)
        raise Failure(f"{compose[0].name} is a compose file and {other} is not; apply them one after the other")
    if compose:
        resources = _compose(options, compose)
        if started := ensure_server(load_settings(options)):
            click.echo(started)
        if dry_run:
            items, place = list(resources.objects), resources.namespace
            run(options, lambda client: _manifests(client, items, place, form, dry_run=True, force=True))
            return
        run(options, lambda client: _project(client, resources, form))
    else:
        items = [item for source in sources for item in parse(source)]
        if not items:
            raise Failure(f"{', '.join(names)}: there is no resource in it")
        place = namespace_of(options, namespace)
        run(options, lambda client: _manifests(client, items, place, form, dry_run=dry_run, force=force))


def _compose(options: Options, sources: Sequence[Source]) -> Resources:
    options.file = [str(source.path) if source.path else STDIN for source in sources]
    return read_resources(options)


async def _project(client: Client, resources: Resources, form: Output) -> None:
    done = await apply_project(client, resources, click.echo, note=Note(author()))
    _show(done.results, form)
    if done.made and done.release and form.is_table:
        click.echo(f"{name_of(done.release)} created")


async def _manifests(
    client: Client, items: Sequence[JSON], namespace: str, form: Output, *, dry_run: bool, force: bool
) -> None:
    operations: list[Operation] = []
    for item in items:
        kind = await client.kind_of(item)
        metadata = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
        if kind.namespaced:
            metadata.setdefault("namespace", namespace)
        operations.append(Operation("apply", {**item, "metadata": metadata}, force=force))
    try:
        done = await client.transaction(operations, field_manager=FIELD_MANAGER, dry_run=dry_run, strict=True)
    except ApiError as refusal:
        raise Failure(_named(refusal.message, items)) from refusal
    _show(done.results, form, " (dry run)" if dry_run else "")


def _named(message: str, items: Sequence[JSON]) -> str:
    """The message with the objects' names instead of their numbers."""
    return re.sub(r"operations\[(\d+)\]", lambda found: name_of(items[int(found[1])]), message)


def _show(results: Sequence[OperationResult], form: Output, suffix: str = "") -> None:
    if form.is_table:
        for line in result_lines(results):
            click.echo(f"{line}{suffix}")
    else:
        click.echo(write(form, as_list([done.object for done in results])))
