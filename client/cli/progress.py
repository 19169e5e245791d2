"""Progress: a live table on a terminal, plain lines elsewhere, one for every change of state.

deployment/db started
deployment/db ready
deployment/web waiting: waits for db to be healthy
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol, TextIO

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Lines", "Progress", "Silent", "progress"]


class Progress(Protocol):
    """Shows how things stand. One that is `live` draws anew what changes, however often it does."""

    @property
    def live(self) -> bool: ...

    def show(self, states: Mapping[str, str]) -> None:
        """How things stand now, by name; what is not named stands as it did."""

    def say(self, text: str) -> None:
        """A line that stays."""


class Lines:
    """Plain lines, one for every change."""

    live = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._shown: dict[str, str] = {}

    def show(self, states: Mapping[str, str]) -> None:
        for name, state in states.items():
            if self._shown.get(name) != state:
                self._shown[name] = state
                self.say(f"{name} {state}")

    def say(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class Silent(Lines):
    """Shows nothing."""

    def say(self, text: str) -> None:
        pass


class _Live:
    """A table that is drawn anew, with a spinner for what is under way and the seconds it took."""

    live = True

    def __init__(self, print_above: Callable[[str], None], redraw: Callable[["Table"], None]) -> None:
        self._print, self._redraw = print_above, redraw
        self._began = time.monotonic()
        self._since: dict[str, tuple[str, float]] = {}
        self._states: dict[str, str] = {}
        self._spinners: dict[str, object] = {}

    def show(self, states: Mapping[str, str]) -> None:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        self._states.update(states)
        table = Table.grid(padding=(0, 1))
        for name, state in self._states.items():
            if self._since.get(name, ("", 0.0))[0] != state:
                self._since[name] = (state, now)
            style, mark = _look(state)
            sign = Text(mark, style=style) if mark else self._spinners.setdefault(name, Spinner("dots", style=style))
            seconds = f"{self._since[name][1] - self._began:.1f}s" if mark else ""
            table.add_row(sign, Text(name), Text(state, style=style), Text(seconds, style="dim"))  # type: ignore[arg-type]
        self._redraw(table)

    def say(self, text: str) -> None:
        self._print(text)


_STANDS: Final = ("stopped", "paused", "running")
_DONE: Final = ("pulled", "pushed", "built", "done", "cached")


def _look(state: str) -> tuple[str, str]:
    """Colour and sign; no sign for what is under way."""
    word = state.partition(":")[0]
    if word in {"ready", "completed", "started", "gone", "kept", "created", "configured", "deleted", *_STANDS, *_DONE}:
        return "green", "✔"
    if word == "failed":
        return "red", "✘"
    return ("yellow" if word == "waiting" else "cyan"), ""


@contextmanager
def progress(plain: bool = False, silent: bool = False) -> Iterator[Progress]:
    """What fits where standard output goes."""
    if silent:
        yield Silent()
        return
    if plain or not sys.stdout.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    with Live(console=console, refresh_per_second=10, transient=False) as live:
        yield _Live(lambda text: console.print(text, markup=False), live.update)
