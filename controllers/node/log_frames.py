"""The engine's log stream, taken apart. Pure.

A container without a terminal has two streams, which the engine sends as frames, each with a header of eight bytes:

    1 0 0 0  0 0 0 39 | 2026-01-31T09:30:00.123456789Z hello\\n
    │        │          │
    │        │          time, asked for with every read, and a space; then what was written
    │        length of the rest, big-endian
    1 standard output, 2 standard error

A frame holds what was written at once: a line, or a part of a very long one. With a terminal there is one stream and no
header: lines, each with its time.

Source: "Attach to a container", stream format, in the Docker Engine API's reference.
"""

from typing import Final, Literal

from fizz.controllers.node.engine import LogEntry

__all__ = ["LogFrames"]

_HEADER: Final = 8


class LogFrames:
    """Takes bytes as they come and gives the entries that are complete. What commands write is not `timed`."""

    def __init__(self, *, tty: bool, timed: bool = True) -> None:
        self._tty, self._timed = tty, timed
        self._rest = b""

    def feed(self, data: bytes) -> list[LogEntry]:
        """The entries that are complete now."""
        self._rest += data
        return self._lines() if self._tty else self._frames()

    def end(self) -> list[LogEntry]:
        """What is left when the stream ends: a terminal's last line, if it has no end."""
        rest, self._rest = self._rest, b""
        return [self._entry("stdout", rest)] if self._tty and rest else []

    def _lines(self) -> list[LogEntry]:
        *lines, self._rest = self._rest.split(b"\n")
        return [self._entry("stdout", line + b"\n") for line in lines]

    def _frames(self) -> list[LogEntry]:
        entries = []
        start, rest = 0, self._rest
        while len(rest) - start >= _HEADER:
            end = start + _HEADER + int.from_bytes(rest[start + 4 : start + _HEADER])
            if end > len(rest):
                break
            stream: Literal["stdout", "stderr"] = "stderr" if rest[start] == 2 else "stdout"
            entries.append(self._entry(stream, rest[start + _HEADER : end]))
            start = end
        self._rest = rest[start:]
        return entries

    def _entry(self, stream: Literal["stdout", "stderr"], written: bytes) -> LogEntry:
        if not self._timed:
            return LogEntry("", stream, written)
        time, _, text = written.partition(b" ")
        return LogEntry(time.decode("ascii", "replace"), stream, text)
