"""Which rules an aggregated ClusterRole has."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.controllers.aggregation.plan import aggregated, selects
from fizz.schemas.rbac import ClusterRole, LabelSelector
from tests.controllers.aggregation.roles import role


def verbs_of(role: ClusterRole, *others: ClusterRole) -> list[str] | None:
    rules = aggregated(role, [role, *others])
    return None if rules is None else [verb for each in rules for verb in each.verbs]


BY_LABEL = [{"matchLabels": {"to": "edit"}}]
PARTS = (
    role("b", "update", "get", labels={"to": "edit"}),
    role("a", "get", labels={"to": "edit"}),
    role("c", "delete"),
)


def test_a_role_has_the_rules_of_those_that_it_selects_each_once_and_by_name() -> None:
    assert verbs_of(role("edit", select=BY_LABEL), *PARTS) == ["get", "update"]


def test_what_it_has_already_is_not_written_again() -> None:
    assert verbs_of(role("edit", "get", "update", select=BY_LABEL), *PARTS) is None
    assert verbs_of(role("edit", "get", "update"), *PARTS) is None


def test_its_own_rules_are_no_reason_to_keep_them() -> None:
    assert verbs_of(role("edit", "delete", labels={"to": "edit"}, select=BY_LABEL), *PARTS) == ["get", "update"]
    assert verbs_of(role("edit", "delete", select=[])) == []


@pytest.mark.parametrize(
    ("conditions", "selected"),
    [
        pytest.param({}, True, id="none"),
        pytest.param({"matchLabels": {"to": "edit", "x": "y"}}, False, id="one-label-of-two"),
        pytest.param({"matchExpressions": [{"key": "to", "operator": "In", "values": ["edit"]}]}, True, id="in"),
        pytest.param(
            {"matchExpressions": [{"key": "to", "operator": "NotIn", "values": ["edit"]}]}, False, id="not-in"
        ),
        pytest.param({"matchExpressions": [{"key": "to", "operator": "Exists"}]}, True, id="exists"),
        pytest.param({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}, True, id="does-not-exist"),
        pytest.param({"matchExpressions": [{"key": "to", "operator": "Whatever"}]}, False, id="unknown-operator"),
    ],
)
def test_selectors_select(conditions: dict[str, Any], selected: bool) -> None:
    assert selects(LabelSelector.load(conditions), {"to": "edit"}) is selected


LABELS = st.dictionaries(st.sampled_from(["to", "of"]), st.sampled_from(["edit", "view"]), max_size=2)
VERBS = st.lists(st.sampled_from(["get", "list", "update"]), unique=True, max_size=2)


@st.composite
def hierarchies(draw: st.DrawFn) -> list[ClusterRole]:
    """Plain roles, and aggregated ones of which each selects by level, so that none selects itself by detours."""
    made = [
        role(f"part-{number}", *draw(VERBS), labels={"level": "0", **draw(LABELS)})
        for number in range(draw(st.integers(0, 4)))
    ]
    for level in range(1, draw(st.integers(1, 4))):
        wanted = {"level": str(level - 1), **draw(LABELS)}
        made.append(
            role(f"whole-{level}", *draw(VERBS), labels={"level": str(level)}, select=[{"matchLabels": wanted}])
        )
    return draw(st.permutations(made))


@given(roles=hierarchies())
def test_writing_what_is_said_ends_and_gives_exactly_the_rules_of_what_is_selected(roles: list[ClusterRole]) -> None:
    plain = {each.name: each.rules for each in roles if each.aggregation_rule is None}
    for _ in range(len(roles) + 1):
        changed = False
        for each in roles:
            if (rules := aggregated(each, roles)) is not None:
                assert each.aggregation_rule is not None, "only aggregated roles are ever written"
                each.rules, changed = rules, True
        if not changed:
            break

    assert all(aggregated(each, roles) is None for each in roles), "it does not end"
    assert {each.name: each.rules for each in roles if each.aggregation_rule is None} == plain
    for each in roles:
        if each.aggregation_rule is not None:
            (selector,) = each.aggregation_rule.cluster_role_selectors or []
            parts = [other for other in roles if other is not each and selects(selector, other.labels)]
            assert all(any(found in (part.rules or []) for part in parts) for found in each.rules or [])
            assert all(found in (each.rules or []) for part in parts for found in part.rules or [])
