"""Mounts of a service: its volumes, and file systems in memory from `tmpfs`."""

from typing import Any

from fizz.client.compose.translate.resources import given
from fizz.schemas.mounts import BindOptions, Mount, TmpfsOptions, VolumeOptions
from fizz.schemas.names import to_name
from fizz.schemas.quantity import format_binary

__all__ = ["translate_mounts", "translate_tmpfs"]

JSON = dict[str, Any]


def translate_mounts(service: JSON) -> list[Mount]:
    """The mounts as written, one for each place."""
    return [_mount(volume) for volume in service.get("volumes", ())]


def translate_tmpfs(service: JSON) -> dict[str, str]:
    """`/run:size=64m,mode=755` as a place and its options."""
    parts = (written.partition(":") for written in service.get("tmpfs", ()))
    return {target: options for target, _, options in parts}


def _mount(volume: JSON) -> Mount:
    kind, source = volume["type"], volume.get("source") or None
    return Mount(
        type=kind,
        target=volume["target"],
        **given(
            source=to_name(source) if kind == "volume" and source else source,
            read_only=volume.get("read_only"),
            consistency=volume.get("consistency"),
            bind=_bind(kind, volume.get("bind") or {}),
            volume=_volume(volume),
            tmpfs=_tmpfs_options(volume.get("tmpfs") or {}) if kind == "tmpfs" else None,
        ),
    )


def _bind(kind: str, bind: JSON) -> BindOptions | None:
    """For a path of the host all of it; a volume may be relabelled, too."""
    if kind == "volume" and bind.get("selinux"):
        return BindOptions(selinux=bind["selinux"])
    if kind != "bind":
        return None
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
