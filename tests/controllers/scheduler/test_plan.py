from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.controllers.scheduler.plan import Bind, Release, Wait, decide, is_candidate
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


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["new", "delete", "node ready", "node lost", "cordon", "uncordon", "node gone", "node new"]),
        st.integers(0, 5),
    ),
    max_size=30,
)


@given(EVENTS)
def test_whatever_happens_a_container_is_bound_once_to_a_node_that_could_take_it_then_and_nothing_waits_in_vain(
    events: list[tuple[str, int]],
) -> None:
    nodes = {"n0": make_node("n0")}
    containers: dict[str, Container] = {}
    for number, (what, which) in enumerate(events):
        name = f"n{which % 3}"
        match what:
            case "new":
                containers[f"c{number}"] = make_container(
                    f"c{number}", finalizers=["other.example/x", labels.FINALIZER_NODE]
                )
            case "delete" if containers:
                doomed = list(containers.values())[which % len(containers)]
                doomed.metadata.deletion_timestamp = datetime(2026, 1, 31, tzinfo=UTC)
            case "node ready" | "node lost" if name in nodes:
                nodes[name] = make_node(name, ready="True" if what == "node ready" else "False")
            case "cordon" | "uncordon" if name in nodes:
                nodes[name].spec.unschedulable = what == "cordon"
            case "node gone":
                nodes.pop(name, None)
            case "node new":
                nodes[name] = make_node(name)
        for item in containers.values():
            _settle(item, list(nodes.values()), containers.values())

    nodes["n0"] = make_node("n0")
    for item in containers.values():
        _settle(item, list(nodes.values()), containers.values())
    for item in containers.values():
        deleted = item.metadata.deletion_timestamp is not None
        assert decide(item, list(nodes.values()), {}) is None, "nothing is left to decide"
        assert deleted or item.spec.node_name, "there is a node, so nothing waits"
        assert "other.example/x" in (item.metadata.finalizers or []), "what others hold is left to them"


def _settle(item: Container, nodes: list[Node], all_containers: Iterable[Container]) -> None:
    """Do what is decided for a Container, and check that it may be."""
    load = Counter(each.spec.node_name for each in all_containers if each.spec.node_name)
    before = item.spec.node_name
    match decide(item, nodes, load):
        case Bind(node):
            assert before is None
            assert item.metadata.deletion_timestamp is None
            assert is_candidate(next(each for each in nodes if each.name == node))
            item.spec.node_name = node
        case Release(finalizers):
            assert before is None
            assert item.metadata.deletion_timestamp is not None
            item.metadata.finalizers = list(finalizers)
        case Wait():
            assert not any(map(is_candidate, nodes))
