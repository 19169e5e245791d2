"""From the spec's mounts to the engine's. Pure.

The engine takes mounts in two forms. `Mounts` says everything by name. `Binds` is a string, `source:target:options`,
and the only form that relabels for SELinux and, before API 1.42, the only one that creates a missing folder on the
host. Which one it is can be seen in the engine, so it is chosen as compose chooses: `Binds` for whatever a string can
say but for propagation, `Mounts` for the rest.

| field | since API | without |
|---|---|---|
| `type: image` | 1.48 | error |
| `type: cluster` | 1.42 | error |
| `volume.subpath` | 1.45 | error |
| `bind.recursive: writable, readonly` | 1.44 | error |
| `bind.selinux` with `createHostPath: false` | never | warning: a missing folder is created |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import normpath
from typing import Final

from fizz.controllers.node.engine import ApiVersion, Unsupported
from fizz.schemas.base import JSON
from fizz.schemas.mounts import BindOptions, Mount, TmpfsOptions
from fizz.schemas.quantity import parse_quantity

__all__ = ["FileMount", "mounts_of"]

_CLUSTER: Final = (1, 42)
_RECURSIVE: Final = (1, 44)
_SUBPATH: Final = (1, 45)
_IMAGE: Final = (1, 48)


@dataclass(frozen=True, slots=True)
class FileMount:
    """A file of the host that is mounted read-only at a path in the container."""

    source: str
    target: str


def mounts_of(
    mounts: Sequence[Mount],
    volumes: Mapping[str, str],
    files: Sequence[FileMount],
    version: ApiVersion,
    inherited: Mapping[str, str] | None = None,
) -> tuple[JSON, list[str]]:
    """`Mounts` and `Binds` of a HostConfig, and warnings. `volumes` goes from our names to the engine's, `inherited`
    from paths to the names of volumes that are there already, where a mount has no source or there is no mount.

    Raises `Unsupported` for what this engine cannot do.
    """
    structured: list[JSON] = []
    binds: list[str] = []
    warnings: list[str] = []
    left = dict(inherited or {})
    for mount in mounts:
        _check(mount, version)
        if mount.type == "volume" and not mount.source and (name := left.pop(normpath(mount.target), None)):
            structured.append(_structured(mount.model_copy(update={"source": name, "volume": None}), {}))
        elif _is_string(mount):
            binds.append(_bind_string(mount, volumes))
            if mount.type == "bind" and mount.bind and mount.bind.selinux and mount.bind.create_host_path is False:
                warnings.append(f"mounts[{mount.target}].bind.createHostPath: with selinux, a missing path is created")
        else:
            structured.append(_structured(mount, volumes))
    structured += [{"Type": "volume", "Source": name, "Target": path} for path, name in sorted(left.items())]
    structured += [{"Type": "bind", "Source": each.source, "Target": each.target, "ReadOnly": True} for each in files]
    return {**({"Mounts": structured} if structured else {}), **({"Binds": binds} if binds else {})}, warnings


def _check(mount: Mount, version: ApiVersion) -> None:
    needed: list[tuple[str, ApiVersion]] = []
    if mount.type == "image":
        needed.append(("type: image", _IMAGE))
    if mount.type == "cluster":
        needed.append(("type: cluster", _CLUSTER))
    if mount.volume and mount.volume.subpath:
        needed.append(("volume.subpath", _IMAGE if mount.type == "image" else _SUBPATH))
    if mount.bind and mount.bind.recursive in {"writable", "readonly"}:
        needed.append((f"bind.recursive: {mount.bind.recursive}", _RECURSIVE))
    for what, since in needed:
        if version < since:
            wants, has = f"{since[0]}.{since[1]}", f"{version[0]}.{version[1]}"
            raise Unsupported(f"mounts[{mount.target}].{what} needs an engine with API {wants}; this one has {has}")


def _is_string(mount: Mount) -> bool:
    """Whether it is written as one of `Binds`."""
    if ":" in (mount.source or "") or ":" in mount.target:
        return False  # a colon would end the part
    if mount.type == "bind" and mount.bind:
        plain = mount.bind.create_host_path is True and not mount.bind.propagation and not mount.bind.recursive
        return plain or mount.bind.selinux is not None
    return mount.type == "volume" and mount.source is not None and not _volume_options(mount)


def _bind_string(mount: Mount, volumes: Mapping[str, str]) -> str:
    options = mount.bind or BindOptions()
    source = mount.source or ""
    parts = ["ro" if mount.read_only else "rw"]
    parts += [options.selinux] if options.selinux else []
    parts += [options.propagation] if options.propagation else []
    return f"{volumes.get(source, source) if mount.type == 'volume' else source}:{mount.target}:{','.join(parts)}"


def _structured(mount: Mount, volumes: Mapping[str, str]) -> JSON:
    """One of `Mounts`. A volume without a source is anonymous; one that is not ours goes by its own name."""
    source = mount.source
    if mount.type == "volume" and source is not None:
        source = volumes.get(source, source)
    result: JSON = {"Type": mount.type, "Target": mount.target}
    if source is not None:
        result["Source"] = source
    if mount.read_only is not None:
        result["ReadOnly"] = mount.read_only
    if mount.consistency:
        result["Consistency"] = mount.consistency
    for name, options in (
        ("BindOptions", _bind_options(mount.bind)),
        ("VolumeOptions", _volume_options(mount)),
        ("ImageOptions", _image_options(mount)),
        ("TmpfsOptions", _tmpfs_options(mount.tmpfs)),
    ):
        if options:
            result[name] = options
    return result


def _bind_options(options: BindOptions | None) -> JSON:
    if options is None:
        return {}
    result: JSON = {}
    if options.propagation:
        result["Propagation"] = options.propagation
    if options.create_host_path:
        result["CreateMountpoint"] = True
    match options.recursive:
        case "disabled":
            result["NonRecursive"] = True
        case "writable":
            result["ReadOnlyNonRecursive"] = True
        case "readonly":
            result["ReadOnlyForceRecursive"] = True
    return result


def _volume_options(mount: Mount) -> JSON:
    options = mount.volume
    if options is None or mount.type == "image":
        return {}
    result: JSON = {}
    if options.nocopy is not None:
        result["NoCopy"] = options.nocopy
    if options.subpath:
        result["Subpath"] = options.subpath
    if options.labels:
        result["Labels"] = options.labels
    return result


def _image_options(mount: Mount) -> JSON:
    return {"Subpath": mount.volume.subpath} if mount.type == "image" and mount.volume and mount.volume.subpath else {}


def _tmpfs_options(options: TmpfsOptions | None) -> JSON:
    if options is None:
        return {}
    result: JSON = {}
    if options.size is not None:
        result["SizeBytes"] = int(parse_quantity(options.size))
    if options.mode is not None:
        result["Mode"] = options.mode
    return result
