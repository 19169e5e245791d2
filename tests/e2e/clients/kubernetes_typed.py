"""The `kubernetes` client: typed and custom objects, patches, a watch from a version on."""

import sys

import pytest
from common import PLACE, tab_of
from kubernetes import client, config, watch


def main() -> None:
    api = config.new_client_from_config(sys.argv[1])
    core, custom = client.CoreV1Api(api), client.CustomObjectsApi(api)
    core.create_namespaced_config_map("default", client.V1ConfigMap(metadata={"name": "k"}, data={"a": "b"}))
    listed = core.list_namespaced_config_map("default")
    core.patch_namespaced_config_map("k", "default", {"data": {"c": "d"}})
    for event in watch.Watch().stream(
        core.list_namespaced_config_map, "default", resource_version=listed.metadata.resource_version, timeout_seconds=5
    ):
        assert (event["type"], event["object"].data) == ("MODIFIED", {"a": "b", "c": "d"})
        break
    custom.create_namespaced_custom_object(*PLACE, tab_of("kube"))
    patched = custom.patch_namespaced_custom_object(*PLACE, "kube", {"spec": {"replicas": 3}})
    assert patched["spec"]["replicas"] == 3
    assert custom.get_namespaced_custom_object_scale(*PLACE, "kube")["spec"]["replicas"] == 3
    with pytest.raises(client.ApiException) as refused:
        custom.patch_namespaced_custom_object(*PLACE, "kube", {"spec": {"replicas": 11}})
    assert refused.value.status == 422
    custom.delete_namespaced_custom_object(*PLACE, "kube")
    core.delete_namespaced_config_map("k", "default")


main()
