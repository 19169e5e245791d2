"""Loading a project from beginning to end: the one function that knows all steps and their order."""

from collections.abc import Mapping

from fizz.client.compose.checks import check_project
from fizz.client.compose.discover import discover, normalise_name, project_name
from fizz.client.compose.environments import Environments
from fizz.client.compose.filesystem import Filesystem, LocalFilesystem
from fizz.client.compose.interpolate import Interpolator
from fizz.client.compose.loader import Loader, Origin
from fizz.client.compose.nodes import Node
from fizz.client.compose.normalise import normalise
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.paths import shown
from fizz.client.compose.problems import Problems
from fizz.client.compose.project import Loaded, Project

__all__ = ["load"]


def load(options: LoadOptions, environ: Mapping[str, str], filesystem: Filesystem | None = None) -> Loaded:
    """Find, read, check and normalise a project. Never raises for anything that a file may hold."""
    problems = Problems()
    project = _load(options, environ, filesystem or LocalFilesystem(), problems)
    return Loaded(None if problems.errors else project, problems.all())


def _load(
    options: LoadOptions, environ: Mapping[str, str], filesystem: Filesystem, problems: Problems
) -> Project | None:
    found = discover(options, environ, filesystem, problems)
    if found is None:
        return None
    environment = found.environment
    loader = Loader(options, filesystem, problems, environ.get("HOME", ""))
    written = _written_name(loader, found.files, environment)
    name = project_name(options, environment, written, found.directory, problems)
    environment["COMPOSE_PROJECT_NAME"] = name
    tree = loader.model(found.files, Origin(found.directory, environment))
    if tree is None:
        return None
    if not tree.mapping() and not problems.errors:
        problems.error(tree, "the project is empty", hint='add "services:"')
    services = tree.get("services")
    enabled, disabled = _by_profile(services.mapping() if services else {}, found.profiles)
    if options.interpolate:
        check_project(tree, enabled, problems)
    files = Environments(environment, filesystem, problems)
    environments = {
        key: files.environment(key, service, read_files=options.resolve_env) for key, service in enabled.items()
    }
    labels = {key: files.labels(key, service) for key, service in enabled.items()}
    if problems.errors:
        return None
    model = normalise(
        name,
        found.directory,
        tree,
        enabled,
        environments,
        labels,
        variables=environment,
        resolve_env=options.resolve_env,
    )
    return Project(
        name=name,
        directory=found.directory,
        files=tuple("<stdin>" if path == "-" else shown(path, filesystem.cwd) for path in found.files),
        environment={**loader.included, **environment},
        profiles=found.profiles,
        all_profiles=_all_profiles(services.mapping() if services else {}),
        disabled=tuple(sorted(disabled)),
        variables={key: value for part in loader.interpolators for key, value in part.variables.items()},
        model=model,
        interpolated=options.interpolate,
        tree=tree,
        filesystem=filesystem,
    )


def _written_name(loader: Loader, files: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """`name:` of the last file that has one. It is needed early, because it is itself a variable."""
    name = ""
    quiet = Interpolator(environment, Problems())
    for path in files:
        for document in loader.documents(path) or ():
            node = document.get("name")
            if node and isinstance(node.value, str):
                text = quiet.text(node, node.value, ("name",)) if loader.options.interpolate else node.value
                name = text if text and normalise_name(text) else name
    return name


def _by_profile(services: Mapping[str, Node], profiles: tuple[str, ...]) -> tuple[dict[str, Node], dict[str, Node]]:
    """Services without profiles, or with an enabled one; and the others."""
    enabled: dict[str, Node] = {}
    disabled: dict[str, Node] = {}
    for name, service in services.items():
        own = {item.value for item in _profiles(service)}
        there = not own or "*" in profiles or bool(own & set(profiles))
        (enabled if there else disabled)[name] = service
    return enabled, disabled


def _all_profiles(services: Mapping[str, Node]) -> tuple[str, ...]:
    return tuple(sorted({str(item.value) for service in services.values() for item in _profiles(service)}))


def _profiles(service: Node) -> list[Node]:
    profiles = service.get("profiles")
    return profiles.items() if profiles else []
