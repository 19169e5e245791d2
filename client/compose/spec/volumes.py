r"""Mounts in their short form, `[source:]target[:options]`, and in their long form.

The source is a path on the host if it begins with `.`, `/`, `~` or a Windows drive, otherwise the name of a volume. A
colon behind a single letter belongs to a Windows path, so volumes with names of one letter need the long form. Options
are ro, rw, nocopy, z, Z and the propagations; others are passed over, as compose does.
"""

import posixpath
from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.paths import located
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import Bytes, Flag, ListOf, Pairs, Reader, Table, Text, Whole, yes
from fizz.client.compose.shapes.tables import Key

__all__ = ["MOUNTS", "clean_target", "split_mount"]

_TYPES: Final = ("bind", "volume", "tmpfs", "cluster", "npipe", "image")
_PROPAGATIONS: Final = frozenset({"rprivate", "private", "rshared", "shared", "rslave", "slave"})

Written = dict[str, "str | bool | Written"]


def split_mount(text: str) -> Written:
    """The long form that a short form stands for. Raises `ValueError` saying what is wrong."""
    if not text:
        raise ValueError("is empty")
    if len(text) <= 2:
        return {"type": "volume", "target": clean_target(text)}
    sections = _sections(text)
    if "" in sections:
        raise ValueError(f'has an empty part between colons: "{text}"')
    if len(sections) > 3:
        raise ValueError(f'has too many colons: "{text}"')
    source = sections[0] if len(sections) > 1 else ""
    target = clean_target(sections[1] if len(sections) > 1 else sections[0])
    bind: Written = {}
    volume: Written = {}
    result: Written = {"target": target, **({"source": source} if source else {})}
    for option in sections[2].split(",") if len(sections) > 2 else ():
        if option in {"ro", "rw"}:
            result |= {"read_only": True} if option == "ro" else {}
        elif option == "nocopy":
            volume["nocopy"] = True
        elif option in {"z", "Z"}:
            bind["selinux"] = option
        elif option in _PROPAGATIONS:
            bind["propagation"] = option
    if _is_path(source):
        return {**result, "type": "bind", "bind": {**bind, "create_host_path": True}}
    return {**result, "type": "volume", "volume": volume, **({"bind": bind} if bind else {})}


def clean_target(target: str) -> str:
    """A path in the container without `.`, `..` and a slash at the end; backslashes stay."""
    return posixpath.normpath(target.replace("//", "/"))


def _sections(text: str) -> list[str]:
    """Split at colons, but not behind a drive letter. `${...}` stays whole, for when variables are left as they are."""
    sections: list[str] = [""]
    nesting = 0
    for index, char in enumerate(text):
        if char == "$" and text[index + 1 : index + 2] == "{":
            nesting += 1
        elif char == "}" and nesting:
            nesting -= 1
        drive = len(sections[-1]) == 1 and sections[-1].isalpha()
        if char == ":" and not nesting and not drive:
            sections.append("")
        else:
            sections[-1] += char
    return sections


def _is_path(source: str) -> bool:
    return source.startswith((".", "/", "~", "\\\\")) or (source[:1].isalpha() and source[1:2] == ":")


def _short(node: Node, path: Path, reader: Reader) -> Node | None:
    try:
        return _written(split_mount(str(node.value)), node)
    except ValueError as error:
        reader.error(node, path, str(error), "write [source:]target[:options]")
        return None


def _written(value: "str | bool | Written", place: Node) -> Node:
    if isinstance(value, dict):
        return Node({key: _written(child, place) for key, child in value.items()}, place.file, place.line, place.column)
    return Node(value, place.file, place.line, place.column)


def _finish(node: Node, path: Path, reader: Reader) -> Node | None:
    kind, source, target = node.get("type"), node.get("source"), node.get("target")
    if target is None:
        reader.error(node, path, 'must have the key "target"')
        return None
    if target.value == "":
        reader.refuse(target, path, "must have a target")
    if kind and kind.value == "bind" and source is None:
        reader.error(node, path, "is a bind mount and so must have a source", "name a path on the host")
        return None
    if kind and kind.value == "bind" and source and source.value == "":
        text = "is empty, which stands for the whole folder of the project"
        reader.refuse(source, (*path, "source"), text, "name a path on the host")
    if kind and kind.value == "bind" and source and isinstance(source.value, str):
        resolved = source.with_value(located(reader.base, reader.home, source.value))
        return node.with_value({**node.mapping(), "source": resolved})
    return node


def _key(node: Node) -> object:
    target = node.get("target")
    return target.value if target and isinstance(target.value, str) else None


class _Target(Text):
    """A path in the container. It is compared as written, and printed without detours."""

    def dump(self, node: Node) -> object:
        return clean_target(node.value) if isinstance(node.value, str) else node.value


class _CreateHostPath(Flag):
    """True is the default, so only false is printed."""

    def dump(self, node: Node) -> object:
        return None if node.value is True else node.value


_BIND: Final = Table(
    {
        "propagation": yes(Text(), "propagation of the mount"),
        "create_host_path": yes(_CreateHostPath(), "false: the path must exist", keep=True),
        "recursive": yes(
            Text(choices=("enabled", "disabled", "writable", "readonly")),
            "whether what is mounted below comes, too",
            since={"writable": "25.0", "readonly": "25.0"},
        ),
        "selinux": yes(Text(choices=("z", "Z")), "relabelling"),
    },
    finish=lambda node, path, reader: node.with_value({"create_host_path": node.with_value(True), **node.mapping()}),
)
_VOLUME: Final = Table(
    {
        "labels": yes(Pairs(duplicates="error"), "labels of an anonymous volume"),
        "nocopy": yes(Flag(), "a new volume is not filled from the image"),
        "subpath": yes(Text(), "folder of the volume", since="26.0"),
    }
)
_TMPFS: Final = Table(
    {
        "size": yes(Bytes(minimum=0, floats=False), "size at most"),
        "mode": yes(Whole(0, 0o7777, strings=False), "permissions of the root folder"),
    }
)
_IMAGE: Final = Table({"subpath": yes(Text(), "folder of the image", since="28.0")})

_KEYS: Final[dict[str, Key]] = {
    "type": yes(
        Text(choices=_TYPES), "bind, volume, tmpfs, image, npipe, cluster", since={"image": "28.0", "cluster": "23.0"}
    ),
    "source": yes(Text(), "path on the host, name of a Volume, or image"),
    "target": yes(_Target(), "path in the container"),
    "read_only": yes(Flag(), "mounted read-only"),
    "consistency": yes(Text(), "for other platforms; Linux ignores it"),
    "bind": yes(_BIND, keep=True),
    "volume": yes(_VOLUME, keep=True),
    "tmpfs": yes(_TMPFS, keep=True),
    "image": yes(_IMAGE, keep=True),
}

MOUNTS: Final = ListOf(
    Table(
        _KEYS, short=_short, required=("type",), finish=_finish, wanted="a string like data:/var/lib/data, or a mapping"
    ),
    key=_key,
)
