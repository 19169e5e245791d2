"""What an engine of some version cannot do of what a project asks for, each with its place.

The specification's tables say since which version of the engine a key, or a value of one, is honoured; here a project's
files are gone through with them. What an engine leaves out or refuses then, its node agent says (see the node agent's
payloads); this says it before, and where it was written.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path, Problem, Problems
from fizz.client.compose.project import Project
from fizz.client.compose.shapes import Key, ListOf, MapOf, Shape, Table
from fizz.client.compose.spec import PROJECT

__all__ = ["too_new_for"]

_LEADING: Final = re.compile(r"(\d+)(?:\.(\d+))?")
_SECTIONS: Final = ("services", "networks", "volumes")

Version = tuple[int, int]


def too_new_for(project: Project, engines: Mapping[str, str]) -> tuple[Problem, ...]:
    """Warnings about what the oldest of the engines cannot do. `engines` goes from nodes to versions, as `20.10.24`."""
    known = {node: found for node, written in engines.items() if (found := _version(written))}
    if not known:
        return ()
    node = min(sorted(known), key=lambda each: known[each])
    problems = Problems()
    for section in _SECTIONS:
        shape = PROJECT.keys[section].shape
        for name, child in (tree.mapping() if (tree := project.tree.get(section)) else {}).items():
            if name in project.model.get(section, {}) and isinstance(shape, MapOf):
                for path, place, asked, since in _newer(shape.item, child, (section, name), known[node]):
                    text = f"{asked}needs engine {since}; that of {node} is {engines[node]}"
                    problems.warn(place, text, path=path)
    return problems.all()


def _newer(shape: Shape, node: Node, path: Path, engine: Version) -> Iterator[tuple[Path, Node, str, str]]:
    """Path, place, the value if it is what is new, and the version that it needs."""
    match shape:
        case Table(keys=keys):
            for name, child in node.mapping().items():
                if name in keys and child.value is not None:
                    here = (*path, name)
                    asked, since = _since(keys[name], child)
                    if since and (_version(since) or engine) > engine:
                        place = node.key(name)
                        yield here, Node(None, place.file, place.line, place.column), asked, since
                    yield from _newer(keys[name].shape, child, here, engine)
        case MapOf(item=item):
            for name, child in node.mapping().items():
                yield from _newer(item, child, (*path, name), engine)
        case ListOf(item=item):
            for index, child in enumerate(node.items()):
                yield from _newer(item, child, (*path, index), engine)


def _since(key: Key, value: Node) -> tuple[str, str]:
    if isinstance(key.since, str):
        return "", key.since
    written = str(value.value).lower() if isinstance(value.value, bool) else str(value.value)
    return f"{written} ", key.since.get(written, "")


def _version(text: str) -> Version | None:
    """The first two numbers of a version; None if it has none."""
    match = _LEADING.match(text)
    return (int(match.group(1)), int(match.group(2) or 0)) if match else None
