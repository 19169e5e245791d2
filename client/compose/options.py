"""What the user asks for when a project is loaded: compose's global flags as one frozen value."""

from dataclasses import dataclass

__all__ = ["LoadOptions"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The flags, each with compose's meaning. Empty means: not given, look further.

    - `files` (`-f`): compose files, merged in order; `-` is standard input. Else COMPOSE_FILE, else a file with one of
      the usual names in the folder or the next one above that has one, with its override file.
    - `project_name` (`-p`): else COMPOSE_PROJECT_NAME, else `name:` in the files, else the folder's name.
    - `project_directory`: where relative paths start; else the folder of the first file.
    - `env_files` (`--env-file`): variables; else COMPOSE_ENV_FILES, else `.env` in the project's folder.
    - `profiles` (`--profile`): else COMPOSE_PROFILES; `*` enables all.
    - `interpolate=False` leaves variables as they are written (`config --no-interpolate`).
    - `unfilled` goes with it and prints the rest as it is written, too, instead of bringing it into canonical form.
    - `resolve_env=False` leaves `env_file` as it is, unread (`config --no-env-resolution`).
    - `resolve_paths=False` leaves relative paths relative (`config --no-path-resolution`).
    - `consistency=False` does not ask whether the whole makes sense (`config --no-consistency`).
    - `normalise=False` fills in no defaults (`config --no-normalize`).
    - `all_resources` keeps networks, volumes, secrets and configs that nobody uses (`--all-resources`).
    - `services` are the only ones that are wanted, with what they depend on; asking for one enables its profiles.
    - `dependencies=False` leaves out what they depend on (`up --no-deps`).
    """

    files: tuple[str, ...] = ()
    project_name: str = ""
    project_directory: str = ""
    env_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    interpolate: bool = True
    unfilled: bool = False
    resolve_env: bool = True
    resolve_paths: bool = True
    consistency: bool = True
    normalise: bool = True
    all_resources: bool = False
    services: tuple[str, ...] = ()
    dependencies: bool = True
