from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.controllers.scheduler.plan import Bind, Release, Wait, decide
from fizz.schemas import labels
from fizz.schemas.container import Container
from fizz.schemas.inheritance import Inheritance
from fizz.schemas.mounts import AnonymousVolume
from fizz.schemas.node import Node


def make_node(name: str, *, ready: str | None = "True", unschedulable: bool | None = None) -> Node:
    conditions = [{"type": "Ready", "status": ready}] if ready else []
    return Node.load(
        {"metadata": {"name": name}, "spec": {"unschedulable": unschedulable}, "status": {"conditions": conditions}}
    )


def make_container(name: str = "web-0badcafe-0", *, node: str | None = None, **metadata: object) -> Container:
    spec = {"image": "busybox", "nodeName": node}
    return Container.load({"metadata": {"name": name, "namespace": "blog", **metadata}, "spec": spec})


NODES = [make_node("c"), make_node("a"), make_node("b")]


@pytest.mark.parametrize(
    ("load", "node"),
    [
        pytest.param({}, "a", id="all empty: the first by name"),
        pytest.param({"a": 3, "b": 1, "c": 1}, "b", id="the fewest, then by name"),
        pytest.param({"a": 1, "b": 2}, "c", id="a node that nobody counted is empty"),
    ],
)
def test_a_container_goes_to_the_node_with_the_fewest(load: dict[str, int], node: str) -> None:
    assert decide(make_container(), NODES, load) == Bind(node)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        pytest.param([], "there is no node", id="none"),
        pytest.param([make_node("a", ready="False")], "a is not ready", id="not ready"),
        pytest.param([make_node("a", ready=None)], "a is not ready", id="never reported"),
        pytest.param([make_node("a", unschedulable=True)], "a is unschedulable", id="cordoned"),
    ],
)
def test_without_a_good_node_it_waits_and_says_why(nodes: list[Node], says: str) -> None:
    decision = decide(make_container(), nodes, {})

    assert isinstance(decision, Wait)
    assert says in decision.message


def heir(node: str) -> Container:
    text = Inheritance(node=node, volumes=[AnonymousVolume(target="/data", name="5448")]).written()
    return make_container(annotations={labels.INHERITED_VOLUMES: text})


def test_a_container_with_inherited_volumes_goes_where_they_are() -> None:
    assert decide(heir("b"), NODES, {"b": 9}) == Bind("b")


def test_it_waits_while_the_node_of_its_volumes_cannot_take_it_and_goes_elsewhere_when_there_is_no_such_node() -> None:
    waiting = decide(heir("b"), [make_node("a"), make_node("b", ready="False")], {})

    assert waiting == Wait("its volumes are on b, which cannot take it now")
    assert decide(heir("gone"), NODES, {}) == Bind("a")


def test_a_bound_container_is_left_alone() -> None:
    assert decide(make_container(node="z"), NODES, {}) is None


def test_a_container_that_is_deleted_before_it_was_bound_is_let_go() -> None:
    deleted = {"deletionTimestamp": "2026-01-31T09:30:00Z"}
    held = make_container(finalizers=["example.com/mine", labels.FINALIZER_NODE], **deleted)
    free = make_container(finalizers=["example.com/mine"], **deleted)

    assert decide(held, NODES, {}) == Release(("example.com/mine",))
    assert decide(free, NODES, {}) is None


@given(st.integers(1, 6), st.integers(0, 40))
def test_one_after_the_other_they_spread_evenly(nodes: int, containers: int) -> None:
    all_nodes = [make_node(f"n{index}") for index in range(nodes)]
    load: Counter[str] = Counter()
    for index in range(containers):
        decision = decide(make_container(f"web-{index}"), all_nodes, load)
        assert isinstance(decision, Bind)
        load[decision.node] += 1

    counts = [load[node.name] for node in all_nodes]
    assert sum(counts) == containers
    assert max(counts) - min(counts) <= 1
