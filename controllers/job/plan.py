"""What to do next for one Job: pure, from the world as it is known to a list of actions and a status.

A plan is a step and not a script, as that of a Deployment: it says only what may be done now, and may be done twice.

    its run changed          the containers of the old run go; then it begins anew
    suspended                what is at work goes; what is done stays done
    waits for others         nothing is started (see `workloads.dependencies`)
    otherwise                each completion that is not done has one container at work, as far as parallelism goes;
                             one that failed is tried again after a while
    failed too often         what is at work is stopped, and stays to be read; then it has Failed
    too late                 the same
    done                     its containers stay, for people to read their logs, until the Job goes

A container that ended stays until its Job goes or runs again. What is being deleted counts as at work until it is gone:
there are never more than `parallelism`, and never two for one completion.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fizz.controllers.job.attempts import (
    Completion,
    Tally,
    completion_of,
    container_name,
    is_orphan_of,
    make_container,
    tally,
)
from fizz.controllers.job.pace import retry_delay, until
from fizz.controllers.job.status import News, Observed, Verdict, finished_at, is_finished, status_of, target_of
from fizz.controllers.workloads.actions import Adopt, Create, Delete, SetFinalizers
from fizz.controllers.workloads.dependencies import Gate, GateState, gate, stops_after
from fizz.controllers.workloads.jobs import has_ended, present_status
from fizz.controllers.workloads.template import belongs_to, run_hash
from fizz.controllers.workloads.world import World
from fizz.schemas import labels
from fizz.schemas.container import Container
from fizz.schemas.jobs import Job, JobStatus
from fizz.schemas.names import to_label_value

__all__ = ["Action", "Adopt", "Create", "Delete", "DeleteJob", "Plan", "SetFinalizers", "Stop", "plan"]

_ORPHAN = "orphan"
"""The finalizer of a deletion that leaves the Containers."""


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete the Job itself: it ended long enough ago."""

    def __str__(self) -> str:
        return "delete the job: it ended long enough ago"


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a Container and keep it, so that its output can be read."""

    container: Container
    why: str

    def __str__(self) -> str:
        return f"stop {self.container.name}: {self.why}"


Action = SetFinalizers | Adopt | Create | Delete | Stop | DeleteJob


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions in order, and the status that speaks of the world before them (None: leave it alone).

    `wait` is how long until time alone allows more; None if something will tell.
    """

    actions: tuple[Action, ...] = ()
    status: JobStatus | None = None
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _View:
    """The Job with what belongs to it: Containers of the present run, and of others. `wanted` are the completions with
    the node that each is bound to.
    """

    job: Job
    run: str
    present: Sequence[Container]
    others: Sequence[Container]
    tally: Tally
    wanted: Mapping[Completion, str | None]

    @property
    def active(self) -> list[Container]:
        """Those that are at work, or will be."""
        return [item for item in self.present if item.metadata.deletion_timestamp is None and not has_ended(item)]

    @property
    def leaving(self) -> list[Container]:
        """Those that are being deleted, of whatever run."""
        return [item for item in (*self.present, *self.others) if item.metadata.deletion_timestamp is not None]

    @property
    def is_done(self) -> bool:
        """Whether so many have succeeded."""
        if self.job.spec.completion_mode != "PerNode" and self.job.spec.completions is None:
            return bool(self.tally.completed) and not self.active and not self.leaving
        enough = all(each in self.tally.completed for each in self.wanted)
        return enough and (bool(self.wanted) or self.job.spec.completion_mode != "PerNode")


def plan(world: World, job: Job, now: datetime) -> Plan:
    """The next step for the Job. Raises nothing; an empty plan with an unchanged status means: as wanted."""
    owned = sorted(world.owned(job), key=lambda item: item.name)
    adoptions = [Adopt(item) for item in world.labelled(job) if is_orphan_of(item, job)]
    view = _view(world, job, [*owned, *(action.container for action in adoptions)])
    observed = Observed(view.run, view.active, view.tally, _succeeded(view), len(view.wanted), view.is_done)
    if job.metadata.deletion_timestamp is not None:
        return _stop(world, view, observed, owned, now)
    if is_finished(job):
        return _rest(view, observed, now)
    opening = gate(world, job)
    target = target_of(job) or _target(view, now)
    taken = _taken(world, view)
    actions: list[Action] = [*_finalizer(job), *adoptions, *_clear(view)]
    wait: timedelta | None = None
    if target is not None:
        actions += (
            Stop(item, "the job has failed")
            for item in view.active
            if item.spec.desired_state != "Stopped" and belongs_to(item, job)
        )
    elif job.spec.suspend:
        actions += _deletions(job, view.active, "the job is suspended")
    elif not view.is_done:
        actions += _shrink(view)
        if opening.is_open and not view.others:
            starts = _starts(view, taken, now)
            actions += starts.creations
            wait = starts.wait
    blocked = f"container {min(taken)} exists and belongs to somebody else; delete or rename it" if taken else None
    retry_at = None if wait is None else now + wait
    news = News(opening, blocked, target, ended=not view.active and not view.leaving, retry_at=retry_at)
    left = None if target or view.is_done or job.spec.suspend else _deadline(view, now)
    return Plan(tuple(actions), status_of(job, observed, news, now), _soonest(wait, left))


