"""Fizz, as the one who is tested: asked about a case within this process."""

import io
import json
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from typing import Any

import click

from fizz.client.cli.failures import guard
from fizz.client.cli.main import cli
from fizz.client.compose import LoadOptions, LocalFilesystem, load, render
from tests.parity.corpus import Answer, Case

__all__ = ["ask_fizz"]


def ask_fizz(case: Case) -> Answer:
    """What Fizz says: by the library if only its options are asked for, else by the command line, which is slower."""
    options = _load_options(case)
    return _run_command(case) if options is None else _call_library(case, options)


class _Files(LocalFilesystem):
    """This machine's files, with another standard input."""

    def __init__(self, stdin: bytes) -> None:
        self._stdin = stdin

    def stdin(self) -> bytes:
        return self._stdin


def _call_library(case: Case, options: LoadOptions) -> Answer:
    with chdir(case.directory):
        loaded = load(options, case.environ, _Files(case.stdin))
    if loaded.project is None:
        return Answer.refusal(case, "\n".join(problem.format() for problem in loaded.errors))
    printed = render(loaded.project, escape=options.interpolate, form="yaml" if case.form == "yaml" else "json")
    return Answer.of(case, json.dumps(printed, ensure_ascii=False))


@click.command(add_help_option=False)
@click.option("-f", "--file", "files", multiple=True)
@click.option("-p", "--project-name", default="")
@click.option("--project-directory", default="")
@click.option("--env-file", "env_files", multiple=True)
@click.option("--profile", "profiles", multiple=True)
@click.option("--format", expose_value=False, type=click.Choice(["json", "yaml"]))
@click.option("--no-interpolate", "interpolate", flag_value=False, default=True)
@click.option("--no-env-resolution", "resolve_env", flag_value=False, default=True)
@click.option("--no-path-resolution", "resolve_paths", flag_value=False, default=True)
def _flags(**values: Any) -> LoadOptions:
    return LoadOptions(**values, unfilled=not values["interpolate"])


def _load_options(case: Case) -> LoadOptions | None:
    """The flags as the library's options; None if there are others."""
    try:
        options: LoadOptions = _flags.main([*case.args, *case.config], standalone_mode=False)
    except click.UsageError:
        return None
    return options


def _run_command(case: Case) -> Answer:
    output, errors = io.StringIO(), io.StringIO()
    before, stdin = dict(os.environ), sys.stdin
    try:
        os.environ.clear()
        os.environ.update(case.environ)
        sys.stdin = io.TextIOWrapper(io.BytesIO(case.stdin))
        with chdir(case.directory), redirect_stdout(output), redirect_stderr(errors):
            code = guard(lambda: cli.main(case.command, prog_name="fizz", standalone_mode=False))
    finally:
        sys.stdin = stdin
        os.environ.clear()
        os.environ.update(before)
    return Answer.refusal(case, errors.getvalue().strip()) if code else Answer.of(case, output.getvalue())
