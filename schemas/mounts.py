"""What is mounted into a container: volumes, paths of the host, memory, images, and Secrets and ConfigMaps as files."""

from typing import Literal

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import Quantity

__all__ = ["AnonymousVolume", "BindOptions", "FileProjection", "Mount", "TmpfsOptions", "VolumeOptions"]


class BindOptions(Model):
    """How a host path is mounted."""

    propagation: str | None = Field(None, description="rprivate, private, rshared, shared, rslave or slave.")
    create_host_path: bool | None = Field(
        None, description="True to create the host path as a folder if it is missing."
    )
    selinux: Literal["z", "Z"] | None = Field(None, description="Relabel: z shared, Z private.")
    recursive: str | None = Field(None, description="enabled, disabled, writable or readonly.")


class VolumeOptions(Model):
    """How a volume is mounted."""

    nocopy: bool | None = Field(None, description="True not to fill a new volume from the image.")
    subpath: str | None = Field(None, description="The folder of the volume to mount.")
    labels: dict[str, str] | None = Field(None, description="Labels of an anonymous volume.")


class TmpfsOptions(Model):
    """A file system in memory."""

    size: Quantity | None = Field(None, description="Its size at most.")
    mode: int | None = Field(None, description="Its mode, as the number that 0o1777 is.")


class Mount(Model):
    """Something mounted into the container's file system."""

    type: Literal["volume", "bind", "tmpfs", "image", "npipe", "cluster"] = Field(description="What is mounted.")
    source: str | None = Field(
        None,
        description="volume: name of a Volume in the namespace, absent for an anonymous one; "
        "bind: path on the host; image: its name.",
    )
    target: str = Field(description="Absolute path in the container.")
    read_only: bool | None = Field(None, description="True to mount read-only.")
    consistency: str | None = Field(None, description="Kept for other platforms; Linux ignores it.")
    bind: BindOptions | None = Field(None, description="How a host path is mounted.")
    volume: VolumeOptions | None = Field(None, description="How a volume is mounted.")
    tmpfs: TmpfsOptions | None = Field(None, description="How a file system in memory is made.")


class AnonymousVolume(Model):
    """A volume without a name in any file, made for a path: by the image's VOLUME, or by a mount without a source."""

    target: str = Field(description="Absolute path in the container.")
    name: str = Field(description="The engine's name for it.")


class FileProjection(Model):
    """One key of a Secret or ConfigMap as a file in the container."""

    name: str = Field(description="Name of the Secret or ConfigMap in the namespace.")
    key: str = Field(description="The key in its data.")
    target: str = Field(description="Absolute path of the file.")
    uid: str | None = Field(None, description="Owner of the file; 0 if absent.")
    gid: str | None = Field(None, description="Group of the file; 0 if absent.")
    mode: int | None = Field(None, description="Mode of the file, as the number that 0o444 is (the default).")
