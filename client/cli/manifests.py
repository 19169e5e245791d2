"""Files of resources: read them, and tell them from compose files.

A manifest is a YAML or JSON document with apiVersion and kind; a file may hold several, a `List` holds more. Whatever
else is a mapping with `services` or `include` is a compose file. YAML as Kubernetes reads it: times stay text, a
repeated key is an error.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from fizz.client.cli.failures import Failure, ProblemsInFiles
from fizz.schemas.types import JSON

__all__ = ["STDIN", "Source", "is_compose", "parse", "read_manifests", "read_sources"]

STDIN: Final = "-"
_ENDINGS: Final = frozenset({".yaml", ".yml", ".json"})
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"


class Source:
    """A text and where it came from."""

    def __init__(self, name: str, text: str, path: Path | None = None) -> None:
        self.name, self.text, self.path = name, text, path


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C where it was built in
    """YAML without times, and with an eye on repeated keys."""

    yaml_implicit_resolvers: dict[str, Any] = {  # noqa: RUF012 - PyYAML wants it so
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is there twice", key_node.start_mark)
            seen.add(key if isinstance(key, str) else None)
        return super().construct_mapping(node, deep)


def read_sources(names: Sequence[str]) -> list[Source]:
    """The texts behind the names: files, folders (what ends in .yaml, .yml or .json, by name), or `-`."""
    return [source for name in names for source in _read(name)]


def _read(name: str) -> Iterator[Source]:
    if name == STDIN:
        yield Source("<stdin>", sys.stdin.read())
        return
    path = Path(name)
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.suffix in _ENDINGS and each.is_file())
        if not found:
            raise Failure(f"{name}: no .yaml, .yml or .json file in this folder")
        for each in found:
            yield from _read(str(each))
        return
    try:
        yield Source(name, path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as problem:
        raise ProblemsInFiles([f"{name}:1:1: this is no UTF-8 text (byte {problem.start})"]) from problem


def is_compose(source: Source) -> bool:
    """Whether the text is a compose file. What cannot be read is not; whoever reads it says why."""
    try:
        first = next(iter(yaml.compose_all(source.text, Loader=_Loader)), None)
    except yaml.YAMLError:
        return False
    if not isinstance(first, yaml.MappingNode):
        return False
    keys = {key.value for key, _ in first.value if isinstance(key, yaml.ScalarNode)}
    return bool(keys & {"services", "include"}) and not {"apiVersion", "kind"} <= keys


def read_manifests(names: Sequence[str]) -> list[JSON]:
    """The objects in these files. Raises `ProblemsInFiles`."""
    return [item for source in read_sources(names) for item in parse(source)]


def parse(source: Source) -> list[JSON]:
    """The objects in a text. Raises `ProblemsInFiles` with the place of what is wrong."""
    items: list[JSON] = []
    problems: list[str] = []
    loader = _Loader(source.text)
    try:
        while loader.check_node():
            node = loader.get_node()
            place = f"{source.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
            for item in _flatten(loader.construct_document(node)):
                if problem := _check(item):
                    problems.append(f"{place}: {problem}")
                items.append(item)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source.name}:{mark.line + 1}:{mark.column + 1}" if mark else source.name
        problems.append(f"{place}: {error.problem or error.context}")
    except yaml.YAMLError as error:
        problems.append(f"{source.name}: {' '.join(str(error).split())}")
    finally:
        loader.dispose()
    if problems:
        raise ProblemsInFiles(problems)
    return items


def _flatten(document: Any) -> Iterator[Any]:
    if document is None:
        return
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _flatten(item)
    else:
        yield document


def _check(item: Any) -> str | None:
    if not isinstance(item, dict):
        return f"a resource is a mapping with apiVersion and kind, not {type(item).__name__}"
    missing = [field for field in ("apiVersion", "kind") if not isinstance(item.get(field), str) or not item[field]]
    if missing:
        return f"a resource needs {' and '.join(missing)}; a compose file needs services"
    metadata = item.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return f"{item['kind']} needs metadata.name"
    return None
