"""What a container gets from Secrets and ConfigMaps: variables and files. Pure, given the objects.

A reference that leads nowhere raises `SourceMissing`, which says which object or key is missing.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Literal

from fizz.controllers.node.files import FileContent
from fizz.schemas.container import ContainerSpec
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.env import EnvVar
from fizz.schemas.mounts import FileProjection
from fizz.schemas.sources import SourceRef, projections, reference

__all__ = ["SourceMissing", "Sources", "environment", "files", "targets"]


Sources = Mapping[SourceRef, Secret | ConfigMap]
"""The objects that are there."""


class SourceMissing(Exception):
    """A Secret, a ConfigMap or a key of one is missing or unusable. `reason` is one CamelCase word."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def targets(spec: ContainerSpec) -> list[str]:
    """The paths in the container at which there are files from Secrets and ConfigMaps."""
    return [each.target for _, each in projections(spec)]


def environment(variables: Sequence[EnvVar] | None, sources: Sources) -> list[tuple[str, str | None]]:
    """The variables with their values, None for one that shall not be set. Of two of one name, the later holds."""
    found: dict[str, str | None] = {}
    for variable in variables or []:
        ref = reference(variable)
        if ref is not None:
            found[variable.name] = _text(*ref, sources)
        else:
            found[variable.name] = None if variable.unset else variable.value or ""
    return list(found.items())


def files(spec: ContainerSpec, sources: Sources) -> list[FileContent]:
    """The files with their contents."""
    return [_file(kind, each, sources) for kind, each in projections(spec)]


def _file(kind: Literal["Secret", "ConfigMap"], each: FileProjection, sources: Sources) -> FileContent:
    content = _value(SourceRef(kind, each.name), each.key, sources)
    return FileContent(
        target=each.target,
        content=content,
        mode=0o444 if each.mode is None else each.mode,
        uid=_number(each.uid, each.target),
        gid=_number(each.gid, each.target),
    )


def _number(text: str | None, path: str) -> int | None:
    """A uid or gid. Names live in the image, and cannot be known here."""
    if not text:
        return None
    if not text.isdigit():
        raise SourceMissing("FileOwnerUnknown", f"{path}: {text!r} is no number; give uid and gid as numbers")
    return int(text)


def _text(ref: SourceRef, key: str, sources: Sources) -> str:
    try:
        return _value(ref, key, sources).decode()
    except UnicodeDecodeError:
        raise _unreadable(ref, key, "text, as a variable must be") from None


def _value(ref: SourceRef, key: str, sources: Sources) -> bytes:
    item = sources.get(ref)
    if item is None:
        raise SourceMissing(f"{ref.kind}Missing", f"there is no {ref.kind} {ref.name!r} in the namespace")
    if isinstance(item, ConfigMap) and item.data and key in item.data:
        return item.data[key].encode()
    encoded = (item.binary_data if isinstance(item, ConfigMap) else item.data) or {}
    if key not in encoded:
        raise SourceMissing(f"{ref.kind}KeyMissing", f"{ref.kind} {ref.name!r} has no key {key!r}")
    try:
        return base64.b64decode(encoded[key], validate=True)
    except binascii.Error:
        raise _unreadable(ref, key, "base64") from None


def _unreadable(ref: SourceRef, key: str, form: str) -> SourceMissing:
    return SourceMissing(f"{ref.kind}KeyUnreadable", f"key {key!r} of {ref.kind} {ref.name!r} is no {form}")
