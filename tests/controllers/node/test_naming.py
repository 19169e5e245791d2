"""Names and labels of the engine's objects."""

from typing import Any

import pytest

from fizz.controllers.node.naming import (
    Owner,
    container_labels,
    container_name,
    network_labels,
    network_name,
    spec_hash,
    volume_labels,
    volume_name,
)
from fizz.schemas import labels
from fizz.schemas.container import Container
from tests.controllers.node.world import container, network, volume

OWNER = Owner("server", "node-1")
OF_PROJECT = {labels.PROJECT: "My_Blog", labels.SERVICE: "web_app", labels.DEPLOYMENT: "web-app", labels.ORDINAL: "1"}


def labelled(found: dict[str, str], **spec: Any) -> Container:
    item = container("web-1f2e-1", **spec)
    item.metadata.labels = found
    return item


NAMES: list[tuple[str, Container, str]] = [
    ("compose", labelled(OF_PROJECT), "My_Blog-web_app-2"),
    ("deployment", labelled({labels.DEPLOYMENT: "web", labels.ORDINAL: "0"}), "blog-web-1"),
    ("alone", labelled({}), "blog-web-1f2e-1"),
    ("strange ordinal", labelled({labels.ORDINAL: "x"}), "blog-web-1f2e-1"),
    ("named", labelled(OF_PROJECT, containerName="db"), "db"),
]


@pytest.mark.parametrize(("item", "name"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_containers_are_named_as_compose_names_them(item: Container, name: str) -> None:
    assert container_name(item) == name


def test_networks_and_volumes_are_named_by_project_unless_they_have_a_name() -> None:
    item = network("front")
    item.metadata.labels = {labels.PROJECT: "My_Blog"}

    assert (network_name(item), volume_name(volume("data"))) == ("My_Blog_front", "blog_data")
    assert (network_name(network("front", name="n")), volume_name(volume("data", name="d"))) == ("n", "d")


def test_a_container_carries_our_labels_and_those_of_compose() -> None:
    item = labelled(OF_PROJECT, labels={"team": "web", labels.UID: "forged"})

    found = container_labels(item, OWNER)

    assert found == {
        "team": "web",
        labels.DEPLOYMENT: "web-app",
        labels.SERVER: "server",
        labels.NODE: "node-1",
        labels.NAMESPACE: "blog",
        labels.CONTAINER: "web-1f2e-1",
        labels.UID: "uid-web-1f2e-1",
        labels.SPEC_HASH: spec_hash(item.spec),
        labels.COMPOSE_PROJECT: "My_Blog",
        labels.COMPOSE_SERVICE: "web_app",
        labels.COMPOSE_CONTAINER_NUMBER: "2",
        labels.COMPOSE_ONEOFF: "False",
        labels.COMPOSE_CONFIG_HASH: spec_hash(item.spec),
        labels.COMPOSE_VERSION: found[labels.COMPOSE_VERSION],
    }


def test_compose_reads_names_of_networks_and_volumes_as_written() -> None:
    renamed = network("my-net-1a2b3", name="blog_my_net")
    elsewhere = volume("data", name="shared")

    assert network_labels(renamed, OWNER)[labels.COMPOSE_NETWORK] == "my_net"
    assert volume_labels(elsewhere, OWNER)[labels.COMPOSE_VOLUME] == "data"


def test_only_the_same_server_and_node_own_an_object() -> None:
    assert OWNER.owns({labels.SERVER: "server", labels.NODE: "node-1", "more": "x"})
    assert not OWNER.owns({labels.SERVER: "server", labels.NODE: "node-2"})
    assert not OWNER.owns({labels.SERVER: "other", labels.NODE: "node-1"})
    assert not OWNER.owns({})


def test_the_hash_changes_with_what_the_container_is_and_with_nothing_else() -> None:
    plain = container("web").spec
    elsewhere = container("web", nodeName="node-2").spec
    spelled = container("web", restartPolicy={}, ports=[{"containerPort": 80, "protocol": "tcp"}]).spec
    implied = container("web", restartPolicy={}, ports=[{"containerPort": 80}]).spec

    assert spec_hash(plain) == spec_hash(elsewhere)
    assert spec_hash(spelled) == spec_hash(implied)
    assert spec_hash(plain) != spec_hash(container("web", image="other").spec)
    assert spec_hash(plain) == "432f69f9ffb88aec", "a changed hash makes every container anew when Fizz is updated"
