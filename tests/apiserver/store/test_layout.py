"""The bytes, spelled out: a change here is a change of the format and needs a migration."""

from fizz.apiserver.store import layout
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.types import Event, EventType, Record


def test_current() -> None:
    raw = bytes.fromhex("0000000000000102 0000000000000005") + b"value"
    assert layout.pack_current(Stored(0x102, 5, b"value")) == raw
    assert layout.unpack_current(raw) == Stored(0x102, 5, b"value")
    assert layout.unpack_record(b"/a", raw) == Record("/a", b"value", 0x102)


def test_positions_sort_as_bytes() -> None:
    positions = [(1, 0), (1, 2), (1, 0xFFFF), (2, 0), (256, 0), (1 << 40, 1)]
    packed = [layout.pack_position(position) for position in positions]
    assert packed == sorted(packed)
    assert packed[1] == bytes.fromhex("0000000000000001 0002")
    assert [layout.unpack_position(raw) for raw in packed] == positions


def test_entries() -> None:
    cases = {
        b"\x01\x00\x03\x00\x00\x00\x01" + bytes(8) + "/ä".encode() + b"n": Event(
            EventType.ADDED, "/ä", b"n", 7, 1, None, 0
        ),
        b"\x02\x00\x02\x00\x00\x00\x01" + bytes(7) + b"\x05" + b"/a" + b"n" + b"old": Event(
            EventType.MODIFIED, "/a", b"n", 7, 1, b"old", 5
        ),
        b"\x03\x00\x02\x00\x00\x00\x00" + bytes(7) + b"\x05" + b"/a" + b"old": Event(
            EventType.DELETED, "/a", b"old", 7, 1, b"old", 5
        ),
    }
    for raw, event in cases.items():
        assert layout.pack_entry(event) == raw
        assert layout.unpack_entry((7, 1), raw) == event
        assert layout.unpack_entry_key(raw) == event.key


def test_empty_values_are_told_from_none() -> None:
    for event in (
        Event(EventType.MODIFIED, "/a", b"", 7, 1, b"", 5),
        Event(EventType.DELETED, "/a", b"", 7, 1, b"", 5),
        Event(EventType.ADDED, "/a", b"", 7, 1, None, 0),
    ):
        assert layout.unpack_entry((7, 1), layout.pack_entry(event)) == event


def test_expiry() -> None:
    raw = bytes.fromhex("000000000000012c") + b"/a"
    assert layout.pack_expiry(300, "/a") == raw
    assert layout.unpack_expiry(raw) == (300, "/a")
