"""The registry: keys, field selectors, what is served."""

import dataclasses

import pytest

from fizz.apiserver.kinds.registry import Registry, Resource, key, prefix, version_priority
from fizz.schemas.base import JSON
from fizz.schemas.kinds import BUILTIN


def get(registry: Registry, api_version: str, kind: str) -> Resource:
    found = registry.by_kind(api_version, kind)
    assert found is not None
    return found


@pytest.fixture
def registry() -> Registry:
    return Registry.builtin()


@pytest.fixture
def widget() -> Resource:
    return Resource("example.com", "v1", "Widget", "widgets", "widget", "WidgetList", lambda: {"type": "object"})


def test_builtin_kinds_are_found_by_place_and_by_type(registry: Registry) -> None:
    for kind in BUILTIN:
        resource = registry.lookup(kind.group, kind.version, kind.plural)
        assert resource is not None
        assert resource is registry.by_kind(kind.api_version, kind.kind)
        assert (resource.name, resource.api_version) == (kind.resource, kind.api_version)
        assert resource.builtin
    assert registry.lookup("", "v1", "pods") is None
    assert registry.by_kind("v1", "Pod") is None


def test_keys_are_those_of_the_store(registry: Registry) -> None:
    namespace, secret = get(registry, "v1", "Namespace"), get(registry, "v1", "Secret")
    deployment = get(registry, "fizz.dev/v1", "Deployment")
    assert namespace.key(None, "blog") == "/core/namespaces//blog"
    assert namespace.key("ignored", "blog") == "/core/namespaces//blog"
    assert secret.key("blog", "password") == "/core/secrets/blog/password"
    assert key(deployment, "blog", "web") == "/fizz.dev/deployments/blog/web"
    assert namespace.prefix() == namespace.prefix("ignored") == "/core/namespaces/"
    assert secret.prefix() == "/core/secrets/"
    assert prefix(secret, "blog") == "/core/secrets/blog/"


def test_groups_and_versions_are_listed_in_order(registry: Registry, widget: Resource) -> None:
    for version in ("v1beta1", "v1", "v2alpha1"):
        registry.add(dataclasses.replace(widget, version=version))
    assert registry.groups() == [
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "coordination.k8s.io",
        "events.k8s.io",
        "example.com",
        "fizz.dev",
        "rbac.authorization.k8s.io",
    ]
    assert registry.versions("example.com") == ["v1", "v1beta1", "v2alpha1"]
    assert [each.version for each in registry.resources("example.com")] == ["v1beta1", "v1", "v2alpha1"]
    assert [each.kind for each in registry.resources("coordination.k8s.io", "v1")] == ["Lease"]
    preferred = registry.preferred("example.com", "widgets")
    assert preferred is registry.lookup("example.com", "v1", "widgets")
    assert registry.preferred("example.com", "gadgets") is None


@pytest.mark.parametrize(
    "order", [["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"]]
)
def test_versions_have_kubernetes_order(order: list[str]) -> None:
    assert sorted({*order}, key=version_priority) == order


def test_kinds_come_and_go_and_are_counted(registry: Registry, widget: Resource) -> None:
    before = registry.changes
    registry.add(widget)
    assert registry.lookup("example.com", "v1", "widgets") is widget
    registry.remove(widget)
    registry.remove(widget)
    registry.remove(None)
    assert registry.lookup("example.com", "v1", "widgets") is None
    assert registry.by_kind("example.com/v1", "Widget") is None
    assert registry.changes == before + 2


def test_a_changed_kind_replaces_the_old_one(registry: Registry, widget: Resource) -> None:
    registry.add(widget)
    renamed = dataclasses.replace(widget, kind="Gizmo")
    registry.add(renamed)
    assert registry.by_kind("example.com/v1", "Widget") is None
    assert registry.by_kind("example.com/v1", "Gizmo") is renamed


def test_no_version_of_a_custom_kind_shares_the_objects_of_a_built_in_one(registry: Registry, widget: Resource) -> None:
    group = "rbac.authorization.k8s.io"
    with pytest.raises(ValueError, match=r"clusterroles\.rbac\.authorization\.k8s\.io is built in"):
        registry.add(dataclasses.replace(widget, group=group, version="v2", plural="clusterroles"))
    assert registry.versions(group) == ["v1"]


def test_a_kind_can_be_served_in_one_place_only(registry: Registry, widget: Resource) -> None:
    registry.add(widget)
    with pytest.raises(ValueError, match="already served as widgets"):
        registry.add(dataclasses.replace(widget, plural="gizmos"))


def test_a_schema_is_made_when_it_is_needed_and_once() -> None:
    made: list[int] = []

    def make() -> JSON:
        made.append(1)
        return {"type": "object"}

    resource = Resource("example.com", "v1", "Widget", "widgets", "widget", "WidgetList", make)
    assert made == []
    assert resource.compiled is resource.compiled
    assert resource.schema is resource.schema
    assert made == [1]


def test_field_selectors_see_texts(registry: Registry, widget: Resource) -> None:
    container = get(registry, "fizz.dev/v1", "Container")
    obj: JSON = {"metadata": {"name": "a", "namespace": "b"}, "spec": {"nodeName": "n"}}
    assert container.fields(obj) == {
        "metadata.name": "a",
        "metadata.namespace": "b",
        "spec.nodeName": "n",
        "status.phase": "",
    }
    odd = dataclasses.replace(widget, selectable=frozenset({"spec.on", "spec.size", "spec.text.deeper"}))
    assert odd.fields({"spec": {"on": True, "size": 3, "text": "x"}}) == {
        "spec.on": "true",
        "spec.size": "3",
        "spec.text.deeper": "",
    }


@pytest.mark.parametrize(
    ("event", "source"),
    [
        pytest.param({"source": {"component": "kubelet"}, "reportingComponent": "x"}, "kubelet", id="source"),
        pytest.param({"reportingComponent": "fizz"}, "fizz", id="reporting component"),
        pytest.param({}, "", id="neither"),
    ],
)
def test_an_event_is_selected_by_its_component(registry: Registry, event: JSON, source: str) -> None:
    assert get(registry, "v1", "Event").fields({"metadata": {}, **event})["source"] == source
