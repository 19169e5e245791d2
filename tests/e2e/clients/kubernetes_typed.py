"""The `kubernetes` client: typed and custom objects, patches of all types, a watch that goes on where it ended."""

import sys

import pytest
from common import PATCHED, PATCHES, PLACE, map_of, tab_of
from kubernetes import client, config, watch


def objects(core: client.CoreV1Api) -> None:
    made = core.create_namespaced_config_map("default", client.V1ConfigMap(metadata={"name": "k"}, data={"old": "1"}))
    for media, patch in PATCHES.items():
        patched = core.patch_namespaced_config_map("k", "default", patch, _content_type=media)
    assert patched.data == PATCHED
    stale = client.V1ConfigMap(metadata=made.metadata, data={})
    with pytest.raises(client.ApiException) as refused:
        core.replace_namespaced_config_map("k", "default", stale)
    assert refused.value.status == 409
    patched.data = {"replaced": "1"}
    core.replace_namespaced_config_map("k", "default", patched)
    applied = core.patch_namespaced_config_map(
        "k", "default", map_of("k", mine="1"), _content_type="application/apply-patch+yaml", field_manager="typed"
    )
    assert applied.data == {"replaced": "1", "mine": "1"}
    assert "typed" in [each.manager for each in applied.metadata.managed_fields]
    assert core.read_namespaced_config_map("k", "default").data == applied.data
    core.delete_namespaced_config_map("k", "default")
    with pytest.raises(client.ApiException) as absent:
        core.read_namespaced_config_map("k", "default")
    assert absent.value.status == 404


def watches(core: client.CoreV1Api) -> None:
    core.create_namespaced_config_map("default", map_of("w", step="1"))
    chosen = {"field_selector": "metadata.name=w", "timeout_seconds": 1}
    watching = watch.Watch()
    first = [event["type"] for event in watching.stream(core.list_namespaced_config_map, "default", **chosen)]
    assert first == ["ADDED"]
    core.patch_namespaced_config_map("w", "default", {"data": {"step": "2"}})
    core.delete_namespaced_config_map("w", "default")
    chosen["resource_version"] = watching.resource_version
    seen = watching.stream(core.list_namespaced_config_map, "default", **chosen)
    assert [(event["type"], event["object"].data["step"]) for event in seen] == [("MODIFIED", "2"), ("DELETED", "2")]


def custom_objects(custom: client.CustomObjectsApi) -> None:
    custom.create_namespaced_custom_object(*PLACE, tab_of("kube"))
    patched = custom.patch_namespaced_custom_object(*PLACE, "kube", {"spec": {"replicas": 3}})
    assert patched["spec"]["replicas"] == 3
    assert custom.get_namespaced_custom_object_scale(*PLACE, "kube")["spec"]["replicas"] == 3
    status = custom.patch_namespaced_custom_object_status(*PLACE, "kube", {"status": {"phase": "seen"}})
    assert status["status"] == {"phase": "seen"}
    patched = custom.replace_namespaced_custom_object(*PLACE, "kube", {**status, "spec": tab_of("kube")["spec"]})
    assert "replicas" not in patched["spec"]
    with pytest.raises(client.ApiException) as refused:
        custom.patch_namespaced_custom_object(*PLACE, "kube", {"spec": {"replicas": 11}})
    assert refused.value.status == 422
    custom.delete_namespaced_custom_object(*PLACE, "kube")


def main() -> None:
    api = config.new_client_from_config(sys.argv[1])
    core = client.CoreV1Api(api)
    objects(core)
    watches(core)
    custom_objects(client.CustomObjectsApi(api))


main()
