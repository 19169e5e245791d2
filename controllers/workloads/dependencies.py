"""Whether a Deployment or Job may start its containers: the gate that `dependsOn` makes. Pure.

The gate is open, waiting or failed. It looks at the Containers of a Deployment and not at its status, because a status
is one write later; that of a Job counts if it speaks of the present run. It holds back what is to be started and never
stops what was started.

| condition of a Deployment | holds when | has failed when |
|---|---|---|
| Started | every wanted replica has been started once | a replica failed before it ever ran |
| Healthy | every wanted replica runs and is healthy | a replica has ended, or has no health check |
| CompletedSuccessfully | every wanted replica ended with exit code 0 | a replica ended otherwise |

| condition of a Job | holds when | has failed when |
|---|---|---|
| Started | a container has been started once | the Job has Failed before that |
| Healthy | all its active containers are healthy | the Job is Complete or has Failed |
| CompletedSuccessfully | the Job is Complete | the Job has Failed, all retries included |

A dependency that wants no replicas holds nobody back, as in Compose. One that can itself never start fails the gate,
too, so that the reason is seen at every Deployment that it stops:

    proxy -> web -> migrate (exit code 1)
    web:   migrate ended with exit code 1
    proxy: web cannot start: migrate ended with exit code 1

With `required: false` a dependency that is missing or has failed is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from fizz.controllers.workloads import jobs
from fizz.controllers.workloads.contents import digest_of
from fizz.controllers.workloads.running import is_restarting, still_runs
from fizz.controllers.workloads.template import container_name, run_hash
from fizz.controllers.workloads.world import Workload, World
from fizz.schemas.apps import Dependency, Deployment
from fizz.schemas.container import Container
from fizz.schemas.jobs import Job

__all__ = ["Gate", "GateState", "gate", "has_started", "stops_after", "stops_before", "wanted_containers"]


class GateState(Enum):
    """Whether containers may be started."""

    OPEN = "open"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Gate:
    """The state, and why it is not open, as a sentence that names the dependency."""

    state: GateState
    message: str = ""

    @property
    def is_open(self) -> bool:
        return self.state is GateState.OPEN


_OPEN = Gate(GateState.OPEN)


def gate(world: World, workload: Workload) -> Gate:
    """The gate in front of the workload's containers."""
    return _gate(world, workload, (workload.name,))


def _gate(world: World, workload: Workload, path: tuple[str, ...]) -> Gate:
    waiting: list[str] = []
    for dependency in workload.spec.depends_on or []:
        required = dependency.required is not False
        found = _follow(world, dependency, path)
        if found.state is GateState.FAILED and required:
            return found
        if found.state is GateState.WAITING and (required or _is_coming(world, dependency)):
            waiting.append(found.message)
    return Gate(GateState.WAITING, "; ".join(waiting)) if waiting else _OPEN


def _is_coming(world: World, dependency: Dependency) -> bool:
    target = world.workload(dependency.name)
    return target is not None and target.metadata.deletion_timestamp is None


def _follow(world: World, dependency: Dependency, path: tuple[str, ...]) -> Gate:
    name = dependency.name
    if name in path:
        circle = " -> ".join((*path[path.index(name) :], name))
        return Gate(GateState.FAILED, f"the dependencies go in a circle: {circle}")
    target = world.workload(name)
    if target is None:
        return Gate(GateState.WAITING, f"waits for {name}, which does not exist")
    if target.metadata.deletion_timestamp is not None:
        return Gate(GateState.WAITING, f"waits for {name}, which is being deleted")
    if isinstance(target, Job):
        state, unstarted = _judge_job(world, dependency, target), not jobs.has_begun(target)
    else:
        containers = wanted_containers(world, target)
        state, unstarted = _judge(dependency, target, containers), None in containers
    if state.state is GateState.WAITING and unstarted:
        behind = _gate(world, target, (*path, name))
        if behind.state is GateState.FAILED:
            return Gate(GateState.FAILED, f"{name} cannot start: {behind.message}")
    return state


def wanted_containers(world: World, deployment: Deployment) -> list[Container | None]:
    """For each wanted replica its Container made from the present template, or None where there is none yet."""
    digest = digest_of(world, deployment)
    alive = {item.name: item for item in world.owned(deployment) if item.metadata.deletion_timestamp is None}
    return [alive.get(container_name(deployment, digest, ordinal)) for ordinal in range(deployment.spec.replicas)]


def has_started(container: Container) -> bool:
    """Whether the engine has started it at least once, and it was not stopped since."""
    status = container.status
    if status is None or status.phase == "Stopped" or container.spec.desired_state == "Stopped":
        return False
    return status.started_at is not None or status.phase in {"Running", "Restarting", "Succeeded"}


