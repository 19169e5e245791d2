"""Compose files: found, read, checked, merged, printed, and turned into resources.

    loaded = load(LoadOptions(files=("compose.yaml",)), os.environ)
    for problem in loaded.problems:
        print(problem.format())
    if loaded.project:
        yaml.safe_dump(render(loaded.project))      # fizz config
        translate(loaded.project)                   # the resources, for fizz up

The way of the data: `discover` finds the files, `documents` makes trees of them in which every value knows its place,
`interpolate` replaces variables, `spec` (tables made of `shapes`) brings everything into one canonical form, `loader`
merges files, includes and extended services, `checks` looks at the whole, `normalise` fills in defaults, `translate`
makes resources. All of it is pure but for reading files, which goes through a `Filesystem`. Problems are collected,
never raised, so that all of them are told at once.
"""

from typing import TYPE_CHECKING

from fizz.client.compose.filesystem import Filesystem, LocalFilesystem, MemoryFilesystem
from fizz.client.compose.hashing import service_hash
from fizz.client.compose.interpolate import Variable
from fizz.client.compose.loading import load
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.problems import Problem, Severity, TranslateError
from fizz.client.compose.project import Loaded, Project
from fizz.client.compose.render import render

if TYPE_CHECKING:
    from fizz.schemas.meta import Object

__all__ = [
    "Filesystem",
    "LoadOptions",
    "Loaded",
    "LocalFilesystem",
    "MemoryFilesystem",
    "Problem",
    "Project",
    "Severity",
    "TranslateError",
    "Variable",
    "load",
    "render",
    "service_hash",
    "translate",
]


def translate(project: Project) -> "list[Object]":
    """The resources that a project becomes, in the order in which they are applied. Raises `TranslateError`."""
    if project.blockers:
        raise TranslateError(project.blockers)
    from fizz.client.compose.translate import translate_project  # models cost time that printing does not need

    return translate_project(project)
