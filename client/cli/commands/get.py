"""`fizz get`: list resources, or show one. The server makes the tables, so that every kind has its own columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from fizz.client.api import Client, NotFound
from fizz.client.cli.commands.watch import watch_targets
from fizz.client.cli.completing import complete_kinds
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import Form, Output, as_list, parse_output, write
from fizz.client.cli.options import (
    Options,
    connection_options,
    namespace_options,
    output_option,
    pass_options,
    project_options_long,
)
from fizz.client.cli.place import kinds_of, scope_of
from fizz.client.cli.session import run
from fizz.client.cli.tables import table
from fizz.client.cli.targets import Target, parse_targets
from fizz.client.objects import resource_of
from fizz.client.reading import selectors
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

__all__ = ["command", "table_text"]

_TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked for; `namespace` None means all."""

    namespace: str | None
    labels: str | None
    fields: str | None
    output: Output
    headers: bool

    def place(self, kind: Kind, name: str | None) -> str | None:
        """The namespace to ask for that kind; one object must be in one."""
        if not kind.namespaced:
            return None
        return self.namespace or ("default" if name else None)


@click.command("get")
@click.argument(
    "words", nargs=-1, required=True, metavar="KIND[,KIND...] [NAME...] | KIND/NAME...", shell_complete=complete_kinds
)
@namespace_options
@click.option("-l", "--selector", metavar="LABELS", help="Only objects with these labels, as app=web,tier!=db.")
@click.option("--field-selector", metavar="FIELDS", help="Only objects with these fields, as status.phase=Running.")
@click.option("-w", "--watch", "follow", is_flag=True, help="Go on with every change, until Ctrl-C.")
@click.option("--no-headers", is_flag=True, help="Leave out the tables' header lines.")
@output_option
@project_options_long
@connection_options
@pass_options
def command(
    options: Options,
    words: tuple[str, ...],
    namespace: str | None,
    all_namespaces: bool,
    selector: str | None,
    field_selector: str | None,
    follow: bool,
    no_headers: bool,
    output: str,
) -> None:
    """List resources, or show one.

    \b
    fizz get deployments            those of the project here
    fizz get containers -A -o wide  all, with more columns
    fizz get deploy/web -o yaml     one object as it is stored
    fizz get all                    deployments, containers and services
    """
    targets, form = parse_targets(words), parse_output(output)
    place = scope_of(options, namespace, all_namespaces)
    if follow:
        run(options, lambda client: watch_targets(client, targets, place, selector, form))
        return
    question = _Question(place, selector, field_selector, form, not no_headers)
    run(options, lambda client: _get(client, targets, question))


async def _get(client: Client, targets: Sequence[Target], question: _Question) -> None:
    wanted = await kinds_of(client, targets)
    show = _tables if question.output.is_table else _objects
    await show(client, wanted, question)


async def _objects(client: Client, wanted: Sequence[tuple[Kind, str | None]], question: _Question) -> None:
    items: list[JSON] = []
    for kind, name in wanted:
        place = question.place(kind, name)
        if name:
            items.append(await client.get(kind, name, place))
        else:
            items += (await client.list(kind, place, question.labels, question.fields)).items
    single = len(wanted) == 1 and wanted[0][1] is not None
    if text := write(question.output, items[0] if single else as_list(items)):
        click.echo(text)


async def _tables(client: Client, wanted: Sequence[tuple[Kind, str | None]], question: _Question) -> None:
    """One table a kind. With several kinds, names say their kind. What is missing is said behind what is there."""
    by_kind: dict[Kind, list[str | None]] = {}
    for kind, name in wanted:
        by_kind.setdefault(kind, []).append(name)
    texts: list[str] = []
    missing: list[str] = []
    for kind, names in by_kind.items():
        pages: list[JSON] = []
        for name in names:
            try:
                pages += await _read(client, kind, name, question)
            except NotFound as problem:
                missing.append(problem.message)
        with_namespace = kind.namespaced and question.namespace is None
        text = table_text(
            pages,
            wide=question.output.form is Form.WIDE,
            headers=question.headers,
            with_namespace=with_namespace,
            prefix=f"{kind.singular}/" if len(by_kind) > 1 else "",
        )
        texts += [text] if text else []
    if texts:
        click.echo("\n\n".join(texts))
    elif not missing:
        _say_nothing_found(question)
    if missing:
        raise Failure("; ".join(missing))


def _say_nothing_found(question: _Question) -> None:
    if question.namespace is None:
        click.echo("No resources found.", err=True)
    else:
        click.echo(f"No resources found in namespace {question.namespace}; -A looks in all.", err=True)


async def _read(client: Client, kind: Kind, name: str | None, question: _Question) -> list[JSON]:
    """The server's tables: one for an object, one a page for a list."""
    path = resource_of(kind).path(question.place(kind, name), name)
    if name:
        return [await client.raw("GET", path, accept=_TABLE)]
    pages: list[JSON] = []
    token = ""
    while True:
        query = [*selectors(question.labels, question.fields), ("limit", "500")]
        query += [("continue", token)] if token else []
        pages.append(await client.raw("GET", path, query=query, accept=_TABLE))
        token = pages[-1]["metadata"].get("continue") or ""
        if not token:
            return pages


def table_text(
    pages: Sequence[JSON], *, wide: bool = False, headers: bool = True, with_namespace: bool = False, prefix: str = ""
) -> str:
    """The server's tables as text; empty if they have no rows."""
    rows: list[JSON] = [row for page in pages for row in page["rows"]]
    if not rows:
        return ""
    columns: list[JSON] = next(page["columnDefinitions"] for page in pages if page["columnDefinitions"])
    shown = [index for index, each in enumerate(columns) if wide or not each.get("priority")]
    lines: list[list[Any]] = []
    for row in rows:
        cells = [row["cells"][index] for index in shown]
        cells[0] = f"{prefix}{cells[0]}"
        lines.append([*([row["object"]["metadata"].get("namespace")] if with_namespace else []), *cells])
    header = [*(["NAMESPACE"] if with_namespace else []), *(columns[index]["name"].upper() for index in shown)]
    text = table(header, lines)
    return text if headers else text.partition("\n")[2]
