"""Numbers about a store, for metrics and for people."""

from dataclasses import dataclass

from fizz.apiserver.store.types import Revision

__all__ = ["Stats"]


@dataclass(frozen=True, slots=True)
class Stats:
    """Where a store stands.

    `disk_bytes` is the space that its file takes, `log_length` the number of events on disk (forgotten ones that wait
    for deletion included), `last_batch` how many commits went to the disk together last, `watchers` how many are open.
    """

    revision: Revision
    compacted: Revision
    disk_bytes: int
    log_length: int
    last_batch: int
    watchers: int
