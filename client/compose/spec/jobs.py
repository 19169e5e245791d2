"""`x-fizz.schedule` and `x-fizz.job`: services that come to an end, and when they run.

services:
  backup:
    image: restic/restic
    x-fizz:
      schedule: "30 2 * * *"

x-fizz:
  schedule: {cron: "@daily", timezone: Europe/Berlin, concurrency_policy: forbid}
  job: {deadline: 10m}
"""

from collections.abc import Callable
from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import Duration, Flag, Reader, Table, Text, Whole, yes

__all__ = ["JOB", "SCHEDULE"]

_OWNER: Final = "x-fizz"


class _Checked(Text):
    """A text that a function has to accept: it raises `ValueError` with what is wrong."""

    def __init__(self, check: Callable[[str], object]) -> None:
        super().__init__()
        self._check = check

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        text = super().read(node, path, reader)
        if text is None or not isinstance(text.value, str) or reader.as_written(text):
            return text
        try:
            self._check(text.value)
        except ValueError as error:
            reader.error(node, path, str(error))
            return None
        return text


def _check_cron(text: str) -> None:
    from fizz.schemas.cron import Schedule  # schedules cost time that files without them need not spend

    Schedule.parse(text)


def _check_zone(text: str) -> None:
    from fizz.schemas.cron import time_zone

    time_zone(text)


def _cron_alone(node: Node, path: Path, reader: Reader) -> Node | None:
    return Node({"cron": node}, node.file, node.line, node.column, keys={"cron": node})


SCHEDULE: Final = Table(
    {
        "cron": yes(_Checked(_check_cron), "spec.schedule: the five fields of cron, or @daily and its like"),
        "timezone": yes(_Checked(_check_zone), "spec.timeZone: an IANA name, UTC if absent"),
        "concurrency_policy": yes(
            Text(choices=("allow", "forbid", "replace")), "what if the last run is not done: allow if absent"
        ),
        "starting_deadline": yes(Duration(), "time after which a missed run is left out; none if absent"),
        "successful_history": yes(Whole(0), "successful runs that are kept; 3 if absent", keep=True),
        "failed_history": yes(Whole(0), "failed runs that are kept; 1 if absent", keep=True),
        "suspend": yes(Flag(), "true to start no runs"),
    },
    short=_cron_alone,
    required=("cron",),
    wanted="a cron expression, or a mapping",
    owner=_OWNER,
)

JOB: Final = Table(
    {
        "parallelism": yes(Whole(1, 10_000), "containers at a time; as many as `deploy.replicas` if absent"),
        "indexed": yes(Flag(), "whether each is told its number by JOB_COMPLETION_INDEX"),
        "deadline": yes(Duration(), "time in which the job must be done"),
        "ttl": yes(Duration(), "time after its end when it goes, with its containers"),
    },
    owner=_OWNER,
)
