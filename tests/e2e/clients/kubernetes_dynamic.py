"""The dynamic client of `kubernetes`: objects, patches of all types, server-side apply, a watch that goes on."""

import sys

import pytest
from common import PATCHED, PATCHES, map_of, tab_of
from kubernetes import config, dynamic
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError


def main() -> None:
    api = dynamic.DynamicClient(config.new_client_from_config(sys.argv[1]))
    maps = api.resources.get(api_version="v1", kind="ConfigMap")
    made = maps.create(body=map_of("dynamic", old="1"), namespace="default")
    for media, patch in PATCHES.items():
        patched = maps.patch(body=patch, name="dynamic", namespace="default", content_type=media)
    assert patched.data.to_dict() == PATCHED
    with pytest.raises(ConflictError):
        maps.replace(body=made.to_dict(), namespace="default")
    maps.replace(body={**patched.to_dict(), "data": {}}, namespace="default")
    since = {"resource_version": patched.metadata.resourceVersion, "field_selector": "metadata.name=dynamic"}
    first = [event["type"] for event in maps.watch(namespace="default", timeout=1, **since)]
    assert first == ["MODIFIED"]
    maps.delete(name="dynamic", namespace="default")
    again = [event["type"] for event in maps.watch(namespace="default", timeout=1, **since)]
    assert again == ["MODIFIED", "DELETED"]
    with pytest.raises(NotFoundError):
        maps.get(name="dynamic", namespace="default")

    tabs = api.resources.get(api_version="stable.example.com/v1", kind="CronTab")
    tabs.create(body=tab_of("dynamic"), namespace="default")
    tabs.server_side_apply(
        body={**tab_of("dynamic"), "spec": {"image": "x"}},
        name="dynamic",
        namespace="default",
        field_manager="d",
        force_conflicts=True,
    )
    assert tabs.get(name="dynamic", namespace="default").spec.image == "x"
    tabs.delete(name="dynamic", namespace="default")


main()
