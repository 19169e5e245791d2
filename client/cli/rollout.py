"""Is it up? From the Deployments, Jobs and Containers of a project to one word for each, and for all. Pure.

Two goals. *Started*, as `docker compose up -d` has it: every container of the present template has been started once.
*Ready*, as with --wait: every Deployment is ready, or has completed, and so has every Job.

Only what is said of the present generation counts, and of the present contents of Secrets and ConfigMaps; before the
controller has seen a change, its old words mean nothing.
A Deployment that goes while it is waited for never comes up: who follows a rollout has applied it before.

That is also why a failure of a dependency is derived from the dependency itself and not from what the dependent says:
the dependent's words may still be about the dependency as it was before it was mended.
"""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from fizz.client.cli import jobstates
from fizz.client.cli.containers import in_words
from fizz.client.cli.stages import Stage, State
from fizz.client.cli.summaries import condition
from fizz.schemas import labels, names
from fizz.schemas.types import JSON

if TYPE_CHECKING:
    from fizz.schemas.sources import SourceRef

__all__ = ["Rollout", "is_observed"]


_GOOD: Final = {Stage.READY, Stage.COMPLETED, Stage.SUSPENDED}
_STEPS: Final = {"Pulling": "pulling the image", "Waiting": "waiting"}


_WITHOUT_CHECK: Final = 1.0
_AFTER_A_CRASH: Final = 10.0
"""Seconds that a container must run: see `Rollout.seconds_to_stand`."""