def _view(world: World, job: Job, containers: Sequence[Container]) -> _View:
    run = run_hash(job.spec)
    present = [item for item in containers if item.labels.get(labels.TEMPLATE_HASH) == run]
    others = [item for item in containers if item.labels.get(labels.TEMPLATE_HASH) != run]
    found = tally(job.spec.completion_mode, present_status(job), present)
    return _View(job, run, present, others, found, _wanted(world, job))


def _wanted(world: World, job: Job) -> dict[Completion, str | None]:
    if job.spec.completion_mode == "PerNode":
        alive = [node.name for node in world.nodes() if node.metadata.deletion_timestamp is None]
        return {Completion(to_label_value(name)): name for name in sorted(alive)}
    count = job.spec.parallelism if job.spec.completions is None else job.spec.completions
    return {Completion(str(number)): None for number in range(count)}


def _succeeded(view: _View) -> int:
    return sum(each in view.tally.completed for each in view.wanted)


def _target(view: _View, now: datetime) -> Verdict | None:
    """Why the Job has failed; None if it has not."""
    spec, status = view.job.spec, present_status(view.job)
    if view.is_done:
        return None
    if view.tally.failed > spec.backoff_limit:
        retries = f"{spec.backoff_limit} {'retry' if spec.backoff_limit == 1 else 'retries'}"
        last = max(filter(_has_failed, view.present), key=_ended_at, default=None)
        what = f"{last.name} {_end_of(last)}" if last else "failed"
        return Verdict("BackoffLimitExceeded", f"{what}, after {retries}" if spec.backoff_limit else what)
    deadline, start = spec.active_deadline_seconds, status.start_time if status else None
    if deadline is None or start is None or spec.suspend or now < start + timedelta(seconds=deadline):
        return None
    return Verdict("DeadlineExceeded", f"was not done within {deadline} s")


def _has_come_to_its_end(item: Container) -> bool:
    """By itself, and not because somebody stopped it."""
    return item.status is not None and item.status.phase in {"Succeeded", "Failed"}


def _has_failed(item: Container) -> bool:
    return item.status is not None and item.status.phase == "Failed"


def _ended_at(item: Container) -> tuple[float, str]:
    ended = item.status.finished_at if item.status else None
    return (ended.timestamp() if ended else 0.0, item.name)


def _end_of(item: Container) -> str:
    status = item.status
    if status is not None and status.exit_code is not None:
        return f"ended with exit code {status.exit_code}"
    return f"failed: {status.message}" if status is not None and status.message else "failed"


def _deadline(view: _View, now: datetime) -> timedelta | None:
    """What is left until the Job's time is over."""
    deadline, status = view.job.spec.active_deadline_seconds, present_status(view.job)
    if deadline is None:
        return None
    length = timedelta(seconds=deadline)
    return until(status.start_time, length, now) if status and status.start_time else length


def _soonest(*waits: timedelta | None) -> timedelta | None:
    return min((each for each in waits if each is not None), default=None)


def _finalizer(job: Job) -> Iterator[Action]:
    """Before the first Container is made, deletion is made to wait for the ordered stop."""
    finalizers = job.metadata.finalizers or []
    if labels.FINALIZER_ORDERED_STOP not in finalizers:
        yield SetFinalizers((*finalizers, labels.FINALIZER_ORDERED_STOP))


