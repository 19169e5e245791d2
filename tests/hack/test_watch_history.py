"""The checker of watch semantics finds nothing in a true history, and finds every way in which one may lie."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hack.watch_history import Chain, Change, History, Item, Listing, Place, Selection, Write, problems

A: Place = ("configmaps", "a")
B: Place = ("configmaps", "b")
S: Place = ("secrets", "s")
ALL = Selection(frozenset({"configmaps"}))
BOTH = Selection(frozenset({"configmaps", "secrets"}))
WEB = Selection(frozenset({"configmaps"}), label="web")
NAMED = Selection(frozenset({"configmaps"}), name="a")
BASE = {A: Item(1, "ua", "w0", "web")}
LOG = [
    Change("MODIFIED", A, Item(3, "ua", "w1", "web")),
    Change("ADDED", B, Item(4, "ub", "w2")),
    Change("ADDED", S, Item(4, "us", "w2")),  # one transaction with the one before
    Change("MODIFIED", B, Item(5, "ub", "w3", "web")),
    Change("MODIFIED", A, Item(6, "ua", "w4")),
    Change("DELETED", B, Item(7, "ub", "w3", "web")),
    Change("ADDED", B, Item(8, "ub2", "w5")),
]
OF_MAPS = [change for change in LOG if change.place[0] == "configmaps"]
WEB_LOG = [
    LOG[0],
    Change("ADDED", B, LOG[3].item),
    Change("DELETED", A, Item(6, "ua", "w1", "web")),
    LOG[5],
]


def history() -> History:
    return History(
        begin=2,
        end=8,
        base=BASE,
        writes=[
            Write(A, True, 3, "ua", "w1"),
            Write(A, False, token="w9"),
            Write(A, None, token="w8"),
            Write(B, True, uid="ub"),
            Write(B, True, 8, "ub2", "w5"),
        ],
        listings=[
            Listing(ALL, 5, [(A, LOG[0].item), (B, LOG[3].item)]),
            Listing(WEB, 6, [(B, LOG[3].item)]),
            Listing(BOTH, 4, [(A, LOG[0].item), (B, LOG[1].item), (S, LOG[2].item)]),
        ],
        chains=[
            Chain("maps", ALL, 2, changes=list(OF_MAPS), bookmarks=[8]),
            Chain("secrets", Selection(frozenset({"secrets"})), 2, changes=[LOG[2]], bookmarks=[8]),
            Chain("both", BOTH, 2, changes=list(LOG)),
            Chain("late", ALL, 4, changes=list(OF_MAPS[2:])),
            Chain("web", WEB, 2, changes=list(WEB_LOG), bookmarks=[8]),
            Chain("named", NAMED, 3, changes=[LOG[4]]),
            Chain("streamed", ALL, 5, [Change("ADDED", A, LOG[0].item), Change("ADDED", B, LOG[3].item)], OF_MAPS[3:]),
            Chain("from now", ALL, None, changes=[Change("ADDED", A, LOG[0].item), *OF_MAPS[1:]]),
        ],
    )


def chain(name: str) -> Callable[[History], Chain]:
    return lambda found: next(each for each in found.chains if each.name == name)


def test_a_true_history_has_no_problems() -> None:
    assert problems(history()) == []


def test_a_chain_may_end_amid_a_transaction_but_not_miss_a_part_of_one() -> None:
    found = history()
    chain("both")(found).changes[2:] = []
    assert problems(found) == []
    chain("both")(found).bookmarks.append(4)
    assert any("a gap" in each for each in problems(found))


def test_a_write_that_nobody_knows_of_may_be_there_or_not() -> None:
    found = history()
    found.writes.append(Write(A, None, token="w4"))
    assert problems(found) == []


def drop(name: str, index: int) -> Callable[[History], None]:
    return lambda found: chain(name)(found).changes.__delitem__(index)


def repeat(name: str, index: int) -> Callable[[History], None]:
    return lambda found: chain(name)(found).changes.insert(index, chain(name)(found).changes[index])


def swap(found: History) -> None:
    changes = chain("web")(found).changes
    changes[0], changes[1] = changes[1], changes[0]


def change(name: str, index: int, **fields: object) -> Callable[[History], None]:
    def mutilate(found: History) -> None:
        changes = chain(name)(found).changes
        old = changes[index]
        item = replace(old.item, **{key: value for key, value in fields.items() if key != "type"})  # type: ignore[arg-type]  # fields of Item, by name
        changes[index] = Change(str(fields.get("type", old.type)), old.place, item)

    return mutilate


def listing(index: int, *items: tuple[Place, Item]) -> Callable[[History], None]:
    return lambda found: found.listings.__setitem__(index, replace(found.listings[index], items=items))


def wrote(*writes: Write) -> Callable[[History], None]:
    return lambda found: found.writes.extend(writes)


def unwatched(found: History) -> None:
    found.chains = [each for each in found.chains if each.name not in {"maps", "both", "late", "streamed"}]


@pytest.mark.parametrize(
    ("mutilate", "said"),
    [
        pytest.param(drop("web", 1), "a gap", id="what comes to match is not told"),
        pytest.param(drop("web", 2), "a gap", id="what ceases to match is not told"),
        pytest.param(drop("late", 1), "a gap", id="an event is lost"),
        pytest.param(drop("both", 2), "a gap", id="a part of a transaction is lost"),
        pytest.param(drop("from now", 2), "fits no version", id="an event is lost behind an unknown begin"),
        pytest.param(drop("from now", 0), "fits no version", id="an object is not there at an unknown begin"),
        pytest.param(repeat("late", 1), "twice", id="an event comes twice"),
        pytest.param(repeat("both", 6), "twice", id="the last event comes twice"),
        pytest.param(swap, "versions go back", id="events are in another order"),
        pytest.param(change("web", 0, token="w7"), "did not happen so", id="a selective watch tells another state"),
        pytest.param(change("late", 0, token="w7"), "another saw", id="two watches tell different states"),
        pytest.param(change("late", 0, uid="other"), "another saw", id="two watches tell different objects"),
        pytest.param(change("web", 1, type="MODIFIED"), "did not happen so", id="a transition is of the wrong type"),
        pytest.param(change("named", 0, version=7), "did not happen so", id="an event is of the wrong version"),
        pytest.param(listing(0, (A, LOG[0].item)), "must be", id="a list lacks an object"),
        pytest.param(listing(0, (A, BASE[A]), (B, LOG[3].item)), "must be", id="a list shows an older state"),
        pytest.param(listing(1, (B, LOG[3].item), (B, LOG[3].item)), "twice", id="a list has an object twice"),
        pytest.param(
            listing(2, (B, LOG[1].item), (A, LOG[0].item), (S, LOG[2].item)), "not in order", id="a list out of order"
        ),
        pytest.param(wrote(Write(A, True, 7, "ua", "w6")), "lost", id="a write that was answered is lost"),
        pytest.param(wrote(Write(A, True, 6, "ua", "w6")), "lost", id="a write that was answered was another"),
        pytest.param(wrote(Write(B, True, uid="ub2")), "lost", id="a deletion that was answered is lost"),
        pytest.param(wrote(Write(A, False, token="w4")), "refused", id="a write that was refused is there"),
        pytest.param(unwatched, "nobody saw all configmaps", id="nobody watched"),
    ],
)
def test_a_mutilated_history_is_caught(mutilate: Callable[[History], None], said: str) -> None:
    found = history()
    mutilate(found)
    assert any(said in each for each in problems(found)), problems(found)


def test_an_object_cannot_begin_twice_or_end_before_it_began() -> None:
    for broken in (Change("ADDED", A, Item(3, "ua", "w1", "web")), Change("DELETED", B, Item(3, "ub", "w1"))):
        found = History(2, 3, BASE, chains=[Chain("maps", ALL, 2, changes=[broken], bookmarks=[3])])
        assert any("out of turn" in each for each in problems(found))


def test_initial_objects_are_those_of_the_version_at_which_the_watch_began() -> None:
    found = history()
    chain("streamed")(found).initial.pop()
    assert any("must be" in each for each in problems(found))
    found = history()
    chain("streamed")(found).initial.append(Change("ADDED", A, LOG[0].item))
    assert any("ADDED once" in each for each in problems(found))
