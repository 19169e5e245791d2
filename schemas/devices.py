"""Devices of the host that a container sees, and how fast it may use those that are disks."""

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import Quantity

__all__ = ["BlkioConfig", "BlockOperations", "BlockRate", "BlockWeight", "Device", "DeviceRequest"]


class Device(Model):
    """A device of the host."""

    source: str = Field(description="Path of the device on the host, or the name of a CDI device.")
    target: str | None = Field(None, description="Path in the container; as on the host if absent.")
    permissions: str | None = Field(None, description="Some of r, w and m (mknod); rwm if absent.")


class DeviceRequest(Model):
    """Devices, as GPUs, by what they can do. The engine's drivers find them."""

    driver: str | None = Field(None, description="The driver; one that can do it if absent.")
    count: int | None = Field(None, description="How many; -1 for all.")
    device_ids: list[str] | None = Field(None, alias="deviceIDs", description="These very devices, instead of a count.")
    capabilities: list[str] | None = Field(None, description="What they must be able to do, as gpu and compute.")
    options: dict[str, str] | None = Field(None, description="Options of the driver.")


class BlockWeight(Model):
    """The weight of one disk."""

    path: str = Field(description="Path of the device on the host.")
    weight: int = Field(description="10 to 1000.")


class BlockRate(Model):
    """How many bytes a second at most of one disk."""

    path: str = Field(description="Path of the device on the host.")
    rate: Quantity = Field(description="Bytes a second.")


class BlockOperations(Model):
    """How many operations a second at most of one disk."""

    path: str = Field(description="Path of the device on the host.")
    rate: int = Field(description="Operations a second.")


class BlkioConfig(Model):
    """How disks are shared among containers."""

    weight: int | None = Field(None, description="10 to 1000, in relation to other containers.")
    weight_device: list[BlockWeight] | None = Field(None, description="Weights for single disks.")
    device_read_bps: list[BlockRate] | None = Field(None, description="Limits of reading, in bytes.")
    device_write_bps: list[BlockRate] | None = Field(None, description="Limits of writing, in bytes.")
    device_read_iops: list[BlockOperations] | None = Field(None, description="Limits of reading, in operations.")
    device_write_iops: list[BlockOperations] | None = Field(None, description="Limits of writing, in operations.")
