"""How lines of several containers look side by side: `web-1  | hello`, each container in its colour."""

from collections.abc import Iterable
from typing import Final

import click

from fizz.client.cli.logstream import LogLine

__all__ = ["LogText"]

_COLOURS: Final = ("cyan", "yellow", "green", "magenta", "blue", "bright_cyan", "bright_yellow", "bright_green")


class LogText:
    """Writes lines. The bar moves to the right when a longer name comes; colours are given in the order of coming."""

    def __init__(
        self, names: Iterable[str] = (), *, prefix: bool = True, timestamps: bool = False, colour: bool = True
    ) -> None:
        self._width = max((len(name) for name in names), default=0)
        self._prefix, self._timestamps, self._colour = prefix, timestamps, colour
        self._colours: dict[str, str] = {}

    def text(self, line: LogLine) -> str:
        """The line as it is shown."""
        text = f"{line.time} {line.text}" if self._timestamps else line.text
        if not self._prefix:
            return text
        self._width = max(self._width, len(line.source))
        head = f"{line.source:<{self._width}}  | "
        if self._colour:
            head = click.style(head, fg=self._colour_of(line.source))
        return head + text

    def write(self, line: LogLine) -> None:
        """Show the line."""
        click.echo(self.text(line))

    def _colour_of(self, source: str) -> str:
        return self._colours.setdefault(source, _COLOURS[len(self._colours) % len(_COLOURS)])
