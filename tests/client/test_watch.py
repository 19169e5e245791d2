"""Frames, cursor and difference: the pure parts of watching."""

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.client.objects import Key, key_of, uid_of, version_of
from fizz.client.watch import Cursor, EventType, Frames, WatchEvent, diff
from fizz.schemas.base import JSON


def thing(name: str, version: int, uid: str | None = None) -> JSON:
    metadata = {"name": name, "namespace": "blog", "resourceVersion": str(version), "uid": uid or f"uid-{name}"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def test_frames_are_cut_at_line_ends_wherever_the_bytes_are_cut() -> None:
    lines = b'{"a":1}\n{"b":"\\n"}\n\n{"c":3}\n'
    for size in range(1, len(lines) + 1):
        frames = Frames()
        found = [frame for start in range(0, len(lines), size) for frame in frames.feed(lines[start : start + size])]
        assert found == [{"a": 1}, {"b": "\n"}, {"c": 3}]


def test_a_frame_without_an_end_is_no_frame() -> None:
    assert Frames().feed(b'{"a":1}') == []


def test_a_line_that_is_no_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="unexpected character"):
        Frames().feed(b"<html>\n")


def test_a_cursor_resumes_before_a_version_that_it_has_not_completely_seen() -> None:
    cursor = Cursor("3")
    assert [cursor.take(thing("a", 4)), cursor.take(thing("b", 5)), cursor.take(thing("c", 5))] == [True] * 3

    assert cursor.resume == "4"
    again = [cursor.take(thing("b", 5)), cursor.take(thing("c", 5)), cursor.take(thing("d", 5))]
    assert again == [False, False, True]


def test_a_bookmark_completes_a_version() -> None:
    cursor = Cursor("3")
    cursor.take(thing("a", 4))
    cursor.bookmark("9")

    assert cursor.resume == "9"
    assert not cursor.take(thing("a", 9))


def test_a_bookmark_of_the_past_changes_nothing() -> None:
    cursor = Cursor("7")
    cursor.bookmark("5")

    assert cursor.resume == "7"


def test_objects_of_several_kinds_may_share_a_name_and_a_version() -> None:
    cursor = Cursor("3")
    secret = {**thing("a", 4), "kind": "Secret"}

    assert cursor.take(thing("a", 4))
    assert cursor.take(secret)


TRANSACTIONS = st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True), max_size=12)


def sent(log: list[JSON], after: str, bookmarks: bool) -> Iterator[bytes]:
    for index, item in enumerate(log):
        if int(version_of(item)) > int(after):
            yield orjson.dumps({"type": "MODIFIED", "object": item}) + b"\n"
            last = index + 1 == len(log) or version_of(log[index + 1]) != version_of(item)
            if bookmarks and last:
                mark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": version_of(item)}}}
                yield orjson.dumps(mark) + b"\n"


@given(TRANSACTIONS, st.lists(st.integers(0, 1500), max_size=20), st.booleans())
def test_every_change_arrives_once_and_in_order_wherever_connections_are_cut(
    transactions: list[list[str]], cuts: list[int], bookmarks: bool
) -> None:
    log = [thing(name, version) for version, names in enumerate(transactions, 1) for name in names]
    cursor = Cursor("0")
    got = []

    for cut in [*cuts, None]:
        frames = Frames()
        for frame in frames.feed(b"".join(sent(log, cursor.resume, bookmarks))[:cut]):
            if frame["type"] == "BOOKMARK":
                cursor.bookmark(version_of(frame["object"]))
            elif cursor.take(frame["object"]):
                got.append(frame["object"])

    assert got == log


def test_a_new_list_tells_what_was_missed() -> None:
    known = {Key("blog", name): thing(name, 1) for name in ("same", "changed", "gone", "replaced")}
    listed = [thing("same", 1), thing("changed", 5), thing("replaced", 6, "other"), thing("new", 7)]

    told = [(event.type, key_of(event.object).name, version_of(event.object)) for event in diff(known, listed)]
    assert told == [
        ("DELETED", "gone", "1"),
        ("DELETED", "replaced", "1"),
        ("MODIFIED", "changed", "5"),
        ("ADDED", "replaced", "6"),
        ("ADDED", "new", "7"),
    ]


PICTURES = st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(1, 3), st.sampled_from(["u1", "u2"])))


@given(PICTURES, PICTURES)
def test_playing_the_difference_makes_the_known_what_is_listed(
    before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]
) -> None:
    known = {Key("blog", name): thing(name, *what) for name, what in before.items()}
    listed = [thing(name, *what) for name, what in after.items()]

    for event in diff(known, listed):
        key = key_of(event.object)
        match event:
            case WatchEvent(EventType.ADDED, item):
                assert key not in known
                known[key] = item
            case WatchEvent(EventType.MODIFIED, item):
                assert uid_of(known[key]) == uid_of(item)
                known[key] = item
            case WatchEvent(EventType.DELETED):
                del known[key]

    assert known == {key_of(item): item for item in listed}