def _judge(dependency: Dependency, target: Deployment, containers: Sequence[Container | None]) -> Gate:
    failure = next((reason for item in containers if item and (reason := _failure(dependency, target, item))), None)
    if failure:
        return Gate(GateState.FAILED, failure)
    if all(item is not None and _holds(dependency, item) and not is_restarting(item, target) for item in containers):
        return _OPEN
    if target.spec.desired_state == "Stopped":
        return Gate(GateState.WAITING, f"waits for {dependency.name}, which is stopped")
    return _waits(dependency)


def _waits(dependency: Dependency) -> Gate:
    match dependency.condition:
        case "Started":
            return Gate(GateState.WAITING, f"waits for {dependency.name} to be started")
        case "Healthy":
            return Gate(GateState.WAITING, f"waits for {dependency.name} to be healthy")
        case "CompletedSuccessfully":
            return Gate(GateState.WAITING, f"waits for {dependency.name} to complete")


def _judge_job(world: World, dependency: Dependency, job: Job) -> Gate:
    """What a Job's present run means for who depends on it. Its retries may still make it good."""
    if (failure := jobs.failure_of(job)) and not (dependency.condition == "Started" and jobs.has_ended_once(job)):
        return Gate(GateState.FAILED, f"{job.name} failed: {failure}")
    complete = jobs.is_complete(job)
    if complete and dependency.condition == "Healthy":
        return Gate(GateState.FAILED, f"{job.name} has completed and will never be healthy")
    if complete:
        return _OPEN
    run = run_hash(job.spec)
    active = [item for item in world.owned(job) if jobs.is_active(item, run)]
    match dependency.condition:
        case "Started" if jobs.has_ended_once(job) or any(map(has_started, active)):
            return _OPEN
        case "Healthy" if active and all(_holds(dependency, item) for item in active):
            return _OPEN
    if job.spec.suspend:
        return Gate(GateState.WAITING, f"waits for {job.name}, which is suspended")
    return _waits(dependency)


def _holds(dependency: Dependency, container: Container) -> bool:
    status = container.status
    match dependency.condition:
        case "Started":
            return has_started(container)
        case "Healthy":
            return status is not None and status.phase == "Running" and status.health == "healthy"
        case "CompletedSuccessfully":
            return status is not None and status.phase == "Succeeded"


def _failure(dependency: Dependency, target: Deployment, container: Container) -> str | None:
    """Why this replica can never meet the condition, or None while it still can."""
    status = container.status
    if status is None:
        return None
    if status.phase == "Failed" and not (dependency.condition == "Started" and has_started(container)):
        return f"{dependency.name} {_ended(container)}"
    if dependency.condition != "Healthy":
        return None
    if status.phase == "Succeeded":
        return f"{dependency.name} {_ended(container)} and will never be healthy"
    if status.phase == "Running" and status.health is None and not _has_check(target):
        return (
            f"{dependency.name} has no health check and will never be healthy; "
            "give it a healthcheck or use the condition Started"
        )
    return None


def _has_check(target: Deployment) -> bool:
    spec = target.spec.template.spec
    if spec.readiness_probe or spec.liveness_probe or spec.startup_probe:
        return True
    check = spec.healthcheck
    return check is not None and bool(check.test) and check.test != ["NONE"]


def _ended(container: Container) -> str:
    status = container.status
    if status is not None and status.exit_code is not None:
        return f"ended with exit code {status.exit_code}"
    return f"failed: {status.message}" if status is not None and status.message else "failed"


def stops_after(world: World, workload: Workload) -> list[str]:
    """The Deployments and Jobs whose containers must be gone before those of this one are stopped: what depends on it,
    is being deleted as well and still has containers. What it depends on itself, in a circle, is not waited for.
    """
    before = _reachable(world, workload)
    return sorted(
        other.name
        for other in world.workloads()
        if other.name not in before
        and other.metadata.deletion_timestamp is not None
        and any(dependency.name == workload.name for dependency in other.spec.depends_on or [])
        and world.owned(other)
    )


def stops_before(world: World, deployment: Deployment) -> list[str]:
    """The Deployments that depend on this one and are to be stopped, too, and still have containers that run."""
    before = _reachable(world, deployment)
    return sorted(
        other.name
        for other in world.workloads()
        if isinstance(other, Deployment)
        and other.name not in before
        and other.spec.desired_state == "Stopped"
        and any(dependency.name == deployment.name for dependency in other.spec.depends_on or [])
        and any(map(still_runs, world.owned(other)))
    )


def _reachable(world: World, workload: Workload) -> set[str]:
    """The workload and all that it depends on, directly or not."""
    seen: set[str] = set()
    left = [workload.name]
    while left:
        name = left.pop()
        found = world.workload(name)
        if name in seen or found is None:
            continue
        seen.add(name)
        left += [dependency.name for dependency in found.spec.depends_on or []]
    return seen
