"""Names of managers and checks of entries, in Kubernetes' words."""

from typing import Any

import pytest

from fizz.apiserver.kinds import managed
from fizz.apiserver.kinds.managed import entries


@pytest.mark.parametrize(
    ("agent", "manager"),
    [
        ("kubectl/v1.35.0 (linux/amd64) kubernetes/abc", "kubectl"),
        ("Helm/4.1.0", "Helm"),
        ("kopf", "kopf"),
        ("", ""),
        ("a\tb\x00c/1", "abc"),
        ("x" * 200 + "/1", "x" * 128),
        ("ä" * 100 + "/1", "ä" * 64),
    ],
    ids=["kubectl", "helm", "no slash", "nothing", "unprintable", "long", "long in bytes"],
)
def test_the_default_manager_is_the_user_agent_up_to_the_slash(agent: str, manager: str) -> None:
    assert managed.default_manager(agent) == manager


@pytest.mark.parametrize(
    ("manager", "said"),
    [
        ("kubectl-edit", []),
        ("me & you", []),
        ("", []),
        ("x" * 128, []),
        ("x" * 129, ["fieldManager: Too long: may not be more than 128 bytes"]),
        ("a\nb", ['fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1)']),
    ],
    ids=["plain", "printable", "not given", "128 bytes", "129 bytes", "a line end"],
)
def test_managers_are_short_and_printable(manager: str, said: list[str]) -> None:
    assert [str(cause) for cause in managed.validate_manager(manager)] == said


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param([], [], id="empty"),
        pytest.param([{}], [], id="a reset"),
        pytest.param([{"manager": "m", "operation": "Apply", "fieldsType": "FieldsV1"}], [], id="good"),
        pytest.param(
            [{}, {"operation": "Patch"}],
            [
                'metadata.managedFields[0].operation: Invalid value: "": must be `Apply` or `Update`',
                'metadata.managedFields[1].operation: Invalid value: "Patch": must be `Apply` or `Update`',
            ],
            id="operations",
        ),
        pytest.param(
            [{"operation": "Apply", "fieldsType": "FieldsV2"}],
            ['metadata.managedFields[0].fieldsType: Invalid value: "FieldsV2": must be `FieldsV1`'],
            id="the type of fields",
        ),
        pytest.param(
            [{"operation": "Apply", "manager": "x" * 129}],
            ["metadata.managedFields[0].manager: Too long: may not be more than 128 bytes"],
            id="a long manager",
        ),
        pytest.param(
            [{"operation": "Apply", "subresource": "x" * 257}],
            ["metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes"],
            id="a long subresource",
        ),
        pytest.param(["x"], ['metadata.managedFields[0]: Invalid value: "x": must be an object'], id="no object"),
    ],
)
def test_what_is_wrong_with_entries_is_said_with_its_path(sent: list[Any], said: list[str]) -> None:
    assert [str(cause) for cause in managed.validate_entries(sent)] == said


def test_entries_stand_by_operation_then_time_then_name() -> None:
    def entry(manager: str, operation: str, time: str) -> dict[str, Any]:
        return {"manager": manager, "operation": operation, "apiVersion": "v1", "time": time, "fieldsV1": {"f:a": {}}}

    ordered = [
        entry("z", "Apply", "2026-01-01T00:00:00Z"),
        entry("a", "Apply", "2026-01-02T00:00:00Z"),
        entry("b", "Update", "2026-01-01T00:00:00Z"),
        entry("c", "Update", "2026-01-01T00:00:00Z"),
    ]
    assert entries.arrange([ordered[2], ordered[0], ordered[3], ordered[1]]) == ordered


def test_an_entry_without_fields_is_dropped() -> None:
    assert entries.arrange([{"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {}}]) == []
