"""Rules over operations and resources: which of them a webhook is about."""

from typing import Any

import pytest

from fizz.apiserver.admission.matching import Criteria, Rule
from fizz.apiserver.kinds.registry import Registry, Resource

JSON = dict[str, Any]
REGISTRY = Registry.builtin()


def resource(group: str, plural: str) -> Resource:
    found = REGISTRY.preferred(group, plural)
    assert found is not None
    return found


def rule(*resources: str, **said: Any) -> JSON:
    return {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": list(resources), **said}


@pytest.mark.parametrize(
    ("source", "subresource", "fits"),
    [
        (rule("deployments"), "", True),
        (rule("deployments"), "status", False),
        (rule("*"), "", True),
        (rule("*"), "status", False),
        (rule("*/*"), "status", True),
        (rule("*/*"), "", True),
        (rule("deployments/*"), "scale", True),
        (rule("*/scale"), "scale", True),
        (rule("*/scale"), "", False),
        (rule("services", "deployments/status"), "status", True),
        (rule("*", operations=["CREATE", "DELETE"]), "", False),
        (rule("*", operations=["UPDATE"]), "", True),
        (rule("*", apiGroups=["", "apps"]), "", False),
        (rule("*", apiGroups=["fizz.dev"], apiVersions=["v2"]), "", False),
        (rule("*", scope="Cluster"), "", False),
        (rule("*", scope="Namespaced"), "", True),
    ],
)
def test_a_rule_is_about_operations_on_resources(source: JSON, subresource: str, fits: bool) -> None:
    assert Rule.load(source).covers("UPDATE", resource("fizz.dev", "deployments"), subresource) is fits


def test_events_are_the_same_objects_under_two_names() -> None:
    core, new = resource("", "events"), resource("events.k8s.io", "events")
    criteria = Criteria.load({}, [rule("events", apiGroups=[""])])
    fit = criteria.seen_as(REGISTRY, "CREATE", new, "")
    assert fit is not None
    assert fit[0] is core
    exact = Criteria.load({"matchPolicy": "Exact"}, [rule("events", apiGroups=[""])])
    assert exact.seen_as(REGISTRY, "CREATE", new, "") is None


def test_what_is_excluded_is_not_asked_about() -> None:
    criteria = Criteria.load({}, [rule("*")], [rule("services")])
    assert criteria.seen_as(REGISTRY, "CREATE", resource("fizz.dev", "services"), "") is None
    assert criteria.seen_as(REGISTRY, "CREATE", resource("fizz.dev", "volumes"), "") is not None
