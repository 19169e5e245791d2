"""`fizz validate`: check compose files, and say all that is wrong with them at once."""

import os
from collections.abc import Iterator, Sequence

import click

from fizz.client.cli.failures import Silent
from fizz.client.cli.formats import to_json
from fizz.client.cli.options import Options, pass_options, project_options
from fizz.client.cli.project import load_options, to_resources
from fizz.client.compose import Loaded, Problem, Severity, TranslateError, load
from fizz.client.compose.excerpts import excerpt, line_of

__all__ = ["command"]


@click.command("validate")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing where nothing is wrong.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="text, or json for programs.")
@project_options
@pass_options
def command(options: Options, files: tuple[str, ...], quiet: bool, output: str) -> None:
    """Check compose files, and say all that is wrong with them.

    Each problem is a line `file:line:column: message` and the place that it is about; exit code 1 if one of them is an
    error.
    """
    options.file.extend(files)
    loaded = load(load_options(options), os.environ)
    problems = _all_problems(loaded)
    failed = any(problem.severity is not Severity.WARNING for problem in problems)
    if output == "json":
        if not quiet or failed:
            click.echo(to_json(_document(loaded, problems, failed)))
    else:
        for problem in problems:
            click.echo("\n".join(_lines(problem, loaded)), err=True)
        if failed:
            errors = sum(problem.severity is not Severity.WARNING for problem in problems)
            click.echo(f"{_counted(errors, 'error')}, {_counted(len(problems) - errors, 'warning')}", err=True)
        elif not quiet and loaded.project:
            services, resources = len(loaded.project.services), len(to_resources(loaded.project).objects)
            names = ", ".join(loaded.project.files)
            click.echo(f"{names}: valid, {_counted(services, 'service')}, {_counted(resources, 'resource')}")
    if failed:
        raise Silent


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _all_problems(loaded: Loaded) -> list[Problem]:
    """Those of loading, and those that only show when resources are made, from top to bottom. Where there is one of the
    latter, no warning says less.
    """
    later = _missing_contents(loaded)
    places = {(problem.file, problem.line, problem.column) for problem in later if problem.line}
    files = {file: rank for rank, file in enumerate(loaded.sources)}
    earlier = [each for each in loaded.problems if (each.file, each.line, each.column) not in places]
    return sorted([*earlier, *later], key=lambda each: (files.get(each.file, -1), each.line, each.column))


def _missing_contents(loaded: Loaded) -> Sequence[Problem]:
    """What only shows when resources are made: files of secrets and configs."""
    if loaded.project is None or loaded.blockers:
        return ()
    from fizz.client.compose.translate import (
        translate_project,  # models cost time that a file with errors need not spend
    )

    try:
        translate_project(loaded.project)
    except TranslateError as error:
        return error.problems
    return ()


def _lines(problem: Problem, loaded: Loaded) -> Iterator[str]:
    yield problem.format() if problem.file else f"error: {problem.format()}"
    if problem.file in loaded.sources:
        yield from excerpt(problem, loaded.sources[problem.file])


def _document(loaded: Loaded, problems: Sequence[Problem], failed: bool) -> dict[str, object]:
    return {
        "valid": not failed,
        "project": loaded.project.name if loaded.project else None,
        "files": [*loaded.project.files] if loaded.project else [*loaded.sources],
        "problems": [
            {
                "severity": "warning" if problem.severity is Severity.WARNING else "error",
                "file": problem.file or None,
                "line": problem.line or None,
                "column": problem.column or None,
                "message": problem.message,
                "hint": problem.hint or None,
                "text": line_of(problem, loaded.sources[problem.file]) if problem.file in loaded.sources else None,
            }
            for problem in problems
        ],
    }
