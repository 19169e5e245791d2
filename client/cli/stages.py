"""How far a workload is, in one word and a few more."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["Stage", "State"]


class Stage(Enum):
    """How far a Deployment or Job is."""

    WAITING = "waiting"
    WORKING = "working"
    STARTED = "started"
    READY = "ready"
    COMPLETED = "completed"
    SUSPENDED = "suspended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class State:
    """How far a Deployment or Job is, and more about it: what it waits for, or why it failed."""

    stage: Stage
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.stage.value}: {self.detail}" if self.detail else self.stage.value
