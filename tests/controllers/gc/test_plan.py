"""The collector against a server in memory that keeps its own truth: what the collector knows may lag behind it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.controllers.gc.graph import Graph, Item, Owner, item_of
from fizz.controllers.gc.plan import (
    FOREGROUND,
    ORPHAN,
    Action,
    Delete,
    DropFinalizer,
    Presence,
    Strip,
    plan,
    presence_of,
    questions,
)
from fizz.schemas import kinds, labels
from fizz.schemas.kinds import Kind


def kind_of(name: str) -> Kind:
    kind = kinds.find(name)
    assert kind is not None
    return kind


CONFIG_MAP, NODE, DEPLOYMENT = kind_of("configmap"), kind_of("node"), kind_of("deployment")


def owner(name: str, *, kind: str = "ConfigMap", api_version: str = "v1", uid: str = "", blocks: bool = True) -> Owner:
    return Owner(api_version, kind, name, uid or f"uid-{name}", blocks)


def item(name: str, *owners: Owner, kind: Kind = CONFIG_MAP, version: int = 1, **more: object) -> Item:
    namespace = "blog" if kind.namespaced else ""
    made = Item(kind, namespace, name, f"uid-{name}", version, tuple(owners))
    return replace(made, **more)  # type: ignore[arg-type]  # a dataclass cannot say which fields `replace` takes


def graph_of(*items: Item) -> Graph:
    graph = Graph()
    for each in items:
        graph.put(each)
    return graph


def decide(*items: Item, answers: dict[Owner, Presence] | None = None) -> list[str]:
    """What is done about the last of them."""
    return [str(action) for action in plan(graph_of(*items), items[-1], answers or {})]


# one object


def test_an_object_without_owners_is_nobodys_business() -> None:
    assert decide(item("a")) == []


def test_an_object_stays_while_its_owner_is_there() -> None:
    assert decide(item("a"), item("b", owner("a"))) == []


@pytest.mark.parametrize(
    ("presence", "done"),
    [
        pytest.param(
            Presence.ABSENT, ["delete ConfigMap blog/b (Background): its owner is gone: ConfigMap a"], id="gone"
        ),
        pytest.param(Presence.PRESENT, [], id="there after all"),
        pytest.param(
            Presence.LEAVING, ["delete ConfigMap blog/b (Background): its owner is being deleted"], id="leaving"
        ),
        pytest.param(Presence.UNKNOWN, [], id="no clear answer"),
    ],
)
def test_an_owner_that_the_graph_does_not_know_is_asked_for(presence: Presence, done: list[str]) -> None:
    gone = owner("a")
    dependent = item("b", gone)

    assert questions(graph_of(dependent), dependent) == [gone]
    assert decide(dependent, answers={gone: presence}) == done


def test_without_an_answer_nothing_is_deleted() -> None:
    assert decide(item("b", owner("a"))) == []


def test_one_owner_that_is_there_suffices_and_the_others_are_stripped() -> None:
    gone = owner("gone")

    done = decide(item("a"), item("b", owner("a"), gone), answers={gone: Presence.ABSENT})

    assert done == ["strip 1 owners off ConfigMap blog/b"]


def test_one_owner_without_a_clear_answer_suffices_to_do_nothing() -> None:
    gone, odd = owner("gone"), owner("odd")
    answers = {gone: Presence.ABSENT, odd: Presence.UNKNOWN}

    assert decide(item("b", gone, odd), answers=answers) == []
    assert decide(item("a"), item("b", owner("a"), odd), answers=answers) == []


def test_a_uid_that_belongs_to_an_object_of_another_name_or_kind_is_asked_for() -> None:
    lying = owner("z", uid="uid-a")
    dependent = item("b", lying)

    assert questions(graph_of(item("a"), dependent), dependent) == [lying]


def test_an_owner_in_another_namespace_is_not_meant() -> None:
    elsewhere = replace(item("a"), namespace="shop")
    dependent = item("b", owner("a"))

    assert questions(graph_of(elsewhere, dependent), dependent) == [owner("a")]


def test_an_owner_without_namespace_is_meant_from_everywhere() -> None:
    node = item("n1", kind=NODE)
    dependent = item("b", owner("n1", kind="Node", api_version="fizz.dev/v1"))

    assert questions(graph_of(node, dependent), dependent) == []


# deletion of an owner


def test_in_the_foreground_blocking_dependents_go_first() -> None:
    leaving = item("a", deleting=True, finalizers=(FOREGROUND,))
    blocking, other = item("b", owner("a")), item("c", owner("a", blocks=False))

    assert decide(leaving, blocking) == ["delete ConfigMap blog/b (Background): its owner is being deleted"]
    assert decide(blocking, leaving) == []
    assert decide(other, leaving) == ["take foregroundDeletion off ConfigMap blog/a"]


def test_a_foreground_deletion_goes_down_the_whole_tree() -> None:
    leaving = item("a", deleting=True, finalizers=(FOREGROUND,))

    done = decide(item("c", owner("b")), leaving, item("b", owner("a")))

    assert done == ["delete ConfigMap blog/b (Foreground): its owner is being deleted"]


def test_in_a_circle_the_foreground_does_not_wait_for_itself() -> None:
    leaving = item("a", owner("b"), deleting=True, finalizers=(FOREGROUND,))

    assert decide(leaving, item("b", owner("a"))) == [
        "delete ConfigMap blog/b (Background): its owner is being deleted"
    ]


def test_orphaning_strips_the_references_before_the_owner_goes() -> None:
    leaving = item("a", deleting=True, finalizers=(ORPHAN,))

    assert decide(item("b", owner("a")), leaving) == ["strip 1 owners off ConfigMap blog/b"]
    assert decide(leaving) == ["take orphan off ConfigMap blog/a"]


@pytest.mark.parametrize("finalizer", [FOREGROUND, ORPHAN])
def test_a_deployment_stops_in_its_own_order_before_the_collector_acts(finalizer: str) -> None:
    finalizers = (labels.FINALIZER_ORDERED_STOP, finalizer)
    web = item("web", kind=DEPLOYMENT, deleting=True, finalizers=finalizers)
    container = item("web-0", owner("web", kind="Deployment", api_version="fizz.dev/v1"))

    assert decide(web, container) == []
    assert decide(container, web) == []


# the graph


def test_an_older_version_than_the_known_one_is_ignored() -> None:
    graph = graph_of(item("a", version=5))

    assert graph.put(item("a", owner("x"), version=4)) == set()
    assert graph.dependents("uid-x") == []


def test_when_an_owner_goes_its_dependents_are_looked_at() -> None:
    graph = graph_of(item("a"), item("b", owner("a")), item("c"))

    assert graph.remove("uid-a") == {"uid-b"}
    assert graph.remove("uid-a") == set()


def test_when_a_dependent_goes_an_owner_that_waits_for_it_is_looked_at() -> None:
    graph = graph_of(item("a", deleting=True, finalizers=(FOREGROUND,)), item("b", owner("a")))

    assert graph.remove("uid-b") == {"uid-a"}
    assert len(graph) == 1


def test_what_is_kept_of_an_object() -> None:
    reference = {"apiVersion": "fizz.dev/v1", "kind": "Node", "name": "n1", "uid": "u", "blockOwnerDeletion": True}
    metadata = {"name": "x", "namespace": "blog", "uid": "7", "resourceVersion": "12", "deletionTimestamp": "now"}

    made = item_of(CONFIG_MAP, {"metadata": {**metadata, "ownerReferences": [reference], "finalizers": ["f"]}})

    owners = (Owner("fizz.dev/v1", "Node", "n1", "u", True),)
    assert made == Item(CONFIG_MAP, "blog", "x", "7", 12, owners, ("f",), True)


# properties


class Server:
    """The truth, and the events that tell of it in order. Names are uids here: an object never comes back."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items: dict[str, Item] = {}
        self.events: deque[Item | str] = deque()
        self.revision = 0
        for each in items:
            self.put(each)

    def put(self, changed: Item) -> None:
        self.revision += 1
        changed = replace(changed, version=self.revision)
        if changed.deleting and not changed.finalizers:
            self.items.pop(changed.uid, None)
            self.events.append(changed.uid)
        else:
            self.items[changed.uid] = changed
            self.events.append(changed)

    def delete(self, uid: str, policy: str) -> None:
        """As the API server does: finalizers say how."""
        found = self.items[uid]
        more = {"Foreground": (FOREGROUND,), "Orphan": (ORPHAN,), "Background": ()}[policy]
        kept = tuple(each for each in found.finalizers if each not in {FOREGROUND, ORPHAN})
        self.put(replace(found, deleting=True, finalizers=(*kept, *more)))

    def ask(self, meant: Owner) -> Presence:
        found = self.items.get(meant.uid)
        return presence_of(found.deleting, found.finalizers) if found else Presence.ABSENT


