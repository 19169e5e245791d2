"""The one thread that writes, and group commit.

Commits come in through a queue. The thread takes all that wait, works them out as one batch (see `draft`), writes it in
one transaction and syncs it to the disk once; only then are they acknowledged. While it waits for the disk the next
ones gather, so that the slower the disk is, the larger the batches are.

    event loop      commit a ─┐        commit b ─┐ commit c ─┐        a is done    b, c are done
    writer thread             └▶ [a: write, sync] ───────────┴▶ [b, c: write, sync] ──▶

A batch that does not fit on the disk is taken back as a whole; if it had several commits, each is tried again alone, so
that a small one may still get through while a large one is refused. Forgetting history is work of the same thread,
in pieces small enough that commits do not wait for it noticeably.

What the thread hands back it hands over: a batch is made by the thread and afterwards touched by the event loop alone,
so there is nothing to lock. `_present` and `_volatile` (what stands now, as the writer knows it) are the thread's own.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final

import lmdb

from fizz.apiserver.store.draft import Draft
from fizz.apiserver.store.environment import Environment, translate
from fizz.apiserver.store.format import Transaction
from fizz.apiserver.store.layout import Stored
from fizz.apiserver.store.persist import Present, forget, leave, look, save
from fizz.apiserver.store.snapshot import Snapshot
from fizz.apiserver.store.types import Change, Conflict, Full, Revision
from fizz.apiserver.store.view import Batch

__all__ = ["Writer"]

_MAX_COMMITS: Final = 1000
_MAX_BYTES: Final = 32 << 20
"""Bounds of a batch: they bound how long its first commit waits for its last one."""
_FORGET_ENTRIES: Final = 512
_FORGET_SECONDS: Final = 0.01
"""Bounds of a piece of forgetting: they bound how long a commit waits for it."""


@dataclass(frozen=True, slots=True)
class _Commit:
    changes: Sequence[Change]
    future: "asyncio.Future[Revision]"

    @property
    def size(self) -> int:
        return sum(len(change.value or b"") for change in self.changes)


@dataclass(frozen=True, slots=True)
class _Forget:
    revision: Revision
    future: "asyncio.Future[bool]"
    size = 0


@dataclass(frozen=True, slots=True)
class _Stop:
    future: "asyncio.Future[None]"
    size = 0


_Work = _Commit | _Forget | _Stop
_Result = tuple["asyncio.Future[Any]", Any]
"""Who waits, and what for: a value, or an exception to raise."""


class Writer:
    """Hands work to the thread, and its results to `publish` and to those who wait, on the event loop."""

    def __init__(
        self,
        environment: Environment,
        *,
        present: Present,
        volatile: tuple[str, ...],
        clock: Callable[[], float],
        publish: Callable[[Batch], None],
    ) -> None:
        self.last_batch = 0
        """How many commits the last batch had."""
        self._environment = environment
        self._present = present
        self._branches = volatile
        self._volatile: dict[str, Stored] = {}
        self._clock = clock
        self._publish = publish
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Work] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def commit(self, changes: Sequence[Change]) -> "asyncio.Future[Revision]":
        """The revision, when it is on disk and published; or `Conflict`, or `Full`."""
        future: asyncio.Future[Revision] = self._loop.create_future()
        self._queue.put(_Commit(changes, future))
        return future

    def forget(self, revision: Revision) -> "asyncio.Future[bool]":
        """Forget the log up to a revision, and delete a piece of it. True: ask again to delete more."""
        future: asyncio.Future[bool] = self._loop.create_future()
        self._queue.put(_Forget(revision, future))
        return future

    async def stop(self) -> None:
        """Finish what was handed in, and end the thread. Nothing may be handed in afterwards."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Stop(future))
        await future
        self._thread.join()

    def _run(self) -> None:
        stop: _Stop | None = None
        while stop is None:
            commits: list[_Commit] = []
            pieces: list[_Forget] = []
            for work in self._take():
                match work:
                    case _Commit():
                        commits.append(work)
                    case _Forget():
                        pieces.append(work)
                    case _Stop():
                        stop = work
            if commits:
                self._write(commits)
            for piece in pieces:
                self._forget(piece)
        self._leave()
        self._hand_over(stop.future.set_result, None)

    def _take(self) -> list[_Work]:
        """Wait for work, then take what else is there."""
        taken = [self._queue.get()]
        size = taken[0].size
        while len(taken) < _MAX_COMMITS and size < _MAX_BYTES:
            try:
                work = self._queue.get_nowait()
            except Empty:
                break
            taken.append(work)
            size += work.size
        return taken

    def _write(self, commits: Sequence[_Commit]) -> None:
        """Do a batch, and tell everybody in it what became of his commit."""
        try:
            batch, results = self._attempt(commits)
        except (lmdb.Error, Full) as error:
            refusal = translate(error, "commit") if isinstance(error, lmdb.Error) else error
            if isinstance(refusal, Full) and len(commits) > 1:
                for commit in commits:
                    self._write([commit])
                return
            batch, results = None, [(commit.future, type(refusal)(*refusal.args)) for commit in commits]
        except Exception as error:  # a defect must not leave anybody waiting for ever
            batch, results = None, [(commit.future, error) for commit in commits]
        self._hand_over(self._settle, batch, results)

    def _attempt(self, commits: Sequence[_Commit]) -> tuple[Batch, list[_Result]]:
        """Do a batch or nothing of it."""
        before = self._present
        with self._environment.env.begin(write=True) as txn:
            draft = Draft(partial(self._look, txn), revision=before.revision, now=int(self._clock() * 1000))
            results = [(commit.future, _work_out(draft, commit.changes)) for commit in commits]
            present, written = save(txn, self._environment.tables, draft, before, self._branches)
            if written:
                self._check_quota(txn)
        self._present, self.last_batch = present, len(commits)
        volatile = {key: stored for key, stored in draft.final.items() if key.startswith(self._branches)}
        self._remember(volatile)
        batch = Batch(
            snapshot=Snapshot(self._environment) if written else None,
            revision=present.revision,
            compacted=present.compacted,
            events=draft.events,
            volatile=volatile,
            expiring=any(stored and stored.expires for stored in draft.final.values()),
        )
        return batch, results

    def _look(self, txn: Transaction, key: str) -> Stored | None:
        return self._volatile.get(key) if key.startswith(self._branches) else look(txn, self._environment.tables, key)

    def _remember(self, volatile: Mapping[str, Stored | None]) -> None:
        for key, stored in volatile.items():
            if stored is None:
                self._volatile.pop(key, None)
            else:
                self._volatile[key] = stored

    def _check_quota(self, txn: Transaction) -> None:
        quota = self._environment.quota
        if quota is not None and (used := self._environment.used_bytes(txn)) > quota:
            raise Full(f"no space: {used} bytes would be in use and {quota} may be")

    def _forget(self, piece: _Forget) -> None:
        """Do a piece of forgetting; a smaller one where there is no space for more."""
        limit = _FORGET_ENTRIES
        while True:
            try:
                present, more = self._attempt_to_forget(piece.revision, limit)
                break
            except lmdb.Error as error:
                refusal = translate(error, "compaction")
                if not isinstance(refusal, Full) or limit == 1:
                    self._hand_over(self._settle, None, [(piece.future, refusal)])
                    return
                limit //= 8
        self._present = present
        batch = Batch(Snapshot(self._environment), present.revision, present.compacted, (), {}, expiring=False)
        self._hand_over(self._settle, batch, [(piece.future, more)])

    def _attempt_to_forget(self, revision: Revision, limit: int) -> tuple[Present, bool]:
        with self._environment.env.begin(write=True) as txn:
            tables = self._environment.tables
            return forget(txn, tables, self._present, revision, limit=limit, seconds=_FORGET_SECONDS)

    def _leave(self) -> None:
        """The last transaction. Without it the store opens as after a crash, which is merely less tidy."""
        with suppress(lmdb.Error), self._environment.env.begin(write=True) as txn:
            leave(txn, self._environment.tables, self._present)

    def _hand_over(self, function: Callable[..., None], *arguments: Any) -> None:
        """Go on with it on the event loop; if that was closed under us, nobody waits for it any more."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    def _settle(self, batch: Batch | None, results: Sequence[_Result]) -> None:
        if batch is not None:
            self._publish(batch)
        for future, result in results:
            if future.done():  # cancelled by who waited; the work is done all the same
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


def _work_out(draft: Draft, changes: Sequence[Change]) -> Revision | Conflict | OverflowError:
    try:
        return draft.add(changes)
    except (Conflict, OverflowError) as refusal:
        return refusal
