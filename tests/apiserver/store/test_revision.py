import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.apiserver.store.revision import (
    MAX_REPLICA,
    MAX_SEQUENCE,
    check_reachable,
    decode,
    encode,
    following,
    parse,
    preceding,
)
from fizz.apiserver.store.types import ForeignRevision, FutureRevision

replicas, sequences = st.integers(0, MAX_REPLICA), st.integers(0, MAX_SEQUENCE)


@settings(deadline=None)
@given(replicas, sequences)
def test_parts_come_back(replica: int, sequence: int) -> None:
    revision = encode(replica, sequence)
    assert decode(revision) == (replica, sequence)
    assert parse(str(revision)) == revision


@settings(deadline=None)
@given(replicas, sequences, sequences)
def test_revisions_of_a_replica_are_ordered_as_its_sequence(replica: int, one: int, other: int) -> None:
    assert (encode(replica, one) < encode(replica, other)) == (one < other)


def test_replica_0_counts_plainly_and_all_fit_a_json_number() -> None:
    assert [encode(0, number) for number in (1, 2, 3)] == [1, 2, 3]
    assert encode(MAX_REPLICA, MAX_SEQUENCE) == 2**53 - 1


@pytest.mark.parametrize(("replica", "sequence"), [(-1, 0), (MAX_REPLICA + 1, 0), (0, -1), (0, MAX_SEQUENCE + 1)])
def test_parts_out_of_range_are_refused(replica: int, sequence: int) -> None:
    with pytest.raises(ValueError, match="is not in"):
        encode(replica, sequence)


@pytest.mark.parametrize("revision", [-1, 2**53])
def test_numbers_that_are_no_revisions_are_refused(revision: int) -> None:
    with pytest.raises(ValueError, match="not a revision"):
        decode(revision)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "01", "1.0", "1e3", " 1", "1\n", "0x1", "abc", "١", str(2**53), "9" * 99]
)
def test_text_that_is_no_revision_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a resource version"):
        parse(text)


def test_neighbours() -> None:
    assert following(encode(2, 7)) == encode(2, 8)
    assert preceding(encode(2, 1)) == encode(2, 0)
    with pytest.raises(OverflowError):
        following(encode(2, MAX_SEQUENCE))


def test_what_a_store_can_have_been_at() -> None:
    check_reachable(0, encode(3, 5), 3)
    check_reachable(encode(3, 5), encode(3, 5), 3)
    with pytest.raises(FutureRevision):
        check_reachable(encode(3, 6), encode(3, 5), 3)
    for foreign in (encode(2, 5), encode(4, 1), 5):
        with pytest.raises(ForeignRevision):
            check_reachable(foreign, encode(3, 5), 3)
