"""`extends`: a service made of another one, of the same file or of another.

The other service goes under the one that extends it, by the rules that merge files. In another file only the service
that is asked for has to be right; its relative paths start from the folder of that file.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from fizz.client.compose.interpolate import Interpolator
from fizz.client.compose.nodes import RESET, Node, broken
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.paths import absolute, folder_of
from fizz.client.compose.problems import Place, Problems, suggestion
from fizz.client.compose.shapes import Reader
from fizz.client.compose.spec import SERVICE

__all__ = ["MAX_STEPS", "Scope", "extend_services", "without_empty_values"]

MAX_STEPS: Final = 100
"""Services that one may extend, one by way of another. Real files have three."""


class Files(Protocol):
    """What resolving needs of the loader."""

    options: LoadOptions
    problems: Problems
    home: str

    def documents(self, path: str, place: Place | None = None) -> list[Node] | None: ...
    def reader(self, directory: str) -> Reader: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """The document that names of services are looked up in."""

    path: str
    document: Node
    directory: str
    interpolator: Interpolator


def extend_services(tree: Node, scope: Scope, files: Files) -> Node:
    """The tree with every `extends` resolved."""
    services = tree.get("services")
    if services is None or not any(service.get("extends") for service in services.mapping().values()):
        return tree
    resolver = _Resolver(files)
    known = services.mapping()
    done = {name: resolver.resolve(name, service, known, scope, ()) for name, service in known.items()}
    return tree.with_value({**tree.mapping(), "services": services.with_value(done)})


def without_empty_values(document: Node) -> Node:
    """The document as it is written, without the empty values that leave those of an extended service as they are.

    That is looked for among the services of the document; services of other files are not known yet.
    """
    services = document.get("services")
    known = services.mapping() if services else {}
    if services is None or not any(service.get("extends") for service in known.values()):
        return document
    done = {name: SERVICE.without_empty(service, _written_base(known, service, ())) for name, service in known.items()}
    return document.with_value({**document.mapping(), "services": services.with_value(done)})


def _written_base(known: dict[str, Node], service: Node, seen: tuple[str, ...]) -> Node:
    """What a service extends, with what that extends."""
    extends = service.get("extends")
    target = extends if extends is None or isinstance(extends.value, str) else extends.get("service")
    name = str(target.value) if target else ""
    other = known.get(name)
    if extends is None or extends.get("file") or other is None or name in seen or len(seen) > MAX_STEPS:
        return Node({})
    return Node({**_written_base(known, other, (*seen, name)).mapping(), **other.mapping()})


class _Resolver:
    """Follows chains of `extends`. A chain is a tuple of (file, service)."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._interpolated: dict[str, list[Node]] = {}
        self._circles: set[tuple[str, str]] = set()
        self._too_long = False

    def resolve(
        self, name: str, service: Node, known: dict[str, Node], scope: Scope, chain: tuple[tuple[str, str], ...]
    ) -> Node:
        """The service merged over the one that it extends, if it does."""
        extends = service.get("extends")
        if extends is None:
            return service
        entries = {key: child for key, child in service.mapping().items() if key != "extends"}
        own = service.with_value(entries)
        if extends.tag == RESET:
            return own
        chain = (*chain, (scope.path, name))
        base = self._base(name, extends, known, scope, chain) if self._is_short(chain, extends) else None
        if base is None or not isinstance(base.value, dict):
            # It may well be the image that is missing now; one problem is enough.
            return own.with_value({"image": broken(extends), **entries})
        return SERVICE.merge(base, own)

    def _base(
        self, name: str, extends: Node, known: dict[str, Node], scope: Scope, chain: tuple[tuple[str, str], ...]
    ) -> Node | None:
        problems, target, file = self._files.problems, extends.get("service"), extends.get("file")
        path = ("services", name, "extends")
        if target is None or not isinstance(target.value, str):
            if isinstance(extends.value, dict) and target is None:
                problems.error(extends, 'must have the key "service"', path=path)
            return None
        if file is not None and isinstance(file.value, str):
            other = absolute(scope.directory, self._files.home, file.value)
            if other != scope.path:
                return self._from_file(target, file, other, scope, chain)
        if self._is_circle((scope.path, target.value), chain, target):
            return None
        if target.value not in known:
            problems.error(
                target,
                f'extends the service "{target.value}", which is not in this file',
                path=("services", name),
                hint=suggestion(target.value, list(known)),
            )
            return None
        return self.resolve(target.value, known[target.value], known, scope, chain)

    def _is_short(self, chain: tuple[tuple[str, str], ...], place: Node) -> bool:
        """Whether the chain may go on. That one does not is told once."""
        if len(chain) > MAX_STEPS and not self._too_long:
            self._too_long = True
            self._files.problems.error(place, f"extends goes over more than {MAX_STEPS} services")
        return len(chain) <= MAX_STEPS and not self._too_long

    def _is_circle(self, step: tuple[str, str], chain: tuple[tuple[str, str], ...], place: Node) -> bool:
        """Whether the chain comes back to where it was. Each circle is told once."""
        if step not in chain:
            return False
        steps = chain[chain.index(step) :]
        if not self._circles & set(steps):
            circle = " -> ".join([*(name for _, name in steps), step[1]])
            self._files.problems.error(place, f"extends makes a circle: {circle}")
        self._circles.update(steps)
        return True

    def _from_file(
        self, target: Node, file: Node, path: str, scope: Scope, chain: tuple[tuple[str, str], ...]
    ) -> Node | None:
        name = str(target.value)
        if self._is_circle((path, name), chain, target):
            return None
        documents = self._documents(path, file, scope)
        if documents is None:
            return None
        for document in documents:
            services = document.get("services")
            if services is None or services.get(name) is None:
                continue
            inner = Scope(path, document, folder_of(path), scope.interpolator)
            known = self._read(services, name, inner)
            return self.resolve(name, known[name], known, inner, chain) if name in known else None
        there = [known for document in documents for known in (document.get("services") or Node({})).mapping()]
        self._files.problems.error(target, f'the service "{name}" is not in {file.value}', hint=suggestion(name, there))
        return None

    def _documents(self, path: str, place: Node, scope: Scope) -> list[Node] | None:
        if path not in self._interpolated:
            documents = self._files.documents(path, place)
            if documents is None:
                return None
            if self._files.options.interpolate:
                documents = [scope.interpolator.node(document) for document in documents]
            self._interpolated[path] = documents
        return self._interpolated[path]

    def _read(self, services: Node, name: str, scope: Scope) -> dict[str, Node]:
        """The service in canonical form, and those of the same document that it extends."""
        reader = self._files.reader(scope.directory)
        known: dict[str, Node] = {}
        wanted = [name]
        while wanted:
            current = wanted.pop()
            written = services.get(current)
            if current in known or written is None:
                continue
            service = SERVICE.read(written, ("services", current), reader)
            if service is None:
                continue
            known[current] = service
            extends = service.get("extends")
            target = extends.get("service") if extends else None
            if extends and extends.get("file") is None and target and isinstance(target.value, str):
                wanted.append(target.value)
        return known
