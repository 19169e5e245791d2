"""lightkube: objects, all types of patches, apply, a watch that goes on by itself, a Lease that one of two gets."""

import sys
from typing import Any

import pytest
from common import lease_of, tab_of
from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import ConfigMap
from lightkube.types import PatchType


def objects(client: Client) -> None:
    made = client.create(ConfigMap(metadata=ObjectMeta(name="l", labels={"m": "1"}), data={"a": "b"}))
    assert [each.metadata.name for each in client.list(ConfigMap, labels={"m": ["0", "1"]})] == ["l"]
    for kind, patch in (
        (PatchType.MERGE, {"data": {"m": "1"}}),
        (PatchType.STRATEGIC, {"data": {"s": "1"}}),
        (PatchType.JSON, [{"op": "add", "path": "/data/j", "value": "1"}]),
    ):
        patched = client.patch(ConfigMap, "l", patch, patch_type=kind)
    assert patched.data == {"a": "b", "m": "1", "s": "1", "j": "1"}
    assert code_of(lambda: client.replace(made)) == 409
    patched.data = {"replaced": "1"}
    client.replace(patched)
    applied = client.apply(ConfigMap(metadata=ObjectMeta(name="l"), data={"applied": "1"}))
    assert applied.data == {"replaced": "1", "applied": "1"}
    assert client.get(ConfigMap, "l").data == applied.data
    client.delete(ConfigMap, "l")
    assert code_of(lambda: client.get(ConfigMap, "l")) == 404


def code_of(refused: Any) -> int:
    with pytest.raises(ApiError) as problem:
        refused()
    code: int = problem.value.status.code
    return code


def watches(client: Client) -> None:
    """The server ends the watch every second; lightkube begins again from the last version that it saw."""
    tabs = create_namespaced_resource("stable.example.com", "v1", "CronTab", "crontabs")
    client.create(tabs.from_dict(tab_of("light")))
    send, begun = client._client.send, []

    def counting(request: Any, *arguments: Any, **more: Any) -> Any:
        if "watch=" in str(request.url):
            begun.append(request.url.params.get("resourceVersion"))
            if len(begun) == 2:
                client.delete(tabs, "light")
        return send(request, *arguments, **more)

    client._client.send = counting
    kinds = []
    for kind, _ in client.watch(tabs, fields={"metadata.name": "light"}, server_timeout=1):
        kinds.append(kind)
        if kind == "DELETED":
            break
    assert kinds == ["ADDED", "DELETED"]
    assert begun[0] is None
    assert begun[1]


def elects(client: Client) -> None:
    lease = client.create(Lease.from_dict(lease_of("light", "one")))
    assert code_of(lambda: client.create(Lease.from_dict(lease_of("light", "two")))) == 409
    lease.spec.holderIdentity = "two"
    client.replace(lease)
    lease.spec.holderIdentity = "one"  # who has not seen that somebody else leads now
    assert code_of(lambda: client.replace(lease)) == 409
    assert client.get(Lease, "light").spec.holderIdentity == "two"
    client.delete(Lease, "light")


def main() -> None:
    client = Client(config=KubeConfig.from_file(sys.argv[1]), namespace="default", field_manager="lightkube")
    objects(client)
    watches(client)
    elects(client)


main()
