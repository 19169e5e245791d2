"""Waiting for anything new, without missing it: take the beat, look, and only then wait for it.

beat = pulse.next()
if nothing_new():
    await beat.wait()
"""

import asyncio

__all__ = ["Pulse"]


class Pulse:
    """Beats whenever something changed."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """What is set at the next beat."""
        return self._next

    def beat(self) -> None:
        """Something changed."""
        beat, self._next = self._next, asyncio.Event()
        beat.set()
