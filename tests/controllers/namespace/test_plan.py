from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from fizz.controllers.namespace.plan import Contents, plan
from fizz.schemas import kinds
from fizz.schemas.base import JSON
from fizz.schemas.conditions import find
from fizz.schemas.kinds import Kind

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def kind_of(name: str) -> Kind:
    kind = kinds.find(name)
    assert kind is not None
    return kind


DEPLOYMENT, CONTAINER, EVENT = kind_of("deployment"), kind_of("container"), kind_of("event")
NETWORK, SECRET = kind_of("network"), kind_of("secret")
JOB, CRON_JOB = kind_of("job"), kind_of("cronjob")


def thing(name: str, *, after: Sequence[str] = (), deleting: bool = False, finalizers: Sequence[str] = ()) -> JSON:
    metadata: JSON = {"name": name, "finalizers": list(finalizers)}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-31T09:30:00Z"
    return {"metadata": metadata, "spec": {"dependsOn": [{"name": other} for other in after]}}


def test_deployments_go_first_and_dependents_before_what_they_depend_on() -> None:
    deployments = [thing("db"), thing("proxy", after=["web"]), thing("web", after=["db"])]
    contents = Contents({SECRET: [thing("s")], CONTAINER: [thing("c")], DEPLOYMENT: deployments}, {})

    made = plan(None, contents, (), NOW)

    assert [each.name for each in made.deletions] == ["proxy", "web", "db"]
    assert {each.kind for each in made.deletions} == {DEPLOYMENT}
    assert not made.is_empty


def test_the_rest_waits_for_deployments_that_are_still_stopping() -> None:
    contents = Contents({DEPLOYMENT: [thing("web", deleting=True)], CONTAINER: [thing("c")], SECRET: [thing("s")]}, {})

    assert plan(None, contents, (), NOW).deletions == ()


def test_events_go_last() -> None:
    first = plan(None, Contents({EVENT: [thing("e")], NETWORK: [thing("n")], SECRET: [thing("s")]}, {}), (), NOW)
    last = plan(None, Contents({EVENT: [thing("e")], NETWORK: [], SECRET: []}, {}), (), NOW)

    assert [each.name for each in first.deletions] == ["n", "s"]
    assert [each.name for each in last.deletions] == ["e"]


def test_a_kind_that_cannot_be_listed_keeps_the_namespace_and_is_said() -> None:
    made = plan(None, Contents({}, {SECRET: "the server failed"}), (), NOW)

    assert not made.is_empty
    found = find(made.conditions, "NamespaceDeletionDiscoveryFailure")
    assert found is not None
    assert (found.status, found.message) == ("True", "cannot be listed: secrets: the server failed")


def test_the_conditions_say_what_is_left_and_what_holds_it() -> None:
    held = [thing("a", deleting=True, finalizers=["fizz.dev/node"]), thing("b", finalizers=["fizz.dev/node"])]

    made = plan(None, Contents({NETWORK: held}, {}), ['networks.fizz.dev "b": no'], NOW)

    said = {each.type: (each.status, each.message) for each in made.conditions}
    assert said["NamespaceContentRemaining"] == (
        "True",
        "Some resources are remaining: networks.fizz.dev has 2 resource instances",
    )
    held_by = "Some content in the namespace has finalizers remaining: fizz.dev/node in 2 resource instances"
    assert said["NamespaceFinalizersRemaining"] == ("True", held_by)
    assert said["NamespaceDeletionContentFailure"] == ("True", 'networks.fizz.dev "b": no')


def test_an_empty_namespace_may_go() -> None:
    made = plan(None, Contents({DEPLOYMENT: [], EVENT: []}, {}), (), NOW)

    assert made.is_empty
    assert {each.status for each in made.conditions} == {"False"}


@given(
    st.dictionaries(
        st.sampled_from((CRON_JOB, JOB, DEPLOYMENT, CONTAINER, NETWORK, SECRET, EVENT)),
        st.lists(st.sampled_from("abcdef"), unique=True),
    ),
    st.data(),
)
def test_it_ends_deletes_each_object_once_and_finishes_a_stage_before_the_next(
    names: dict[Kind, list[str]], data: st.DataObject
) -> None:
    world = {kind: {name: thing(name) for name in each} for kind, each in names.items()}
    deleted: list[tuple[Kind, str]] = []
    for _ in range(60):
        contents = Contents({kind: list(objects.values()) for kind, objects in world.items()}, {})
        made = plan(None, contents, (), NOW)
        if made.is_empty:
            break
        for each in made.deletions:
            deleted.append((each.kind, each.name))
            world[each.kind][each.name]["metadata"]["deletionTimestamp"] = "now"
        waiting = [(kind, name) for kind, each in world.items() for name, item in each.items() if _is_deleting(item)]
        for kind, name in waiting[: data.draw(st.integers(1, len(waiting)))]:
            del world[kind][name]

    assert not any(world.values())
    assert len(deleted) == len(set(deleted)) == sum(len(each) for each in names.values())
    stages = [{CRON_JOB: 0, JOB: 1, DEPLOYMENT: 1, CONTAINER: 2, EVENT: 4}.get(kind, 3) for kind, _ in deleted]
    assert stages == sorted(stages)


def _is_deleting(item: JSON) -> bool:
    return "deletionTimestamp" in item["metadata"]