class Rollout:
    """Follows the Deployments and Jobs of those names to their goal: ready or completed if `wait`, else started."""

    def __init__(self, deployments: Iterable[str], jobs: Iterable[str] = (), *, wait: bool) -> None:
        self._applied: dict[str, int] = {}
        self._sources: dict[str, dict[tuple[str, str], int]] = {}
        self._jobs_wanted = frozenset(jobs)
        self._names = sorted({*deployments, *self._jobs_wanted})
        self._wait = wait
        self._deployments: dict[str, JSON] = {}
        self._jobs: dict[str, JSON] = {}
        self._completed: set[str] = set()
        """Jobs that have completed, and may be gone by now."""
        self._containers: dict[tuple[str, str], dict[str, JSON]] = {}
        self.complete = False
        """Whether all that there is has been put."""

    def applied(self, items: Iterable[JSON]) -> None:
        """These were just written: what is rolled back in a later generation is rolled back from them, and what is
        said of earlier contents of Secrets and ConfigMaps does not count.
        """
        given = list(items)
        versions = {
            (item["kind"], item["metadata"]["name"]): int(item["metadata"].get("resourceVersion") or 0)
            for item in given
            if item["kind"] in {"Secret", "ConfigMap"}
        }
        for item in given:
            if item["kind"] == "Deployment":
                name = item["metadata"]["name"]
                self._applied[name] = item["metadata"].get("generation", 1)
                used = _references(item) if versions else set()
                self._sources[name] = {ref: versions[ref] for ref in used if ref in versions}

    def put(self, item: JSON) -> None:
        """Take in an object as it is now."""
        name = item["metadata"]["name"]
        if item["kind"] == "Deployment":
            self._deployments[name] = item
        elif item["kind"] == "Job":
            self._jobs[name] = item
            if is_observed(item) and jobstates.is_complete(item):
                self._completed.add(name)
            else:
                self._completed.discard(name)
        elif item["kind"] == "Container":
            self._containers.setdefault(_owner_of(item), {})[name] = item

    def remove(self, item: JSON) -> None:
        """Forget an object that is gone."""
        name = item["metadata"]["name"]
        if item["kind"] == "Deployment":
            self._deployments.pop(name, None)
        elif item["kind"] == "Job":
            self._jobs.pop(name, None)
        elif item["kind"] == "Container":
            self._containers.get(_owner_of(item), {}).pop(name, None)

    def title(self, name: str) -> str:
        """What it is called where kinds matter: `deployment/web`."""
        return f"{'job' if name in self._jobs_wanted else 'deployment'}/{name}"

    def states(self) -> dict[str, State]:
        """How far each is."""
        states = {name: self._state(name) for name in self._names}
        items = [item for each in self._containers.values() for item in each.values()]
        return {name: State(state.stage, in_words(state.detail, items)) for name, state in states.items()}

    def is_over(self) -> bool:
        """Whether all have reached the goal, or one never will."""
        states = self.states().values()
        return any(state.stage is Stage.FAILED for state in states) or all(map(self._reached, states))

    def seconds_to_stand(self) -> float:
        """How long the goal must stand until it is believed. A container that only runs may be about to crash, and one
        that has crashed before even more so; one whose health is checked has shown that it works.
        """
        if not self._wait:
            return 0.0
        running = [item for name in self._names for item in self._alive(name) if _phase(item) == "Running"]
        if any((item.get("status") or {}).get("restartCount") for item in running):
            return _AFTER_A_CRASH
        return _WITHOUT_CHECK if any(not item["status"].get("health") for item in running) else 0.0

    def failures(self) -> dict[str, str]:
        """What will never reach the goal, and why."""
        return {name: state.detail for name, state in self.states().items() if state.stage is Stage.FAILED}

    def unfinished(self) -> dict[str, State]:
        """What has not reached the goal yet."""
        return {name: state for name, state in self.states().items() if not self._reached(state)}

    def _reached(self, state: State) -> bool:
        return state.stage in _GOOD or (state.stage is Stage.STARTED and not self._wait)

    def _state(self, name: str) -> State:
        return self._state_of_job(name) if name in self._jobs_wanted else self._state_of_deployment(name)

    def _state_of_job(self, name: str) -> State:
        if name in self._completed:
            return State(Stage.COMPLETED)
        job = self._jobs.get(name)
        if job is None:
            return State(Stage.FAILED, "was removed meanwhile") if self.complete else State(Stage.WAITING)
        if "deletionTimestamp" in job["metadata"]:
            return State(Stage.FAILED, "is being removed by somebody else")
        if not is_observed(job):
            return State(Stage.WAITING)
        started = any(map(_has_started, self._alive_of_job(name)))
        behind = self._behind(job, (name,))
        steps = filter(None, [self._step(self._alive_of_job(name))])
        return jobstates.state_of(job, started, behind, steps, wait=self._wait)

    def _state_of_deployment(self, name: str) -> State:
        deployment = self._deployments.get(name)
        if deployment is None:
            return State(Stage.FAILED, "was removed meanwhile") if self.complete else State(Stage.WAITING)
        if "deletionTimestamp" in deployment["metadata"]:
            return State(Stage.FAILED, "is being removed by somebody else")
        if not self._is_observed(name, deployment):
            return State(Stage.WAITING)
        if failure := self._failure(name, deployment, (name,)):
            return State(Stage.FAILED, failure)
        status, wanted = deployment["status"], _replicas(deployment)
        succeeded = status.get("succeededReplicas") or 0
        if self._is_started(name, deployment):
            if (status.get("readyReplicas") or 0) + succeeded >= wanted:
                return State(Stage.COMPLETED if wanted and succeeded == wanted else Stage.READY)
            return State(Stage.STARTED, self._step(self._alive(name)))
        progressing = condition(deployment, "Progressing")
        if progressing.get("reason") in {"WaitingForDependency", "Unschedulable"}:
            return State(Stage.WAITING, progressing.get("message", ""))
        return State(Stage.WORKING, self._step(self._alive(name)))

    def _is_observed(self, name: str, deployment: JSON) -> bool:
        """Whether the status speaks of the Deployment, and of what its containers use, as they were applied."""
        if not is_observed(deployment):
            return False
        told = (deployment.get("status") or {}).get("observedSources") or ()
        seen = {(each["kind"], each["name"]): int(each["resourceVersion"] or 0) for each in told}
        return all(seen.get(ref, 0) >= version for ref, version in self._sources.get(name, {}).items())

    def _is_started(self, name: str, deployment: JSON) -> bool:
        """Whether all wanted containers are of the present template and have been started, and no others are left."""
        status, wanted = deployment["status"], _replicas(deployment)
        if not (status.get("replicas") or 0) == (status.get("updatedReplicas") or 0) == wanted:
            return False
        alive = self._alive(name)
        return len(alive) == wanted and all(map(_has_started, alive))

    def _alive(self, name: str) -> list[JSON]:
        return self._alive_of(labels.DEPLOYMENT, name)

    def _alive_of_job(self, name: str) -> list[JSON]:
        return self._alive_of(labels.JOB, name)

    def _alive_of(self, label: str, name: str) -> list[JSON]:
        owner = (label, name if len(name) <= 63 else names.to_name(name))
        return [item for item in self._containers.get(owner, {}).values() if _is_alive(item)]

    def _failure(self, name: str, deployment: JSON, path: tuple[str, ...]) -> str:
        """Why it will never reach the goal; empty while it still may."""
        started = self._is_started(name, deployment)
        progressing = condition(deployment, "Progressing")
        later = deployment["metadata"].get("generation", 1) > self._applied.get(name, sys.maxsize)
        if progressing.get("reason") == "RolledBack" and later:
            return str(progressing.get("message"))
        if progressing.get("status") == "False":
            fatal = {"NameTaken", "ReplicaFailed", "ReplicaUnhealthy"} if self._wait else {"NameTaken", "ReplicaFailed"}
            if progressing.get("reason") in fatal and (self._wait or not started):
                return str(progressing.get("message") or progressing.get("reason"))
        return "" if started else self._behind(deployment, path)

    def _behind(self, workload: JSON, path: tuple[str, ...]) -> str:
        """Why a dependency keeps it from starting for good; empty while none does."""
        for dependency in workload["spec"].get("dependsOn") or ():
            if dependency.get("required") is not False and dependency["name"] not in path:
                failure = self._dependency_failure(dependency, path)
                if failure:
                    return failure
        return ""

    def _dependency_failure(self, dependency: JSON, path: tuple[str, ...]) -> str:
        """Why a dependency will never meet its condition."""
        name, wanted = dependency["name"], dependency.get("condition", "Started")
        target = self._deployments.get(name)
        if target is None and name in self._jobs:
            return self._job_failure(self._jobs[name], wanted, path)
        if target is None or not self._is_observed(name, target) or not _replicas(target):
            return ""
        status = target["status"]
        progressing = condition(target, "Progressing")
        message = str(progressing.get("message") or "")
        if wanted == "CompletedSuccessfully" and status.get("failedReplicas"):
            return f"depends on {name}, which failed: {message}"
        if wanted == "Healthy":
            if status.get("failedReplicas") or progressing.get("reason") == "ReplicaUnhealthy":
                return f"depends on {name}, which failed: {message}"
            if status.get("succeededReplicas"):
                return f"depends on {name}, which has ended and will never be healthy"
            if self._has_no_check(name, target):
                return (
                    f"depends on {name} to be healthy, but it has no healthcheck; give it one, or use service_started"
                )
        if not self._is_started(name, target) and (behind := self._failure(name, target, (*path, name))):
            return f"depends on {name}: {behind}"
        return ""

    def _job_failure(self, job: JSON, wanted: str, path: tuple[str, ...]) -> str:
        """Why a Job that is depended on will never meet the condition."""
        name = job["metadata"]["name"]
        if not is_observed(job):
            return ""
        if jobstates.is_complete(job):
            return f"depends on {name}, which has completed and will never be healthy" if wanted == "Healthy" else ""
        failure = jobstates.failure_of(job)
        if failure and not (wanted == "Started" and (job.get("status") or {}).get("failed")):
            return f"depends on {name}, which failed: {failure}"
        behind = self._behind(job, (*path, name))
        return f"depends on {name}: {behind}" if behind else ""

    def _has_no_check(self, name: str, target: JSON) -> bool:
        check = target["spec"]["template"]["spec"].get("healthcheck") or {}
        if check.get("test") and check["test"] != ["NONE"]:
            return False
        statuses = [item.get("status") or {} for item in self._alive(name)]
        return any(status.get("phase") == "Running" and not status.get("health") for status in statuses)

    @staticmethod
    def _step(containers: Iterable[JSON]) -> str:
        """What the slowest container is at."""
        for item in sorted(containers, key=lambda each: str(each["metadata"]["name"])):
            status = item.get("status") or {}
            if status.get("ready") or status.get("phase") == "Succeeded":
                continue
            if status.get("message"):
                return str(status["message"])
            if status.get("phase") in {None, "Pending", "Creating"}:
                return _STEPS.get(str(status.get("reason")), "creating")
            if status.get("health") == "starting":
                return "not healthy yet"
        return ""


