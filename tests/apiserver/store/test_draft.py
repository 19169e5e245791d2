import pytest

from fizz.apiserver.store.draft import Draft, check_changes
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.types import LAST, Change, Conflict


def nothing(key: str) -> Stored | None:
    return None


def test_the_example_of_the_module() -> None:
    draft = Draft({"/a": Stored(7, 0, b"a")}.get, revision=41, now=0)
    assert draft.add([Change("/a", b"x", expected=7)]) == 42
    with pytest.raises(Conflict, match="/a is at revision 42"):
        draft.add([Change("/a", b"y", expected=7)])
    assert draft.add([Change("/a", None), Change("/b", b"z")]) == 43
    assert [event.position for event in draft.events] == [(42, 0), (43, 0), (43, 1)]
    assert draft.final == {"/a": None, "/b": Stored(43, 0, b"z")}
    assert draft.before == {"/a": Stored(7, 0, b"a"), "/b": None}


def test_a_refused_commit_leaves_no_trace() -> None:
    draft = Draft(nothing, revision=1, now=0)
    with pytest.raises(Conflict):
        draft.add([Change("/a", b"x"), Change("/b", b"x", expected=9)])
    assert (draft.revision, draft.events, draft.final) == (1, [], {})


def test_time_to_live_is_counted_from_now_in_milliseconds() -> None:
    draft = Draft(nothing, revision=0, now=5_000)
    draft.add([Change("/a", b"", ttl=1.5), Change("/b", b"", ttl=0.0001), Change("/c", b"")])
    assert {key: stored and stored.expires for key, stored in draft.final.items()} == {"/a": 6500, "/b": 5001, "/c": 0}


def test_a_commit_has_as_many_changes_as_there_are_subs() -> None:
    check_changes([Change(f"/{number}", b"") for number in range(LAST)])
    with pytest.raises(ValueError, match="changes at most"):
        check_changes([Change(f"/{number}", b"") for number in range(LAST + 1)])
