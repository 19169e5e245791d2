"""lightkube: lists with selectors, all types of patches, apply, a watch with a field selector."""

import sys

import pytest
from common import tab_of
from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap
from lightkube.types import PatchType


def main() -> None:
    client = Client(config=KubeConfig.from_file(sys.argv[1]), namespace="default", field_manager="lightkube")
    client.create(ConfigMap(metadata=ObjectMeta(name="l", labels={"m": "1"}), data={"a": "b"}))
    assert [each.metadata.name for each in client.list(ConfigMap, labels={"m": ["0", "1"]})] == ["l"]
    for kind, patch in (
        (PatchType.MERGE, {"data": {"m": "1"}}),
        (PatchType.STRATEGIC, {"data": {"s": "1"}}),
        (PatchType.JSON, [{"op": "add", "path": "/data/j", "value": "1"}]),
    ):
        patched = client.patch(ConfigMap, "l", patch, patch_type=kind)
    assert patched.data == {"a": "b", "m": "1", "s": "1", "j": "1"}
    applied = client.apply(ConfigMap(metadata=ObjectMeta(name="l"), data={"applied": "1"}))
    assert applied.data["applied"] == "1"
    tabs = create_namespaced_resource("stable.example.com", "v1", "CronTab", "crontabs")
    client.create(tabs.from_dict(tab_of("light")))
    seen = client.watch(tabs, fields={"metadata.name": "light"}, server_timeout=5)
    assert next(iter(seen))[0] == "ADDED"
    client.delete(tabs, "light")
    client.delete(ConfigMap, "l")
    with pytest.raises(ApiError) as absent:
        client.get(ConfigMap, "l")
    assert absent.value.status.code == 404


main()
