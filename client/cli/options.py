"""Options that many commands share. They may stand before the command, behind it, or both.

All of them write into one `Options` object that travels in click's context, so it does not matter where they stood:
`fizz -f compose.yml up` and `fizz up -f compose.yml` are the same. What may be repeated adds up; of the rest, the last
wins.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

__all__ = [
    "SECONDS",
    "Options",
    "connection_options",
    "namespace_options",
    "output_option",
    "pass_options",
    "project_options",
    "project_options_for_run",
    "project_options_long",
]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Options:
    """What was said, wherever it stood; None where nothing was."""

    server: str | None = None
    token: str | None = None
    ca: str | None = None
    socket: str | None = None
    data_dir: str | None = None
    file: list[str] = field(default_factory=list)
    project_name: str | None = None
    profile: list[str] = field(default_factory=list)
    env_file: list[str] = field(default_factory=list)
    project_directory: str | None = None
    all_resources: bool = False


pass_options = click.make_pass_decorator(Options, ensure=True)


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    options = ctx.ensure_object(Options)
    name = parameter.name or ""
    if isinstance(value, tuple):
        getattr(options, name).extend(value)
    elif value is not None:
        setattr(options, name, value)


def _shared(*names: str, **attributes: Any) -> Callable[[F], F]:
    return click.option(*names, callback=_remember, expose_value=False, **attributes)


def _all(command: F, *decorators: Callable[[F], F]) -> F:
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def connection_options(command: F) -> F:
    """Which server is asked."""
    return _all(
        command,
        _shared("--server", metavar="URL", help="API server: https://HOST:PORT or unix:///PATH. [env: FIZZ_SERVER]"),
        _shared("--socket", metavar="PATH", help="Unix socket of the API server. [env: FIZZ_SOCKET]"),
        _shared("--token", metavar="TOKEN", help="Bearer token. [env: FIZZ_TOKEN]"),
        _shared("--ca", metavar="FILE", help="Certificate authority of the server. [env: FIZZ_CA]"),
    )


def project_options(command: F) -> F:
    """Which compose project is meant."""
    return _project(command, "-f", "--file", "file")


def project_options_long(command: F) -> F:
    """The same for commands where -f means something else."""
    return _project(command, "--file", "file")


def project_options_for_run(command: F) -> F:
    """The same for the command where -p means something else."""
    return _project(command, "-f", "--file", "file", project_names=("--project-name",))


def _project(command: F, *file_names: str, project_names: Sequence[str] = ("-p", "--project-name")) -> F:
    return _all(
        command,
        _shared(*file_names, multiple=True, metavar="FILE", help="Compose file; may be repeated, later ones win."),
        _shared(*project_names, metavar="NAME", help="Name of the project. [env: COMPOSE_PROJECT_NAME]"),
        _shared("--profile", multiple=True, metavar="NAME", help="Profile to switch on; may be repeated."),
        _shared("--env-file", multiple=True, metavar="FILE", help="File of variables instead of .env."),
        _shared("--project-directory", metavar="DIR", help="Folder that paths are relative to."),
        _shared(
            "--all-resources", is_flag=True, default=None, help="Keep networks, volumes and the like that nobody uses."
        ),
    )


def namespace_options(command: F) -> F:
    """Where resources are looked for."""
    return _all(
        command,
        click.option("-n", "--namespace", metavar="NAME", help="Namespace; that of the project here if not given."),
        click.option("-A", "--all-namespaces", is_flag=True, help="All namespaces."),
    )


def output_option(command: F) -> F:
    """How results are written."""
    return click.option(
        "-o",
        "--output",
        default="table",
        metavar="FORMAT",
        help="table, wide, json, yaml, name or jsonpath=EXPRESSION.",
    )(command)


class _Seconds(click.ParamType[float]):
    """A length of time: 30, 30s, 1m30s."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value)
        from fizz.schemas.durations import parse_duration

        try:
            seconds = parse_duration(value) / 1e9
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
        if seconds < 0:
            self.fail(f"{value!r} is less than nothing; write a time like 30s or 1m30s", param, ctx)
        return seconds


SECONDS = _Seconds()
