"""Loading a project from beginning to end: the one function that knows all steps and their order."""

from collections.abc import Mapping

from fizz.client.compose.checks import check_project, check_values
from fizz.client.compose.discover import discover, project_name
from fizz.client.compose.environments import Environments
from fizz.client.compose.filesystem import Filesystem, LocalFilesystem
from fizz.client.compose.interpolate import Interpolator, Variable
from fizz.client.compose.loader import Loader, Origin
from fizz.client.compose.nodes import Node
from fizz.client.compose.normalise import normalise
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.paths import shown
from fizz.client.compose.problems import Problems, Severity
from fizz.client.compose.project import Loaded, Project
from fizz.client.compose.selection import by_profile, named_profiles, only, profiles_of
from fizz.client.compose.unfilled import unfilled_model

__all__ = ["load"]


def load(options: LoadOptions, environ: Mapping[str, str], filesystem: Filesystem | None = None) -> Loaded:
    """Find, read, check and normalise a project. Never raises for anything that a file may hold."""
    problems = Problems()
    project, variables = _load(options, environ, filesystem or LocalFilesystem(), problems)
    return Loaded(None if problems.errors else project, problems.all(), problems.sources, variables)


def _load(
    options: LoadOptions, environ: Mapping[str, str], filesystem: Filesystem, problems: Problems
) -> tuple[Project | None, dict[str, Variable] | None]:
    found = discover(options, environ, filesystem, problems)
    if found is None:
        return None, None
    environment = found.environment
    loader = Loader(options, filesystem, problems, environ.get("HOME", ""), found.directory)
    written = _written_name(loader, found.files, environment)
    name = project_name(options, environment, written, found.directory, problems)
    environment["COMPOSE_PROJECT_NAME"] = name
    tree = loader.model(found.files, Origin(found.directory, environment))
    variables = {key: value for part in loader.interpolators for key, value in part.variables.items()}
    known = None if loader.unreadable else variables
    if tree is None:
        return None, known
    if not tree.mapping() and not problems.errors:
        problems.error(tree, "the project is empty", hint='add "services:"')
    services = (tree.get("services") or Node({})).mapping()
    profiles = named_profiles(services, options.services, found.profiles, problems)
    selection = by_profile(services, profiles)
    check_values(tree, problems)
    if options.consistency and not options.unfilled:
        check_project(tree, selection.enabled, problems, implied=options.normalise)
    selection = only(selection, options.services, follow=options.dependencies)
    jobs = by_profile((tree.get("jobs") or Node({})).mapping(), profiles).enabled
    files = Environments(environment, filesystem, problems)
    read = {"read_files": options.resolve_env and options.interpolate, "read_labels": options.interpolate}
    workloads = {
        kind: {key: files.workload(kind, key, node, **read) for key, node in nodes.items()}
        for kind, nodes in (("services", selection.enabled), ("jobs", jobs))
    }
    if problems.errors:
        return None, known
    project = Project(
        name=name,
        directory=found.directory,
        files=tuple("<stdin>" if path == "-" else shown(path, filesystem.cwd) for path in found.files),
        environment={**loader.included, **environment},
        profiles=profiles,
        all_profiles=tuple(sorted({profile for service in services.values() for profile in profiles_of(service)})),
        disabled=selection.disabled,
        variables=variables,
        model=normalise(name, found.directory, tree, workloads, environment, options)
        if not options.unfilled
        else unfilled_model(name, found.directory, tree, environment, options),
        interpolated=options.interpolate,
        blockers=tuple(problem for problem in problems.all() if problem.severity is Severity.BLOCKER),
        tree=tree,
        filesystem=filesystem,
    )
    return project, known


def _written_name(loader: Loader, files: tuple[str, ...], environment: Mapping[str, str]) -> Node | None:
    """`name:` of the last file that has one. It is needed early, because it is itself a variable."""
    found: Node | None = None
    for path in files:
        for document in loader.documents(path) or ():
            node = document.get("name")
            if node and isinstance(node.value, str) and node.value:
                found = node
    if found is None or not loader.options.interpolate:
        return found
    text = Interpolator(environment, Problems()).text(found, str(found.value), ("name",))
    return None if text is None else found.with_value(text)
