"""What a conflict says to people and programs."""

from fizz.apiserver.kinds.managed import ApplyConflict, Conflict

KUBECTL = Conflict("kubectl-edit", ".data.k", "v1", "Update", time="2026-01-01T00:00:00Z")
NODE = Conflict("node", ".status.ready", "fizz.dev/v1", "Update", "status")


def test_one_conflict_is_one_line() -> None:
    assert str(ApplyConflict([KUBECTL])) == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.k'
    )


def test_several_conflicts_are_listed_by_owner() -> None:
    other = Conflict("kubectl-edit", ".data.l", "v1", "Update")
    assert str(ApplyConflict([KUBECTL, other, NODE])) == (
        'Apply failed with 3 conflicts: conflicts with "kubectl-edit" using v1:\n'
        "- .data.k\n"
        "- .data.l\n"
        'conflicts with "node" with subresource "status" using fizz.dev/v1:\n'
        "- .status.ready"
    )


def test_causes_name_owner_and_field() -> None:
    assert ApplyConflict([KUBECTL, NODE]).causes == [
        {"reason": "FieldManagerConflict", "field": ".data.k", "message": 'conflict with "kubectl-edit" using v1'},
        {
            "reason": "FieldManagerConflict",
            "field": ".status.ready",
            "message": 'conflict with "node" with subresource "status" using fizz.dev/v1',
        },
    ]
