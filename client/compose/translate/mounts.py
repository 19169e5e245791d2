"""Mounts of a service: its volumes, and file systems in memory from `tmpfs`."""

from typing import Any

from fizz.client.compose.shapes.scalars import parse_size
from fizz.client.compose.spec.volumes import clean_target
from fizz.client.compose.translate.resources import given
from fizz.schemas.container import BindOptions, Mount, TmpfsOptions, VolumeOptions
from fizz.schemas.names import to_name
from fizz.schemas.quantity import format_binary

__all__ = ["translate_mounts"]

JSON = dict[str, Any]


def translate_mounts(service: JSON) -> list[Mount]:
    """The mounts as written, one for each place."""
    mounts = [_mount(volume) for volume in service.get("volumes", ())]
    taken = {mount.target for mount in mounts}
    for written in service.get("tmpfs", ()):
        mount = _tmpfs(written)
        if mount.target not in taken:
            taken.add(mount.target)
            mounts.append(mount)
    return mounts


def _mount(volume: JSON) -> Mount:
    kind, source = volume["type"], volume.get("source") or None
    return Mount(
        type=kind,
        target=volume["target"],
        **given(
            source=to_name(source) if kind == "volume" and source else source,
            read_only=volume.get("read_only"),
            consistency=volume.get("consistency"),
            bind=_bind(volume.get("bind") or {}) if kind == "bind" else None,
            volume=_volume(volume),
            tmpfs=_tmpfs_options(volume.get("tmpfs") or {}) if kind == "tmpfs" else None,
        ),
    )


def _bind(bind: JSON) -> BindOptions:
    return BindOptions(
        create_host_path=bind.get("create_host_path", True),
        **given(propagation=bind.get("propagation"), selinux=bind.get("selinux"), recursive=bind.get("recursive")),
    )


def _volume(volume: JSON) -> VolumeOptions | None:
    options = volume.get("volume" if volume["type"] == "volume" else "image") or {}
    if volume["type"] not in {"volume", "image"} or not options:
        return None
    return VolumeOptions(
        **given(nocopy=options.get("nocopy"), subpath=options.get("subpath"), labels=options.get("labels"))
    )


def _tmpfs_options(options: JSON) -> TmpfsOptions | None:
    if not options:
        return None
    size = options.get("size")
    return TmpfsOptions(**given(size=format_binary(int(size)) if size else None, mode=options.get("mode")))


def _tmpfs(written: str) -> Mount:
    """`/run:size=64m,mode=755`"""
    target, _, text = written.partition(":")
    options: JSON = {}
    for option in text.split(","):
        name, _, value = option.partition("=")
        if name == "size" and (size := parse_size(value)) is not None:
            options["size"] = size
        elif name == "mode" and value.isdigit():
            options["mode"] = int(value, 8)
    return Mount(type="tmpfs", target=clean_target(target), **given(tmpfs=_tmpfs_options(options)))
