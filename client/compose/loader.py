"""From files to one merged, canonical tree: read, interpolate, check against the specification, include, extend, merge.

A file may hold several documents; each is brought into canonical form by itself and then merged over what came before.
What a document includes is loaded as a project of its own, with its own folder and variables, and goes *under* the
document. `extends` is resolved within the document and what it includes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fizz.client.compose.discover import read_env_files
from fizz.client.compose.documents import read_documents
from fizz.client.compose.extends import Scope, extend_services, without_empty_values
from fizz.client.compose.filesystem import Filesystem
from fizz.client.compose.interpolate import Interpolator
from fizz.client.compose.nodes import RESET, Mark, Node
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.paths import absolute, folder_of, inside, relative, shown
from fizz.client.compose.problems import Place, Problems
from fizz.client.compose.shapes import Reader
from fizz.client.compose.spec import PROJECT

__all__ = ["Loader", "Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where files are loaded for: the folder that relative paths start from, the variables, and who included them."""

    directory: str
    environment: Mapping[str, str]
    chain: tuple[str, ...] = ()


@dataclass(slots=True)
class Loader:
    """Loads files for one project. `included` collects variables that only included files know. `unreadable` is said as
    soon as there is a file that is none.
    """

    options: LoadOptions
    filesystem: Filesystem
    problems: Problems
    home: str
    directory: str
    interpolators: list[Interpolator] = field(default_factory=list)
    included: dict[str, str] = field(default_factory=dict)
    unreadable: bool = False
    _resets: bool = False
    _documents: dict[str, list[Node] | None] = field(default_factory=dict)

    def documents(self, path: str, place: Place | None = None) -> list[Node] | None:
        """The documents of a file, parsed once; None if it cannot be read, which has been told at `place`."""
        if path not in self._documents:
            before = self.problems.errors
            self._documents[path] = self._parse(path, place)
            self.unreadable = self.unreadable or self.problems.errors > before
        return self._documents[path]

    def model(self, files: tuple[str, ...], origin: Origin, place: Place | None = None) -> Node | None:
        """The files merged into one tree; None if none of them can be used."""
        merged: Node | None = None
        interpolator = Interpolator(origin.environment, self.problems)
        self.interpolators.append(interpolator)
        for path in files:
            for document in self.documents(path, place) or ():
                if merged is not None:
                    document = PROJECT.without_empty(document, merged)
                tree = self._document(document, replace(origin, chain=(*origin.chain, path)), path, interpolator)
                if tree is not None:
                    merged = tree if merged is None else PROJECT.merge(merged, tree)
                    _check_whole(merged, self.problems)
        return merged if merged is None or not self._resets else _without_resets(merged)

    def _parse(self, path: str, place: Place | None) -> list[Node] | None:
        name = "<stdin>" if path == "-" else shown(path, self.filesystem.cwd)
        try:
            content = self.filesystem.stdin() if path == "-" else self.filesystem.read(path)
        except FileNotFoundError:
            self.problems.error(place, f"there is no file {name}")
            return None
        except OSError as error:
            self.problems.error(place, f"the file {name} cannot be read: {error.strerror or error}")
            return None
        before = self.problems.errors
        self.problems.sources[name] = content
        self._resets = self._resets or RESET.encode() in content
        documents = read_documents(content, name, self.problems)
        if not documents and self.problems.errors == before:
            self.problems.error(Mark(name, 1, 1), "the file is empty")
        return documents

    def _document(self, document: Node, origin: Origin, path: str, interpolator: Interpolator) -> Node | None:
        if not isinstance(document.value, dict):
            self.problems.error(document, "a compose file must be a mapping with the key services")
            return None
        interpolator.collect(document)
        if self.options.interpolate:
            document = interpolator.node(document)
        if (empty := document.get("include")) is not None and empty.value is None:
            document = document.with_value(
                {key: child for key, child in document.mapping().items() if key != "include"}
            )
        document = without_empty_values(document)
        reader = self.reader(origin.directory, own=len(origin.chain) == 1)
        tree = PROJECT.read(document, (), reader)
        if tree is None:
            return None
        if document.get("version") is not None:
            self.problems.warn(document.key("version"), "version is obsolete and ignored", hint="remove it")
        entries = dict(tree.mapping())
        includes = entries.pop("include", None)
        entries.pop("version", None)
        tree = tree.with_value(entries)
        for item in includes.items() if includes else ():
            under = self._include(item, origin) if item.mapping() else None
            if under is not None:
                tree = PROJECT.merge(under, tree)
        return extend_services(tree, Scope(path, document, origin.directory, interpolator), self)

    def reader(self, directory: str, *, own: bool = False) -> Reader:
        """A reader for a document whose relative paths start from a folder. Paths that stay relative are those of the
        project: what other files say is made so, unless they are the project's `own` files.
        """
        base = directory
        if not self.options.resolve_paths:
            base = "" if own else relative(directory, self.directory)
        return Reader(self.problems, base, self.home, self.options.interpolate, self.options.unfilled)

    def _include(self, item: Node, origin: Origin) -> Node | None:
        """What one item of `include` brings in."""

        def place(node: Node) -> str:
            return absolute(origin.directory, self.home, str(node.value))

        listed = item.get("path")
        if listed is None or not listed.items():
            self.problems.warn(item, "include without a path brings in nothing")
            return None
        files = tuple(place(node) for node in listed.items())
        for file, node in zip(files, listed.items(), strict=True):
            if "://" in str(node.value):
                self.problems.error(node, f'include takes files, not "{node.value}"', hint="fetch it first")
                return None
            if file in origin.chain:
                steps = " -> ".join(shown(step, self.filesystem.cwd) for step in (*origin.chain, file))
                self.problems.error(node, f"include makes a circle: {steps}")
                return None
        folder = item.get("project_directory")
        directory = place(folder) if folder else folder_of(files[0])
        if not self.filesystem.is_folder(directory):
            directory = folder_of(directory)  # as compose does: what is no folder is taken for a file in one
        environment = {**self._variables(item, origin, directory), **origin.environment}
        tree = self.model(files, Origin(directory, environment, origin.chain), listed.items()[0])
        if tree is None:
            return None
        self.included = {**environment, **self.included}
        entries = {key: child for key, child in tree.mapping().items() if key != "name" and not key.startswith("x-")}
        return _with_environment(tree.with_value(entries), environment)

    def _variables(self, item: Node, origin: Origin, directory: str) -> dict[str, str]:
        listed = item.get("env_file")
        default = inside(directory, ".env")
        paths: tuple[str, ...] = (default,) if self.filesystem.exists(default) else ()
        if listed is not None:
            named = [absolute(origin.directory, self.home, str(node.value)) for node in listed.items()]
            paths = tuple(path for path in named if path != "/dev/null")
        return read_env_files(paths, origin.environment, self.filesystem, self.problems, listed or item)


