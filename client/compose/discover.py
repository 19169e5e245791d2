"""Which files make up a project, where it lives, what its variables are: compose's rules for finding these out.

Order matters, because a `.env` file may say which compose file to use, and the compose file's folder may have a `.env`
of its own: variables of the process, `.env` of the folder that the user is in, then the compose file, then `.env` of
its folder. Whoever comes first wins.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fizz.client.compose.dotenv import DotenvError, parse_dotenv
from fizz.client.compose.filesystem import Filesystem
from fizz.client.compose.nodes import Mark, Node
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.paths import absolute, folder_of, inside, name_of, shown
from fizz.client.compose.problems import Place, Problems

__all__ = ["Discovered", "discover", "normalise_name", "project_name", "read_env_files"]

_NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES: Final = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Discovered:
    """A project that was found but not read yet. `files` are absolute paths, or `-`."""

    files: tuple[str, ...]
    directory: str
    environment: dict[str, str]
    profiles: tuple[str, ...]


def discover(
    options: LoadOptions, environ: Mapping[str, str], filesystem: Filesystem, problems: Problems
) -> Discovered | None:
    """Find the project. None if there is no compose file."""
    cwd, home = filesystem.cwd, environ.get("HOME", "")
    environment = {"PWD": cwd, **environ}

    def place(path: str) -> str:
        return absolute(cwd, home, path)

    def directory(files: tuple[str, ...]) -> str:
        if options.project_directory:
            return place(options.project_directory)
        first = next(iter(files), "-")
        return cwd if first == "-" else folder_of(place(first))

    env_files = options.env_files or _split(environment.get("COMPOSE_ENV_FILES", ""), ",")
    explicit = tuple(map(place, env_files))
    _add_env_files(explicit, directory(options.files), environment, filesystem, problems)
    files = tuple(name if name == "-" else place(name) for name in options.files or _files_of(environment))
    if not files:
        files = _search(directory(()), filesystem, problems)
    if not files:
        problems.error(
            None,
            f"there is no compose file in {directory(())} or above it",
            hint="make a compose.yaml, or name a file with -f",
        )
        return None
    folder = directory(files)
    if not explicit:
        _add_env_files((), folder, environment, filesystem, problems)
    profiles = options.profiles or _split(environment.get("COMPOSE_PROFILES", ""), ",")
    return Discovered(files, folder, environment, profiles)


def project_name(
    options: LoadOptions,
    environment: Mapping[str, str],
    written: Node | None,
    directory: str,
    problems: Problems,
) -> str:
    """The project's name: flag, environment, `name:` in the files (`written`), folder; empty if that gives none."""
    for name, origin in (
        (options.project_name, "the flag -p"),
        (environment.get("COMPOSE_PROJECT_NAME", ""), "the variable COMPOSE_PROJECT_NAME"),
    ):
        if not name:
            continue
        if not _NAME.fullmatch(name):
            problems.error(
                None,
                f'the project name "{name}" from {origin} must consist of lower case letters, digits, dashes and '
                "underscores, and begin with a letter or digit",
            )
        return name
    if written is not None:
        name = normalise_name(str(written.value))
        if not name:
            problems.error(written, f'name gives the project no name: "{written.value}"')
        return name
    name = normalise_name(name_of(directory))
    if not name:
        problems.error(
            None, f'the folder "{directory}" gives the project no name', hint="give it one with -p or with name:"
        )
    return name


def normalise_name(text: str) -> str:
    """A project name made of any text: lower case, and only the characters that names have.

    >>> normalise_name("My Proj.X_1")
    'myprojx_1'
    """
    return re.sub(r"[^-_a-z0-9]", "", text.lower()).lstrip("-_")


def read_env_files(
    paths: tuple[str, ...],
    environment: Mapping[str, str],
    filesystem: Filesystem,
    problems: Problems,
    place: Place | None = None,
) -> dict[str, str]:
    """The variables of some files, the later ones over the earlier ones. `place` is who names the files."""
    found: dict[str, str] = {}
    for path in paths:
        name = shown(path, filesystem.cwd)
        try:
            problems.sources[name] = content = filesystem.read(path)
            found.update(parse_dotenv(content.decode(), environment.get, earlier=found))
        except FileNotFoundError:
            problems.error(place, f"there is no env file {name}")
        except OSError as error:
            problems.error(place, f"the env file {name} cannot be read: {error.strerror or error}")
        except UnicodeDecodeError:
            problems.error(Mark(name, 1, 1), "is not UTF-8 text")
        except DotenvError as error:
            problems.error(Mark(name, error.line, error.column), str(error))
    return found


def _add_env_files(
    explicit: tuple[str, ...], folder: str, environment: dict[str, str], filesystem: Filesystem, problems: Problems
) -> None:
    paths = explicit
    if not paths and environment.get("COMPOSE_DISABLE_ENV_FILE", "") not in _TRUE:
        default = inside(folder, ".env")
        paths = (default,) if filesystem.exists(default) else ()
    for name, value in read_env_files(paths, environment, filesystem, problems).items():
        environment.setdefault(name, value)


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _files_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    return _split(environment.get("COMPOSE_FILE", ""), environment.get("COMPOSE_PATH_SEPARATOR") or ":")


def _search(folder: str, filesystem: Filesystem, problems: Problems) -> tuple[str, ...]:
    """The compose file of the folder or of the next one above, and its override file."""
    while True:
        found = [path for name in _NAMES if filesystem.exists(path := inside(folder, name))]
        if found:
            _warn_of_many(found, "compose", filesystem.cwd, problems)
            overrides = [path for name in _OVERRIDES if filesystem.exists(path := inside(folder, name))]
            _warn_of_many(overrides, "override", filesystem.cwd, problems)
            return (*found[:1], *overrides[:1])
        parent = folder_of(folder)
        if parent == folder:
            return ()
        folder = parent


def _warn_of_many(found: list[str], kind: str, cwd: str, problems: Problems) -> None:
    if len(found) > 1:
        names = ", ".join(shown(path, cwd) for path in found[1:])
        problems.warn(None, f"{shown(found[0], cwd)} is used; there are other {kind} files beside it: {names}")
