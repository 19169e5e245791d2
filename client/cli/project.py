"""The compose project that a command means: loaded, checked, and turned into resources.

Warnings go to standard error. Errors end the command: all of them at once, one line each, and nothing is done.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fizz.client.cli.failures import Failure, ProblemsInFiles
from fizz.client.cli.options import Options
from fizz.client.compose import LoadOptions, Problem, Project, Severity, TranslateError, load
from fizz.schemas import labels
from fizz.schemas.names import to_label_value, to_name

if TYPE_CHECKING:  # models cost time that printing and checking do not need
    from fizz.schemas.types import JSON

__all__ = [
    "WORKLOADS",
    "Resources",
    "find_project_name",
    "load_options",
    "load_project",
    "project_namespace",
    "project_selector",
    "read_resources",
    "the_project_name",
    "to_resources",
    "unusable",
]

WORKLOADS = ("CronJob", "Job", "Deployment")
"""The kinds that services become."""
_USUAL_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


@dataclass(frozen=True, slots=True)
class Resources:
    """A project as resources, in the order in which they are applied. `namespace` is where they live.

    `idle` are kind and name of what is in the compose file but not part of the project as it is asked for: other
    profiles, and what only they use. It is left as it is. A `partial` project is about some services of it, and leaves
    all the others alone. `digests` are what registries call the images, by id, as far as somebody asked.
    """

    project: str
    namespace: str
    objects: "tuple[JSON, ...]"
    idle: frozenset[tuple[str, str]] = frozenset()
    partial: bool = False
    digests: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def services(self) -> frozenset[str]:
        """The services that it is about, as their containers are labelled; empty for all."""
        if not self.partial:
            return frozenset()
        workloads = [item["metadata"] for item in self.objects if item["kind"] in WORKLOADS]
        return frozenset(metadata["labels"][labels.SERVICE] for metadata in workloads)

    def names(self, kind: str) -> list[str]:
        """Names of the resources of a kind."""
        return [item["metadata"]["name"] for item in self.objects if item["kind"] == kind]


def load_options(options: Options, services: Sequence[str] = (), *, dependencies: bool = True) -> LoadOptions:
    """The flags as the loader knows them; see there for the others."""
    return LoadOptions(
        files=tuple(options.file),
        project_name=options.project_name or "",
        project_directory=options.project_directory or "",
        env_files=tuple(options.env_file),
        profiles=tuple(options.profile),
        all_resources=options.all_resources,
        services=tuple(services),
        dependencies=dependencies,
    )


def load_project(
    options: Options, load_with: LoadOptions | None = None, *, warn: bool = True, printing: bool = False
) -> Project:
    """The project. Raises `ProblemsInFiles`, also for what no engine would run, unless it is only for `printing`."""
    loaded = load(load_with or load_options(options), os.environ)
    if loaded.project is None or (loaded.blockers and not printing):
        raise unusable(loaded.problems)
    if warn:
        for problem in (*loaded.blockers, *loaded.warnings):
            click.echo(replace(problem, severity=Severity.WARNING).format(), err=True)
    return loaded.project


def unusable(problems: Iterable[Problem]) -> ProblemsInFiles:
    """The failure that tells the problems."""
    return ProblemsInFiles([each.format() if each.file else f"error: {each.format()}" for each in problems])


def to_resources(project: Project, *, partial: bool = False) -> Resources:
    """The project as resources. Raises `ProblemsInFiles` where contents are missing."""
    from fizz.client.compose.translate import translate_project  # models cost time that printing does not need

    try:
        objects = tuple(item.dump() for item in translate_project(project))
    except TranslateError as error:
        raise unusable(error.problems) from error
    return Resources(project.name, project_namespace(project.name), objects, _idle(project), partial)


def _idle(project: Project) -> frozenset[tuple[str, str]]:
    """What is left alone while not all services are enabled."""
    if not project.disabled:
        return frozenset()
    services = {(kind, to_name(name)) for kind in (*WORKLOADS, "Service") for name in project.disabled}
    declared = {
        (kind, to_name(name))
        for section, kind in (("networks", "Network"), ("secrets", "Secret"), ("configs", "ConfigMap"))
        for name in project.declared(section)
    }
    return frozenset(services | declared | {("Network", "default")})


def read_resources(options: Options, services: Sequence[str] = (), *, dependencies: bool = True) -> Resources:
    """The project that is meant, or some services of it, as resources. Raises `ProblemsInFiles`."""
    load_with = load_options(options, services, dependencies=dependencies)
    return to_resources(load_project(options, load_with), partial=bool(services))


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
