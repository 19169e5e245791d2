"""A project that is loaded: what the rest of Fizz works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fizz.client.compose.filesystem import Filesystem
from fizz.client.compose.interpolate import Variable
from fizz.client.compose.nodes import Mark, Node
from fizz.client.compose.problems import Problem, Severity

__all__ = ["Loaded", "Project", "pull_policy"]


@dataclass(frozen=True, slots=True)
class Project:
    """A valid compose project.

    `model` is the whole of it as plain data in canonical form, with defaults filled in (see `normalise`); treat it as
    frozen. It holds the services that profiles enable, and of networks, volumes, secrets and configs those that they
    use. `tree` is what the model was made of, with places. `files` are named as in messages. `variables` are those
    that the files ask for, `profiles` the enabled ones and `all_profiles` those that services name. A project that
    is not `interpolated` has variables in its values and can only be printed, as one with `blockers`.
    """

    name: str
    directory: str
    files: tuple[str, ...]
    environment: Mapping[str, str]
    profiles: tuple[str, ...]
    all_profiles: tuple[str, ...]
    disabled: tuple[str, ...]
    variables: Mapping[str, Variable]
    model: dict[str, Any]
    interpolated: bool
    blockers: tuple[Problem, ...]
    tree: Node = field(repr=False)
    filesystem: Filesystem = field(repr=False, compare=False)

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """The enabled services by name."""
        services: dict[str, dict[str, Any]] = self.model["services"]
        return services

    def image(self, service: str) -> str:
        """The image of a service; one that is only built is called `<project>-<service>`. Empty for a provider's."""
        written = self.services[service]
        if written.get("image"):
            return str(written["image"])
        return f"{self.name}-{service}" if written.get("build") else ""

    def declared(self, section: str) -> tuple[str, ...]:
        """The names in a section of the files, as `networks`, whether they are used or not."""
        node = self.tree.get(section)
        return tuple(node.mapping()) if node else ()

    def place(self, *path: str | int) -> Mark:
        """Where something was written: the key of the path's last step, or the nearest thing above that was written."""
        nodes = list(self.tree.walk(*path))
        last = path[len(nodes) - 2] if len(nodes) > 1 else None
        found = nodes[-2].key(last) if isinstance(last, str) else nodes[-1]
        return Mark(found.file, found.line, found.column)


def pull_policy(service: Mapping[str, Any]) -> str:
    """When the image of a service of the model is pulled; `missing` if that is not written. `refresh` with a time after
    which is `every_<time>`, and without one `refresh`.
    """
    policy, after = str(service.get("pull_policy") or "missing"), service.get("pull_refresh_after")
    return f"every_{after}" if policy == "refresh" and after else policy


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading: the project, or None if there are errors; all problems, warnings included; and the texts
    that they are in, by the name of the file. `variables` are there as soon as all files can be read, right or wrong.
    """

    project: Project | None
    problems: tuple[Problem, ...]
    sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    variables: Mapping[str, Variable] | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Those that keep the project from being used."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def blockers(self) -> tuple[Problem, ...]:
        """Those that let it be printed, but not run."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.BLOCKER)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Those that do not."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)
