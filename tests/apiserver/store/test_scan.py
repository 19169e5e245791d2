from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.apiserver.store.scan import MAX_EVENTS, Entry, take
from fizz.apiserver.store.types import LAST, Event, EventType, Position

END: Position = (1_000_000, LAST)


def entries(*sizes: int, selected: bool = True, value: bytes = b"") -> Iterator[Entry]:
    """Revisions 1, 2, 3 ... of so many events."""
    for revision, size in enumerate(sizes, start=1):
        for sub in range(size):
            yield revision, sub, Event(EventType.ADDED, "/a", value, revision, sub, None, 0) if selected else None


@pytest.mark.parametrize(
    ("sizes", "count", "position"),
    [
        ((), 0, END),
        ((3, 4), 7, END),
        ((MAX_EVENTS,), MAX_EVENTS, END),
        ((MAX_EVENTS, 1), MAX_EVENTS, (1, LAST)),
        ((MAX_EVENTS - 1, 2), MAX_EVENTS - 1, (1, LAST)),
        ((MAX_EVENTS + 1,), MAX_EVENTS, (1, MAX_EVENTS - 1)),
        ((1, MAX_EVENTS + 1), 1, (1, LAST)),
    ],
    ids=["nothing", "little", "just enough", "two revisions", "would be split", "huge revision", "before a huge one"],
)
def test_a_pass_stops_between_revisions(sizes: tuple[int, ...], count: int, position: Position) -> None:
    found = take(entries(*sizes), END)
    assert (len(found.events), found.position) == (count, position)


def test_a_pass_is_bounded_by_bytes() -> None:
    found = take(entries(*[2] * 10, value=b"x" * (1 << 20)), END)
    assert (len(found.events), found.position) == (4, (2, LAST))


def test_a_pass_is_bounded_by_what_it_looks_at() -> None:
    found = take(entries(*[1] * 100_000, selected=False), END)
    assert found.events == []
    assert found.position < (3000, LAST)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2500), max_size=5))
def test_passes_one_after_the_other_deliver_everything_once(sizes: list[int]) -> None:
    position, delivered = (0, LAST), 0
    while position != END:
        rest = (entry for entry in entries(*sizes) if entry[:2] > position)
        found = take(rest, END)
        assert found.position > position
        delivered += len(found.events)
        position = found.position
    assert delivered == sum(sizes)
