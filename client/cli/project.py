"""The compose project that a command means: loaded, checked, and turned into resources.

Warnings go to standard error. Errors end the command: all of them at once, one line each, and nothing is done.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fizz.client.cli.failures import Failure, ProblemsInFiles
from fizz.client.cli.options import Options
from fizz.client.compose import LoadOptions, Problem, Project, TranslateError, load, translate
from fizz.schemas import labels
from fizz.schemas.names import to_label_value, to_name

if TYPE_CHECKING:  # models cost time that printing and checking do not need
    from fizz.schemas.types import JSON

__all__ = [
    "Resources",
    "find_project_name",
    "load_options",
    "load_project",
    "project_namespace",
    "project_selector",
    "read_resources",
    "the_project_name",
    "to_resources",
]

_USUAL_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


@dataclass(frozen=True, slots=True)
class Resources:
    """A project as resources, in the order in which they are applied. `namespace` is where they live."""

    project: str
    namespace: str
    objects: "tuple[JSON, ...]"

    def names(self, kind: str) -> list[str]:
        """Names of the resources of a kind."""
        return [item["metadata"]["name"] for item in self.objects if item["kind"] == kind]


def load_options(options: Options) -> LoadOptions:
    """The flags as the loader knows them."""
    return LoadOptions(
        files=tuple(options.file),
        project_name=options.project_name or "",
        project_directory=options.project_directory or "",
        env_files=tuple(options.env_file),
        profiles=tuple(options.profile),
    )


def load_project(options: Options, load_with: LoadOptions | None = None, *, warn: bool = True) -> Project:
    """The project. Raises `ProblemsInFiles`."""
    loaded = load(load_with or load_options(options), os.environ)
    if loaded.project is None:
        raise _unusable(loaded.problems)
    if warn:
        for problem in loaded.warnings:
            click.echo(problem.format(), err=True)
    return loaded.project


def _unusable(problems: Iterable[Problem]) -> ProblemsInFiles:
    return ProblemsInFiles([each.format() if each.file else f"error: {each.format()}" for each in problems])


def to_resources(project: Project) -> Resources:
    """The project as resources. Raises `ProblemsInFiles` where contents are missing."""
    try:
        objects = tuple(item.dump() for item in translate(project))
    except TranslateError as error:
        raise _unusable(error.problems) from error
    return Resources(project.name, project_namespace(project.name), objects)


def read_resources(options: Options) -> Resources:
    """The project that is meant, as resources. Raises `ProblemsInFiles`."""
    return to_resources(load_project(options))


def project_namespace(project: str) -> str:
    """Where a project's resources live."""
    return to_name(project)


def project_selector(project: str) -> str:
    """Selects a project's resources."""
    return f"{labels.PROJECT}={to_label_value(project)}"


def the_project_name(options: Options) -> str:
    """The project's name; a compose file is read only if no flag or variable says it."""
    return options.project_name or os.environ.get("COMPOSE_PROJECT_NAME") or load_project(options, warn=False).name


def find_project_name(options: Options) -> str | None:
    """The name of the project that was named or lies in this folder; None if there is none, or it cannot be read."""
    if options.project_name:
        return options.project_name
    here = Path(options.project_directory or ".")
    if (
        not options.file
        and "COMPOSE_FILE" not in os.environ
        and not any((here / each).is_file() for each in _USUAL_NAMES)
    ):
        return None
    try:
        return the_project_name(options)
    except Failure:
        return None
