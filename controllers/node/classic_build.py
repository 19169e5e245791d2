"""What the engine's classic builder says while it builds. Pure.

{"stream": "Step 2/3 : RUN make\\n"}
{"stream": " ---> Running in 9c1f0ab2c3d4\\n"}
{"stream": "cc -o web web.c\\n"}
{"stream": " ---> 2f1e0d3c4b5a\\n"}
{"aux": {"ID": "sha256:2f1e..."}}
{"error": "The command '/bin/sh -c make' returned a non-zero code: 2", ...}
"""

import re
from collections.abc import Iterator
from typing import Final

from fizz.controllers.node.pull_progress import layer_of
from fizz.schemas.base import JSON
from fizz.schemas.images import Progress, StepState

__all__ = ["ClassicSteps"]

_STEP: Final = re.compile(r"Step (\d+)/(\d+) : (.*)", re.DOTALL)
_CACHED: Final = " ---> Using cache"
_NOISE: Final = (" ---> ", "Removing intermediate container ", "Successfully built ", "Successfully tagged ")
_WARNING: Final = "[Warning] "


class ClassicSteps:
    """From the engine's lines to progress. `image` is what came of it, `error` what ended it; empty until then."""

    def __init__(self) -> None:
        self.image = ""
        self.error = ""
        self._step, self._name = "", ""
        self._end: StepState = "done"

    def take(self, line: JSON) -> Iterator[Progress]:
        """What a line tells that is new."""
        if message := line.get("error"):
            self.error = str(message)
            self._end = "failed"
            yield from self._finish()
        elif isinstance(line.get("aux"), dict):
            self.image = str(line["aux"].get("ID") or self.image)
        elif "stream" in line:
            yield from self._written(str(line["stream"]))
        elif layer := layer_of(line):
            yield layer

    def finish(self) -> Iterator[Progress]:
        """The last step's end."""
        yield from self._finish()

    def _written(self, text: str) -> Iterator[Progress]:
        if step := _STEP.fullmatch(text.rstrip("\n")):
            yield from self._finish()
            number, total, instruction = step.groups()
            self._step, self._name, self._end = f"step-{number}", f"[{number}/{total}] {instruction}", "done"
            yield Progress(id=self._step, name=self._name, state="running")
        elif text.startswith(_CACHED):
            self._end = "cached"
        elif text.startswith(_WARNING):
            yield Progress(id=self._step, warning=text.removeprefix(_WARNING).strip())
        elif text.strip() and not text.startswith(_NOISE):
            yield Progress(id=self._step, text=text)

    def _finish(self) -> Iterator[Progress]:
        if self._step:
            yield Progress(id=self._step, name=self._name, state=self._end)
        self._step = ""
