from fizz.apiserver.store.tail import Tail
from fizz.apiserver.store.types import LAST, Event, EventType


def event(revision: int, sub: int = 0, size: int = 1) -> Event:
    return Event(EventType.ADDED, "/a", b"x" * size, revision, sub, None, 0)


def revisions(tail: Tail) -> list[int]:
    return [each.revision for each in tail.after(tail.floor)]


def test_a_tail_is_complete_behind_its_floor() -> None:
    tail = Tail((4, LAST), max_events=10, max_bytes=1000)
    tail.extend([event(5, 0), event(5, 1), event(6)])
    assert revisions(tail) == [5, 5, 6]
    assert [each.position for each in tail.after((5, 0))] == [(5, 1), (6, 0)]
    assert [each.position for each in tail.after((5, LAST))] == [(6, 0)]
    assert list(tail.after((6, LAST))) == []


def test_too_many_events_raise_the_floor() -> None:
    tail = Tail((0, LAST), max_events=3, max_bytes=1000)
    tail.extend(event(revision) for revision in range(1, 6))
    assert (revisions(tail), tail.floor) == ([3, 4, 5], (2, 0))


def test_too_many_bytes_raise_the_floor() -> None:
    tail = Tail((0, LAST), max_events=10, max_bytes=100)
    tail.extend([event(1, size=60), event(2, size=30), event(3, size=30)])
    assert (revisions(tail), tail.floor) == ([2, 3], (1, 0))
    tail.extend([event(4, size=1000)])
    assert (revisions(tail), tail.floor) == ([], (4, 0))
    tail.extend([event(5, size=100)])
    assert revisions(tail) == [5]
