"""A person at a terminal, for tests: a pseudo-terminal with a program in it, which is typed to and read."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Terminal", "at_terminal"]

_SECONDS = 60.0


class Terminal:
    """What the person sees, and does."""

    def __init__(self, pid: int, file: int) -> None:
        self.pid, self._file = pid, file
        self.shown = b""

    def waits_for(self, text: str) -> None:
        """See the text in what is shown, behind what was waited for before."""
        wanted, end = text.encode(), time.monotonic() + _SECONDS
        while wanted not in self.shown:
            assert time.monotonic() < end, f"{text!r} is not shown, but {self.shown!r}"
            if select.select([self._file], [], [], 0.1)[0] and not self._read():
                break
        _, found, self.shown = self.shown.partition(wanted)
        assert found, f"it ended without {text!r}"

    def types(self, text: str) -> None:
        os.write(self._file, text.encode())

    def resizes(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def sends(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def echoes(self) -> bool:
        """Whether the terminal is in its usual mode, and not raw."""
        flags: int = termios.tcgetattr(self._file)[3]
        return bool(flags & termios.ECHO)

    def ends(self) -> int:
        """Read to the end; the program's exit code."""
        end = time.monotonic() + _SECONDS
        while True:
            assert time.monotonic() < end, f"it does not end; {self.shown!r} is shown"
            if select.select([self._file], [], [], 0.1)[0] and not self._read():
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        with contextlib.suppress(OSError):  # Linux' way to say that nobody has the other side open any more
            if data := os.read(self._file, 65_536):
                self.shown += data
                return True
        return False


@contextlib.contextmanager
def at_terminal(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program in a terminal of 40 rows and 120 columns."""
    pid, file = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execvpe(command[0], list(command), dict(environment))
    try:
        yield Terminal(pid, file)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.close(file)
