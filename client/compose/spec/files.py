"""Secrets and configs: what services mount, and where their content comes from.

A service names a secret or config, or says in the long form where it goes: `{source, target, uid, gid, mode}`. At the
top level each has its content: a file, a variable of the environment, a text (configs only), or it is external.
"""

from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import (
    FileMode,
    FilePath,
    ListOf,
    Loose,
    MapOf,
    Pairs,
    Reader,
    Table,
    Text,
    ignored,
    refused,
    yes,
)
from fizz.client.compose.spec.external import External, finish_external
from fizz.client.compose.spec.fizz import SECRET_BLOCK

__all__ = ["BUILD_SECRETS", "CONFIGS", "GRANTED_CONFIGS", "GRANTED_SECRETS", "NAMES", "SECRETS"]

_SWARM: Final = "a matter of Docker Swarm"


class _Content(FilePath):
    """The file that the content is in. Compose takes the folder of the project for an empty one."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        text = super().read(node, path, reader)
        if text is None or text.value != "":
            return text
        reader.refuse(node, path, "is empty", "name a file")
        return text.with_value(reader.base)


def _short(node: Node, path: Path, reader: Reader) -> Node | None:
    return Node({"source": node}, node.file, node.line, node.column, keys={"source": node})


def _granted(folder: str | None) -> ListOf:
    """What a service is given; told apart by where it goes. Without a folder there is no telling apart."""

    def key(node: Node) -> object:
        target, source = node.get("target"), node.get("source")
        return target.value if target and target.value else f"{folder}{source.value if source else None}"

    return ListOf(
        Table(
            {
                "source": yes(Text(), "name of the Secret or ConfigMap"),
                "target": yes(Text(), "path of the file", keep=folder is not None),
                "uid": yes(Text(), "owner of the file"),
                "gid": yes(Text(), "group of the file"),
                "mode": yes(FileMode(), "permissions of the file; 0444 if absent", keep=True),
            },
            short=_short,
            wanted="a name, or a mapping",
        ),
        key=None if folder is None else key,
        duplicates="keep" if folder is None else "drop",
        joined=folder is None,
    )


GRANTED_SECRETS: Final = _granted("/run/secrets/")
GRANTED_CONFIGS: Final = _granted("/")
BUILD_SECRETS: Final = _granted(None)

_SECRET: Final = Table(
    {
        "name": yes(Text(), "name of an external one"),
        "environment": yes(Text(), "content from a variable"),
        "file": yes(_Content(), "content from a file"),
        "external": yes(External(lenient=True), "must exist as a Secret in the namespace"),
        "labels": ignored(Pairs(duplicates="error"), _SWARM),
        "driver": refused(Text(), _SWARM),
        "driver_opts": ignored(MapOf(Loose(whole=True)), _SWARM),
        "template_driver": refused(Text(), _SWARM),
        "x-fizz": yes(SECRET_BLOCK, "what Fizz does beyond compose"),
    },
    finish=finish_external,
)

_CONFIG: Final = Table(
    {
        "name": yes(Text(), "name of an external one"),
        "content": yes(Text(), "content as a text"),
        "environment": yes(Text(), "content from a variable"),
        "file": yes(_Content(), "content from a file"),
        "external": yes(External(lenient=True), "must exist as a ConfigMap in the namespace"),
        "labels": ignored(Pairs(duplicates="error"), _SWARM),
        "template_driver": refused(Text(), _SWARM),
    },
    finish=finish_external,
)

NAMES: Final = r"[a-zA-Z0-9._-]+"
SECRETS: Final = MapOf(_SECRET, names=NAMES)
CONFIGS: Final = MapOf(_CONFIG, names=NAMES)
