"""The steps of builds, pulls and pushes on the screen: every change on a live one, what is worth a line elsewhere.

web building
web [2/3] RUN make running
web [2/3] RUN make | cc -o web web.c
web [2/3] RUN make done
web built
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from fizz.client.cli.progress import Progress as Screen
from fizz.schemas.images import Progress

__all__ = ["Steps", "show_steps", "size_text"]

_INTERNAL: Final = "[internal]"
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_THOUSAND: Final = 1000
_WIDTH: Final = 64


async def show_steps(screen: Screen, subject: str, steps: AsyncGenerator[Progress, None], done: str) -> str:
    """Show the steps as they come, and `done` in the end. The id of the image. Raises `ImageError`."""
    shown = Steps(screen, subject)
    image = ""
    try:
        async with aclosing(steps):
            async for step in steps:
                shown.take(step)
                image = step.image if step.image is not None else image
    except Exception:
        screen.show({subject: "failed"})
        raise
    screen.show({subject: done})
    return image


class Steps:
    """Shows the steps of one thing."""

    def __init__(self, screen: Screen, subject: str) -> None:
        self._screen, self._subject = screen, subject
        self._names: dict[str, str] = {}
        self._rest: dict[str, str] = {}

    def take(self, step: Progress) -> None:
        """Show what is new."""
        name = self._name(step)
        if step.warning:
            self._screen.say(f"{self._subject} warning: {step.warning}")
        if step.state and name and (self._screen.live or _is_worth_a_line(step)):
            self._screen.show({f"{self._subject} {name}": _state(step, live=self._screen.live)})
        if step.text and step.id:
            self._write(step.id, name, step.text)

    def _name(self, step: Progress) -> str:
        if step.name:
            self._names[step.id] = " ".join(step.name.split())
        name = self._names.get(step.id, "")
        return name if len(name) <= _WIDTH else f"{name[: _WIDTH - 1]}…"

    def _write(self, step: str, name: str, text: str) -> None:
        *lines, self._rest[step] = (self._rest.get(step, "") + text).split("\n")
        for line in lines:
            self._screen.say(f"{self._subject} {name} | {line.rstrip()}")


def _is_worth_a_line(step: Progress) -> bool:
    """Not each part of each step, nor what the builder does for itself; but what failed always is."""
    if step.state == "failed":
        return True
    part = "/" in step.id or step.total is not None
    return step.state != "waiting" and not part and not (step.name or "").startswith(_INTERNAL)


def _state(step: Progress, *, live: bool) -> str:
    if step.state == "running" and step.total and live:
        return f"running: {step.detail or ''} {size_text(step.done or 0)} of {size_text(step.total)}"
    if step.state == "running" and step.detail and live:
        return f"running: {step.detail}"
    return f"failed: {step.detail}" if step.state == "failed" and step.detail else str(step.state)


def size_text(size: float) -> str:
    """Bytes as people read them: 1.99MB."""
    unit = 0
    while size >= _THOUSAND and unit < len(_UNITS) - 1:
        size /= _THOUSAND
        unit += 1
    return f"{size:.3g}{_UNITS[unit]}"
