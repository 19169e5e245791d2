"""Protobuf bodies, as client-go writes them: zeros of fields that are no pointers are written out."""

from typing import Any

import pytest
from google.protobuf import message_factory

from fizz.apiserver import errors
from fizz.apiserver.kinds import protobuf


def message(name: str, **fields: Any) -> Any:
    """A message with its fields set; what is given as a dict is a message of its own."""
    made = message_factory.GetMessageClass(protobuf._pool().FindMessageTypeByName(f"kubernetes.{name}"))()
    fill(made, fields)
    return made


def fill(made: Any, fields: dict[str, Any]) -> None:
    for field, value in fields.items():
        described = made.DESCRIPTOR.fields_by_name[field]
        if isinstance(value, dict) and described.message_type.GetOptions().map_entry:
            getattr(made, field).update(value)
        elif isinstance(value, dict):
            getattr(made, field).SetInParent()
            fill(getattr(made, field), value)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    fill(getattr(made, field).add(), each)
                else:
                    getattr(made, field).append(each)
        else:
            setattr(made, field, value)


def body(api_version: str, kind: str, raw: Any) -> bytes:
    meta = {"apiVersion": api_version, "kind": kind}
    return b"k8s\x00" + bytes(message("Unknown", typeMeta=meta, raw=raw.SerializeToString()).SerializeToString())


def test_a_secret_has_its_bytes_in_base64_and_no_zeros() -> None:
    metadata = {"name": "a", "generateName": "", "uid": "", "generation": 0, "labels": {"owner": "helm"}}
    raw = message("Secret", metadata=metadata | {"creationTimestamp": {}}, data={"k": b"\x00\x01"}, type="Opaque")
    assert protobuf.decode(body("v1", "Secret", raw)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a", "labels": {"owner": "helm"}},
        "data": {"k": "AAE="},
        "type": "Opaque",
    }


def test_a_webhooks_rules_are_flat_and_its_bundle_is_base64() -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "scope": "*"}
    hook = {
        "name": "a.example.com",
        "clientConfig": {"service": {"namespace": "n", "name": "s", "port": 443}, "caBundle": b"PEM"},
        "rules": [{"operations": ["CREATE"], "rule": rule}],
        "namespaceSelector": {},
        "sideEffects": "None",
        "timeoutSeconds": 10,
        "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "c", "expression": "true"}],
    }
    raw = message("ValidatingWebhookConfiguration", metadata={"name": "a"}, webhooks=[hook])
    assert protobuf.decode(body("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", raw)) == {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "a"},
        "webhooks": [
            {
                **hook,
                "clientConfig": {"service": {"namespace": "n", "name": "s", "port": 443}, "caBundle": "UEVN"},
                "rules": [{"operations": ["CREATE"], **rule}],
            }
        ],
    }


def test_pointers_keep_their_zeros() -> None:
    raw = message("DeleteOptions", gracePeriodSeconds=0, propagationPolicy="Background", preconditions={"uid": "u"})
    assert protobuf.decode(body("coordination.k8s.io/v1", "DeleteOptions", raw)) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Background",
        "preconditions": {"uid": "u"},
    }


def test_times_have_seconds_or_microseconds() -> None:
    spec = {"holderIdentity": "me", "renewTime": {"seconds": 1_700_000_000, "nanos": 123_456_000}}
    raw = message("Lease", metadata={"name": "a", "creationTimestamp": {"seconds": 1_700_000_000}}, spec=spec)
    found = protobuf.decode(body("coordination.k8s.io/v1", "Lease", raw))
    assert found["spec"] == {"holderIdentity": "me", "renewTime": "2023-11-14T22:13:20.123456Z"}
    assert found["metadata"]["creationTimestamp"] == "2023-11-14T22:13:20Z"


def test_rules_of_roles_are_lists_of_objects() -> None:
    raw = message(
        "Role", metadata={"name": "a"}, rules=[{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]
    )
    found = protobuf.decode(body("rbac.authorization.k8s.io/v1", "Role", raw))
    assert found["rules"] == [{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]


def test_managed_fields_are_json_inside() -> None:
    entry = {"manager": "m", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"raw": b'{"f:data":{}}'}}
    raw = message("ConfigMap", metadata={"name": "a", "managedFields": [entry]}, data={"k": "v"})
    found = protobuf.decode(body("v1", "ConfigMap", raw))
    assert found["metadata"]["managedFields"][0]["fieldsV1"] == {"f:data": {}}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"{}", errors.BadRequest),
        (b"k8s\x00\xff\xff", errors.BadRequest),
        (body("example.com/v1", "Gadget", message("TypeMeta")), errors.UnsupportedMediaType),
    ],
    ids=["no-magic", "broken", "custom-kind"],
)
def test_what_cannot_be_read_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        protobuf.decode(data)