def _references(deployment: JSON) -> "set[SourceRef]":
    """The Secrets and ConfigMaps that its containers use."""
    from fizz.schemas.container import ContainerSpec  # models cost a quarter of a second that `down` does not need
    from fizz.schemas.sources import references

    return references(ContainerSpec.load(deployment["spec"]["template"]["spec"]))


def _owner_of(container: JSON) -> tuple[str, str]:
    """The label that says whose it is, and its value."""
    found = container["metadata"].get("labels") or {}
    label = labels.JOB if labels.JOB in found else labels.DEPLOYMENT
    return label, str(found.get(label, ""))


def _is_alive(item: JSON) -> bool:
    return "deletionTimestamp" not in item["metadata"]


def is_observed(item: JSON) -> bool:
    """Whether the status speaks of the object as it is wanted now."""
    status: JSON = item.get("status") or {}
    return bool(status.get("observedGeneration") == item["metadata"].get("generation"))


def _replicas(deployment: JSON) -> int:
    return int(deployment["spec"].get("replicas", 1))


def _phase(container: JSON) -> str:
    return str((container.get("status") or {}).get("phase"))


def _has_started(container: JSON) -> bool:
    status: JSON = container.get("status") or {}
    phase = str(status.get("phase"))
    if phase == "Stopped":  # it was started, and is to be started again
        return False
    return bool(status.get("startedAt")) or phase in {"Running", "Restarting", "Succeeded"}
