"""Devices: those of the host by their path, and GPUs and the like by what they can do."""

import re
from typing import Any, Final

from fizz.client.compose.translate.resources import given
from fizz.schemas.devices import Device, DeviceRequest

__all__ = ["translate_devices"]

JSON = dict[str, Any]

_CDI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?=[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?"
)
"""A device by its name in the Container Device Interface, `vendor.com/class=name`."""


def translate_devices(service: JSON) -> JSON:
    """The fields of a ContainerSpec that have to do with devices."""
    devices = [*service.get("devices", ())]
    named = [each["source"] for each in devices if _is_named(each)]
    deploy = ((service.get("deploy") or {}).get("resources") or {}).get("reservations") or {}
    requests = [
        *(_request(each) for each in deploy.get("devices", ())),
        *([DeviceRequest(driver="cdi", device_ids=named)] if named else []),
        *(
            _request({**each, "capabilities": [*each.get("capabilities", ()), "gpu"]})
            for each in service.get("gpus", ())
        ),
    ]
    return given(
        devices=[
            Device(source=each["source"], **given(target=each.get("target"), permissions=each.get("permissions")))
            for each in devices
            if not _is_named(each)
        ]
        or None,
        device_cgroup_rules=service.get("device_cgroup_rules"),
        device_requests=requests or None,
    )


def _is_named(device: JSON) -> bool:
    return device["source"] == device.get("target") and bool(_CDI.fullmatch(device["source"]))


def _request(written: JSON) -> DeviceRequest:
    return DeviceRequest(
        **given(
            driver=written.get("driver"),
            count=written.get("count"),
            device_ids=written.get("device_ids"),
            capabilities=written.get("capabilities"),
            options=written.get("options"),
        )
    )
