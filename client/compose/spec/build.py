"""How an image is built: `build: folder`, or the long form. What becomes of it is in `builds`."""

from dataclasses import replace
from typing import Any, Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.paths import is_remote_context, located
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import (
    Bytes,
    Flag,
    ListOf,
    Loose,
    Pairs,
    Reader,
    Shape,
    Table,
    Text,
    ignored,
    later,
    yes,
)
from fizz.client.compose.shapes.base import JSON
from fizz.client.compose.shapes.collections import forbid_duplicates
from fizz.client.compose.spec.files import BUILD_SECRETS
from fizz.client.compose.spec.hosts import Hosts
from fizz.client.compose.spec.ulimits import BUILD_ULIMITS

__all__ = ["BUILD"]


class _Context(Text):
    """The folder that is built, or where to fetch it."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        text = super().read(node, path, reader)
        if text is None or not isinstance(text.value, str) or not text.value:
            return text
        return text if is_remote_context(text.value) else text.with_value(_local(text.value, reader))


class _Contexts(Pairs):
    """Further folders by name."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        pairs = super().read(node, path, replace(reader, keeps=False))
        if pairs is None:
            return None
        for name, child in pairs.mapping().items():
            if child.value is None and child.tag is None and not reader.keeps:
                reader.error(pairs.key(name), path, f'must be name=path, not "{name}"')
                return None
        resolved = {
            name: child.with_value(_local(child.value, reader))
            if isinstance(child.value, str) and child.value and not is_remote_context(child.value)
            else child
            for name, child in pairs.mapping().items()
        }
        return pairs.with_value(resolved)


class _Ssh(Pairs):
    """Keys for the build, by id; `default` is the agent's."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        forbid_duplicates(node.items(), path, reader)
        pairs = super().read(node, path, replace(reader, keeps=False))
        if pairs is None:
            return None
        for name, child in pairs.mapping().items():
            if not child.value and child.tag is None and name != "default":
                reader.error(pairs.key(name), path, f'must be default or id=path, not "{name}"')
                return None
        resolved = {
            name: child.with_value(located(reader.base, reader.home, child.value))
            if isinstance(child.value, str) and child.value
            else child
            for name, child in pairs.mapping().items()
        }
        return pairs.with_value(resolved)

    def dump(self, node: Node) -> Any:
        return [f"{name}={child.value}" if child.value else name for name, child in sorted(node.mapping().items())]


class _Attestation(Shape):
    """true or false, or parameters as a text; printed as a text."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if isinstance(node.value, bool | str):
            return Loose(booleans=True).read(node, path, reader)
        reader.wrong_type(node, path, "true, false or a string")
        return None

    def schema(self) -> JSON:
        return {"type": ["boolean", "string"]}


def _local(path: str, reader: Reader) -> str:
    return located(reader.base, reader.home, path, windows=False)


def _short(node: Node, path: Path, reader: Reader) -> Node | None:
    return Node({"context": node}, node.file, node.line, node.column, keys={"context": node})


_STRINGS: Final = ListOf(Text(), duplicates="keep")

BUILD: Final = Table(
    {
        "context": yes(_Context(), "a folder, without what .dockerignore leaves out; or a URL for the engine"),
        "dockerfile": yes(Text(), "in the context or outside of it"),
        "dockerfile_inline": yes(Text(), "sent beside the context"),
        "entitlements": ignored(_STRINGS, "a RUN step that needs one fails"),
        "args": yes(Pairs(absent=None), "build arguments"),
        "ssh": later(_Ssh(absent=None)),
        "labels": yes(Pairs(), "labels of the image"),
        "cache_from": yes(_STRINGS, "images whose layers may be used"),
        "cache_to": ignored(_STRINGS, "the image is the same"),
        "no_cache": yes(Flag(), "all steps run anew"),
        "no_cache_filter": yes(ListOf(Text(), single=True, duplicates="error"), "as no_cache: all steps run anew"),
        "additional_contexts": yes(
            _Contexts(absent=None), "folders and images, also of other services; nothing remote yet"
        ),
        "network": yes(Text(), "network of RUN steps"),
        "provenance": ignored(_Attestation(), "the image is the same"),
        "sbom": ignored(_Attestation(), "the image is the same"),
        "pull": yes(Flag(), "newer base images are looked for"),
        "target": yes(Text(), "the stage that is built"),
        "shm_size": yes(Bytes(floats=False), "/dev/shm of RUN steps; with BuildKit since engine 23.0"),
        "extra_hosts": yes(Hosts(), "the hosts file of RUN steps"),
        "isolation": yes(Text(), "engines on Windows"),
        "privileged": ignored(Flag(), "a RUN step that needs it fails"),
        "secrets": later(BUILD_SECRETS),
        "tags": yes(ListOf(Text()), "further names of the image"),
        "ulimits": yes(BUILD_ULIMITS, "limits of RUN steps; with BuildKit since engine 23.0"),
        "platforms": yes(_STRINGS, "the first, or the one that platform names"),
    },
    short=_short,
    wanted="a path, or a mapping",
)
