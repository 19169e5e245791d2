"""The bytes on disk: four LMDB databases in one file. All numbers are unsigned and big-endian, so that they sort.

`current`: what stands now. Key: the key in UTF-8.

    0   8  revision of the last change
    8   8  when the record expires, in milliseconds since 1970; 0 for never
    16  .. value

`log`: what happened. Key: revision (8) and sub (2), so that entries lie in the order in which they happened.

    0   1  type: 1 ADDED, 2 MODIFIED, 3 DELETED
    1   2  length of the key (k)
    3   4  length of the new value (v); 0 for DELETED, whose value is the previous one
    7   8  previous revision; 0 for ADDED
    15  k  key in UTF-8
    ..  v  new value
    ..  .. previous value, up to the end; empty for ADDED

`expiry`: what expires when. Key: milliseconds since 1970 (8) and the key in UTF-8. No value. There is an entry for
exactly those records of `current` whose expiry is not 0.

`meta`: what kind of data this is and where it stands. A number has 8 bytes.

    format     version of this layout (see `format`)
    replica    id of the replica that writes here
    cluster    UUID of the cluster, 16 bytes
    revision   of the last commit that changed a durable key
    reserved   no revision above this or `revision` was ever handed out (see `volatile`)
    compacted  entries of `log` up to here are forgotten; some may still wait for deletion
"""

from struct import Struct
from typing import Final, NamedTuple

from fizz.apiserver.store.types import Event, EventType, Position, Record, Revision

__all__ = [
    "CLUSTER",
    "COMPACTED",
    "FORMAT",
    "REPLICA",
    "RESERVED",
    "REVISION",
    "Stored",
    "pack_current",
    "pack_entry",
    "pack_expiry",
    "pack_number",
    "pack_position",
    "unpack_current",
    "unpack_entry",
    "unpack_entry_key",
    "unpack_expiry",
    "unpack_number",
    "unpack_position",
    "unpack_record",
]

FORMAT: Final = b"format"
REPLICA: Final = b"replica"
CLUSTER: Final = b"cluster"
REVISION: Final = b"revision"
RESERVED: Final = b"reserved"
COMPACTED: Final = b"compacted"

_NUMBER: Final = Struct(">Q")
_CURRENT: Final = Struct(">QQ")
_POSITION: Final = Struct(">QH")
_ENTRY: Final = Struct(">BHIQ")


class Stored(NamedTuple):
    """What stands at a key. `expires` is in milliseconds since 1970, 0 for never."""

    revision: Revision
    expires: int
    value: bytes


def pack_number(number: int) -> bytes:
    return _NUMBER.pack(number)


def unpack_number(raw: bytes) -> int:
    number: int = _NUMBER.unpack(raw)[0]
    return number


def pack_current(stored: Stored) -> bytes:
    return _CURRENT.pack(stored.revision, stored.expires) + stored.value


def unpack_current(raw: bytes) -> Stored:
    revision, expires = _CURRENT.unpack_from(raw)
    return Stored(revision, expires, raw[_CURRENT.size :])


def unpack_record(key: bytes, raw: bytes) -> Record:
    """An entry of `current` as readers want it. Listings are made of this, so it is written to be quick."""
    return Record(key.decode(), raw[_CURRENT.size :], int.from_bytes(raw[: _NUMBER.size], "big"))


def pack_position(position: Position) -> bytes:
    return _POSITION.pack(*position)


def unpack_position(raw: bytes) -> Position:
    revision, sub = _POSITION.unpack(raw)
    return revision, sub


def pack_entry(event: Event) -> bytes:
    key = event.key.encode()
    value = b"" if event.type is EventType.DELETED else event.value
    header = _ENTRY.pack(event.type, len(key), len(value), event.previous_revision)
    return b"".join((header, key, value, event.previous or b""))


def unpack_entry_key(raw: bytes) -> str:
    """Only the key of an entry of `log`: most readers look for few keys."""
    _, key_length, _, _ = _ENTRY.unpack_from(raw)
    return raw[_ENTRY.size : _ENTRY.size + key_length].decode()


def unpack_entry(position: Position, raw: bytes) -> Event:
    number, key_length, value_length, previous_revision = _ENTRY.unpack_from(raw)
    kind = EventType(number)
    key_end = _ENTRY.size + key_length
    value_end = key_end + value_length
    previous = None if kind is EventType.ADDED else raw[value_end:]
    return Event(
        type=kind,
        key=raw[_ENTRY.size : key_end].decode(),
        value=previous if kind is EventType.DELETED and previous is not None else raw[key_end:value_end],
        revision=position[0],
        sub=position[1],
        previous=previous,
        previous_revision=previous_revision,
    )


def pack_expiry(milliseconds: int, key: str) -> bytes:
    return _NUMBER.pack(milliseconds) + key.encode()


def unpack_expiry(raw: bytes) -> tuple[int, str]:
    return unpack_number(raw[: _NUMBER.size]), raw[_NUMBER.size :].decode()
