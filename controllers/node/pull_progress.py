"""How far a pull is, from the lines that the engine writes about it. Pure.

{"status": "Pulling fs layer", "id": "4f4fb700ef54"}      one layer more
{"status": "Downloading", "id": "4f4fb700ef54", "progressDetail": {"current": 1, "total": 32}}
{"status": "Pull complete", "id": "4f4fb700ef54"}         one layer done; so is "Already exists"
"""

from typing import Final

from fizz.controllers.node.engine import PullProgress
from fizz.schemas.base import JSON

__all__ = ["Layers"]

_BEGUN: Final = "Pulling fs layer"
_DONE: Final = frozenset({"Pull complete", "Already exists"})


class Layers:
    """Counts layers."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._all: set[str] = set()

    @property
    def progress(self) -> PullProgress:
        """Layers done, and layers known."""
        return PullProgress(len(self._done), len(self._all))

    def take(self, line: JSON) -> bool:
        """Take note of a line. Whether the progress changed."""
        before = self.progress
        layer, status = line.get("id"), line.get("status")
        if layer and (status == _BEGUN or status in _DONE):
            self._all.add(layer)
            if status in _DONE:
                self._done.add(layer)
        return self.progress != before