class Collector:
    """Graph, queue and plan, without a network."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.graph = Graph()
        self.queue: set[str] = set()

    def hear(self) -> None:
        """Take in the next event, if there is one."""
        if self.server.events:
            event = self.server.events.popleft()
            self.queue |= self.graph.remove(event) if isinstance(event, str) else self.graph.put(event)

    def work(self, uid: str) -> None:
        """Look at one object that is queued."""
        self.queue.discard(uid)
        found = self.graph.get(uid)
        if found:
            answers = {each: self.server.ask(each) for each in questions(self.graph, found)}
            for action in plan(self.graph, found, answers):
                self._do(action)

    def _do(self, action: Action) -> None:
        live = self.server.items.get(action.item.uid)
        if live is None:
            return
        match action:
            case Delete(seen, policy):
                if live.version != seen.version:  # the server refuses: the object is not what was seen
                    self.queue.add(seen.uid)
                    return
                alive = [each for each in live.owners if self.server.ask(each) is Presence.PRESENT]
                assert not alive, f"{live} is deleted though it belongs to {alive}"
                self.server.delete(live.uid, policy)
            case Strip(uids=uids):
                self.server.put(replace(live, owners=tuple(each for each in live.owners if each.uid not in uids)))
            case DropFinalizer(finalizer=finalizer):
                kept = tuple(each for each in live.finalizers if each != finalizer)
                self.server.put(replace(live, finalizers=kept))

    def settle(self) -> None:
        for _ in range(2_000):
            if self.server.events:
                self.hear()
            elif self.queue:
                self.work(min(self.queue))
            else:
                return
        raise AssertionError("the collector does not come to rest")


NAMES = "abcdefgh"


@st.composite
def forests(draw: st.DrawFn) -> list[Item]:
    """Objects that belong to earlier ones, or to one that never was."""
    made: list[Item] = []
    for index, name in enumerate(NAMES[: draw(st.integers(1, 8))]):
        above = draw(st.lists(st.sampled_from([*NAMES[:index], "?"]), unique=True, max_size=2))
        made.append(item(name, *(owner(each, blocks=draw(st.booleans())) for each in above)))
    return made


@settings(max_examples=60, deadline=None)
@given(items=forests(), data=st.data())
def test_exactly_what_belongs_to_nobody_any_more_is_collected(items: list[Item], data: st.DataObject) -> None:
    server = Server(items)
    collector = Collector(server)
    deleted: set[str] = set()
    orphaned: set[str] = set()
    for _ in range(data.draw(st.integers(0, 25))):
        do = data.draw(st.sampled_from(("hear", "work", "delete")))
        if do == "hear":
            collector.hear()
        elif do == "work" and collector.queue:
            collector.work(data.draw(st.sampled_from(sorted(collector.queue))))
        elif do == "delete" and server.items:
            uid = data.draw(st.sampled_from(sorted(server.items)))
            if not server.items[uid].deleting:
                policy = data.draw(st.sampled_from(("Background", "Foreground", "Orphan")))
                if policy == "Orphan":
                    orphaned.add(uid)
                deleted.add(uid)
                server.delete(uid, policy)
    collector.settle()

    assert not [each for each in server.items.values() if each.deleting], "nobody is stuck in deletion"
    for each in items:
        there = each.uid in server.items
        held = not each.owners or any(above.uid in server.items for above in each.owners)
        orphan = any(above.uid in orphaned for above in each.owners)
        if there:
            assert held or orphan, f"{each} belongs to nobody and is still there"
            assert all(above.uid in server.items for above in server.items[each.uid].owners), "a reference to nothing"
        else:
            assert each.uid in deleted or not held, f"{each} is gone though nobody asked for it"