def _taken(world: World, view: _View) -> frozenset[str]:
    """Names that are needed and that Containers of somebody else have."""
    needed = (
        container_name(view.job, view.run, completion, view.tally.failures.get(completion, 0))
        for completion in view.wanted
        if completion not in view.tally.completed
    )
    found = (world.container(name) for name in needed)
    return frozenset(
        item.name
        for item in found
        if item is not None and not belongs_to(item, view.job) and not is_orphan_of(item, view.job)
    )


def _deletions(job: Job, items: Sequence[Container], why: str) -> Iterator[Action]:
    """What is there and the Job's own. What is just being adopted is left for the next step."""
    for item in items:
        if item.metadata.deletion_timestamp is None and belongs_to(item, job):
            yield Delete(item, why, volumes=True)  # no container follows that could have its anonymous volumes


def _clear(view: _View) -> Iterator[Action]:
    return _deletions(view.job, view.others, "the job has changed and runs again")


def _shrink(view: _View) -> Iterator[Action]:
    """Stop what works for no wanted completion, then the last of those that are too many at a time."""
    unwanted = [item for item in view.active if completion_of(item) not in view.wanted]
    yield from _deletions(view.job, unwanted, "not wanted any more")
    if view.job.spec.completion_mode == "PerNode":
        return
    wanted = sorted((item for item in view.active if completion_of(item) in view.wanted), key=_place)
    yield from _deletions(view.job, wanted[view.job.spec.parallelism :], "fewer are wanted at a time")


def _place(item: Container) -> int:
    completion = completion_of(item)
    return int(completion) if completion and completion.isdigit() else 0


@dataclass(frozen=True, slots=True)
class _Starts:
    """What may be made now, and how long until something else may."""

    creations: list[Action]
    wait: timedelta | None


def _starts(view: _View, taken: frozenset[str], now: datetime) -> _Starts:
    spec = view.job.spec
    busy = {completion_of(item) for item in (*view.present, *view.leaving) if not _has_come_to_its_end(item)}
    room = len(view.wanted) if spec.completion_mode == "PerNode" else spec.parallelism
    room -= len(view.active) + len(view.leaving)
    one_is_enough = spec.completion_mode != "PerNode" and spec.completions is None
    if one_is_enough and view.tally.completed:
        return _Starts([], None)
    creations: list[Action] = []
    waits: list[timedelta] = []
    for completion, node in view.wanted.items():
        if room <= 0:
            break
        if completion in busy or completion in view.tally.completed:
            continue
        failures = view.tally.failures.get(completion, 0)
        left = until(_last_end(view, completion), retry_delay(spec, failures), now)
        if left:
            waits.append(left)
        elif container_name(view.job, view.run, completion, failures) not in taken:
            creations.append(Create(make_container(view.job, view.run, completion, failures, node)))
            room -= 1
    return _Starts(creations, min(waits, default=None))


def _last_end(view: _View, completion: Completion) -> datetime | None:
    """When a container of the completion last failed; None if that is not known any more."""
    ends = [
        item.status.finished_at
        for item in view.present
        if completion_of(item) == completion and item.status and _has_failed(item) and item.status.finished_at
    ]
    return max(ends, default=None)


def _rest(view: _View, observed: Observed, now: datetime) -> Plan:
    """A Job that is done or has failed: nothing but its own end is left to come."""
    status = present_status(view.job)
    ttl = view.job.spec.ttl_seconds_after_finished
    made = status_of(view.job, observed, News(Gate(GateState.OPEN)), now)
    ended = finished_at(status)
    if ttl is None or ended is None:
        return Plan((), made)
    left = until(ended, timedelta(seconds=ttl), now)
    return Plan((), made, left) if left else Plan((DeleteJob(),), made)


def _stop(world: World, view: _View, observed: Observed, owned: Sequence[Container], now: datetime) -> Plan:
    """Deletion: what depends on this one stops first; then its Containers go; then it may go itself."""
    finalizers = view.job.metadata.finalizers or []
    if labels.FINALIZER_ORDERED_STOP not in finalizers:
        return Plan()
    release = SetFinalizers(tuple(item for item in finalizers if item != labels.FINALIZER_ORDERED_STOP))
    if _ORPHAN in finalizers or not owned:
        return Plan((release,))
    waiting = stops_after(world, view.job)
    pause = Gate(GateState.WAITING, f"stops after {', '.join(waiting)}") if waiting else Gate(GateState.OPEN)
    doomed = () if waiting else tuple(_deletions(view.job, owned, "its job is being deleted"))
    return Plan(doomed, status_of(view.job, observed, News(pause), now))
