"""Files that variables and labels come from: one path, a list of paths, or `{path, required, format}`."""

from typing import Any, Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import FilePath, Flag, ListOf, Reader, Table, Text, yes

__all__ = ["ENV_FILES", "LABEL_FILES"]


class _Required(Flag):
    """True is the default, so only false is printed."""

    def dump(self, node: Node) -> Any:
        return None if node.value is True else node.value


def _short(node: Node, path: Path, reader: Reader) -> Node | None:
    return Node({"path": node}, node.file, node.line, node.column, keys={"path": node})


def _path(node: Node) -> object:
    path = node.get("path")
    return path.value if path and isinstance(path.value, str) else None


ENV_FILES: Final = ListOf(
    Table(
        {
            "path": yes(FilePath(), "path of the file"),
            "format": yes(Text(choices=("raw",)), "raw: taken literally"),
            "required": yes(_Required(), "false: it may be missing", keep=True),
        },
        short=_short,
        required=("path",),
        finish=lambda node, path, reader: node.with_value({"required": node.with_value(True), **node.mapping()}),
        extensions=False,
        wanted="a path, or a mapping",
    ),
    single=True,
    key=_path,
)

LABEL_FILES: Final = ListOf(FilePath(), single=True, duplicates="keep")