def _with_environment(tree: Node, environment: Mapping[str, str]) -> Node:
    """Names without value in the environment of included services get the one that the included file sees."""
    services = tree.get("services")
    if services is None:
        return tree

    def fill(service: Node) -> Node:
        variables = service.get("environment")
        if variables is None:
            return service
        filled = {
            name: child.with_value(environment[name]) if child.value is None and name in environment else child
            for name, child in variables.mapping().items()
        }
        return service.with_value({**service.mapping(), "environment": variables.with_value(filled)})

    done = {name: fill(child) if child.mapping() else child for name, child in services.mapping().items()}
    return tree.with_value({**tree.mapping(), "services": services.with_value(done)})


def _check_whole(tree: Node, problems: Problems) -> None:
    """What the files up to here must have, whatever comes: a later file may say nothing about a service, but that is no
    way to begin one, and it cannot complete what lacks a key.
    """
    PROJECT.missing(tree, (), Reader(problems))
    services = tree.get("services") or Node({})
    for name, service in services.mapping().items():
        if service.value is None and service.tag is None:
            problems.error(services.key(name), "must be a mapping, but it is empty", path=("services", name))


def _without_resets(node: Node) -> Node:
    """The tree without what `!reset` left where there was nothing to remove."""
    match node.value:
        case dict() as mapping:
            kept = {key: _without_resets(child) for key, child in mapping.items() if child.tag != RESET}
            same = len(kept) == len(mapping) and all(kept[key] is mapping[key] for key in kept)
            return node if same else node.with_value(kept)
        case list() as items:
            new = [_without_resets(child) for child in items]
            return node if all(a is b for a, b in zip(new, items, strict=True)) else node.with_value([*new])
    return node
