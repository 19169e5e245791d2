"""Networks, volumes, secrets and configs that exist already: `external: true`, and its old form with a name inside."""

from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import Flag, Reader, Shape, Text
from fizz.client.compose.shapes.base import JSON, STRING, either

__all__ = ["External", "finish_external", "is_external"]

_FLAG: Final = Flag()


class External(Shape):
    """true or false, or a mapping with a name, which means true; `finish_external` moves that name to its place.

    `lenient` passes over other keys with a warning, because compose does not look at them.
    """

    def __init__(self, *, lenient: bool = False) -> None:
        self._lenient = lenient

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if not isinstance(node.value, dict):
            return _FLAG.read(node, path, reader)
        for key in node.value:
            if key != "name" and not key.startswith("x-"):
                tell = reader.warn if self._lenient else reader.error
                tell(node.key(key), (*path, key), "is not a key that compose knows", 'write "external: true"')
        name = node.get("name")
        if name is not None and Text().read(name, (*path, "name"), reader) is None:
            return None
        return node

    def schema(self) -> JSON:
        named = {"type": "object", "properties": {"name": STRING}}
        return either(_FLAG.schema(), named)


def finish_external(node: Node, path: Path, reader: Reader) -> Node | None:
    """The mapping with `external` as a flag; a name given inside of it becomes the name of the thing."""
    external = node.get("external")
    if external is None or not isinstance(external.value, dict):
        return node
    entries = {**node.mapping(), "external": Node(True, external.file, external.line, external.column)}
    inner = external.get("name")
    if inner is not None:
        reader.warn(
            external.key("name"), (*path, "external", "name"), "is deprecated", 'write "name" beside "external: true"'
        )
        if node.get("name") is not None:
            reader.error(external.key("name"), path, "has a name and an external.name", 'keep only "name"')
            return None
        entries["name"] = inner
    return node.with_value(entries)


def is_external(node: Node) -> bool:
    """Whether it exists already."""
    external = node.get("external")
    return external is not None and external.value is True
