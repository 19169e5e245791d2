"""What is remembered of an update that was undone: an annotation on the Deployment, which goes with the template. Pure.

    fizz.dev/rolled-back: {"from": "9c1d2e3f", "to": "1f2e3d4c", "why": "web-9c1d2e3f-0: ended with exit code 1"}

It counts as long as the present template is the one that was gone back to. Whoever applies another template, be it the
one that failed, makes it a matter of the past, and begins an update like any other.
"""

import json
from dataclasses import dataclass

from fizz.schemas import labels
from fizz.schemas.apps import Deployment

__all__ = ["RolledBack", "rolled_back"]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """From which template (its hash) an update was taken back to which, and why."""

    source: str
    target: str
    why: str

    def written(self) -> str:
        """The annotation's value."""
        return json.dumps({"from": self.source, "to": self.target, "why": self.why})


def rolled_back(deployment: Deployment, digest: str) -> RolledBack | None:
    """What the annotation says, if it speaks of the present template; None if it does not, or makes no sense."""
    try:
        found = json.loads((deployment.metadata.annotations or {})[labels.ROLLED_BACK])
        record = RolledBack(str(found["from"]), str(found["to"]), str(found["why"]))
    except (KeyError, TypeError, ValueError):
        return None
    return record if record.target == digest else None
