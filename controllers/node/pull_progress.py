"""How far a pull or push is, from the lines that the engine writes about it. Pure.

{"status": "Pulling fs layer", "id": "4f4fb700ef54"}      one layer more
{"status": "Downloading", "id": "4f4fb700ef54", "progressDetail": {"current": 1, "total": 32}}
{"status": "Pull complete", "id": "4f4fb700ef54"}         one layer done; so is "Already exists"
{"status": "Digest: sha256:9ae9..."}                      about the whole
"""

from dataclasses import dataclass
from typing import Final

from fizz.schemas.base import JSON
from fizz.schemas.images import Progress, StepState

__all__ = ["Layers", "PullProgress", "layer_of"]

_WAITING: Final = frozenset({"Pulling fs layer", "Waiting", "Preparing"})
_DONE: Final = frozenset({"Pull complete", "Already exists", "Layer already exists", "Pushed"})
_AT_WORK: Final = frozenset(
    {"Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pushing", "Retrying"}
)
_MOUNTED: Final = "Mounted from "


def layer_of(line: JSON) -> Progress | None:
    """What a line says; None if it says nothing."""
    layer, status = str(line.get("id") or ""), str(line.get("status") or "")
    state = _state_of(status)
    if layer and state:
        detail = line.get("progressDetail") or {}
        counted = {"done": detail["current"], "total": detail["total"]} if detail.get("total") else {}
        return Progress(id=layer, name=layer, state=state, detail=status, **counted)
    return Progress(text=f"{status}\n") if status else None


def _state_of(status: str) -> StepState | None:
    if status in _DONE or status.startswith(_MOUNTED):
        return "done"
    if status in _WAITING:
        return "waiting"
    return "running" if status in _AT_WORK or status.startswith("Retrying") else None


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is, in layers."""

    done: int
    total: int


class Layers:
    """Counts layers."""

    def __init__(self) -> None:
        self._states: dict[str, bool] = {}

    @property
    def progress(self) -> PullProgress:
        """Layers done, and layers known."""
        return PullProgress(sum(self._states.values()), len(self._states))

    def take(self, layer: Progress) -> bool:
        """Take note of a layer. Whether the count changed."""
        before = self.progress
        if layer.id and layer.state:
            self._states[layer.id] = layer.state == "done"
        return self.progress != before
