"""The Containers of a Job: which completion each works for, its how manieth attempt it is, and what came of them. Pure.

A completion is what has to succeed once: a number from 0, or the name of a node. Its Containers are named
`<job>-<run>-<completion>-<attempt>`, and the attempt is the number of failures before it. So two servers that decide
the same thing make the same object, and a Container that was removed by hand is made again under the same name:

    migrate-1f2e3d4c-0-0    exit code 1
    migrate-1f2e3d4c-0-1    exit code 1, restarted once by the engine before that
    migrate-1f2e3d4c-0-3    exit code 0: completion 0 is done, after 3 failures

The status remembers which completions are done and how often each has failed, so nothing is forgotten or counted twice
when Containers go.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NewType

from fizz.controllers.workloads.jobs import has_ended
from fizz.controllers.workloads.template import INHERITED, controller_of, label_of, stem_of
from fizz.schemas import labels
from fizz.schemas.container import Container, RestartPolicy
from fizz.schemas.env import EnvVar
from fizz.schemas.jobs import CompletionMode, Job, JobStatus
from fizz.schemas.meta import ObjectMeta, owner_reference
from fizz.schemas.names import to_name

__all__ = [
    "Completion",
    "Tally",
    "attempt_of",
    "completion_of",
    "container_name",
    "format_completions",
    "is_orphan_of",
    "make_container",
    "parse_completions",
    "tally",
]

Completion = NewType("Completion", str)
"""`0`, `1`, ...; or a node's name as a label's value, if the Job's mode is PerNode."""

_LONGEST_STEM: Final = 160
"""An object's name has 253 characters at most; the run, a completion (a node has 63 at most) and an attempt follow."""
_INDEX_VARIABLE: Final = "JOB_COMPLETION_INDEX"


@dataclass(frozen=True, slots=True)
class Tally:
    """The completions that are done, and how often each has failed, if it has."""

    completed: frozenset[Completion]
    failures: Mapping[Completion, int]

    @property
    def failed(self) -> int:
        """All failures together."""
        return sum(self.failures.values())


def container_name(job: Job, run: str, completion: Completion, attempt: int) -> str:
    """The one name of that attempt: `migrate-1f2e3d4c-0-1`."""
    return f"{stem_of(job.name, _LONGEST_STEM)}-{run}-{to_name(completion)}-{attempt}"


def make_container(job: Job, run: str, completion: Completion, attempt: int, node: str | None = None) -> Container:
    """The Container of that attempt, bound to the node if one is given."""
    template = job.spec.template
    meta = template.metadata
    keys = (*INHERITED, labels.CRON_JOB)
    metadata = ObjectMeta(
        name=container_name(job, run, completion, attempt),
        namespace=job.namespace,
        labels={
            **{key: job.labels[key] for key in keys if key in job.labels},
            **((meta and meta.labels) or {}),
            labels.JOB: label_of(job.name),
            labels.TEMPLATE_HASH: run,
            labels.COMPLETION: completion,
            labels.ATTEMPT: str(attempt),
            labels.ORDINAL: completion if _is_index(completion) else "0",
        },
        owner_references=[owner_reference(job)],
        finalizers=[labels.FINALIZER_NODE],
    )
    if meta and meta.annotations:
        metadata.annotations = dict(meta.annotations)
    spec = template.spec.model_copy(deep=True)
    if job.spec.completion_mode == "Indexed":
        others = [each for each in spec.env or [] if each.name != _INDEX_VARIABLE]
        spec.env = [*others, EnvVar(name=_INDEX_VARIABLE, value=completion)]
    if node is not None:
        spec.node_name = node
    if spec.restart_policy and spec.restart_policy.name == "on-failure":
        spec.restart_policy = _bounded(spec.restart_policy, job.spec.backoff_limit)
    if spec.container_name:
        spec.container_name = _engine_name(spec.container_name, job, completion, attempt)
    return Container(metadata=metadata, spec=spec)


def _bounded(policy: RestartPolicy, limit: int) -> RestartPolicy:
    """The engine restarts a container as often as the Job allows, and no more."""
    if limit == 0:
        return RestartPolicy(name="no")
    return RestartPolicy(name="on-failure", maximum_retry_count=min(policy.maximum_retry_count or limit, limit))


def _engine_name(given: str, job: Job, completion: Completion, attempt: int) -> str:
    """The engine's name that the template gives, told apart where several containers would have it."""
    single = job.spec.completion_mode == "PerNode" or (job.spec.completions or job.spec.parallelism) <= 1
    named = given if single else f"{given}-{int(completion) + 1}"
    return f"{named}-retry-{attempt}" if attempt else named


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit()


def completion_of(container: Container) -> Completion | None:
    """What the Container works for; None if its label does not say."""
    found = container.labels.get(labels.COMPLETION)
    return Completion(found) if found else None


def attempt_of(container: Container) -> int:
    """How often its completion had failed before."""
    written = container.labels.get(labels.ATTEMPT, "")
    return int(written) if _is_index(written) else 0


def is_orphan_of(container: Container, job: Job) -> bool:
    """Whether the Container belongs to nobody and was evidently made for a Job of this name."""
    completion, run = completion_of(container), container.labels.get(labels.TEMPLATE_HASH, "")
    return (
        controller_of(container) is None
        and container.metadata.deletion_timestamp is None
        and container.labels.get(labels.JOB) == label_of(job.name)
        and completion is not None
        and container.name == container_name(job, run, completion, attempt_of(container))
    )


def tally(mode: CompletionMode, status: JobStatus | None, containers: Iterable[Container]) -> Tally:
    """What has come of the run so far: what its status remembers, and what its Containers say now.

    A restart by the engine is a failure, too.
    """
    completed = set(parse_completions(mode, (status and status.completed_indexes) or ""))
    failures = {Completion(key): count for key, count in ((status and status.failures) or {}).items()}
    for item in containers:
        completion = completion_of(item)
        if completion is None:
            continue
        found = item.status
        if found and found.phase == "Succeeded":
            completed.add(completion)
        failed = int(has_ended(item) and found is not None and found.phase == "Failed")
        count = attempt_of(item) + ((found and found.restart_count) or 0) + failed
        if count > failures.get(completion, 0):
            failures[completion] = count
    return Tally(frozenset(completed), failures)


def format_completions(mode: CompletionMode, completions: Iterable[Completion]) -> str:
    """`0-2,5`, or the names of nodes; empty for none.

    >>> format_completions("Indexed", map(Completion, ["5", "0", "2", "1"]))
    '0-2,5'
    """
    if mode == "PerNode":
        return ",".join(sorted(completions))
    runs: list[tuple[int, int]] = []
    for number in sorted(map(int, completions)):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def parse_completions(mode: CompletionMode, text: str) -> Iterator[Completion]:
    """What `format_completions` wrote."""
    for part in filter(None, text.split(",")):
        if mode == "PerNode":
            yield Completion(part)
            continue
        first, _, last = part.partition("-")
        yield from (Completion(str(number)) for number in range(int(first), int(last or first) + 1))
